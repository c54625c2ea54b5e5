package api

import (
	"slices"

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

// facet is something that records are asked for by: its value, if it is asked for.
type facet struct {
	by    store.Facet
	value string
}

// recordsBy is records of those that have facets in common, found by the first that
// is asked for without looking at the others: what fewest have in common is to be
// named first.
func recordsBy[T, W any](c *call, places store.Rows[store.Place], rows store.Rows[T], facets []facet, show func(T) W, want func(T) bool) (any, error) {
	i := slices.IndexFunc(facets, func(f facet) bool { return f.value != "" })
	if i < 0 {
		return records(c, rows, show, want)
	}
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	at := store.FacetKey(c.app.ID, facets[i].by, facets[i].value)
	out := []W{}
	err = c.Store.View(c.ctx, func(rd store.Reader) error {
		out = out[:0]
		return store.ScanPlaces(rd, places, rows, c.app.ID, at, c.param("startingAfter"), func(v T) (bool, error) {
			if want(v) {
				out = append(out, show(v))
			}
			return len(out) < limit, c.ctx.Err()
		})
	})
	return list{out}, err
}

func listReplies(c *call, _ []string) (any, error) {
	state, conv := c.param("state"), c.param("conversationId")
	return recordsBy(c, store.RepliesBy, store.Replies, []facet{{store.ByConversation, conv}, {store.ByState, state}},
		func(r gateway.Reply) wire.Reply { return wire.ReplyOf(r, c.Links) },
		func(r gateway.Reply) bool {
			return (state == "" || string(r.State) == state) && (conv == "" || string(r.Conversation) == conv)
		})
}

// listNotifications answers why somebody got, or did not get, a mail.
func listNotifications(c *call, _ []string) (any, error) {
	user, conv, state, reason := c.param("recipientId"), c.param("conversationId"), c.param("state"), c.param("reason")
	facets := []facet{{store.ByConversation, conv}, {store.ByRecipient, user}, {store.ByReason, reason}, {store.ByState, state}}
	return recordsBy(c, store.DecisionsBy, store.Decisions, facets, wire.NotificationOf, func(n gateway.Notification) bool {
		return (user == "" || string(n.Recipient) == user) && (conv == "" || string(n.Conversation) == conv) &&
			(state == "" || string(n.State) == state) && (reason == "" || string(n.Reason) == reason)
	})
}

func listDeliveries(c *call, _ []string) (any, error) {
	user, conv, state := c.param("recipientId"), c.param("conversationId"), c.param("state")
	facets := []facet{{store.ByConversation, conv}, {store.ByRecipient, user}, {store.ByState, state}}
	return recordsBy(c, store.DeliveriesBy, store.Mails, facets, wire.DeliveryOf, func(d gateway.Delivery) bool {
		return (user == "" || string(d.Recipient) == user) && (conv == "" || string(d.Conversation) == conv) &&
			(state == "" || string(d.State) == state)
	})
}
