package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// queueRoutes are the mails of an app that wait to go out.
func (o Operator) queueRoutes() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		on(get, "apps/*/queue", o.of(listQueue)),
		on(get, "apps/*/queue/*", o.of(getQueued)),
		on(post, "apps/*/queue/*/retry", o.of(retryQueued)),
		on(post, "apps/*/queue/*/cancel", o.of(cancelQueued)),
	}
}

// queued is a mail that waits, and until when.
type queued struct {
	wire.Delivery
	// DueAt is when it is tried next; null: it is settled.
	DueAt *int64 `json:"dueAt"`
}

// showQueued shows a mail with what the queue knows of it.
func showQueued(rd store.Reader, d gateway.Delivery, app gateway.AppID) (queued, error) {
	out := queued{Delivery: wire.DeliveryOf(d)}
	it, err := rd.Item(store.DeliveryItem(app, d.Conversation, d.ID))
	if errors.Is(err, store.ErrNotFound) {
		return out, nil
	}
	due := it.Due.UnixMilli()
	out.DueAt = &due
	return out, err
}

// listQueue lists the mails that wait, by address; startingAfter is the id of one.
func listQueue(c *call, _ []string) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	app := c.app.ID
	rg := store.Range{Prefix: store.AppKey(app)}
	if after := c.param("startingAfter"); after != "" {
		d, err := one(c, store.Mails, "delivery", after)
		if err != nil {
			return nil, gateway.Wrong("startingAfter", "There is no delivery %q.", after)
		}
		rg.From = store.AddressKey(app, d.To).String(after).Next()
	}
	out := []queued{}
	err = c.Store.View(c.ctx, func(rd store.Reader) error {
		out = out[:0]
		return store.Unsent.Scan(rd, rg, func(_ store.Key, u store.UnsentMail) (bool, error) {
			d, found, err := store.Mails.Find(rd, store.AppKey(app).String(string(u.Delivery)))
			if err != nil || !found {
				return err == nil, err
			}
			shown, err := showQueued(rd, d, app)
			out = append(out, shown)
			return len(out) < limit, errors.Join(err, c.ctx.Err())
		})
	})
	return list{out}, err
}

func getQueued(c *call, ids []string) (any, error) {
	d, err := one(c, store.Mails, "delivery", ids[0])
	if err != nil {
		return nil, err
	}
	var out queued
	err = c.Store.View(c.ctx, func(rd store.Reader) (err error) {
		out, err = showQueued(rd, d, c.app.ID)
		return err
	})
	return out, err
}

// errNotQueued: what went out, was refused or withdrawn cannot be changed.
var errNotQueued = fail(http.StatusConflict, "NOT_QUEUED", "id", "This mail does not wait any more.")

// unsettled runs fn with a mail that waits, in its own transaction.
func (c *call) unsettled(id string, fn func(store.Tx, gateway.Delivery) error) (any, error) {
	d, err := one(c, store.Mails, "delivery", id)
	if err != nil {
		return nil, err
	}
	var out queued
	err = c.Store.Update(c.ctx, store.ConversationScope(c.app.ID, d.Conversation), func(tx store.Tx) error {
		k := store.AppKey(c.app.ID).String(id)
		d, err := store.Mails.Get(tx, k)
		if err != nil {
			return err
		}
		if d.State != gateway.DeliveryQueued && d.State != gateway.DeliveryDeferred {
			return errNotQueued
		}
		if err := fn(tx, d); err != nil {
			return err
		}
		if d, err = store.Mails.Get(tx, k); err != nil {
			return err
		}
		out, err = showQueued(tx, d, c.app.ID)
		return err
	})
	return out, err
}

// retryQueued has a mail tried now.
func retryQueued(c *call, ids []string) (any, error) {
	return c.unsettled(ids[0], func(tx store.Tx, d gateway.Delivery) error {
		return tx.Move(store.DeliveryItem(c.app.ID, d.Conversation, d.ID), time.Now())
	})
}

// cancelQueued takes a mail back.
func cancelQueued(c *call, ids []string) (any, error) {
	return c.unsettled(ids[0], func(tx store.Tx, d gateway.Delivery) error {
		_, err := c.Chat.DeliverySettled(tx, time.Now(), c.app.ID, chat.Settled{Delivery: d.ID, State: gateway.DeliveryCancelled, Reason: gateway.ReasonOperator})
		return err
	})
}
