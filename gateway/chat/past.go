package chat

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// Past tells what became of a part of another service's export.
type Past struct {
	Made  int // new here
	Known int // here before
	Notes []PastNote
}

// PastNote says what of a record was not taken.
type PastNote struct {
	ID      string // the record's; empty if it has none
	Skipped bool   // nothing of the record was taken
	Reason  string // in words
}

// skip notes a record of which nothing is taken.
func (p *Past) skip(id, reason string) {
	p.Notes = append(p.Notes, PastNote{ID: id, Skipped: true, Reason: reason})
}

// note notes what is missing of a record that is taken.
func (p *Past) note(id, reason string) { p.Notes = append(p.Notes, PastNote{ID: id, Reason: reason}) }

// count counts a record that was taken.
func (p *Past) count(made bool) {
	if made {
		p.Made++
	} else {
		p.Known++
	}
}

// past reads a time of an export (Unix milliseconds); it is absent if it lies
// where no time of the past does.
func past(at Field[float64], now time.Time) (t time.Time, ok bool) {
	if !at.has() || at.Value < 0 || at.Value > float64(now.Add(importAhead).UnixMilli()) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(at.Value)).UTC(), true
}

// pastSender is who wrote a message: an id, or a whole user.
type pastSender gateway.UserID

// UnmarshalJSON reads an id, or an object that has one.
func (s *pastSender) UnmarshalJSON(b []byte) error {
	var id Field[gateway.UserID]
	err := id.UnmarshalJSON(b)
	if err != nil && b[0] == '{' {
		err = decode(b, map[string]any{"id": &id})
	}
	*s = pastSender(id.Value)
	return err
}
