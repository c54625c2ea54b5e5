package store

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// KeptMail is a mail in the built-in mailbox: one that was to be sent, and does
// not leave the machine.
type KeptMail struct {
	Delivery     gateway.DeliveryID     `json:"delivery"`
	Notification gateway.NotificationID `json:"notification,omitempty"` // empty: a notice
	Conversation gateway.ConversationID `json:"conversation,omitempty"`
	Recipient    gateway.UserID         `json:"recipient,omitempty"`
	// From and To are the envelope.
	From gateway.ReversePath `json:"from,omitzero"`
	To   gateway.Address     `json:"to"`
	// Test: a test key caused it.
	Test bool            `json:"test,omitempty"`
	Raw  gateway.BlobRef `json:"raw"` // sealed
	Size int64           `json:"size"`
	At   time.Time       `json:"at"`
}

// MailboxUse is how much an app's mailbox holds.
type MailboxUse struct {
	Mails int   `json:"mails"`
	Bytes int64 `json:"bytes"`
}

// MailboxScope locks the built-in mailbox of an app.
func MailboxScope(app gateway.AppID) Scope { return Scope{app, 'm', ""} }
