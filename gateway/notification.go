package gateway

import "time"

// NotificationState is how far a notification has come.
type NotificationState string

// The states. Pending work is the conversation's due item, not a notification:
// a notification exists from the moment something was decided.
const (
	NotificationTriggered NotificationState = "triggered" // decided and queued
	NotificationSent      NotificationState = "sent"      // a next hop took it
	NotificationSkipped   NotificationState = "skipped"   // decided against, see Reason
	NotificationBounced   NotificationState = "bounced"   // every mail of it was refused for good
	NotificationCancelled NotificationState = "cancelled" // withdrawn before it was sent
)

// Notification is one decision about one person in one conversation.
type Notification struct {
	ID           NotificationID    `json:"id"`
	Conversation ConversationID    `json:"conversation"`
	Recipient    UserID            `json:"recipient"`
	State        NotificationState `json:"state"`
	Reason       Reason            `json:"reason,omitempty"`
	CreatedAt    time.Time         `json:"createdAt"`
	UpdatedAt    time.Time         `json:"updatedAt"`
	// Messages are those it tells of, oldest first.
	Messages []MessageID `json:"messages,omitempty"`
	// UpTo is the number of the newest message covered.
	UpTo       uint64       `json:"upTo"`
	Deliveries []DeliveryID `json:"deliveries,omitempty"`
	// Test: it tells of test messages, and no mail of it leaves.
	Test  bool    `json:"test,omitempty"`
	Trace TraceID `json:"trace,omitempty"`
}

// DeliveryState is how far one mail has come.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryQueued    DeliveryState = "queued"
	DeliveryDeferred  DeliveryState = "deferred" // tried, to be tried again
	DeliverySent      DeliveryState = "sent"     // the next hop answered 250
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryBounced   DeliveryState = "bounced"
	DeliveryCancelled DeliveryState = "cancelled"
)

// Delivery is one mail to one address.
type Delivery struct {
	ID           DeliveryID     `json:"id"`
	Notification NotificationID `json:"notification"`
	Conversation ConversationID `json:"conversation"`
	Recipient    UserID         `json:"recipient"`
	To           Address        `json:"to"`
	// Bounce is the VERP reverse-path's handle; 0 is the null reverse-path.
	Bounce Handle `json:"bounce"`
	// Domain is what the mail is from, if it is a domain of the app's own; its
	// reverse-path is at it.
	Domain string `json:"domain,omitempty"`
	// MessageID is the RFC 5322 id without angle brackets, stable over attempts.
	MessageID string        `json:"messageId"`
	Blob      BlobRef       `json:"blob"` // the sealed, signed mail
	State     DeliveryState `json:"state"`
	Reason    Reason        `json:"reason,omitempty"`
	CreatedAt time.Time     `json:"createdAt"`
	UpdatedAt time.Time     `json:"updatedAt"`
	// ExpiresAt is when trying ends.
	ExpiresAt time.Time `json:"expiresAt"`
	// Edits is the conversation's Edits when the mail was composed, and
	// Rewritten how often it was composed anew since it was queued.
	Edits     uint64    `json:"edits,omitempty"`
	Rewritten int       `json:"rewritten,omitempty"`
	Attempts  []Attempt `json:"attempts,omitempty"`
	// Test: the mail goes into the built-in mailbox, and nowhere else.
	Test  bool    `json:"test,omitempty"`
	Trace TraceID `json:"trace,omitempty"`
}

// MaxAttempts bounds Delivery.Attempts: the oldest but the first are forgotten.
const MaxAttempts = 32

// Attempt is one try to hand a mail to a next hop.
type Attempt struct {
	At     time.Time `json:"at"`
	Hop    string    `json:"hop"`    // host:port
	Status Status    `json:"status"` // the peer's answer, or ours for a network failure (4yz)
	TLS    string    `json:"tls,omitempty"`
	Took   int64     `json:"tookMs"`
}

// Sent is what is remembered of a mail for the day it comes back as a
// quotation, or as an In-Reply-To.
type Sent struct {
	Delivery     DeliveryID     `json:"delivery"`
	Conversation ConversationID `json:"conversation"`
	Recipient    UserID         `json:"recipient"`
	MessageID    string         `json:"messageId"`
	Subject      string         `json:"subject"`
	FromName     string         `json:"fromName"`
	// Body is the blob of the sealed bodies as composed (see store.SentBody).
	Body   BlobRef   `json:"body"`
	SentAt time.Time `json:"sentAt"`
	// UpTo is the number of the newest message shown.
	UpTo  uint64      `json:"upTo"`
	Shown []MessageID `json:"shown,omitempty"`
	// Test: it went into the built-in mailbox.
	Test bool `json:"test,omitempty"`
	// Earlier counts the messages before those, which it does not show.
	Earlier int `json:"earlier,omitempty"`
}
