package api

import (
	"encoding/json"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/wire"
)

func putPresence(c *call, ids []string) (any, error) {
	var p chat.PresencePatch
	if err := c.into(&p); err != nil {
		return nil, err
	}
	return nil, c.Chat.SetPresence(c.ctx, c.app.ID, gateway.UserID(ids[0]), p)
}

// getSessions answers with a bare array, empty when the user is offline.
func getSessions(c *call, ids []string) (any, error) {
	p, err := c.Chat.Presence(c.ctx, c.app.ID, gateway.UserID(ids[0]))
	if err != nil {
		return nil, err
	}
	if !p.OnlineAt(time.Now()) {
		return []wire.Session{}, nil
	}
	return []wire.Session{wire.SessionOf(p)}, nil
}

func markRead(c *call, ids []string) (any, error) {
	return nil, c.Chat.MarkRead(c.ctx, c.app.ID, gateway.ConversationID(ids[0]), gateway.UserID(ids[1]), "")
}

// patchUserConversation marks read, all of it ("unread": false) or up to a
// message or a time ("readUntil": id or milliseconds), or marks unread.
func patchUserConversation(c *call, ids []string) (any, error) {
	var in struct {
		ReadUntil json.RawMessage `json:"readUntil"`
		Unread    *bool           `json:"unread"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	user, conv := gateway.UserID(ids[0]), gateway.ConversationID(ids[1])
	switch {
	case in.ReadUntil != nil && string(in.ReadUntil) != "null":
		return nil, c.readUntil(conv, user, in.ReadUntil)
	case in.Unread != nil && *in.Unread:
		return nil, c.Chat.MarkUnread(c.ctx, c.app.ID, conv, user)
	case in.Unread != nil:
		return nil, c.Chat.MarkRead(c.ctx, c.app.ID, conv, user, "")
	}
	return nil, nil
}

func (c *call) readUntil(conv gateway.ConversationID, user gateway.UserID, until json.RawMessage) error {
	var message gateway.MessageID
	var ms float64
	switch {
	case json.Unmarshal(until, &message) == nil:
		return c.Chat.MarkRead(c.ctx, c.app.ID, conv, user, message)
	case json.Unmarshal(until, &ms) == nil && ms >= 0 && ms < 1e15:
		return c.Chat.MarkReadUntil(c.ctx, c.app.ID, conv, user, time.UnixMilli(int64(ms)))
	}
	return gateway.Wrong("readUntil", "readUntil is the id of a message, or a time in milliseconds since 1970.")
}
