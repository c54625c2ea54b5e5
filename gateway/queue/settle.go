package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// settleTime bounds one try to store a result.
const settleTime = 30 * time.Second

// patience is how long a worker waits between tries to store a result that is
// fine but could not be committed (a full disk, a database that is away): the
// side effect is done, and handling the item anew would double it.
var patience = Schedule{Delays: []time.Duration{
	0, 50 * time.Millisecond, 200 * time.Millisecond, time.Second, 3 * time.Second, 10 * time.Second,
}}

// troubles is when an item is handled anew after its handler panicked or its
// result was refused. It never ends: what is unknown is temporary.
var troubles = Schedule{Delays: []time.Duration{
	0, time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour,
}, MaxAge: Forever}

// laneTries is after how many troubles an item lets the rest of its lane pass.
const laneTries = 2

// work handles what the pump hands out, one item at a time.
func (r *Runner) work() {
	for h := range r.jobs {
		r.running.Add(1)
		start := time.Now()
		outcome := r.handle(h)
		r.holds.drop(h)
		r.running.Add(-1)
		if r.Observe != nil {
			r.Observe(Observation{
				Queue: r.Queue, Outcome: outcome,
				Late: max(0, start.Sub(h.leased.Item.Due)), Took: time.Since(start),
			})
		}
		r.leave(h)
		r.ended <- end{h, true}
	}
}

// end tells the pump that an item was handled, and later that it was settled.
type end struct {
	h       *hold
	settled bool
}

// leave makes room for another item of h's party.
func (r *Runner) leave(h *hold) {
	if !h.left && r.Limit != nil {
		h.left = true
		r.ended <- end{h, false}
	}
}

// handle takes an item from its handler to its settling.
func (r *Runner) handle(h *hold) Outcome {
	if h.held() != nil {
		return Lost
	}
	res, err := r.call(h)
	r.leave(h)
	if err == nil {
		err = r.settle(h, res)
	}
	switch {
	case err == nil && res.Again == nil:
		return Done
	case err == nil:
		h.again = res.Again.Due
		return Again
	case errors.Is(err, store.ErrLeaseLost):
		return Lost
	case final(err):
		r.Log.Warn("result not stored: the store takes no more work", "item", h.leased.Item.ID, "app", string(h.leased.Item.App), "err", err)
		return Trouble
	}
	r.putBack(h, err)
	return Trouble
}

// call runs the handler; a panic becomes an error.
func (r *Runner) call(h *hold) (res Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return r.Handler(h.ctx, h.leased), nil
}

// settle stores a result, patiently if the store cannot take it now. It gives
// up at once when the result itself is at fault or the lease is lost.
func (r *Runner) settle(h *hold, res Result) error {
	for try := 1; ; try++ {
		refused, err := r.commit(h, res)
		if err == nil || refused || final(err) {
			return err
		}
		at, more := patience.Next(try, time.Time{}, time.Now(), rand.Float64())
		if !more || !pauseUntil(h.ctx, at) {
			return err
		}
	}
}

// commit settles the item and applies the result in one transaction. refused
// tells that Apply itself failed or panicked.
func (r *Runner) commit(h *hold, res Result) (refused bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.ctx), settleTime)
	defer cancel()
	scope := res.Scope
	if scope == (store.Scope{}) {
		ref := h.leased.Item.ItemRef
		scope = store.Scope{App: ref.App, Kind: 'q', ID: string(ref.Queue) + "/" + ref.ID}
	}
	err = r.Store.Update(ctx, scope, func(tx store.Tx) error {
		refused = false
		var err error
		if res.Again == nil {
			err = tx.Done(h.leased.Lease)
		} else {
			err = tx.Again(h.leased.Lease, *res.Again)
		}
		if err != nil || res.Apply == nil {
			return err
		}
		refused = true // stays so if Apply panics
		if err := res.Apply(tx); err != nil {
			return err
		}
		refused = false
		return nil
	})
	return refused, err
}

// final tells errors after which trying to commit again is pointless.
func final(err error) bool {
	return errors.Is(err, store.ErrLeaseLost) || errors.Is(err, store.ErrFailed) || errors.Is(err, store.ErrClosed)
}

// putBack has a troubled item handled anew later, and lets its lane pass. If
// not even that can be stored, the lease is left to lapse: giving it back would
// have it leased again at once.
func (r *Runner) putBack(h *hold, cause error) {
	it := h.leased.Item
	it.Attempt++
	now := time.Now()
	it.Due, _ = troubles.Next(it.Attempt, now, now, rand.Float64())
	if it.Attempt >= laneTries {
		it.Lane = ""
	}
	log := r.Log.With("item", it.ID, "app", string(it.App), "attempt", it.Attempt)
	if _, err := r.commit(h, Result{Again: &it}); err != nil {
		log.Error("item in trouble, held until its lease lapses", "err", cause, "put_back", err)
		return
	}
	h.again = it.Due
	log.Error("item in trouble, put back", "err", cause, "due", it.Due)
}

// pauseUntil waits for a time and tells whether ctx was still alive then.
func pauseUntil(ctx context.Context, at time.Time) bool {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
