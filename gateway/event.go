package gateway

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
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

// eventRow begins a stored event: the length of its JSON without Data, that JSON,
// and Data as it is. It is no JSON as a whole: Data is most of an event, and is
// not read again for every endpoint that is told it.
const eventRow = 1

// MarshalBinary writes the event as it is stored.
func (e Event) MarshalBinary() ([]byte, error) {
	type plain Event
	data := e.Data
	e.Data = nil
	head, err := json.Marshal(plain(e))
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 1+binary.MaxVarintLen32+len(head)+len(data))
	out = binary.AppendUvarint(append(out, eventRow), uint64(len(head)))
	return append(append(out, head...), data...), nil
}

// UnmarshalBinary reads what MarshalBinary wrote, and the plain JSON of earlier
// versions. It keeps nothing of b.
func (e *Event) UnmarshalBinary(b []byte) error {
	type plain Event
	if len(b) == 0 || b[0] != eventRow {
		return json.Unmarshal(b, (*plain)(e))
	}
	n, k := binary.Uvarint(b[1:])
	if k <= 0 || n > uint64(len(b)-1-k) {
		return errors.New("the row of an event is cut short")
	}
	head, data := b[1+k:1+k+int(n)], b[1+k+int(n):]
	if err := json.Unmarshal(head, (*plain)(e)); err != nil {
		return err
	}
	e.Data = bytes.Clone(data)
	return nil
}
