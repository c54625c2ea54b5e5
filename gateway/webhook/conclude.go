package webhook

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/store"
)

// schedule is the example of Standard Webhooks: 75.6 hours in ten attempts.
var schedule = queue.Schedule{Delays: []time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
	5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}}

const (
	// laneTries is after how many failures an event steps aside, so that the
	// later ones of its conversation pass.
	laneTries = 2
	// laneWait is for how long a receiver may have a conversation wait by
	// Retry-After; an event put off for longer steps aside at once.
	laneWait = time.Minute
	// strictTime is for how long an endpoint with strict ordering is kept
	// waiting for a failed event instead.
	strictTime = 15 * time.Minute
	// maxRetryAfter bounds what a receiver may ask for.
	maxRetryAfter = 24 * time.Hour
	// keptAttempts is how many attempts a store.EventTell remembers.
	keptAttempts = 16
)

// bury ends telling an event that cannot be told.
func (t *Teller) bury(tg *telling, why string) queue.Result {
	t.gates.forget(tg.item.App, tg.tell.Endpoint)
	tg.note(event.Dead, store.TellAttempt{At: time.Now(), Error: why})
	return queue.Result{Apply: tg.put}
}

// note writes an attempt into the telling's row, in memory.
func (tg *telling) note(state string, a store.TellAttempt) {
	all := slices.Clone(tg.tell.Attempts)
	for i := range all {
		all[i].Response = ""
	}
	all = append(all, a)
	tg.tell.Attempts = all[max(0, len(all)-keptAttempts):]
	tg.tell.State, tg.tell.UpdatedAt = state, time.Now()
}

// put stores the telling's row.
func (tg *telling) put(tx store.Tx) error { return event.Conclude(tx, tg.event, tg.tell) }

// conclude turns an attempt into the result of its item.
func (t *Teller) conclude(tg *telling, a attempt) queue.Result {
	var res queue.Result
	state := event.Told
	if !a.told() {
		state = event.Dead
		if a.status != http.StatusGone && !a.abandon && !tg.ping() {
			if res.Again = tg.again(a); res.Again != nil {
				state = event.Waiting
			}
		}
	}
	tg.tell.Tries++
	tg.note(state, store.TellAttempt{At: a.at, Status: a.status, Error: a.problem, Took: a.took.Milliseconds(), Response: a.response})
	res.Scope, res.Apply = tg.consequence(a)
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
	asked := now.Add(a.retryAfter)
	if asked.After(due) {
		due = asked
	}
	it.Due = due
	switch {
	case tg.endpoint.Strict:
		tg.insist(&it, now, asked)
	case it.Attempt >= laneTries, asked.Sub(now) > laneWait:
		it.Lane = ""
	}
	return &it
}

// insist keeps a failed event of an endpoint with strict ordering in its lane
// until strictTime after its first attempt; the last try there is at that time,
// unless the receiver asked to come later.
func (tg *telling) insist(it *store.Item, now, asked time.Time) {
	end := now.Add(strictTime)
	if len(tg.tell.Attempts) > 0 {
		end = tg.tell.Attempts[0].At.Add(strictTime)
	}
	switch {
	case !now.Before(end), asked.After(end):
		it.Lane = ""
	case it.Due.After(end):
		it.Due = end
	}
}

// report writes the attempt's one log line, and one for an endpoint whose last it
// was, and observes it.
func (t *Teller) report(tg *telling, a attempt, state string) {
	level := slog.LevelInfo
	if state != event.Told {
		level = slog.LevelWarn
	}
	t.Log.Log(context.Background(), level, "event attempt", "trace", string(tg.event.Trace),
		"app", string(tg.app.ID), "event", string(tg.event.ID), "endpoint", string(tg.endpoint.ID),
		"type", string(tg.event.Type), "attempt", tg.tell.Tries, "state", state,
		"status", a.status, "took", a.took, "problem", a.problem)
	if why := tg.end(a); why != "" { // the app's other endpoints are told; the operator may be the only one
		t.Log.Error("endpoint disabled, it is told nothing more", "app", string(tg.app.ID), "endpoint", string(tg.endpoint.ID), "reason", string(why))
	}
	if t.Observe != nil {
		t.Observe(Observation{
			App: tg.app.ID, Endpoint: tg.endpoint.ID, Type: tg.event.Type, State: state,
			Attempt: tg.tell.Tries, Status: a.status, Took: a.took, Since: a.at.Sub(tg.event.CreatedAt),
		})
	}
}
