// Package webhook tells the chat backend what happened: it handles the queue of
// events, one signed POST per event and endpoint.
//
// It promises the same bytes and the same webhook-id at every attempt, two
// signatures over them (Standard Webhooks and TalkJS's), that no connection is
// opened to an address the operator did not mean strangers to reach, that an
// endpoint which is slow, down or hostile does not keep the others waiting, and
// that what became of each attempt is stored with the settling of its item.
//
// It leaves to event which endpoint is told what and in which order, to queue
// the running, and to app the endpoints themselves.
package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
)

// Config is what a Teller needs. Store, Box and Log are required.
type Config struct {
	Store store.Store
	Box   *secret.Box
	Log   *slog.Logger
	// AllowNetworks may be reached although they are not public.
	AllowNetworks []netip.Prefix
	// AllowHTTP permits endpoints without TLS.
	AllowHTTP bool
	// Resolver looks up host names; nil means the system's.
	Resolver *net.Resolver
	// Timeout bounds one attempt, connecting and answering; 0 means 15 s.
	Timeout time.Duration
	// UserAgent is how we introduce ourselves; empty means "Replygate".
	UserAgent string
	// Observe, if set, is told of every attempt. It must be quick and safe for
	// concurrent use.
	Observe func(Observation)
}

// Observation tells of one attempt.
type Observation struct {
	App      gateway.AppID
	Endpoint gateway.EndpointID
	Type     gateway.EventType
	// State is what the event's telling is in after the attempt: event.Told,
	// event.Waiting or event.Dead.
	State string
	// Attempt counts the attempts, from 1.
	Attempt int
	// Status is the HTTP status, 0 if there was no answer.
	Status int
	// Took is how long the attempt took, Since how old the event was when it began.
	Took, Since time.Duration
}

// Teller tells events. It is safe for concurrent use.
type Teller struct {
	Config
	guard  Guard
	client *http.Client
	gates  gates
}

// New makes a Teller; Handle is its queue.Handler and Limit its queue.Config.Limit.
// The queue should have as many Workers.
func New(c Config) *Teller {
	if c.Timeout <= 0 {
		c.Timeout = 15 * time.Second
	}
	if c.UserAgent == "" {
		c.UserAgent = "Replygate"
	}
	g := Guard{AllowNetworks: c.AllowNetworks, AllowHTTP: c.AllowHTTP}
	return &Teller{Config: c, guard: g, client: newClient(g, c.Resolver, c.Timeout), gates: newGates()}
}

// Close closes idle connections. Call it when the queue has ended.
func (t *Teller) Close() { t.client.CloseIdleConnections() }

// telling is one event on its way to one endpoint.
type telling struct {
	item     store.Item
	app      gateway.App
	endpoint gateway.Endpoint
	event    gateway.Event
	tell     store.EventTell
	// trouble is for how long all attempts at the endpoint have failed.
	trouble   store.Trouble
	inTrouble bool
}

// Handle tells one event, or does a step of a replay; it is a queue.Handler.
func (t *Teller) Handle(ctx context.Context, l store.Leased) queue.Result {
	if r, ep, ok, err := event.ReplayOf(l.Item); ok {
		return t.replay(ctx, l.Item, r, ep, err)
	}
	tg, err := t.load(ctx, l.Item)
	if err != nil {
		return queue.Result{Apply: func(store.Tx) error { return err }}
	}
	switch {
	case tg.event.ID == "" || tg.tell.Event == "": // expired, or the app is gone
		return queue.Result{}
	case tg.endpoint.ID == "":
		return t.bury(&tg, "the endpoint was deleted")
	case tg.endpoint.Disabled && !tg.ping():
		return t.bury(&tg, "the endpoint is disabled")
	}
	end := t.gates.begin(tg.app.ID, tg.endpoint.ID)
	a := t.attempt(ctx, &tg)
	end(time.Now(), a)
	if a.aborted {
		return queue.Result{Again: &tg.item}
	}
	return t.conclude(&tg, a)
}

// ping tells whether it is a test, which is tried once, whatever becomes of it.
func (tg *telling) ping() bool { return tg.event.Type == gateway.EventWebhookPing }

// load reads what the item is about. Rows that are gone are left zero.
func (t *Teller) load(ctx context.Context, it store.Item) (telling, error) {
	var tg telling
	ev, ep, _ := strings.Cut(it.ID, "/")
	err := t.Store.View(ctx, func(rd store.Reader) (err error) {
		tg = telling{item: it}
		if tg.app, _, err = store.FindApp(rd, it.App); err != nil {
			return err
		}
		for _, e := range tg.app.Endpoints {
			if e.ID == gateway.EndpointID(ep) {
				tg.endpoint = e
			}
		}
		if tg.event, _, err = store.EventLog.Find(rd, event.Key(it.App, gateway.EventID(ev))); err != nil {
			return err
		}
		if tg.tell, _, err = store.EventTells.Find(rd, event.TellKey(it.App, gateway.EventID(ev), gateway.EndpointID(ep))); err != nil {
			return err
		}
		tg.trouble, tg.inTrouble, err = store.Troubles.Find(rd, troubleKey(it.App, gateway.EndpointID(ep)))
		return err
	})
	if err != nil {
		return tg, fmt.Errorf("tell event %s: %w", it.ID, err)
	}
	return tg, nil
}
