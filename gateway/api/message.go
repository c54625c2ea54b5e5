package api

import (
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
)

// posted is one element of the answer to posted messages.
type posted struct {
	ID gateway.MessageID `json:"id"`
}

func postedOf(ids []gateway.MessageID) []posted {
	out := make([]posted, 0, len(ids))
	for _, id := range ids {
		out = append(out, posted{id})
	}
	return out
}

// postMessages answers with a bare array of ids, in order.
func postMessages(c *call, ids []string) (any, error) {
	var in []chat.NewMessage
	if err := c.into(&in); err != nil {
		return nil, err
	}
	return c.posting(func(how chat.Posting) ([]gateway.MessageID, error) {
		return c.Chat.PostMessages(c.ctx, c.app.ID, gateway.ConversationID(ids[0]), in, how)
	})
}

func listMessages(c *call, ids []string) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	messages, err := c.Chat.Messages(c.ctx, c.app.ID, gateway.ConversationID(ids[0]), chat.MessagesQuery{
		Limit: limit, StartingAfter: gateway.MessageID(c.param("startingAfter")),
	})
	return list{messages}, err
}

func getMessage(c *call, ids []string) (any, error) {
	return c.Chat.Message(c.ctx, c.app.ID, gateway.ConversationID(ids[0]), gateway.MessageID(ids[1]))
}

func editMessage(c *call, ids []string) (any, error) {
	var p chat.MessagePatch
	if err := c.into(&p); err != nil {
		return nil, err
	}
	return nil, c.Chat.EditMessage(c.ctx, c.app.ID, gateway.ConversationID(ids[0]), gateway.MessageID(ids[1]), p)
}

func deleteMessage(c *call, ids []string) (any, error) {
	return nil, c.Chat.DeleteMessage(c.ctx, c.app.ID, gateway.ConversationID(ids[0]), gateway.MessageID(ids[1]))
}
