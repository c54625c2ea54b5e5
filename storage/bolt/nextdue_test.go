package bolt

import (
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// TestNextDueOfManyParties: when a shard is due is remembered however many have
// work in it, and looked up anew when something of it changes.
func TestNextDueOfManyParties(t *testing.T) {
	e, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	now := time.UnixMilli(1_800_000_000_000).UTC()
	ref := func(i int) store.ItemRef {
		return store.ItemRef{Queue: store.Notifications, App: gateway.AppID(fmt.Sprintf("app%04d", i)), Shard: 7, ID: "c"}
	}
	update := func(fn func(store.Tx) error) {
		t.Helper()
		if err := e.Update(t.Context(), store.SystemScope("test"), fn); err != nil {
			t.Fatal(err)
		}
	}
	const parties = maxHeads + 50
	update(func(tx store.Tx) error {
		for i := range parties {
			if err := tx.Enqueue(store.Item{ItemRef: ref(i), Due: now.Add(time.Duration(parties-i) * time.Minute)}); err != nil {
				return err
			}
		}
		return nil
	})
	// next asks twice, and returns what the second time read.
	next := func(room store.Room) (at time.Time, read int64) {
		t.Helper()
		var before int64
		for range 2 {
			before = e.Stats().ReadRecords
			due, err := e.NextDue(t.Context(), store.Notifications, room)
			if err != nil || len(due) > 1 {
				t.Fatalf("due %v, %v", due, err)
			}
			at = due[7]
		}
		return at, e.Stats().ReadRecords - before
	}
	if at, read := next(nil); !at.Equal(now.Add(time.Minute)) || read != 0 {
		t.Errorf("due %v, and %d records were read to say it again", at, read)
	}
	full := func(p store.Party) int {
		if p.App == ref(parties-1).App {
			return 0
		}
		return 1
	}
	if at, _ := next(full); !at.Equal(now.Add(2 * time.Minute)) {
		t.Errorf("without the first party: due %v", at)
	}
	update(func(tx store.Tx) error { return tx.Move(ref(3), now) })
	if at, read := next(nil); !at.Equal(now) || read != 0 {
		t.Errorf("moved: due %v, %d records read", at, read)
	}
	ls, err := e.Lease(t.Context(), store.LeaseRequest{Queue: store.Notifications, Shard: 7, Now: now, Until: now.Add(time.Hour), Max: 1})
	if err != nil || len(ls) != 1 {
		t.Fatal(ls, err)
	}
	if at, _ := next(nil); !at.Equal(now.Add(time.Minute)) {
		t.Errorf("leased: due %v", at)
	}
	update(func(tx store.Tx) error {
		for i := range parties {
			if err := tx.Cancel(ref(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if at, _ := next(nil); !at.IsZero() {
		t.Errorf("nothing waits: due %v", at)
	}
}
