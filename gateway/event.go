package gateway

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"
)

// EventType names what happened.
type EventType string

// The event types.
const (
	EventMessageSent           EventType = "message.sent"
	EventMessageUpdated        EventType = "message.updated"
	EventMessageDeleted        EventType = "message.deleted"
	EventMessageRead           EventType = "message.read"
	EventConversationDeleted   EventType = "conversation.deleted"
	EventUserCreated           EventType = "user.created"
	EventUserUpdated           EventType = "user.updated"
	EventNotificationTriggered EventType = "notification.triggered"
	EventNotificationSkipped   EventType = "notification.skipped"
	EventNotificationSent      EventType = "notification.sent"
	EventNotificationDeferred  EventType = "notification.deferred"
	EventNotificationBounced   EventType = "notification.bounced"
	EventReplyRejected         EventType = "reply.rejected"
	EventReplyHeld             EventType = "reply.held"
	EventReplyDuplicate        EventType = "reply.duplicate"
	EventReplyAutomatic        EventType = "reply.automatic"
	EventReplyReaction         EventType = "reply.reaction"
	EventAddressUnsubscribed   EventType = "address.unsubscribed"
	EventAddressResubscribed   EventType = "address.resubscribed"
	EventAddressSuppressed     EventType = "address.suppressed"
	EventEndpointDisabled      EventType = "endpoint.disabled"
	// EventTemplateFailed tells that a role's own template could not be used for
	// a mail, which went out in the default design.
	EventTemplateFailed EventType = "template.failed"
	// EventWebhookPing is told to one endpoint, on demand.
	EventWebhookPing EventType = "webhook.ping"
)

// EventTypes lists every event type.
func EventTypes() []EventType {
	return []EventType{
		EventMessageSent, EventMessageUpdated, EventMessageDeleted, EventMessageRead, EventConversationDeleted,
		EventUserCreated, EventUserUpdated, EventNotificationTriggered, EventNotificationSkipped,
		EventNotificationSent, EventNotificationDeferred, EventNotificationBounced, EventReplyRejected,
		EventReplyHeld, EventReplyDuplicate, EventReplyAutomatic, EventReplyReaction, EventAddressUnsubscribed,
		EventAddressResubscribed, EventAddressSuppressed, EventEndpointDisabled, EventTemplateFailed, EventWebhookPing,
	}
}

// Known tells whether t is one of the event types.
func (t EventType) Known() bool { return slices.Contains(EventTypes(), t) }

// EventIDAt is an id that sorts before those of events minted from t on, and
// after those minted in an earlier millisecond.
func EventIDAt(t time.Time) EventID {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(max(0, t.UnixMilli()))<<16)
	return EventID(PrefixEvent + crockford.EncodeToString(b[:]))
}

// Event is a fact the backend is told. It is stored in the same transaction as
// the fact itself, and told at least once.
type Event struct {
	ID        EventID   `json:"id"`
	App       AppID     `json:"app"`
	Type      EventType `json:"type"`
	CreatedAt time.Time `json:"createdAt"`
	// Conversation is empty for events of no conversation; Seq then is 0.
	Conversation ConversationID `json:"conversation,omitempty"`
	// Seq numbers the events of the conversation, from 1.
	Seq  uint64          `json:"seq"`
	Data json.RawMessage `json:"data"`
	// Trace follows the message; it is logged, not sent.
	Trace TraceID `json:"trace,omitempty"`
}
