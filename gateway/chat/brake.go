package chat

import (
	"errors"
	"time"

	"github.com/replygate/replygate/gateway"
)

// Brake bounds what one person posts by mail in one conversation: the end of a
// game between two programs that answer each other and mark nothing.
type Brake struct {
	// PerHour is how many replies are posted within an hour; 0: any number.
	// Beyond it they are held, and beyond brakeHeld times as many put off.
	PerHour int
	// Quick is how many answers in a row are posted that come sooner than
	// QuickAnswer; 0: any number. The next are held until one takes its time, or
	// none came for an hour.
	Quick int
}

// QuickAnswer is how soon after a mail was made an answer to it is no person's,
// if it is so again and again: the mail has to be delivered, seen and read.
const QuickAnswer = 20 * time.Second

const (
	brakeWindow = time.Hour
	brakeHeld   = 4
)

// ErrBraked says that a reply is to be held, since there were too many.
var ErrBraked = errors.New("too many replies, or too fast")

// StatusRate is RFC 3463, section 3.8: a limit of policy, for now.
var StatusRate = gateway.Status{Code: 451, Enhanced: [3]int{4, 7, 1}, Text: "Too many mails came to this reply address, please try again later"}

// take counts a reply. It answers ErrBraked for one that is to be held, and
// StatusRate for one that is to come later, which is not counted.
func (b Brake) take(r *room, p *gateway.Participant, quick bool) error {
	next := pace(p.Pace, r.now, quick)
	if b.PerHour > 0 && next.Replies > brakeHeld*b.PerHour {
		return StatusRate
	}
	p.Pace = next
	if b.PerHour > 0 && next.Replies > b.PerHour || b.Quick > 0 && next.Quick > b.Quick {
		if err := r.putPerson(p); err != nil {
			return err
		}
		return ErrBraked
	}
	return nil // the caller stores p
}

// pace is the pace after one more reply.
func pace(p gateway.Pace, now time.Time, quick bool) gateway.Pace {
	if now.Sub(p.Since) >= brakeWindow {
		p.Since, p.Replies = now, 0
	}
	p.Replies++
	switch {
	case !quick:
		p.Quick, p.QuickAt = 0, time.Time{}
		return p
	case now.Sub(p.QuickAt) >= brakeWindow:
		p.Quick = 0
	}
	p.Quick, p.QuickAt = p.Quick+1, now
	return p
}
