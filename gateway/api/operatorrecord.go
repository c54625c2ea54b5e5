package api

import (
	"net/http"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// recordRoutes are an app's records for its operator: the app's own lists, and
// each record by its id.
func (o Operator) recordRoutes() []route {
	const get, put, post, delete_ = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	return []route{
		on(get, "apps/*/events/newest", o.of(newestEvents)),
		on(get, "apps/*/notifications", o.of(listNotifications)),
		on(get, "apps/*/notifications/*", o.of(getNotification)),
		on(get, "apps/*/deliveries", o.of(listDeliveries)),
		on(get, "apps/*/replies", o.of(listReplies)),
		on(get, "apps/*/replies/*", o.of(getReply)),
		on(post, "apps/*/replies/*/approve", o.of(approveReply)),
		on(post, "apps/*/replies/*/reject", o.of(rejectReply)),
		on(get, "apps/*/suppressions", o.of(listSuppressions)),
		on(get, "apps/*/suppressions/*", o.of(getSuppression)),
		on(put, "apps/*/suppressions/*", o.of(putSuppression)),
		on(delete_, "apps/*/suppressions/*", o.of(deleteSuppression)),
	}
}

// newestEvents lists the events that were recorded last, the newest first.
func newestEvents(c *call, _ []string) (any, error) {
	return records(c, store.EventLog, wire.EventOf, func(gateway.Event) bool { return true })
}

// one finds a record of the app by its id.
func one[T any](c *call, rows store.Rows[T], what, id string) (T, error) {
	var out T
	err := c.Store.View(c.ctx, func(rd store.Reader) (err error) {
		var found bool
		if out, found, err = rows.Find(rd, store.AppKey(c.app.ID).String(id)); err == nil && !found {
			err = gateway.NotFound{What: what, ID: id}
		}
		return err
	})
	return out, err
}

func getReply(c *call, ids []string) (any, error) {
	r, err := one(c, store.Replies, "reply", ids[0])
	if err != nil {
		return nil, err
	}
	return wire.ReplyOf(r, c.Links), nil
}

// shownNotification is a notification with its mails.
type shownNotification struct {
	wire.Notification
	Deliveries []wire.Delivery `json:"deliveries"`
}

func getNotification(c *call, ids []string) (any, error) {
	n, err := one(c, store.Decisions, "notification", ids[0])
	if err != nil {
		return nil, err
	}
	out := shownNotification{wire.NotificationOf(n), []wire.Delivery{}}
	err = c.Store.View(c.ctx, func(rd store.Reader) error {
		out.Deliveries = out.Deliveries[:0]
		for _, id := range n.Deliveries {
			d, found, err := store.Mails.Find(rd, store.AppKey(c.app.ID).String(string(id)))
			if err != nil {
				return err
			}
			if found {
				out.Deliveries = append(out.Deliveries, wire.DeliveryOf(d))
			}
		}
		return nil
	})
	return out, err
}
