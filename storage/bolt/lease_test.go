package bolt

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// TestReplacedInOneUpdate replaces an item, and settles in the same Update a
// lease of what it was that was taken meanwhile.
func TestReplacedInOneUpdate(t *testing.T) {
	e := openTest(t, t.TempDir())
	defer e.Close()
	it := store.Item{ItemRef: store.ItemRef{Queue: store.Events, App: "app", ID: "a"}}
	ctx, now := context.Background(), time.UnixMilli(0)
	if err := e.Update(ctx, store.AppScope("app"), func(tx store.Tx) error { return tx.Enqueue(it) }); err != nil {
		t.Fatal(err)
	}
	err := e.Update(ctx, store.AppScope("app"), func(tx store.Tx) error {
		if err := errors.Join(tx.Cancel(it.ItemRef), tx.Enqueue(it)); err != nil {
			return err
		}
		ls, err := e.Lease(ctx, store.LeaseRequest{Queue: store.Events, Now: now, Until: now.Add(time.Hour), Max: 1})
		if err != nil || len(ls) != 1 {
			t.Errorf("lease: %v, %v", ls, err)
			return err
		}
		return tx.Done(ls[0].Lease)
	})
	if !errors.Is(err, store.ErrLeaseLost) {
		t.Errorf("settled what replaced it: %v", err)
	}
}

// TestLeaseDuringUpdate leases in the middle of an Update, when what it changes
// is not committed yet and Lease still sees what was.
func TestLeaseDuringUpdate(t *testing.T) {
	ctx, now := context.Background(), time.UnixMilli(1_000_000)
	it := store.Item{ItemRef: store.ItemRef{Queue: store.Events, App: "app", ID: "a"}, Due: now}
	lease := func(t *testing.T, e *Engine, at time.Time, want int) []store.Leased {
		t.Helper()
		ls, err := e.Lease(ctx, store.LeaseRequest{Queue: store.Events, Now: at, Until: at.Add(time.Minute), Max: 5})
		if err != nil || len(ls) != want {
			t.Errorf("leased %d items, %v, want %d", len(ls), err, want)
			return make([]store.Leased, want)
		}
		return ls
	}
	for name, c := range map[string]struct {
		leased bool // before the Update
		change func(tx store.Tx, l store.Lease) error
		during int // items that can be leased meanwhile, a lease's time being over
		after  int
	}{
		"done":    {true, func(tx store.Tx, l store.Lease) error { return tx.Done(l) }, 0, 0},
		"again":   {true, func(tx store.Tx, l store.Lease) error { return tx.Again(l, it) }, 0, 1},
		"cancel":  {false, func(tx store.Tx, _ store.Lease) error { return tx.Cancel(it.ItemRef) }, 1, 0},
		"replace": {false, func(tx store.Tx, _ store.Lease) error { return errors.Join(tx.Cancel(it.ItemRef), tx.Enqueue(it)) }, 1, 1},
		"move":    {false, func(tx store.Tx, _ store.Lease) error { return tx.Move(it.ItemRef, now.Add(time.Second)) }, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := openTest(t, t.TempDir())
			defer e.Close()
			update := func(fn func(tx store.Tx) error) error { return e.Update(ctx, store.AppScope("app"), fn) }
			if err := update(func(tx store.Tx) error { return tx.Enqueue(it) }); err != nil {
				t.Fatal(err)
			}
			var held store.Lease
			if c.leased {
				held = lease(t, e, now, 1)[0].Lease
			}
			var meanwhile []store.Leased
			err := update(func(tx store.Tx) error {
				err := c.change(tx, held)
				meanwhile = lease(t, e, now.Add(time.Hour), c.during)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range meanwhile {
				if err := update(func(tx store.Tx) error { return tx.Done(l.Lease) }); !errors.Is(err, store.ErrLeaseLost) {
					t.Errorf("settle a lease of what was: %v", err)
				}
			}
			lease(t, e, now.Add(time.Hour), c.after)
			if n := e.Stats().Leases; n != c.after {
				t.Errorf("%d leases, want %d", n, c.after)
			}
		})
	}
}
