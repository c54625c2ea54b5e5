package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// of is an item of another party.
func of(a gateway.AppID, group, id string, minutes int) store.Item {
	it := item(id, minutes)
	it.App, it.Group = a, group
	return it
}

// testTurns: a party with much to do does not keep the others waiting, however
// early its items are due, and the next call goes on where the last one ended.
func testTurns(h *harness) {
	var many []store.Item
	for i := range 40 {
		many = append(many, of("big", "", fmt.Sprintf("b%02d", i), i-50))
	}
	h.enqueue(many...)
	h.enqueue(of("small", "", "s1", -1), of("small", "", "s2", 0), of("big", "b", "g1", -2), of("big", "b", "g2", 1))
	h.wantIDs(h.lease(at(0), 6), "b00", "g1", "s1", "b01", "s2", "b02")
	h.enqueue(of("small", "", "s3", 0))
	h.wantIDs(h.lease(at(0), 2), "s3", "b03")
	h.wantIDs(h.lease(at(1), 2), "g2", "b04")
	h.enqueue(of("apart", "", "a1", 0))
	h.wantIDs(h.lease(at(1), 3), "a1", "b05", "b06")
}

func testRoom(h *harness) {
	h.enqueue(of("a", "x", "x1", 0), of("a", "x", "x2", 1), of("a", "y", "y1", 5), of("a", "y", "y2", 6), of("b", "x", "z1", 9))
	far := item("far", 7)
	far.Shard = 9
	h.enqueue(far)
	rooms := map[store.Party]int{{App: "a", Group: "x"}: 1, {App: "b", Group: "x"}: 9}
	room := func(p store.Party) int { return rooms[p] }
	lease := func(minutes int, want ...string) []store.Leased {
		h.Helper()
		ls, err := h.s.Lease(context.Background(), store.LeaseRequest{
			Queue: queue, Shard: 7, Now: at(minutes), Until: at(minutes + 60), Max: 10, Room: room,
		})
		if err != nil {
			h.Fatal(err)
		}
		h.wantIDs(ls, want...)
		return ls
	}
	due := func(want map[store.Shard]time.Time) {
		h.Helper()
		got, err := h.s.NextDue(context.Background(), queue, room)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			h.Errorf("next due %v, %v, want %v", got, err, want)
		}
	}
	due(map[store.Shard]time.Time{7: at(0).UTC()})
	first := lease(20, "x1", "z1")
	rooms = map[store.Party]int{{App: "a", Group: "y"}: 1}
	due(map[store.Shard]time.Time{7: at(5).UTC()})
	rooms = nil
	due(map[store.Shard]time.Time{})
	lease(20)
	h.wantDue(map[store.Shard]time.Time{7: at(1), 9: at(7)})
	h.update(func(tx store.Tx) error {
		next := first[0].Item
		next.Due, next.Group = at(30), "ignored"
		return errors.Join(tx.Done(first[1].Lease), tx.Again(first[0].Lease, next))
	})
	rooms = map[store.Party]int{{App: "a", Group: "x"}: 5}
	lease(29, "x2")
	lease(30, "x1")
}

// testListen: who listens hears of the next commit that announces the topic, and
// of nothing else.
func testListen(h *harness) {
	heard := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	announce := func(topic string, err error) func(store.Tx) error {
		return func(tx store.Tx) error {
			tx.Announce(topic)
			return errors.Join(tx.Put("t", store.Key("k"), []byte(topic)), err)
		}
	}
	a, also, b := h.s.Listen("a"), h.s.Listen("a"), h.s.Listen("b")
	h.put("t", "k", "1")
	h.updateErr(errOwn, announce("a", errOwn))
	h.update(announce("c", nil))
	if heard(a) || heard(b) {
		h.Error("heard of what was not announced")
	}
	h.update(announce("a", nil))
	if !heard(a) || !heard(also) || heard(b) {
		h.Error("not everybody, or somebody else, heard")
	}
	again := h.s.Listen("a")
	if heard(again) {
		h.Error("heard of what was before")
	}
	h.update(announce("a", nil))
	if !heard(again) {
		h.Error("not heard a second time")
	}
}
