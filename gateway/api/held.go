package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/wire"
)

func approveReply(c *call, ids []string) (any, error) { return decideReply(c, ids, c.Chat.Approve) }

func rejectReply(c *call, ids []string) (any, error) { return decideReply(c, ids, c.Chat.Reject) }

// decideReply settles a held reply. One that was settled before, and one whose
// participant may not write any more, is 409.
func decideReply(c *call, ids []string, decide func(context.Context, gateway.AppID, gateway.ReplyID) (gateway.Reply, error)) (any, error) {
	r, err := decide(c.ctx, c.app.ID, gateway.ReplyID(ids[0]))
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
