// Package wire is the JSON that calls of the API and events share: user,
// conversation, participant, message, notification, reply, in the shapes of
// TalkJS's REST API and our own.
//
// It promises that a GET and the event that tells of the same thing show it
// alike: every key always, in a fixed order, null where a value is unset and
// {} or [] where a collection is empty. It is pure; loading what is shown, and
// reading what callers send, is left to chat and api.
package wire

import (
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/token"
)

// Links mints the URLs that are shown. It is safe for concurrent use.
type Links struct {
	// Attachment returns the signed link of a file of ours by its handle.
	Attachment func(gateway.Handle) string
}

// AttachmentPath stands between the public base URL and the token of a file.
const AttachmentPath = "/a/"

// NewLinks makes the links below base ("https://mail.example.com", without a
// slash at the end), with tokens of the mail domain.
func NewLinks(m *token.Minter, domain, base string) Links {
	return Links{Attachment: func(h gateway.Handle) string {
		return base + AttachmentPath + m.Mint(token.Attachment, h, domain)
	}}
}

// millis is a time as the API shows it; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// orNull is nil for the zero value, else a pointer to v.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
