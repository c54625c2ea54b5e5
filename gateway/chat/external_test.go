package chat_test

import (
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
)

// TestRun: with an external schedule the queue sends nothing, a call does, and
// calls that overlap mail once.
func TestRun(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.roles(map[string]gateway.Role{gateway.DefaultRole: {Schedule: gateway.ScheduleExternal}})
	h.say("c1", "ann", "one", "two")
	if ns := func() []gateway.Notification { h.now = h.due("c1"); return h.fire() }(); bobs(ns) != "" {
		t.Fatalf("without a call: %s", states(ns))
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := h.Run(h.ctx, "shop"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := bobs(h.fire()); got != "triggered:" {
		t.Errorf("by the calls: %s", got)
	}
	n, err := h.Run(h.ctx, "shop")
	if h.ok(err); n != 0 || !h.due("c1").IsZero() {
		t.Errorf("nothing is left, and a call started %d", n)
	}
	if n, err := h.Run(h.ctx, "nobody"); err != nil || n != 0 {
		t.Errorf("another app: %d, %v", n, err)
	}
}

// TestRunGivesFreeOnce: a message that is posted after a call waits for the next.
func TestRunGivesFreeOnce(t *testing.T) {
	h := newHouse(t)
	h.talk()
	minute := time.Minute
	h.roles(map[string]gateway.Role{gateway.DefaultRole: {Schedule: gateway.ScheduleExternal, Delay: &minute}})
	h.say("c1", "ann", "one")
	n, err := h.Run(h.ctx, "shop")
	if h.ok(err); n != 1 {
		t.Fatalf("started %d", n)
	}
	if got := bobs(h.fire()); got != "" {
		t.Errorf("before its delay: %s", got)
	}
	h.now = h.now.Add(time.Hour)
	h.ok(h.update(func(tx store.Tx) error {
		return tx.Enqueue(store.Item{ItemRef: store.NotificationItem("shop", "c1"), Due: h.now, EnqueuedAt: h.now})
	}))
	if got := bobs(h.fire()); got != "" {
		t.Errorf("the call had found it too young, and the queue sent it: %s", got)
	}
	n, err = h.Run(h.ctx, "shop")
	if h.ok(err); n != 1 {
		t.Fatalf("the next call started %d", n)
	}
	if got := bobs(h.fire()); got != "triggered:" {
		t.Errorf("by the next call: %s", got)
	}
}

// TestWholeContext: the mail of a run shows the conversation, bounded.
func TestWholeContext(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.roles(map[string]gateway.Role{gateway.DefaultRole: {Schedule: gateway.ScheduleExternal, MaxShown: 3}})
	h.say("c1", "bob", "mine")
	h.say("c1", "ann", "1", "2", "3", "4")
	_, err := h.Run(h.ctx, "shop")
	h.ok(err)
	for _, in := range h.pending().Inputs {
		if d := notify.Decide(in, h.now); in.User.ID == "bob" && (len(d.Messages) != 3 || d.Earlier != 2 || len(d.News) != 4) {
			t.Errorf("shows %d and %d earlier, about %d", len(d.Messages), d.Earlier, len(d.News))
		}
	}
}
