// Package notify decides who is told by mail, when, of what, and why not.
//
// Decide is a pure function of what is stored and the time. It promises that
// every answer but "send" carries a reason or a time (but "leave", which is for
// roles that an external schedule starts), that the rules are asked in one
// documented order, and that time alone brings every waiting decision to an end:
// nothing is put off by more than the role's MaxDefer beyond its delay, its
// interval and the quiet hours. Loading the facts and storing the decision is
// left to chat, writing the mail to outbound.
package notify

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// Bounds of a decision.
const (
	// TypingPause is after how long somebody who typed is looked at again.
	TypingPause = 5 * time.Second
	// MaxMessages is how many messages an Input holds at most.
	MaxMessages = 200
	// CapWindow is the time in which the caps of a role count mails.
	CapWindow = 24 * time.Hour
	// ClockSlack is how far ahead of now a time may lie that is believed. What
	// lies further ahead was noted before the clock was set back, and holds
	// nobody up.
	ClockSlack = 10 * time.Minute
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
	// History is what the mail may show, oldest first: it ends with Messages
	// and goes back as far as the role's context does, at most MaxMessages;
	// HistoryEarlier counts those before. Nil: Messages and Earlier.
	History        []gateway.Message
	HistoryEarlier int
	// Senders is the presence of those who wrote Messages.
	Senders map[gateway.UserID]gateway.Presence
	// Test: Messages are those that test keys caused, and no mail of this leaves;
	// otherwise there are none of them. What was told before does not count.
	Test bool
	// Mailed is when the person was mailed within CapWindow.
	Mailed []Mailed
	// Desk is there for the conversations of a support team.
	Desk *Desk
}

// Mailed is a mail that was queued for the person.
type Mailed struct {
	At           time.Time
	Conversation gateway.ConversationID
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
	Send  Act = iota + 1
	Skip      // for good: Reason tells why
	Wait      // Until tells how long
	Leave     // not without a call of the external schedule
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
	case Leave:
		return "leave"
	}
	return "none"
}

// Decision is what Decide answers.
type Decision struct {
	Act    Act
	Reason gateway.Reason // of Skip
	Until  time.Time      // of Wait; always after now
	// News are the messages this is about, oldest first, at most
	// gateway.MaxMaxShown of them; of Send, and of Skip if there were any.
	News []gateway.Message
	// Messages are what the mail shows, oldest first: the news and, by the
	// role's context, what was said around them. Earlier counts those before,
	// which it does not show; of Send.
	Messages []gateway.Message
	Earlier  int
	// Addresses are whom to mail; of Send.
	Addresses []gateway.Address
	// UpTo is the number of the newest message that is decided with this.
	UpTo uint64
	// Test is that of the Input.
	Test bool
}

// Quiet tells of a Skip that is no news to anybody: there was nothing but the
// person's own words. It moves on what is decided and is not recorded.
func (d Decision) Quiet() bool { return d.Act == Skip && d.Reason == gateway.ReasonOwnMessage }
