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
	"math/rand/v2"
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
	// Status is the HTTP status, 0 if there was no answer.
	Status int
	// Took is how long the attempt took, Since how old the event was when it began.
	Took, Since time.Duration
}

// Teller tells events. It is safe for concurrent use.
type Teller struct {
	Config
	client *http.Client
	gates  gates
}

// New makes a Teller; Handle is its queue.Handler. The queue should have many
// workers (256 is a good number): most of them only wait for answers.
func New(c Config) *Teller {
	if c.Timeout <= 0 {
		c.Timeout = 15 * time.Second
	}
	if c.UserAgent == "" {
		c.UserAgent = "Replygate"
	}
	g := Guard{AllowNetworks: c.AllowNetworks, AllowHTTP: c.AllowHTTP}
	return &Teller{Config: c, client: newClient(g, c.Resolver, c.Timeout), gates: newGates()}
}

// Close closes idle connections. Call it when the queue has ended.
func (t *Teller) Close() { t.client.CloseIdleConnections() }

// schedule is the example of Standard Webhooks: 75.6 hours in ten attempts.
var schedule = queue.Schedule{Delays: []time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
	5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}}

const (
	// laneTries is after how many failures an event steps aside, so that the
	// later ones of its conversation pass.
	laneTries = 2
	// strictTime is for how long an endpoint with strict ordering is kept
	// waiting for a failed event instead.
	strictTime = 15 * time.Minute
	// maxRetryAfter bounds what a receiver may ask for.
	maxRetryAfter = 24 * time.Hour
	// keptAttempts is how many attempts a store.EventTell remembers.
	keptAttempts = 16
)

// telling is one event on its way to one endpoint.
type telling struct {
	item     store.Item
	app      gateway.App
	endpoint gateway.Endpoint
	event    gateway.Event
	tell     store.EventTell
}

// Handle tells one event; it is a queue.Handler.
func (t *Teller) Handle(ctx context.Context, l store.Leased) queue.Result {
	tg, err := t.load(ctx, l.Item)
	if err != nil {
		return queue.Result{Apply: func(store.Tx) error { return err }}
	}
	switch {
	case tg.event.ID == "" || tg.tell.Event == "": // expired, or the app is gone
		return queue.Result{}
	case tg.endpoint.ID == "":
		return t.bury(&tg, "the endpoint was deleted")
	case tg.endpoint.Disabled:
		return t.bury(&tg, "the endpoint is disabled")
	}
	g := t.gates.of(tg.app.ID, tg.endpoint.ID)
	if at, ok := g.enter(ctx, time.Now()); !ok {
		return tg.later(at)
	}
	a := t.attempt(ctx, &tg)
	g.leave(time.Now(), a)
	if a.aborted {
		return tg.later(l.Item.Due)
	}
	return t.conclude(&tg, a)
}

// load reads what the item is about. Rows that are gone are left zero.
func (t *Teller) load(ctx context.Context, it store.Item) (telling, error) {
	var tg telling
	ev, ep, _ := strings.Cut(it.ID, "/")
	err := t.Store.View(ctx, func(rd store.Reader) (err error) {
		tg = telling{item: it}
		if tg.app, _, err = store.Apps.Find(rd, store.AppKey(it.App)); err != nil {
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
		tg.tell, _, err = store.EventTells.Find(rd, tg.tellKey())
		return err
	})
	if err != nil {
		return tg, fmt.Errorf("tell event %s: %w", it.ID, err)
	}
	return tg, nil
}

func (tg *telling) tellKey() store.Key {
	ev, ep, _ := strings.Cut(tg.item.ID, "/")
	return event.TellKey(tg.item.App, gateway.EventID(ev), gateway.EndpointID(ep))
}

// later puts the item back without counting an attempt.
func (tg *telling) later(at time.Time) queue.Result {
	it := tg.item
	it.Due = at
	return queue.Result{Again: &it}
}

// bury ends telling an event that cannot be told.
func (t *Teller) bury(tg *telling, why string) queue.Result {
	t.gates.forget(tg.item.App, tg.tell.Endpoint)
	tg.note(event.Dead, store.TellAttempt{At: time.Now(), Error: why})
	return queue.Result{Apply: tg.put}
}

// note writes an attempt into the telling's row, in memory.
func (tg *telling) note(state string, a store.TellAttempt) {
	all := append(tg.tell.Attempts[:len(tg.tell.Attempts):len(tg.tell.Attempts)], a)
	tg.tell.Attempts = all[max(0, len(all)-keptAttempts):]
	tg.tell.State, tg.tell.UpdatedAt = state, time.Now()
}

// put stores the telling's row.
func (tg *telling) put(tx store.Tx) error {
	return store.EventTells.Put(tx, tg.tellKey(), tg.tell)
}

// conclude turns an attempt into the result of its item.
func (t *Teller) conclude(tg *telling, a attempt) queue.Result {
	res := queue.Result{Apply: tg.put}
	state := event.Told
	if !a.told() {
		state = event.Dead
		if a.status != http.StatusGone {
			if res.Again = tg.again(a); res.Again != nil {
				state = event.Waiting
			}
		}
	}
	tg.note(state, store.TellAttempt{At: a.at, Status: a.status, Error: a.problem, Took: a.took.Milliseconds()})
	if a.status == http.StatusGone {
		res.Scope, res.Apply = store.AppScope(tg.app.ID), tg.disable
	}
	t.report(tg, a, state)
	return res
}

// again is the item of a failed event's next attempt; nil after the last one.
func (tg *telling) again(a attempt) *store.Item {
	it := tg.item
	it.Attempt++
	now := time.Now()
	due, more := schedule.Next(it.Attempt, it.EnqueuedAt, now, rand.Float64())
	if !more {
		return nil
	}
	if wait := now.Add(a.retryAfter); wait.After(due) {
		due = wait
	}
	it.Due = due
	if tg.endpoint.Strict {
		tg.insist(&it, now)
	} else if it.Attempt >= laneTries {
		it.Lane = ""
	}
	return &it
}

// insist keeps a failed event of an endpoint with strict ordering in its lane
// until strictTime after its first attempt; the last try there is at that time.
func (tg *telling) insist(it *store.Item, now time.Time) {
	end := now.Add(strictTime)
	if len(tg.tell.Attempts) > 0 {
		end = tg.tell.Attempts[0].At.Add(strictTime)
	}
	switch {
	case !now.Before(end):
		it.Lane = ""
	case it.Due.After(end):
		it.Due = end
	}
}

// disable stores that an endpoint answered 410: it wants no more events.
func (tg *telling) disable(tx store.Tx) error {
	if err := tg.put(tx); err != nil {
		return err
	}
	app, err := store.Apps.Get(tx, store.AppKey(tg.app.ID))
	if err != nil {
		return err
	}
	for i := range app.Endpoints {
		ep := &app.Endpoints[i]
		if ep.ID != tg.endpoint.ID || ep.Disabled {
			continue
		}
		ep.Disabled = true
		if err := store.Apps.Put(tx, store.AppKey(app.ID), app); err != nil {
			return err
		}
		data := DisabledData{EndpointID: ep.ID, URL: ep.URL, Status: http.StatusGone}
		if _, err := event.Record(tx, &app, nil, gateway.EventEndpointDisabled, data, time.Now(), tg.event.Trace); err != nil {
			return err
		}
	}
	return nil
}

// DisabledData is the data of endpoint.disabled.
type DisabledData struct {
	EndpointID gateway.EndpointID `json:"endpointId"`
	URL        string             `json:"url"`
	// Status is the HTTP status that led to it.
	Status int `json:"status"`
}

// report writes the attempt's one log line and observes it.
func (t *Teller) report(tg *telling, a attempt, state string) {
	level := slog.LevelInfo
	if state != event.Told {
		level = slog.LevelWarn
	}
	t.Log.Log(context.Background(), level, "event attempt", "trace", string(tg.event.Trace),
		"app", string(tg.app.ID), "event", string(tg.event.ID), "endpoint", string(tg.endpoint.ID),
		"type", string(tg.event.Type), "attempt", tg.item.Attempt+1, "state", state,
		"status", a.status, "took", a.took, "problem", a.problem)
	if t.Observe != nil {
		t.Observe(Observation{
			App: tg.app.ID, Endpoint: tg.endpoint.ID, Type: tg.event.Type, State: state,
			Status: a.status, Took: a.took, Since: a.at.Sub(tg.event.CreatedAt),
		})
	}
}
