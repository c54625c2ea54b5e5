package suppression_test

import (
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// soft counts failures of bob's mailbox, an hour apart.
func soft(t *testing.T, s store.Store, times int) {
	t.Helper()
	for i := range times {
		update(t, s, func(tx store.Tx) error {
			return suppression.Failed(tx, now.Add(time.Duration(i)*time.Hour), suppression.Fact{App: "shop", Address: bob, Detail: "552 5.2.2 full"})
		})
	}
}

func kept(t *testing.T, facts suppression.Service) store.Suppression {
	t.Helper()
	got, _, err := facts.Find(ctx, "shop", bob)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestSoftFailures: a mailbox that is full three times rests, for a time.
func TestSoftFailures(t *testing.T) {
	facts, s := open(t)
	soft(t, s, 2)
	if got := kept(t, facts); got.Reason != "" {
		t.Fatalf("after two failures: %+v", got)
	}
	soft(t, s, 1)
	got := kept(t, facts)
	if got.Reason != gateway.ReasonSuppressed || got.Kind != suppression.Soft || got.Detail != "552 5.2.2 full" || got.Until.Sub(got.At) != 3*24*time.Hour {
		t.Errorf("after three: %+v", got)
	}
	if es := events(t, s); len(es) != 1 || es[0].Type != gateway.EventAddressSuppressed {
		t.Errorf("told %+v", es)
	}
	soft(t, s, 3) // while it rests: it is kept and told once
	if n := len(events(t, s)); n != 1 {
		t.Errorf("told %d times", n)
	}
	for _, c := range []struct {
		after time.Duration
		rests bool
	}{{3*24*time.Hour - time.Minute, true}, {3*24*time.Hour + 3*time.Hour, false}} {
		if _, err := store.Sweep(ctx, s, now.Add(c.after)); err != nil {
			t.Fatal(err)
		}
		if got := kept(t, facts); (got.Reason != "") != c.rests {
			t.Errorf("after %s: %+v", c.after, got)
		}
	}
	// Failures that lie two weeks apart do not add up.
	soft(t, s, 2)
	if _, err := store.Sweep(ctx, s, now.AddDate(0, 0, 15)); err != nil {
		t.Fatal(err)
	}
	soft(t, s, 1)
	if got := kept(t, facts); got.Reason != "" {
		t.Errorf("kept %+v", got)
	}
}

// TestSoftAgain: one that was lifted does not end the next one.
func TestSoftAgain(t *testing.T) {
	facts, s := open(t)
	soft(t, s, 3)
	first := kept(t, facts).Until
	if err := facts.Lift(ctx, suppression.Fact{App: "shop", Address: bob, Kind: suppression.API}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		update(t, s, func(tx store.Tx) error {
			return suppression.Failed(tx, now.Add(48*time.Hour), suppression.Fact{App: "shop", Address: bob})
		})
	}
	second := kept(t, facts).Until
	for _, c := range []struct {
		at    time.Time
		rests bool
	}{{first.Add(time.Minute), true}, {second.Add(time.Minute), false}} {
		if _, err := store.Sweep(ctx, s, c.at); err != nil {
			t.Fatal(err)
		}
		if got := kept(t, facts); (got.Reason != "") != c.rests {
			t.Errorf("at %v: %+v", c.at, got)
		}
	}
}

// TestSoftAmongOthers: what else may be kept of the address stays as it is.
func TestSoftAmongOthers(t *testing.T) {
	f := suppression.Fact{App: "shop", Address: bob, Kind: suppression.API}
	facts, s := open(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(facts.Unsubscribe(ctx, f))
	soft(t, s, 3)
	if got := kept(t, facts); got.Kind != suppression.Soft || got.UnsubscribedAt.IsZero() {
		t.Errorf("kept %+v", got)
	}
	list, err := facts.List(ctx, "shop", gateway.Address{}, 10)
	if err != nil || len(list) != 1 || list[0].Kind != suppression.Soft || list[0].UnsubscribedAt.IsZero() {
		t.Errorf("listed %+v, %v", list, err)
	}
	must(facts.Lift(ctx, f))
	if got := kept(t, facts); got.Reason != gateway.ReasonUnsubscribed {
		t.Errorf("lifted: %+v", got)
	}
	must(facts.Resubscribe(ctx, f))
	soft(t, s, 3)
	must(facts.Lift(ctx, f))
	if es := events(t, s); kept(t, facts).Reason != "" || es[len(es)-1].Type != gateway.EventAddressResubscribed {
		t.Errorf("kept %+v", kept(t, facts))
	}
	soft(t, s, 3)
	must(facts.Suppress(ctx, f)) // stands above it, and does not end
	if _, err := store.Sweep(ctx, s, now.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if got := kept(t, facts); got.Kind != suppression.API || !got.Until.IsZero() {
		t.Errorf("kept %+v", got)
	}
	must(facts.Lift(ctx, f))
	if got := kept(t, facts); got.Reason != "" {
		t.Errorf("kept %+v", got)
	}
	soft(t, s, 3)
	other := gateway.Address{LocalPart: "zoe", Domain: "example.com"}
	must(facts.Suppress(ctx, suppression.Fact{App: "shop", Address: other, Kind: suppression.API}))
	for limit, want := range map[int]int{1: 1, 2: 2, 3: 2} {
		if list, err := facts.List(ctx, "shop", gateway.Address{}, limit); err != nil || len(list) != want || list[0].Address != bob {
			t.Errorf("listed %+v, %v", list, err)
		}
	}
	if list, err := facts.List(ctx, "shop", bob, 3); err != nil || len(list) != 1 || list[0].Address != other {
		t.Errorf("listed after bob: %+v, %v", list, err)
	}
}
