package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

func exit() { runtime.Goexit() }

var queueTests = []suiteTest{
	{"queue/an item is kept as it was put", testItemKept},
	{"queue/earliest first, of one shard and queue", testDueOrder},
	{"queue/a lease excludes others and ends", testLeaseEnds},
	{"queue/an item is leased once, whoever asks", testLeaseExclusive},
	{"queue/a lost lease fails the transaction", testFencing},
	{"queue/a failed settling leaves the item leased", testSettleFails},
	{"queue/extend and release", testExtendRelease},
	{"queue/again", testAgain},
	{"queue/cancel", testCancel},
	{"queue/a new item is not settled by an old lease", testNewItemOldLease},
	{"queue/move", testMove},
	{"queue/parties take turns", testTurns},
	{"queue/no more of a party than there is room for", testRoom},
	{"queue/next due", testNextDue},
	{"queue/wake", testWake},
	{"queue/listen", testListen},
	{"queue/bad items are refused", testBadItems},
}

const queue = store.Deliveries

// item is due some minutes after epoch, in shard 7.
func item(id string, minutes int) store.Item {
	return store.Item{
		ItemRef: store.ItemRef{Queue: queue, App: app, Shard: 7, ID: id},
		Due:     epoch.Add(time.Duration(minutes) * time.Minute), EnqueuedAt: epoch,
	}
}

func inLane(lane, id string, minutes int) store.Item {
	it := item(id, minutes)
	it.Lane = lane
	return it
}

func (h *harness) enqueue(items ...store.Item) {
	h.Helper()
	h.update(func(tx store.Tx) error {
		for _, it := range items {
			if err := tx.Enqueue(it); err != nil {
				return err
			}
		}
		return nil
	})
}

// lease takes items of shard 7 at now for an hour.
func (h *harness) lease(now time.Time, limit int) []store.Leased {
	h.Helper()
	ls, err := h.s.Lease(context.Background(), store.LeaseRequest{
		Queue: queue, Shard: 7, Now: now, Until: now.Add(time.Hour), Max: limit, Owner: "storetest",
	})
	if err != nil {
		h.Fatalf("lease: %v", err)
	}
	return ls
}

// leaseOne takes the one item that must be due.
func (h *harness) leaseOne(now time.Time, id string) store.Leased {
	h.Helper()
	ls := h.lease(now, 10)
	h.wantIDs(ls, id)
	return ls[0]
}

func (h *harness) wantIDs(ls []store.Leased, want ...string) {
	h.Helper()
	var got []string
	for _, l := range ls {
		got = append(got, l.Item.ID)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		h.Fatalf("leased %q, want %q", got, want)
	}
}

func (h *harness) done(l store.Lease) {
	h.Helper()
	h.update(func(tx store.Tx) error { return tx.Done(l) })
}

func at(minutes int) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }

func testItemKept(h *harness) {
	it := inLane("lane\x00 with a zero", "id\x00\xff", 3)
	it.Attempt, it.Payload, it.Group = 5, []byte("payload"), "group\x00"
	it.EnqueuedAt = epoch.Add(123456789)
	h.enqueue(it)
	check := func(got store.Item) {
		h.Helper()
		same := got.ItemRef == it.ItemRef && got.Due.Equal(it.Due) && got.Lane == it.Lane && got.Group == it.Group && got.Attempt == it.Attempt &&
			string(got.Payload) == string(it.Payload) && got.EnqueuedAt.Equal(it.EnqueuedAt)
		if !same {
			h.Errorf("item %+v, want %+v", got, it)
		}
	}
	h.view(func(r store.Reader) error {
		got, err := r.Item(it.ItemRef)
		check(got)
		_, missing := r.Item(item("absent", 0).ItemRef)
		if !errors.Is(missing, store.ErrNotFound) {
			h.Errorf("an absent item: %v", missing)
		}
		return err
	})
	l := h.leaseOne(at(3), it.ID)
	check(l.Item)
	if l.Lease.ItemRef != it.ItemRef {
		h.Errorf("lease of %+v", l.Lease.ItemRef)
	}
	h.updateErr(nil, func(tx store.Tx) error { got, err := tx.Item(it.ItemRef); check(got); return err })
}

func testDueOrder(h *harness) {
	other, elsewhere := item("other queue", 0), item("other shard", 0)
	other.Queue, elsewhere.Shard = store.Events, 8
	h.enqueue(item("c", 3), item("a", 1), item("d", 4), item("b", 2), other, elsewhere)
	h.wantIDs(h.lease(at(0), 10))
	h.wantIDs(h.lease(at(3), 2), "a", "b")
	h.wantIDs(h.lease(at(3), 2), "c")
	h.wantIDs(h.lease(at(4), 0))
	h.wantIDs(h.lease(at(4), 2), "d")
}

func testAgain(h *harness) {
	it := item("a", 0)
	it.Payload = []byte("old")
	h.enqueue(it)
	l := h.leaseOne(at(0), "a")
	next := l.Item
	next.Due, next.Attempt, next.Payload, next.EnqueuedAt = at(10), 1, []byte("new"), at(99)
	h.update(func(tx store.Tx) error { return tx.Again(l.Lease, next) })
	h.wantIDs(h.lease(at(9), 10))
	got := h.leaseOne(at(10), "a").Item
	if got.Attempt != 1 || string(got.Payload) != "new" || !got.EnqueuedAt.Equal(epoch) || !got.Due.Equal(at(10)) {
		h.Errorf("put back: %+v", got)
	}
	h.updateErr(store.ErrLeaseLost, func(tx store.Tx) error { return tx.Done(l.Lease) })
}

func testCancel(h *harness) {
	h.enqueue(item("a", 0), item("b", 0))
	a := h.lease(at(0), 1)[0]
	h.update(func(tx store.Tx) error {
		return errors.Join(tx.Cancel(item("a", 0).ItemRef), tx.Cancel(item("b", 0).ItemRef), tx.Cancel(item("absent", 0).ItemRef))
	})
	h.updateErr(store.ErrLeaseLost, func(tx store.Tx) error { return tx.Done(a.Lease) })
	if err := h.s.Extend(context.Background(), a.Lease, at(100)); !errors.Is(err, store.ErrLeaseLost) {
		h.Errorf("extend the lease of a cancelled item: %v", err)
	}
	h.wantIDs(h.lease(at(500), 10))
	h.wantDue(nil)
}

// testNewItemOldLease cancels an item and puts one of the same name, as the
// due item of a conversation is.
func testNewItemOldLease(h *harness) {
	h.enqueue(item("a", 0))
	old := h.leaseOne(at(0), "a")
	h.update(func(tx store.Tx) error {
		return errors.Join(tx.Cancel(old.Item.ItemRef), tx.Enqueue(item("a", 1)))
	})
	h.updateErr(store.ErrLeaseLost, func(tx store.Tx) error { return tx.Done(old.Lease) })
	h.done(h.leaseOne(at(1), "a").Lease)
}

func testMove(h *harness) {
	h.enqueue(item("a", 5), item("leased", 0))
	l := h.leaseOne(at(0), "leased")
	move := func(id string, minutes int) {
		h.update(func(tx store.Tx) error { return tx.Move(item(id, 0).ItemRef, at(minutes)) })
	}
	move("a", 3)
	move("absent", 3)
	move("leased", 30)
	h.wantIDs(h.lease(at(2), 10))
	h.leaseOne(at(3), "a")
	h.done(l.Lease)
	h.enqueue(item("b", 5))
	move("b", 50)
	h.wantIDs(h.lease(at(49), 10))
	h.leaseOne(at(50), "b")
}

func (h *harness) wantDue(want map[store.Shard]time.Time) {
	h.Helper()
	got, err := h.s.NextDue(context.Background(), queue, nil)
	if err != nil {
		h.Fatal(err)
	}
	same := len(got) == len(want)
	for s, at := range want {
		same = same && got[s].Equal(at)
	}
	if !same {
		h.Errorf("next due: %v, want %v", got, want)
	}
}

func testNextDue(h *harness) {
	h.wantDue(nil)
	put := func(s store.Shard, id string, minutes int) {
		it := item(id, minutes)
		it.Shard = s
		h.enqueue(it)
	}
	put(0, "a", 9)
	put(0, "b", 4)
	put(255, "c", 2)
	put(7, "d", 0)
	other := item("other queue", 0)
	other.Queue = store.Events
	h.enqueue(other)
	h.wantDue(map[store.Shard]time.Time{0: at(4), 255: at(2), 7: at(0)})
	l := h.leaseOne(at(0), "d")
	h.wantDue(map[store.Shard]time.Time{0: at(4), 255: at(2), 7: at(60)})
	put(7, "e", 30)
	h.wantDue(map[store.Shard]time.Time{0: at(4), 255: at(2), 7: at(30)})
	put(7, "f", 90)
	e := h.leaseOne(at(30), "e") // until 90
	h.wantDue(map[store.Shard]time.Time{0: at(4), 255: at(2), 7: at(60)})
	h.done(l.Lease)
	h.done(e.Lease)
	h.wantDue(map[store.Shard]time.Time{0: at(4), 255: at(2), 7: at(90)})
}

func testWake(h *harness) {
	w := h.s.Wake(queue)
	woken := func(what string, want bool) {
		h.Helper()
		select {
		case <-w:
			if !want {
				h.Errorf("%s: woken", what)
			}
		default:
			if want {
				h.Errorf("%s: not woken", what)
			}
		}
	}
	woken("nothing done", false)
	h.enqueue(item("a", 0), item("b", 0))
	h.enqueue(item("c", 0)) // the writer is not blocked by a hint nobody took
	woken("put", true)
	woken("put, once", false)
	h.updateErr(errOwn, func(tx store.Tx) error { return errors.Join(tx.Enqueue(item("d", 0)), errOwn) })
	h.put("t", "a", "1")
	woken("nothing put", false)
	h.update(func(tx store.Tx) error { return tx.Move(item("a", 0).ItemRef, at(1)) })
	woken("move", true)
	l := h.lease(at(0), 1)[0]
	h.update(func(tx store.Tx) error { return tx.Again(l.Lease, l.Item) })
	woken("again", true)
}

func testBadItems(h *harness) {
	h.enqueue(item("twice", 0))
	big, nameless := item("big", 0), item("", 0)
	big.Payload = make([]byte, 64<<10+1)
	for name, it := range map[string]store.Item{"known": item("twice", 5), "big": big, "without an id": nameless} {
		err := h.s.Update(context.Background(), scope, func(tx store.Tx) error { return tx.Enqueue(it) })
		if err == nil {
			h.Errorf("an item that is %s was put", name)
		}
	}
	h.leaseOne(at(0), "twice")
}
