package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/replygate/replygate/gateway/store"
)

func testLeaseEnds(h *harness) {
	h.enqueue(item("a", 0))
	first := h.leaseOne(at(0), "a")
	h.wantIDs(h.lease(at(59), 10))
	second := h.leaseOne(at(60), "a")
	if first.Lease.Token == second.Lease.Token {
		h.Error("two leases of an item have the same token")
	}
	h.updateErr(store.ErrLeaseLost, func(tx store.Tx) error { return tx.Done(first.Lease) })
	h.done(second.Lease)
	h.wantIDs(h.lease(at(500), 10))
}

func testLeaseExclusive(h *harness) {
	const n = 300
	h.update(func(tx store.Tx) error {
		for i := range n {
			if err := tx.Enqueue(item(fmt.Sprint(i), 0)); err != nil {
				return err
			}
		}
		return nil
	})
	var mu sync.Mutex
	times := map[string]int{}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				ls, err := h.s.Lease(context.Background(), store.LeaseRequest{Queue: queue, Shard: 7, Now: at(0), Until: at(1), Max: 7})
				if err != nil || len(ls) == 0 {
					if err != nil {
						h.Error(err)
					}
					return
				}
				err = h.s.Update(context.Background(), scope, func(tx store.Tx) error {
					for _, l := range ls {
						if err := tx.Done(l.Lease); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					h.Error(err)
				}
				mu.Lock()
				for _, l := range ls {
					times[l.Item.ID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for id, k := range times {
		if k != 1 {
			h.Errorf("item %s was handled %d times", id, k)
		}
	}
	if len(times) != n {
		h.Errorf("%d items of %d were handled", len(times), n)
	}
}

func testFencing(h *harness) {
	h.enqueue(item("a", 0), item("b", 0))
	ls := h.lease(at(0), 10)
	h.wantIDs(ls, "a", "b")
	forged := ls[0].Lease
	forged.Token++
	h.done(ls[1].Lease)
	for name, l := range map[string]store.Lease{"forged": forged, "settled": ls[1].Lease, "never given": {ItemRef: item("c", 0).ItemRef}} {
		h.updateErr(store.ErrLeaseLost, func(tx store.Tx) error {
			if err := putAll(tx, "t", "a", name); err != nil {
				return err
			}
			_ = tx.Done(l) // fails the Update, whatever the function makes of it
			return nil
		})
		h.updateErr(store.ErrLeaseLost, func(tx store.Tx) error { return tx.Again(l, item("a", 1)) })
	}
	h.updateErr(store.ErrLeaseLost, func(tx store.Tx) error {
		return errors.Join(tx.Done(ls[0].Lease), tx.Done(ls[0].Lease))
	})
	h.want("t", store.Range{})
	h.done(ls[0].Lease)
}

func testSettleFails(h *harness) {
	h.enqueue(item("a", 0))
	l := h.leaseOne(at(0), "a").Lease
	for _, settle := range []func(tx store.Tx) error{
		func(tx store.Tx) error { return tx.Done(l) },
		func(tx store.Tx) error { return tx.Again(l, item("a", 5)) },
		func(tx store.Tx) error { return tx.Cancel(l.ItemRef) },
	} {
		h.updateErr(errOwn, func(tx store.Tx) error { return errors.Join(settle(tx), errOwn) })
		h.wantIDs(h.lease(at(30), 10))
	}
	h.done(l)
	h.wantIDs(h.lease(at(500), 10))
}

func testExtendRelease(h *harness) {
	ctx := context.Background()
	h.enqueue(item("a", 0), item("b", 1))
	ls := h.lease(at(1), 10)
	if err := h.s.Extend(ctx, ls[0].Lease, at(200)); err != nil {
		h.Fatal(err)
	}
	if err := h.s.Release(ctx, []store.Lease{ls[1].Lease}); err != nil {
		h.Fatal(err)
	}
	if err := h.s.Extend(ctx, ls[1].Lease, at(300)); !errors.Is(err, store.ErrLeaseLost) {
		h.Errorf("extend a released lease: %v", err)
	}
	h.updateErr(store.ErrLeaseLost, func(tx store.Tx) error { return tx.Done(ls[1].Lease) })
	b := h.leaseOne(at(1), "b")
	h.leaseOne(at(150), "b")
	if err := h.s.Extend(ctx, b.Lease, at(300)); !errors.Is(err, store.ErrLeaseLost) {
		h.Errorf("extend a lease that another has: %v", err)
	}
	h.done(ls[0].Lease)
	if err := h.s.Release(ctx, []store.Lease{ls[0].Lease}); err != nil {
		h.Errorf("release a settled lease: %v", err)
	}
}
