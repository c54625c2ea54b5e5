package api

import (
	"errors"

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

// listNotifications answers why somebody got, or did not get, a mail. Those that
// have what is asked for in common are found without looking at the others.
func listNotifications(c *call, _ []string) (any, error) {
	user, conv := gateway.UserID(c.param("recipientId")), gateway.ConversationID(c.param("conversationId"))
	state, reason := gateway.NotificationState(c.param("state")), gateway.Reason(c.param("reason"))
	want := func(n gateway.Notification) bool {
		return (user == "" || n.Recipient == user) && (conv == "" || n.Conversation == conv) &&
			(state == "" || n.State == state) && (reason == "" || n.Reason == reason)
	}
	var by store.Key
	switch app := c.app.ID; { // what fewest have in common goes first
	case conv != "":
		by = store.DecisionKey(app, store.ByConversation, string(conv))
	case user != "":
		by = store.DecisionKey(app, store.ByRecipient, string(user))
	case reason != "":
		by = store.DecisionKey(app, store.ByReason, string(reason))
	case state != "":
		by = store.DecisionKey(app, store.ByState, string(state))
	default:
		return records(c, store.Decisions, wire.NotificationOf, want)
	}
	return notificationsBy(c, by, want)
}

// notificationsBy lists, the newest first, those below a place that are wanted.
func notificationsBy(c *call, by store.Key, want func(gateway.Notification) bool) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	rg := store.Range{Prefix: by, Reverse: true}
	if after := c.param("startingAfter"); after != "" {
		rg.To = by.String(after)
	}
	out := []wire.Notification{}
	err = c.Store.View(c.ctx, func(rd store.Reader) error {
		out = out[:0]
		return store.DecisionsBy.Scan(rd, rg, func(_ store.Key, at store.DecisionPlace) (bool, error) {
			n, found, err := store.Decisions.Find(rd, store.AppKey(c.app.ID).String(string(at.Notification)))
			if found && want(n) {
				out = append(out, wire.NotificationOf(n))
			}
			return err == nil && len(out) < limit, errors.Join(err, c.ctx.Err())
		})
	})
	return list{out}, err
}

func listDeliveries(c *call, _ []string) (any, error) {
	user, state := gateway.UserID(c.param("recipientId")), gateway.DeliveryState(c.param("state"))
	return records(c, store.Mails, wire.DeliveryOf, func(d gateway.Delivery) bool {
		return (user == "" || d.Recipient == user) && (state == "" || d.State == state)
	})
}
