package storetest

import (
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

var laneTests = []suiteTest{
	{"lane/one at a time, as they were put", testLaneOrder},
	{"lane/lanes do not wait for one another", testLanesApart},
	{"lane/an item put back keeps its place", testLaneKept},
	{"lane/an item that steps aside lets the next pass", testLaneAside},
	{"lane/cancel and move", testLaneCancelMove},
	{"lane/the next one's time", testLaneNextDue},
}

// testLaneOrder puts items whose due times run against their order.
func testLaneOrder(h *harness) {
	h.enqueue(inLane("x", "c", 3), inLane("x", "b", 2))
	h.enqueue(inLane("x", "a", 1))
	h.wantIDs(h.lease(at(2), 10)) // the first is not due
	for _, id := range []string{"c", "b", "a"} {
		l := h.leaseOne(at(3), id)
		h.wantIDs(h.lease(at(3), 10))
		h.done(l.Lease)
	}
	h.wantIDs(h.lease(at(3), 10))
}

func testLanesApart(h *harness) {
	far := inLane("x", "other app", 0)
	far.App = "other"
	elsewhere := inLane("x", "other shard", 0)
	elsewhere.Shard = 8
	h.enqueue(inLane("x", "a", 0), inLane("x", "b", 0), inLane("y", "c", 0), inLane("xx", "d", 0), item("e", 0), item("f", 0), far, elsewhere)
	got := map[string]bool{}
	for _, l := range h.lease(at(0), 10) {
		got[l.Item.ID] = true
	}
	want := map[string]bool{"a": true, "c": true, "d": true, "e": true, "f": true, "other app": true}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		h.Errorf("leased %v, want %v", got, want)
	}
}

func testLaneKept(h *harness) {
	h.enqueue(inLane("x", "a", 0), inLane("x", "b", 0))
	l := h.leaseOne(at(0), "a")
	h.update(func(tx store.Tx) error { return tx.Again(l.Lease, inLane("x", "a", 5)) })
	h.wantIDs(h.lease(at(4), 10))
	h.done(h.leaseOne(at(5), "a").Lease)
	h.leaseOne(at(5), "b")
}

func testLaneAside(h *harness) {
	h.enqueue(inLane("x", "a", 0), inLane("x", "b", 0), inLane("y", "c", 9))
	l := h.leaseOne(at(0), "a")
	h.update(func(tx store.Tx) error { return tx.Again(l.Lease, item("a", 5)) })
	b := h.leaseOne(at(0), "b")
	a := h.leaseOne(at(5), "a")
	// And into another lane, behind who is there.
	h.update(func(tx store.Tx) error { return tx.Again(a.Lease, inLane("y", "a", 5)) })
	h.done(b.Lease)
	h.wantIDs(h.lease(at(8), 10))
	h.done(h.leaseOne(at(9), "c").Lease)
	h.leaseOne(at(9), "a")
}

func testLaneCancelMove(h *harness) {
	h.enqueue(inLane("x", "a", 0), inLane("x", "b", 1), inLane("x", "c", 2), inLane("x", "d", 3))
	h.update(func(tx store.Tx) error { return tx.Move(inLane("x", "d", 0).ItemRef, at(0)) })
	h.update(func(tx store.Tx) error { return tx.Cancel(inLane("x", "b", 0).ItemRef) })
	a := h.leaseOne(at(9), "a")
	h.update(func(tx store.Tx) error { return tx.Cancel(a.Item.ItemRef) })
	h.wantIDs(h.lease(at(1), 10))
	h.update(func(tx store.Tx) error { return tx.Move(inLane("x", "c", 0).ItemRef, at(20)) })
	h.wantIDs(h.lease(at(19), 10))
	h.done(h.leaseOne(at(20), "c").Lease)
	h.leaseOne(at(20), "d")
}

func testLaneNextDue(h *harness) {
	h.enqueue(inLane("x", "a", 5), inLane("x", "b", 1))
	h.wantDue(map[store.Shard]time.Time{7: at(5)})
	l := h.leaseOne(at(5), "a")
	h.wantDue(map[store.Shard]time.Time{7: at(65)})
	w := h.s.Wake(queue)
	select {
	case <-w:
	default:
	}
	h.done(l.Lease)
	h.wantDue(map[store.Shard]time.Time{7: at(1)})
	select {
	case <-w:
	default:
		h.Error("the next of a lane came in and nobody was woken")
	}
}
