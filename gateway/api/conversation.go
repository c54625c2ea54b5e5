package api

import (
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

func putConversation(c *call, ids []string) (any, error) {
	var p chat.ConversationPatch
	if err := c.into(&p); err != nil {
		return nil, err
	}
	return nil, c.Chat.PutConversation(c.ctx, c.app.ID, gateway.ConversationID(ids[0]), p)
}

func getConversation(c *call, ids []string) (any, error) {
	return c.Chat.Conversation(c.ctx, c.app.ID, gateway.ConversationID(ids[0]))
}

func deleteConversation(c *call, ids []string) (any, error) {
	return nil, c.Chat.DeleteConversation(c.ctx, c.app.ID, gateway.ConversationID(ids[0]))
}

func forceNotification(c *call, ids []string) (any, error) {
	id := gateway.ConversationID(ids[0])
	return c.once(store.ConversationScope(c.app.ID, id), func(c *call) (any, error) {
		if c.key.Test {
			return nil, c.Chat.ForceTests(c.ctx, c.app.ID, id)
		}
		return nil, c.Chat.ForceNotification(c.ctx, c.app.ID, id)
	})
}

func joinConversation(c *call, ids []string) (any, error) {
	var p chat.ParticipantPatch
	if err := c.into(&p); err != nil {
		return nil, err
	}
	return nil, c.Chat.Join(c.ctx, c.app.ID, gateway.ConversationID(ids[0]), gateway.UserID(ids[1]), p)
}

func patchParticipant(c *call, ids []string) (any, error) {
	var p chat.ParticipantPatch
	if err := c.into(&p); err != nil {
		return nil, err
	}
	return nil, c.Chat.PatchParticipant(c.ctx, c.app.ID, gateway.ConversationID(ids[0]), gateway.UserID(ids[1]), p)
}

func leaveConversation(c *call, ids []string) (any, error) {
	return nil, c.Chat.Leave(c.ctx, c.app.ID, gateway.ConversationID(ids[0]), gateway.UserID(ids[1]))
}

// replyAddress is where a participant's answers go: for a test key, those to test
// mails.
func (c *call) replyAddress(conv gateway.ConversationID, u gateway.UserID) (gateway.Address, error) {
	if c.key.Test {
		return c.Chat.TestAddress(c.ctx, c.app.ID, conv, u)
	}
	return c.Chat.ReplyAddress(c.ctx, c.app.ID, conv, u)
}

// replyAddress answers with the secret address of a participant.
func replyAddress(c *call, ids []string) (any, error) {
	a, err := c.replyAddress(gateway.ConversationID(ids[0]), gateway.UserID(ids[1]))
	if err != nil {
		return nil, err
	}
	return map[string]string{"emailAddress": a.String()}, nil
}

func listConversations(c *call, _ []string) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	q, err := c.conversationsQuery(limit)
	if err != nil {
		return nil, err
	}
	out, err := c.Chat.Conversations(c.ctx, c.app.ID, q)
	return list{out}, err
}

func listUserConversations(c *call, ids []string) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	q, err := c.conversationsQuery(limit)
	if err != nil {
		return nil, err
	}
	q.Unread, q.Left, q.Known = c.param("unreadsOnly") == "true", !c.since(leavable), c.since(strangers)
	out, err := c.Chat.UserConversations(c.ctx, c.app.ID, gateway.UserID(ids[0]), q)
	return list{out}, err
}
