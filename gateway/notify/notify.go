// Package notify decides who is told by mail, when, of what, and why not.
//
// Decide is a pure function of what is stored and the time. It promises that
// every answer but "send" carries a reason or a time, that the rules are asked
// in one documented order, and that time alone brings every waiting decision to
// an end: nothing is put off by more than MaxDefer beyond its delay. Loading
// the facts and storing the decision is left to chat, writing the mail to
// outbound.
package notify

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// Bounds of a decision.
const (
	// MaxDefer is how long typing and further messages put a mail off at most,
	// beyond the delay of the first message.
	MaxDefer = 10 * time.Minute
	// TypingPause is after how long somebody who typed is looked at again.
	TypingPause = 5 * time.Second
	// MaxMessages is how many messages an Input holds at most.
	MaxMessages = 200
	// MaxShown is how many messages a mail shows at most; they are the newest.
	MaxShown = 50
)

// Input is what a decision about one participant is made of.
type Input struct {
	App          *gateway.App
	Conversation gateway.Conversation
	Participant  gateway.Participant
	User         gateway.User // a stub, if never PUT
	Presence     gateway.Presence
	// Addresses are the user's usable ones with what is known of each.
	Addresses []Address
	// Messages are those numbered above Participant.NotifiedCount, oldest
	// first; of more than MaxMessages the newest.
	Messages []gateway.Message
	// Earlier counts the messages before those, and Since is when the first
	// of them was created; zero if Messages are all.
	Earlier int
	Since   time.Time
	// Senders is the presence of those who wrote Messages.
	Senders map[gateway.UserID]gateway.Presence
}

// Address is a mail address of the recipient.
type Address struct {
	gateway.Address
	// Blocked is gateway.ReasonUnsubscribed or ReasonSuppressed; empty: it may
	// be mailed.
	Blocked gateway.Reason
}

// Act is what is to be done.
type Act byte

// The acts.
const (
	Send Act = iota + 1
	Skip     // for good: Reason tells why
	Wait     // Until tells how long
)

// String is the act in one word.
func (a Act) String() string {
	switch a {
	case Send:
		return "send"
	case Skip:
		return "skip"
	case Wait:
		return "wait"
	}
	return "none"
}

// Decision is what Decide answers.
type Decision struct {
	Act    Act
	Reason gateway.Reason // of Skip
	Until  time.Time      // of Wait; always after now
	// Messages are what the mail shows, oldest first, and Earlier counts those
	// it is about and does not show; of Send, and of Skip if there were any.
	Messages []gateway.Message
	Earlier  int
	// Addresses are whom to mail; of Send.
	Addresses []gateway.Address
	// UpTo is the number of the newest message that is decided with this.
	UpTo uint64
}

// Quiet tells of a Skip that is no news to anybody: there was nothing but the
// person's own words. It moves on what is decided and is not recorded.
func (d Decision) Quiet() bool { return d.Act == Skip && d.Reason == gateway.ReasonOwnMessage }
