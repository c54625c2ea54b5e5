package suppression_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/storage/bolt"
)

var (
	now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ctx = context.Background()
	bob = gateway.Address{LocalPart: "Bob", Domain: "example.com"}
)

func open(t *testing.T) (suppression.Service, store.Store) {
	t.Helper()
	e, err := bolt.Open(t.TempDir(), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	update(t, e, func(tx store.Tx) error {
		return store.Apps.Put(tx, store.AppKey("shop"), gateway.App{ID: "shop"})
	})
	return suppression.Service{Store: e, Now: func() time.Time { return now }}, e
}

func update(t *testing.T, s store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := s.Update(ctx, store.AppScope("shop"), fn); err != nil {
		t.Fatal(err)
	}
}

// TestFacts walks through what may happen to an address, step by step: what is
// kept of it then, and what was told of that step.
func TestFacts(t *testing.T) {
	type step struct {
		do   string
		kept string // reason, and * if an unsubscribing lies beneath
		told gateway.EventType
	}
	for name, steps := range map[string][]step{
		"unsubscribed and back": {
			{"unsubscribe", "unsubscribed", gateway.EventAddressUnsubscribed}, {"unsubscribe", "unsubscribed", ""},
			{"resubscribe", "", gateway.EventAddressResubscribed}, {"resubscribe", "", ""},
		},
		"bounced and lifted": {
			{"suppress", "suppressed", gateway.EventAddressSuppressed}, {"suppress", "suppressed", ""},
			{"resubscribe", "suppressed", ""}, {"lift", "", gateway.EventAddressResubscribed}, {"lift", "", ""},
		},
		"lifting a bounce does not undo an unsubscribing": {
			{"unsubscribe", "unsubscribed", gateway.EventAddressUnsubscribed}, {"suppress", "suppressed*", gateway.EventAddressSuppressed},
			{"unsubscribe", "suppressed*", ""}, {"lift", "unsubscribed", ""}, {"lift", "unsubscribed", ""},
			{"resubscribe", "", gateway.EventAddressResubscribed},
		},
		"unsubscribed while suppressed": {
			{"suppress", "suppressed", gateway.EventAddressSuppressed}, {"unsubscribe", "suppressed*", gateway.EventAddressUnsubscribed},
			{"resubscribe", "suppressed", gateway.EventAddressResubscribed}, {"lift", "", gateway.EventAddressResubscribed},
		},
	} {
		facts, s := open(t)
		for i, st := range steps {
			f := suppression.Fact{App: "shop", Address: bob, Kind: suppression.Page}
			before := len(events(t, s))
			do := map[string]func(context.Context, suppression.Fact) error{
				"unsubscribe": facts.Unsubscribe, "suppress": facts.Suppress, "resubscribe": facts.Resubscribe, "lift": facts.Lift,
			}[st.do]
			if err := do(ctx, f); err != nil {
				t.Fatal(err)
			}
			got, found, err := facts.Find(ctx, "shop", gateway.Address{LocalPart: "bOB", Domain: "example.com"})
			kept := string(got.Reason)
			if !got.UnsubscribedAt.IsZero() {
				kept += "*"
			}
			if err != nil || kept != st.kept || found != (kept != "") {
				t.Errorf("%s, step %d %s: kept %q (%v), want %q", name, i, st.do, kept, err, st.kept)
			}
			var told gateway.EventType
			for _, e := range events(t, s)[before:] {
				told += e.Type
			}
			if told != st.told {
				t.Errorf("%s, step %d %s: told %q, want %q", name, i, st.do, told, st.told)
			}
		}
	}
}

func events(t *testing.T, s store.Store) (out []gateway.Event) {
	t.Helper()
	err := s.View(ctx, func(rd store.Reader) error {
		out = nil
		return store.EventLog.Scan(rd, store.Range{}, func(_ store.Key, e gateway.Event) (bool, error) {
			out = append(out, e)
			return true, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestNoticesOutliveUnsubscribing: only suppression stops a notice.
func TestNoticesOutliveUnsubscribing(t *testing.T) {
	facts, s := open(t)
	mails := []gateway.Delivery{
		{ID: "dlv_mail", Notification: "ntf_1", Conversation: "c", To: bob, State: gateway.DeliveryDeferred},
		{ID: "dlv_notice", Conversation: "c", To: bob, State: gateway.DeliveryQueued},
		{ID: "dlv_other", Notification: "ntf_2", Conversation: "c", To: gateway.Address{LocalPart: "bob", Domain: "example.net"}, State: gateway.DeliveryQueued},
	}
	var staged []store.Staged
	for i := range mails {
		st, err := s.Stage(ctx, "shop", []byte{byte(i)})
		if err != nil {
			t.Fatal(err)
		}
		staged, mails[i].Blob = append(staged, st), st.Ref
	}
	update(t, s, func(tx store.Tx) error {
		for i, d := range mails {
			if _, err := tx.Keep(staged[i]); err != nil {
				return err
			}
			err := errors.Join(store.Mails.Put(tx, store.AppKey("shop").String(string(d.ID)), d), suppression.Queued(tx, "shop", d),
				tx.Enqueue(store.Item{ItemRef: store.DeliveryItem("shop", "c", d.ID), Due: now, EnqueuedAt: now}))
			if err != nil {
				return err
			}
		}
		return nil
	})
	queued := func() string {
		var out []string
		err := s.View(ctx, func(rd store.Reader) error {
			out = nil
			for _, d := range mails {
				if _, err := rd.Item(store.DeliveryItem("shop", "c", d.ID)); err == nil {
					out = append(out, string(d.ID))
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(out)
	}
	f := suppression.Fact{App: "shop", Address: bob, Kind: suppression.OneClick}
	if err := facts.Unsubscribe(ctx, f); err != nil {
		t.Fatal(err)
	}
	if got := queued(); got != "[dlv_notice dlv_other]" {
		t.Errorf("after unsubscribing: %s", got)
	}
	f.Kind = suppression.Hard
	if err := facts.Suppress(ctx, f); err != nil {
		t.Fatal(err)
	}
	if got := queued(); got != "[dlv_other]" {
		t.Errorf("after a bounce: %s", got)
	}
	for i, d := range mails {
		_, err := s.Blob(ctx, "shop", d.Blob)
		if gone := errors.Is(err, store.ErrNotFound); gone != (i < 2) {
			t.Errorf("the bytes of %s: %v", d.ID, err)
		}
	}
}

func TestList(t *testing.T) {
	facts, _ := open(t)
	for _, name := range []string{"c", "a", "b"} {
		f := suppression.Fact{App: "shop", Address: gateway.Address{LocalPart: name, Domain: "example.com"}, Kind: suppression.API}
		if err := facts.Suppress(ctx, f); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	var after gateway.Address
	for {
		page, err := facts.List(ctx, "shop", after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page {
			got, after = append(got, s.Address.LocalPart), s.Address
		}
		if len(page) < 2 {
			break
		}
	}
	if fmt.Sprint(got) != "[a b c]" {
		t.Errorf("listed %v", got)
	}
}

// TestAppThatIsGone: an old link of a removed app still keeps its word.
func TestAppThatIsGone(t *testing.T) {
	facts, _ := open(t)
	if err := facts.Unsubscribe(ctx, suppression.Fact{App: "gone", Address: bob, Kind: suppression.Page}); err != nil {
		t.Error(err)
	}
	if _, found, err := facts.Find(ctx, "gone", bob); err != nil || !found {
		t.Errorf("%v, %v", found, err)
	}
}
