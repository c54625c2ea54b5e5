package queue

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// hold is a leased item on its way through the runner.
type hold struct {
	leased store.Leased
	ctx    context.Context
	cancel context.CancelCauseFunc
	// again is when the item is due again; set by the worker that ends it.
	again time.Time
	// left tells that the pump was told that it was handled; the worker's.
	left bool

	mu    sync.Mutex
	until time.Time // wall clock; zero: lost
}

// holds is every item the runner has leased and not settled.
type holds struct {
	mu  sync.Mutex
	all map[*hold]struct{}
}

type holdKey struct{}

// hold begins to look after a leased item.
func (r *Runner) hold(work context.Context, l store.Leased, until time.Time) *hold {
	h := &hold{leased: l, until: until.Round(0)}
	ctx, cancel := context.WithCancelCause(work)
	h.ctx, h.cancel = context.WithValue(ctx, holdKey{}, h), cancel
	r.holds.mu.Lock()
	r.holds.all[h] = struct{}{}
	r.holds.mu.Unlock()
	return h
}

// drop ends looking after h.
func (hs *holds) drop(h *hold) {
	hs.mu.Lock()
	delete(hs.all, h)
	hs.mu.Unlock()
	h.cancel(nil)
}

// endingBefore returns the holds whose lease ends before t.
func (hs *holds) endingBefore(t time.Time) []*hold {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	var out []*hold
	for h := range hs.all {
		if h.heldUntil().Before(t) {
			out = append(out, h)
		}
	}
	return out
}

func (h *hold) heldUntil() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.until
}

func (h *hold) setUntil(t time.Time) {
	h.mu.Lock()
	h.until = t.Round(0) // the wall clock goes on while a machine sleeps
	h.mu.Unlock()
}

// held tells whether the lease still stands, as far as this process knows.
func (h *hold) held() error {
	if time.Now().Round(0).Before(h.heldUntil()) {
		return nil
	}
	return store.ErrLeaseLost
}

// Held is the last check a handler makes immediately before its side effect: it
// returns store.ErrLeaseLost if the lease of the item that ctx was made for has
// ended, say because the machine slept. It does no I/O. In a ctx that is not a
// handler's nothing is held back.
func Held(ctx context.Context) error {
	h, ok := ctx.Value(holdKey{}).(*hold)
	if !ok {
		return nil
	}
	return h.held()
}

// renew extends every lease of which a third has passed.
func (r *Runner) renew(ctx context.Context) {
	for _, h := range r.holds.endingBefore(time.Now().Add(r.LeaseFor - r.LeaseFor/3)) {
		until := time.Now().Add(r.LeaseFor)
		switch err := r.Store.Extend(ctx, h.leased.Lease, until); {
		case err == nil:
			h.setUntil(until)
		case errors.Is(err, store.ErrLeaseLost):
			h.setUntil(time.Time{})
			h.cancel(store.ErrLeaseLost)
		case ctx.Err() != nil:
			return
		default:
			r.Log.Warn("lease not renewed", "item", h.leased.Item.ID, "app", h.leased.Item.App, "err", err)
		}
	}
}
