package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/replygate/replygate/gateway/store"
)

var lifeTests = []suiteTest{
	{"life/everything is there again", testReopen},
	{"life/identifiers rise", testIDs},
	{"life/closed", testClosed},
}

func testReopen(h *harness) {
	h.put("t", "a", "1", "b", "2")
	h.enqueue(inLane("x", "a", 0), inLane("x", "b", 0), item("c", 1))
	l := h.leaseOne(at(0), "a")
	for range 2 {
		h.reopen()
	}
	h.want("t", store.Range{}, "a=1", "b=2")
	again := h.lease(at(1), 10) // the process that held it is gone, or its lease ran out
	if len(again) == 1 {
		again = append(h.lease(at(61), 10), again...)
	}
	h.wantIDs(again, "a", "c")
	h.updateErr(store.ErrLeaseLost, func(tx store.Tx) error { return tx.Done(l.Lease) })
	h.done(again[0].Lease)
	h.leaseOne(at(1), "b")
}

// testIDs mints from many callers and compares over commits and restarts.
func testIDs(h *harness) {
	last := ""
	for round := range 3 {
		var mu sync.Mutex
		newest, seen := last, map[string]bool{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					var id string
					err := h.s.Update(context.Background(), scope, func(tx store.Tx) error {
						id = tx.NewID("x_")
						return putAll(tx, "t", id, "")
					})
					mu.Lock()
					if err != nil || id <= last || seen[id] {
						h.Errorf("round %d: %q after %q, seen %v, %v", round, id, last, seen[id], err)
					}
					seen[id], newest = true, max(newest, id)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		last = newest
		h.reopen()
	}
}

func testClosed(h *harness) {
	ctx := context.Background()
	var wg sync.WaitGroup
	for c := range 16 { // those who come while it closes get an answer
		wg.Go(func() {
			for i := 0; ; i++ {
				err := h.s.Update(ctx, scope, func(tx store.Tx) error { return putAll(tx, "t", fmt.Sprint(c, i), "") })
				if err != nil {
					if !errors.Is(err, store.ErrClosed) {
						h.Errorf("update: %v", err)
					}
					return
				}
			}
		})
	}
	h.put("t", "a", "1")
	if err := h.s.Close(); err != nil {
		h.Fatal(err)
	}
	wg.Wait()
	_, stage := h.s.Stage(ctx, app, nil)
	_, lease := h.s.Lease(ctx, store.LeaseRequest{Queue: queue, Max: 1})
	_, due := h.s.NextDue(ctx, queue, nil)
	for what, err := range map[string]error{
		"view": h.s.View(ctx, func(store.Reader) error { return nil }), "stage": stage, "lease": lease, "next due": due,
		"release": h.s.Release(ctx, nil),
	} {
		if !errors.Is(err, store.ErrClosed) {
			h.Errorf("%s after close: %v", what, err)
		}
	}
	if err := h.s.Close(); err != nil {
		h.Errorf("close again: %v", err)
	}
	select {
	case <-h.s.Failed():
		h.Error("closing is no failure")
	default:
	}
	h.s = h.open()
}
