package store

import "time"

// Poison counts how often reading a mail has broken down.
type Poison struct {
	Times int `json:"times"`
}

// How often a mail may break what reads it before it is kept unread, and how long
// that is remembered: for as long as senders try again.
const (
	PoisonTimes = 3
	PoisonAge   = 7 * 24 * time.Hour
)
