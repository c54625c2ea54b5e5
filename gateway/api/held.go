package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

func approveReply(c *call, ids []string) (any, error) {
	return c.decideReply(ids[0], (*chat.Service).Approve)
}

func rejectReply(c *call, ids []string) (any, error) {
	return c.decideReply(ids[0], (*chat.Service).Reject)
}

// decision is one about a held reply.
type decision func(*chat.Service, context.Context, gateway.AppID, gateway.ReplyID) (gateway.Reply, error)

// decideReply settles a held reply, once for each Idempotency-Key.
func (c *call) decideReply(id string, decide decision) (any, error) {
	r, _, err := c.Chat.Held(c.ctx, c.app.ID, gateway.ReplyID(id))
	if err != nil {
		return nil, err
	}
	if c.key.Test && !r.Test {
		return nil, fail(http.StatusConflict, "NOT_PERMITTED", "id", "This is a person's reply, and what it makes due is mailed: decide about it with a live key.")
	}
	return c.once(store.ConversationScope(c.app.ID, r.Conversation), func(c *call) (any, error) { return c.settle(r.ID, decide) })
}

// settle makes a decision. About a reply that was settled before, and one whose
// participant may not write any more, it is 409.
func (c *call) settle(id gateway.ReplyID, decide decision) (any, error) {
	r, err := decide(c.Chat, c.ctx, c.app.ID, id)
	var refused gateway.Status
	switch {
	case errors.Is(err, chat.ErrSettled):
		return nil, fail(http.StatusConflict, "REPLY_SETTLED", "id", "This reply is not waiting for approval any more.")
	case errors.As(err, &refused):
		return nil, fail(http.StatusConflict, "NOT_PERMITTED", "id", refused.Text+".")
	case err != nil:
		return nil, err
	}
	return wire.ReplyOf(r, c.Links), nil
}
