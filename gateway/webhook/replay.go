package webhook

import (
	"context"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/store"
)

// replay does one step of a replay: what it found is queued in the transaction
// that moves it on. It ends with the log, or with its endpoint.
func (t *Teller) replay(ctx context.Context, it store.Item, r event.Replay, ep gateway.EndpointID, err error) queue.Result {
	if err != nil {
		t.Log.Error("a replay cannot be read and is given up", "app", string(it.App), "item", it.ID, "err", err)
		return queue.Result{}
	}
	var ids []gateway.EventID
	done := true
	err = t.Store.View(ctx, func(rd store.Reader) error {
		app, _, err := store.Apps.Find(rd, store.AppKey(it.App))
		i := slices.IndexFunc(app.Endpoints, func(e gateway.Endpoint) bool { return e.ID == ep })
		if err != nil || i < 0 || app.Endpoints[i].Disabled {
			return err
		}
		ids, done, err = r.Step(rd, it.App, app.Endpoints[i])
		return err
	})
	if err == nil && !done {
		it.Payload, err = r.Payload()
	}
	if err != nil {
		return queue.Result{Apply: func(store.Tx) error { return err }}
	}
	res := queue.Result{Apply: func(tx store.Tx) error { return redeliver(tx, it.App, ids, ep) }}
	if !done {
		it.Due, it.Attempt = time.Now().Add(event.ReplayPace), 0
		res.Again = &it
	}
	return res
}

func redeliver(tx store.Tx, app gateway.AppID, ids []gateway.EventID, ep gateway.EndpointID) error {
	for _, id := range ids {
		e, found, err := store.EventLog.Find(tx, event.Key(app, id))
		if err == nil && found {
			err = event.Redeliver(tx, e, ep, time.Now())
		}
		if err != nil {
			return err
		}
	}
	return nil
}
