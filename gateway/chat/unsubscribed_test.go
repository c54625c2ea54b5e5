package chat_test

import (
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// TestUnsubscribingWithdraws: what waits for whoever has no other address is
// decided at once, and stays so when it is undone.
func TestUnsubscribingWithdraws(t *testing.T) {
	for kind, refuse := range map[gateway.Reason]func(suppression.Service, *house, suppression.Fact) error{
		gateway.ReasonUnsubscribed: func(s suppression.Service, h *house, f suppression.Fact) error { return s.Unsubscribe(h.ctx, f) },
		gateway.ReasonSuppressed:   func(s suppression.Service, h *house, f suppression.Fact) error { return s.Suppress(h.ctx, f) },
	} {
		h := newHouse(t)
		h.talk()
		h.say("c1", "ann", "hello")
		due := h.due("c1")
		facts := suppression.Service{Store: h.Store, Now: h.Now}
		h.now = h.now.Add(time.Second)
		var all []suppression.Fact
		for _, address := range []string{"bob@example.com", "BOB@example.net"} {
			a, err := gateway.ParseAddress(address)
			h.ok(err)
			f := suppression.Fact{App: "shop", Address: a, Kind: suppression.API}
			h.ok(refuse(facts, h, f))
			all = append(all, f)
			if got := h.due("c1"); !got.Equal(h.now) {
				t.Errorf("%s: looked at %v from now", kind, got.Sub(h.now))
			}
			want := "skipped:" + string(kind)
			if len(all) == 1 {
				want = ""
			}
			if got := bobs(h.fire()); got != want {
				t.Errorf("%s of %d: %q", kind, len(all), got)
			}
			if len(all) == 1 && !h.due("c1").Equal(due) {
				t.Errorf("%s of one: now due %v", kind, h.due("c1"))
			}
			h.now = h.now.Add(time.Second)
		}
		for _, f := range all {
			h.ok(facts.Lift(h.ctx, f))
			h.ok(facts.Resubscribe(h.ctx, f))
		}
		if !h.due("c1").IsZero() {
			t.Errorf("%s: something waits still", kind)
		}
	}
}

// TestOwnersOfAddresses are those who have it now.
func TestOwnersOfAddresses(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.user("rob", `{"email":"bob@example.com"}`)
	if n := h.rows(store.AddressOwners.Table, nil); n != 4 {
		t.Errorf("%d owners", n)
	}
	h.user("bob", `{"email":"BOB@EXAMPLE.NET"}`)
	h.user("rob", `{"email":null}`)
	if n := h.rows(store.AddressOwners.Table, nil); n != 2 {
		t.Errorf("%d owners are left", n)
	}
}
