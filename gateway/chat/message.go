package chat

import (
	"context"
	"fmt"
	"slices"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// Bounds of messages that callers post.
const (
	MaxMessageBatch = 10
	MaxText         = 64 << 10 // octets
)

// NewMessage is a message to post.
type NewMessage struct {
	Text              Field[string]
	Sender            Field[gateway.UserID]
	Type              Field[gateway.MessageType] // absent: UserMessage
	ReferencedMessage Field[gateway.MessageID]
	Custom            Field[map[string]*string]
	IdempotencyKey    Field[string]
	Attachment        Field[NewAttachment]
	AttachmentToken   Field[string] // of an uploaded file
	Location          Field[[2]float64]
	// Answered false marks a bot's message that answered nothing; so does
	// custom {"answered": "false"}.
	Answered Field[bool]
}

// NewAttachment is a file at a URL of the backend's.
type NewAttachment struct {
	URL  string `json:"url"`
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// UnmarshalJSON reads one element of the body of a POST.
func (m *NewMessage) UnmarshalJSON(b []byte) error {
	*m = NewMessage{}
	return readMessage(b, m, nil)
}

// fields are the fields of m by their names in JSON.
func (m *NewMessage) fields() map[string]any {
	return map[string]any{
		"text": &m.Text, "sender": &m.Sender, "type": &m.Type, "referencedMessageId": &m.ReferencedMessage,
		"custom": &m.Custom, "idempotencyKey": &m.IdempotencyKey, "attachment": &m.Attachment, "location": &m.Location,
		"attachmentToken": &m.AttachmentToken, "answered": &m.Answered,
	}
}

// check adds what is wrong with the i-th message of a call.
func (m NewMessage) check(v Invalid, i int) {
	add := func(field, format string, args ...any) {
		v.Add(fmt.Sprintf("[%d].%s", i, field), format, args...)
	}
	switch m.Type.Value {
	case "", gateway.UserMessage:
		if m.Sender.Value == "" {
			add("sender", "A message of type UserMessage has a sender, who takes part in the conversation.")
		}
	case gateway.SystemMessage:
	default:
		add("type", `type is "UserMessage" or "SystemMessage".`)
	}
	if !m.Text.has() && !m.Attachment.has() && !m.AttachmentToken.has() && !m.Location.has() {
		add("text", "text must be a string.")
	}
	if len(m.Text.Value) > MaxText {
		add("text", "text has at most %d octets.", MaxText)
	}
	if m.Attachment.has() && m.Attachment.Value.URL == "" {
		add("attachment", "attachment has a url.")
	}
	if len(m.IdempotencyKey.Value) > MaxID {
		add("idempotencyKey", "An idempotencyKey has at most %d octets.", MaxID)
	}
}

// message is what is stored of m, as far as the caller says it.
func (m NewMessage) message(origin gateway.Origin) gateway.Message {
	out := gateway.Message{
		Type: gateway.UserMessage, Sender: m.Sender.Value, Origin: origin, Text: m.Text.Value,
		ReferencedMessage: m.ReferencedMessage.Value,
	}
	if m.Type.Value == gateway.SystemMessage {
		out.Type, out.Sender = gateway.SystemMessage, ""
	}
	intoMap(m.Custom, &out.Custom)
	out.Unanswered = m.Answered.has() && !m.Answered.Value || out.Custom["answered"] == "false"
	intoPointer(m.Location, &out.Location)
	if a := m.Attachment; a.has() {
		out.Attachment = &gateway.Attachment{URL: a.Value.URL, Name: a.Value.Name, Size: a.Value.Size}
	}
	return out
}

// PostMessages posts up to MaxMessageBatch messages in order, all or none, and
// returns their ids. A message whose idempotency key was used within 24 hours
// is not posted again; it keeps its id.
func (s *Service) PostMessages(ctx context.Context, app gateway.AppID, c gateway.ConversationID, in []NewMessage, how Posting) ([]gateway.MessageID, error) {
	v := Invalid{}
	if len(in) > MaxMessageBatch {
		v.Add("messages", "One call posts at most %d messages.", MaxMessageBatch)
	}
	for i, m := range in {
		m.check(v, i)
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	if how.Origin == "" {
		how.Origin = gateway.OriginREST
	}
	return s.posting(ctx, app, c, "post messages", how, func(r *room) ([]gateway.MessageID, error) {
		return r.postAll(in, how)
	})
}

func (r *room) postAll(in []NewMessage, how Posting) ([]gateway.MessageID, error) {
	ids := make([]gateway.MessageID, 0, len(in))
	for i, m := range in {
		id, err := r.postOnce(i, m, how)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// postOnce posts the i-th message of a call unless its key was used before.
func (r *room) postOnce(i int, in NewMessage, how Posting) (gateway.MessageID, error) {
	key := store.ConversationKey(r.app.ID, r.conv.ID).String(in.IdempotencyKey.Value)
	if how.Test {
		key = key.String("test") // no live message is taken for a test one
	}
	if in.IdempotencyKey.Value != "" {
		if old, found, err := store.MessageKeys.Find(r.tx, key); err != nil || found {
			return old.Message, err
		}
	}
	m := in.message(how.Origin)
	m.Trace, m.Test = how.Trace, how.Test
	if m.Type == gateway.UserMessage && r.member(m.Sender) == nil {
		return "", gateway.Wrong(fmt.Sprintf("[%d].sender", i), "The sender %q does not take part in the conversation.", m.Sender)
	}
	if err := r.attach(i, in, &m); err != nil {
		return "", err
	}
	posted, err := r.post(m, nil)
	if err != nil || in.IdempotencyKey.Value == "" {
		return posted.ID, err
	}
	if err := store.MessageKeys.Put(r.tx, key, store.PostedKey{Message: posted.ID}); err != nil {
		return "", err
	}
	return posted.ID, store.ExpireAt(r.tx, store.MessageKeys.Table, key, r.now.Add(store.IdempotencyAge))
}

// post stores a message with its event and makes the conversation's due item,
// if there is none. It gives the message its number, time and trace, and an id
// unless it has one.
func (r *room) post(m gateway.Message, reply *wire.MailReply) (gateway.Message, error) {
	r.conv.Count++
	if m.ID == "" {
		m.ID = gateway.MessageID(r.tx.NewID(gateway.PrefixMessage))
	}
	m.Conversation, m.Number, m.CreatedAt = r.conv.ID, r.conv.Count, r.now
	if m.CreatedAt.Before(r.conv.LastActivity) {
		m.CreatedAt = r.conv.LastActivity // the clock was set back; the order stays
	}
	if m.Trace == "" {
		m.Trace = gateway.TraceID(r.tx.NewID(gateway.PrefixTrace))
	}
	if err := r.putMessage(m); err != nil {
		return m, err
	}
	if !m.CreatedAt.Before(r.conv.LastMessageAt) {
		r.conv.LastMessage, r.conv.LastMessageAt = m.ID, m.CreatedAt
	}
	if m.Type == gateway.UserMessage {
		r.conv.LastActivity = m.CreatedAt
		if m.Test {
			r.conv.TestCount = m.Number
		} else if err := r.handled(m); err != nil {
			return m, err
		}
		if err := r.arm(m); err != nil {
			return m, err
		}
	}
	return m, r.tellMessage(gateway.EventMessageSent, m, reply)
}

func (r *room) putMessage(m gateway.Message) error {
	place := store.ConversationKey(r.app.ID, r.conv.ID).String(string(m.ID))
	if err := store.MessagePlaces.Put(r.tx, place, store.MessagePlace{CreatedAt: m.CreatedAt, Number: m.Number}); err != nil {
		return err
	}
	return store.Messages.Put(r.tx, store.MessageKey(r.app.ID, r.conv.ID, m.CreatedAt, m.Number), m)
}

// tellMessage records an event about a message.
func (r *room) tellMessage(typ gateway.EventType, m gateway.Message, reply *wire.MailReply) error {
	sender, err := r.sender(m.Sender)
	if err != nil {
		return err
	}
	last := &m
	if r.conv.LastMessage != m.ID {
		if last, err = lastMessage(r.tx, r.app.ID, r.conv); err != nil {
			return err
		}
	}
	return r.event(typ, wire.MessageData{
		Sender: sender, Conversation: wire.ConversationOf(r.conv, r.people, last, r.Links),
		Message: wire.MessageOf(m, r.people, r.Links), MentionedUserIDs: r.mentioned(m), Reply: reply,
	}, m.Trace)
}

// mentioned are the participants a message names, its sender apart.
func (r *room) mentioned(m gateway.Message) []gateway.UserID {
	ids := slices.DeleteFunc(gateway.Mentions(m.Text), func(id gateway.UserID) bool {
		return id == m.Sender || r.member(id) == nil
	})
	return append([]gateway.UserID{}, ids...)
}

// arm has the conversation decided about once the shortest delay of the app is
// over, if somebody else is there to be told, or a support team's agents are.
func (r *room) arm(m gateway.Message) error {
	others := slices.ContainsFunc(r.people, func(p gateway.Participant) bool { return !p.Left && p.User != m.Sender })
	if !others && r.conv.Department == "" && r.conv.Assignee == "" {
		if agents, err := hasAgents(r.tx, r.app.ID); err != nil || !agents {
			return err
		}
	}
	if r.app.External() {
		if err := markExternal(r.tx, r.app.ID, r.conv.ID); err != nil {
			return err
		}
	}
	return hasten(r.tx, r.app.ID, r.conv.ID, r.now.Add(r.app.MinDelay()), r.now)
}
