package bolt

import (
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// TestMemoFollowsTheRow: what is remembered of an app is never older than its row,
// within the transaction that changes it as well.
func TestMemoFollowsTheRow(t *testing.T) {
	e, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	name := func(rd store.Reader) string {
		a, found, err := store.FindApp(rd, "shop")
		if err != nil {
			t.Error(err)
		}
		if !found {
			return "none"
		}
		return a.Name
	}
	view := func() (n string) {
		if err := e.View(t.Context(), func(rd store.Reader) error { n = name(rd); return nil }); err != nil {
			t.Error(err)
		}
		return n
	}
	if got := view(); got != "none" {
		t.Errorf("before there is an app: %q", got)
	}
	for _, want := range []string{"a", "b", "b", "c"} {
		err := e.Update(t.Context(), store.AppScope("shop"), func(tx store.Tx) error {
			name(tx)
			if err := store.Apps.Put(tx, store.AppKey("shop"), gateway.App{ID: "shop", Name: want}); err != nil {
				return err
			}
			if got := name(tx); got != want {
				t.Errorf("in the transaction %q, want %q", got, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got := view(); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
	}
	if err := e.Update(t.Context(), store.AppScope("shop"), func(tx store.Tx) error { return store.Apps.Delete(tx, store.AppKey("shop")) }); err != nil {
		t.Fatal(err)
	}
	if got := view(); got != "none" {
		t.Errorf("after its end: %q", got)
	}
	if n := len(e.memos.by); n != 1 {
		t.Errorf("%d rows are remembered", n)
	}
}
