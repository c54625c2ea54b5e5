// Package compose turns a notification into the mail that is sent: an RFC 5322
// message with a text and an HTML part.
//
// It is pure: the same notification gives the same octets, nothing is read from
// disk, clock or network. It promises that a mail is 7-bit with CRLF line ends
// and no line above 998 octets, that it has each header field once and no other
// than those listed in header.go, whatever names, subjects and texts hold, and
// that its HTML part stays below MaxHTML, or MaxCustom if an app wrote the
// template. A template can neither stop a mail nor run without end.
//
// A Notice and a Forward are mails too, which know neither template nor thread.
//
// It leaves to others what to tell and to whom (gateway/notify), the addresses
// and links (gateway/token), and the signature (dkim). It is the only home of
// go-message's writer.
package compose

import (
	"errors"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway"
)

// Notification is everything one mail is made of. Strings of strangers may hold
// anything; they are cleaned here.
type Notification struct {
	// From is the sender's address. FromName stands before it; if empty it is
	// made of SenderNames and Via: "Ann via App".
	From        gateway.Address
	FromName    string
	SenderNames []string // who wrote, the first first
	Via         string   // the app's name

	To              gateway.Address
	RecipientID     string
	RecipientName   string
	RecipientCustom map[string]string

	// ReplyTo is the reply address; zero means that replying is off.
	ReplyTo gateway.Address
	// MayReply is false for those who may read and not write: the mail says
	// that replies are not delivered.
	MayReply bool

	// Subject must stay the same for the whole conversation; if empty, one is
	// made of Via.
	Subject            string
	ConversationID     string
	ConversationCustom map[string]string
	// Locale is a language tag ("de", "pt-BR"); unknown means English.
	Locale string
	// Messages are shown in this order, the oldest first; Earlier counts those
	// before them that are not shown. Times are shown in the zone of At.
	Messages []Message
	Earlier  int
	// People are the others who take part, some of them; MorePeople counts the
	// rest. Empty: the mail does not say who takes part.
	People     []string
	MorePeople int

	// Template replaces the mail's own design, part by part.
	Template Template
	// LinkImages shows pictures and stickers as links only.
	LinkImages bool
	// NeutralPhoto stands, in templates, for people who have none; https.
	NeutralPhoto string

	ConversationURL string // http or https; empty: no link is shown
	UnsubscribeURL  string // https for one-click (RFC 8058)
	UnsubscribeText string // of the link; empty: as the locale has it
	UnsubscribeMail gateway.Address

	// MessageID, ThreadRoot, InReplyTo and References are without angle
	// brackets. What is malformed in the last two is left out.
	MessageID  string
	ThreadRoot string
	InReplyTo  string
	References []string

	ListID     string // a domain (RFC 2919); empty: no List-Id
	ListName   string
	LoopDomain string // marks the mail as ours when it comes back
	Date       time.Time
}

// Message is one chat message as the mail shows it.
type Message struct {
	ID          string
	SenderID    string
	SenderName  string
	SenderPhoto string // https; empty: the first letter of the name
	Text        string // with TalkJS's markup and :shortcodes:
	At          time.Time
	System      bool // said by nobody, shown as context
	Own         bool // the recipient's own, shown as context
	Context     bool // no news: shown so that the news make sense
	Quote       *Quote
	Attachment  *File
	Location    *[2]float64 // latitude and longitude
	Custom      map[string]string
	// Names are what users are called whom Text mentions by their id alone.
	Names map[string]string
}

// Quote is the message that another one answers.
type Quote struct {
	SenderName string
	Own        bool   // the recipient's own
	Text       string // with markup; only the beginning is shown
	File       string // the name of its attachment; shown if there is no text
	Names      map[string]string
}

// File is an attachment, shown as a link.
type File struct {
	Name    string
	URL     string // http or https
	Size    int64  // octets; 0: not known
	Image   bool   // shown, too, if URL is https
	Sticker bool   // an Image shown small, without name and size
}

// Mail is the composed mail, and what must be remembered of it to recognise
// its quotation.
type Mail struct {
	// Raw is the mail without signature: CRLF, 7-bit, lines of 998 octets at most.
	Raw []byte
	// Text and HTML are the parts before encoding, with LF line ends.
	Text string
	HTML string
	// Subject and FromName are as a mail client shows them.
	Subject  string
	FromName string
	// Omitted counts the oldest of Messages that had no room.
	Omitted int
	// TemplateErr tells which parts of the template failed and were replaced by
	// the default; its parts are *TemplateError. Nil if none did.
	TemplateErr error
}

// Errors of Compose. They are the caller's to mend: the same notification
// fails again.
var (
	ErrAddress   = errors.New("address is missing, malformed or not ASCII")
	ErrMessageID = errors.New("message id is missing or malformed")
	ErrLink      = errors.New("link is not an absolute http or https URL")
	ErrListID    = errors.New("list id or loop domain is not a domain")
	ErrDate      = errors.New("date is missing")
)

// Composer makes mails and keeps the templates it parsed. The zero value is
// ready; it is safe for concurrent use.
type Composer struct{ programs cache }

// Compose is Composer.Compose without anything kept.
func Compose(n Notification) (Mail, error) { return new(Composer).Compose(n) }

// Compose makes the mail. A template that fails does not: the default takes its
// place, and Mail.TemplateErr tells why.
func (c *Composer) Compose(n Notification) (Mail, error) {
	if err := n.check(); err != nil {
		return Mail{}, fmt.Errorf("compose: %w", err)
	}
	v := newView(&n)
	m := Mail{FromName: n.fromName(v.Words), Omitted: v.omitted}
	if err := c.render(&m, &n, v); err != nil {
		return Mail{}, fmt.Errorf("compose: %w", err)
	}
	var err error
	if m.Raw, err = write(n.header(&m), n.MessageID, m.Text, m.HTML); err != nil {
		return Mail{}, fmt.Errorf("compose: %w", err)
	}
	return m, nil
}

// check refuses what would make a malformed header.
func (n *Notification) check() error {
	for _, a := range []struct {
		field    string
		address  gateway.Address
		optional bool
	}{{"from", n.From, false}, {"reply-to", n.ReplyTo, true}, {"unsubscribe", n.UnsubscribeMail, true}} {
		if a.optional && a.address.IsZero() {
			continue
		}
		if !a.address.IsASCII() || !wellFormed(a.address) {
			return fmt.Errorf("%s: %w", a.field, ErrAddress)
		}
	}
	switch {
	case !wellFormed(n.To):
		return fmt.Errorf("to: %w", ErrAddress)
	case !validID(n.MessageID) || n.ThreadRoot != "" && !validID(n.ThreadRoot):
		return ErrMessageID
	case n.UnsubscribeURL != "" && safeURL(n.UnsubscribeURL) == "":
		return fmt.Errorf("unsubscribe: %w", ErrLink)
	case n.ConversationURL != "" && safeURL(n.ConversationURL) == "":
		return fmt.Errorf("conversation: %w", ErrLink)
	case n.ListID != "" && !isDomain(n.ListID) || n.LoopDomain != "" && !isDomain(n.LoopDomain):
		return ErrListID
	case n.Date.IsZero():
		return ErrDate
	}
	return nil
}

// wellFormed tells whether an address put together from its parts reads back
// as the same address.
func wellFormed(a gateway.Address) bool {
	again, err := gateway.ParseAddress(a.String())
	return err == nil && again == a
}

func isDomain(s string) bool {
	d, err := gateway.ParseDomain(s)
	return err == nil && d == s
}

// canReply tells whether an answer to this mail reaches the conversation.
func (n *Notification) canReply() bool { return n.MayReply && !n.ReplyTo.IsZero() }
