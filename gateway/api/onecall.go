package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
)

// oneCall is the body of POST /notifications: all that is needed to tell one
// person of messages, for a backend that keeps nothing here.
type oneCall struct {
	ConversationID *gateway.ConversationID    `json:"conversationId"`
	Conversation   json.RawMessage            `json:"conversation"`
	Recipient      json.RawMessage            `json:"recipient"`
	Access         chat.Field[gateway.Access] `json:"access"`
	Messages       []json.RawMessage          `json:"messages"`
}

// told is the answer: the caller's own ids, and whereto replies go.
type told struct {
	ConversationID gateway.ConversationID `json:"conversationId"`
	RecipientID    gateway.UserID         `json:"recipientId"`
	ReplyTo        string                 `json:"replyTo"`
	Messages       []posted               `json:"messages"`
}

// tellOnce has one person told of messages at once.
func tellOnce(c *call, _ []string) (any, error) {
	var body oneCall
	if err := c.into(&body); err != nil {
		return nil, err
	}
	in, err := body.read()
	if err != nil {
		return nil, err
	}
	ids, err := c.posting(func(how chat.Posting) ([]gateway.MessageID, error) {
		return c.Chat.Tell(c.ctx, c.app.ID, in, how)
	})
	if err != nil {
		return nil, err
	}
	address, err := c.replyAddress(in.Conversation, in.Recipient)
	if err != nil {
		return nil, err
	}
	return told{in.Conversation, in.Recipient, address.String(), ids}, nil
}

// reading reads a oneCall and collects what is wrong with it.
type reading struct {
	chat.Call
	wrong gateway.Invalid
}

// read turns the body into what chat takes.
func (b oneCall) read() (chat.Call, error) {
	r := reading{chat.Call{Access: b.Access, Users: map[gateway.UserID]chat.UserPatch{}}, gateway.Invalid{}}
	if b.Conversation != nil {
		r.Conversation = gateway.ConversationID(r.named("conversation", b.Conversation, &r.About))
	}
	if b.ConversationID != nil {
		r.Conversation = *b.ConversationID
	}
	if r.Conversation == "" {
		r.wrong.Add("conversationId", "conversationId is your own id of the conversation.")
	}
	if r.Recipient = r.person("recipient", b.Recipient); r.Recipient == "" {
		r.wrong.Add("recipient", `recipient is the user to be told, like {"id": "42", "name": "Ann", "email": "ann@example.com"}.`)
	}
	for i, raw := range b.Messages {
		r.message(fmt.Sprintf("messages[%d]", i), raw)
	}
	return r.Call, r.wrong.Err()
}

// named reads an object, or a bare id, into v and returns the id.
func (r *reading) named(field string, raw json.RawMessage, v any) (id string) {
	if raw == nil || json.Unmarshal(raw, &id) == nil {
		return id
	}
	var who struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(raw, &who) != nil {
		r.wrong.Add(field, "%s is an id, or an object with an id.", field)
		return ""
	}
	r.take(field, json.Unmarshal(raw, v))
	return who.ID
}

// take adds what is wrong with a part of the body.
func (r *reading) take(field string, err error) {
	var v gateway.Invalid
	switch {
	case errors.As(err, &v):
		for name, sentences := range v {
			for _, s := range sentences {
				r.wrong.Add(field+"."+name, "%s", s)
			}
		}
	case err != nil:
		r.wrong.Add(field, "%s is not what belongs there: %v.", field, err)
	}
}

// person reads a user, or the bare id of one.
func (r *reading) person(field string, raw json.RawMessage) gateway.UserID {
	var p chat.UserPatch
	id := gateway.UserID(r.named(field, raw, &p))
	if id != "" && strings.HasPrefix(string(raw), "{") {
		r.Users[id] = p
	}
	return id
}

// message reads a message whose sender is a user or the bare id of one.
func (r *reading) message(field string, raw json.RawMessage) {
	var parts map[string]json.RawMessage
	if json.Unmarshal(raw, &parts) != nil || parts == nil {
		r.wrong.Add(field, "%s is an object.", field)
		return
	}
	var m chat.CalledMessage
	if id, given := parts["id"]; given && json.Unmarshal(id, &m.ID) != nil {
		r.wrong.Add(field+".id", "%s.id must be a string.", field)
	}
	sender := r.person(field+".sender", parts["sender"])
	delete(parts, "sender")
	rest, err := json.Marshal(parts)
	if err == nil {
		err = json.Unmarshal(rest, &m.NewMessage)
	}
	r.take(field, err)
	if sender != "" {
		m.Sender = chat.Give(sender)
	}
	r.Messages = append(r.Messages, m)
}
