package wire

import (
	"github.com/replygate/replygate/gateway"
)

// Notification is an entry of GET /notifications: what was decided about one
// person, and why.
type Notification struct {
	ID             gateway.NotificationID    `json:"id"`
	ConversationID gateway.ConversationID    `json:"conversationId"`
	RecipientID    gateway.UserID            `json:"recipientId"`
	State          gateway.NotificationState `json:"state"`
	Reason         *gateway.Reason           `json:"reason"`
	Sentence       *string                   `json:"sentence"`
	MessageIDs     []gateway.MessageID       `json:"messageIds"`
	DeliveryIDs    []gateway.DeliveryID      `json:"deliveryIds"`
	CreatedAt      int64                     `json:"createdAt"`
	UpdatedAt      int64                     `json:"updatedAt"`
	Test           bool                      `json:"test,omitempty"` // no mail of it leaves
}

// NotificationOf shows a notification.
func NotificationOf(n gateway.Notification) Notification {
	return Notification{
		ID: n.ID, ConversationID: n.Conversation, RecipientID: n.Recipient, State: n.State,
		Reason: orNull(n.Reason), Sentence: orNull(n.Reason.Sentence()),
		MessageIDs:  append([]gateway.MessageID{}, n.Messages...),
		DeliveryIDs: append([]gateway.DeliveryID{}, n.Deliveries...),
		CreatedAt:   millis(n.CreatedAt), UpdatedAt: millis(n.UpdatedAt), Test: n.Test,
	}
}

// Reply is an entry of GET /replies: a received mail for one recipient and what
// became of it.
type Reply struct {
	ID             gateway.ReplyID         `json:"id"`
	ConversationID *gateway.ConversationID `json:"conversationId"`
	ParticipantID  *gateway.UserID         `json:"participantId"`
	State          gateway.ReplyState      `json:"state"`
	Reason         *gateway.Reason         `json:"reason"`
	Sentence       *string                 `json:"sentence"`
	Rule           *string                 `json:"rule"`
	From           *string                 `json:"from"`
	Subject        string                  `json:"subject"`
	MessageID      *string                 `json:"messageId"`
	Size           int64                   `json:"size"`
	Verdicts       gateway.Verdicts        `json:"verdicts"`
	PostedIDs      []gateway.MessageID     `json:"postedMessageIds"`
	Content        *gateway.ReplyContent   `json:"content"`
	Attachments    []Attachment            `json:"attachments"`
	ReceivedAt     int64                   `json:"receivedAt"`
	UpdatedAt      int64                   `json:"updatedAt"`
	Test           bool                    `json:"test,omitempty"` // it answers a test mail
}

// ReplyOf shows the record of a received mail. Its attachments are those that
// wait with a held reply; those of a posted one are shown by its messages.
func ReplyOf(r gateway.Reply, links Links) Reply {
	out := Reply{
		ID: r.ID, ConversationID: orNull(r.Conversation), ParticipantID: orNull(r.Participant), State: r.State,
		Reason: orNull(r.Reason), Sentence: orNull(r.Sentence()), Rule: orNull(r.Rule),
		From: orNull(r.From.String()), Subject: r.Subject, MessageID: orNull(r.MessageID), Size: r.Size,
		Verdicts: r.Verdicts, PostedIDs: append([]gateway.MessageID{}, r.Posted...), Content: r.Content,
		Attachments: []Attachment{}, ReceivedAt: millis(r.ReceivedAt), UpdatedAt: millis(r.UpdatedAt), Test: r.Test,
	}
	for _, a := range r.Attachments {
		out.Attachments = append(out.Attachments, AttachmentOf(a, links))
	}
	return out
}

// Delivery is an entry of GET /deliveries: one mail to one address.
type Delivery struct {
	ID             gateway.DeliveryID      `json:"id"`
	NotificationID *gateway.NotificationID `json:"notificationId"`
	ConversationID *gateway.ConversationID `json:"conversationId"`
	RecipientID    *gateway.UserID         `json:"recipientId"`
	To             string                  `json:"to"`
	MessageID      string                  `json:"messageId"`
	State          gateway.DeliveryState   `json:"state"`
	Reason         *gateway.Reason         `json:"reason"`
	Sentence       *string                 `json:"sentence"`
	Attempts       []Attempt               `json:"attempts"`
	CreatedAt      int64                   `json:"createdAt"`
	UpdatedAt      int64                   `json:"updatedAt"`
	ExpiresAt      int64                   `json:"expiresAt"`
	Test           bool                    `json:"test,omitempty"` // it is kept in the built-in mailbox
}

// Attempt is one try to hand a mail to a next hop.
type Attempt struct {
	At     int64   `json:"at"`
	Hop    string  `json:"hop"`
	Status string  `json:"status"` // "250 2.0.0 queued"
	TLS    *string `json:"tls"`
	TookMs int64   `json:"tookMs"`
}

// DeliveryOf shows a delivery; its reverse-path, which is a secret, is not.
func DeliveryOf(d gateway.Delivery) Delivery {
	out := Delivery{
		ID: d.ID, NotificationID: orNull(d.Notification), ConversationID: orNull(d.Conversation),
		RecipientID: orNull(d.Recipient), To: d.To.String(), MessageID: d.MessageID, State: d.State,
		Reason: orNull(d.Reason), Sentence: orNull(d.Reason.Sentence()), Attempts: []Attempt{},
		CreatedAt: millis(d.CreatedAt), UpdatedAt: millis(d.UpdatedAt), ExpiresAt: millis(d.ExpiresAt), Test: d.Test,
	}
	for _, a := range d.Attempts {
		out.Attempts = append(out.Attempts, Attempt{
			At: millis(a.At), Hop: a.Hop, Status: a.Status.String(), TLS: orNull(a.TLS), TookMs: a.Took,
		})
	}
	return out
}
