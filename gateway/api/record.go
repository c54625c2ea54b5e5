package api

import (
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// records lists an app's rows of a table, the newest first: their ids sort as
// they were minted. Paging is by startingAfter=<id>.
func records[T, W any](c *call, rows store.Rows[T], show func(T) W, want func(T) bool) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	rg := store.Range{Prefix: store.AppKey(c.app.ID), Reverse: true}
	if after := c.param("startingAfter"); after != "" {
		rg.To = store.AppKey(c.app.ID).String(after)
	}
	out := []W{}
	err = c.Store.View(c.ctx, func(rd store.Reader) error {
		out = out[:0]
		return rows.Scan(rd, rg, func(_ store.Key, v T) (bool, error) {
			if want(v) {
				out = append(out, show(v))
			}
			return len(out) < limit, c.ctx.Err()
		})
	})
	return list{out}, err
}

func listReplies(c *call, _ []string) (any, error) {
	state, conv := gateway.ReplyState(c.param("state")), gateway.ConversationID(c.param("conversationId"))
	return records(c, store.Replies,
		func(r gateway.Reply) wire.Reply { return wire.ReplyOf(r, c.Links) },
		func(r gateway.Reply) bool {
			return (state == "" || r.State == state) && (conv == "" || r.Conversation == conv)
		})
}

func listNotifications(c *call, _ []string) (any, error) {
	user, conv := gateway.UserID(c.param("recipientId")), gateway.ConversationID(c.param("conversationId"))
	return records(c, store.Decisions, wire.NotificationOf, func(n gateway.Notification) bool {
		return (user == "" || n.Recipient == user) && (conv == "" || n.Conversation == conv)
	})
}

func listDeliveries(c *call, _ []string) (any, error) {
	user, state := gateway.UserID(c.param("recipientId")), gateway.DeliveryState(c.param("state"))
	return records(c, store.Mails, wire.DeliveryOf, func(d gateway.Delivery) bool {
		return (user == "" || d.Recipient == user) && (state == "" || d.State == state)
	})
}
