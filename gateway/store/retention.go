package store

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// How long what was received is kept.
const (
	// RawAge is how long mail as received is kept unless the operator says
	// otherwise; MaxRawAge is the most to be said.
	RawAge    = 7 * 24 * time.Hour
	MaxRawAge = 365 * 24 * time.Hour
	// ReplyAge is how long the records of received mail are kept: longer than any
	// mail as received, whose blob only its record names.
	ReplyAge = MaxRawAge + 24*time.Hour
)

// RawMail is a reply whose mail is kept as it was received.
type RawMail struct {
	App   gateway.AppID   `json:"app"`
	Reply gateway.ReplyID `json:"reply"`
}

// RawMailKey is the key of a mail as received, by the time its age counts from.
func RawMailKey(at time.Time, m RawMail) Key {
	return Key(nil).Time(at).String(string(m.App)).String(string(m.Reply))
}
