// Package storetest is the conformance suite of gateway/store: what an engine
// under storage/ must pass. An engine's own test calls Run; what only that
// engine can do or suffer (its files, its crashes) it tests itself.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// Run tests an engine. place makes room for an empty database and returns what
// opens it; after Close it is called again and must find everything there.
func Run(t *testing.T, place func(t *testing.T) (open func() store.Store)) {
	for _, group := range [][]suiteTest{rowTests, typedTests, fateTests, queueTests, laneTests, blobTests, lifeTests, modelTests} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) {
				h := &harness{T: t, open: place(t)}
				h.s = h.open()
				t.Cleanup(func() {
					if err := h.s.Close(); err != nil {
						t.Errorf("close: %v", err)
					}
				})
				c.run(h)
			})
		}
	}
}

type suiteTest struct {
	name string
	run  func(h *harness)
}

// harness is a test with an open store.
type harness struct {
	*testing.T
	s    store.Store
	open func() store.Store
}

// The app, time and scope the tests speak of.
const app = "acme"

var (
	epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	scope = store.SystemScope("storetest")
)

var errOwn = errors.New("the function's own error")

// update runs fn in an Update that must succeed.
func (h *harness) update(fn func(tx store.Tx) error) {
	h.Helper()
	if err := h.s.Update(context.Background(), scope, fn); err != nil {
		h.Fatalf("update: %v", err)
	}
}

// updateErr runs fn in an Update that must fail with want.
func (h *harness) updateErr(want error, fn func(tx store.Tx) error) {
	h.Helper()
	if err := h.s.Update(context.Background(), scope, fn); !errors.Is(err, want) {
		h.Fatalf("update: %v, want %v", err, want)
	}
}

// view runs fn in a View that must succeed.
func (h *harness) view(fn func(r store.Reader) error) {
	h.Helper()
	if err := h.s.View(context.Background(), fn); err != nil {
		h.Fatalf("view: %v", err)
	}
}

// company has others commit all the while, until stop is called, so that what the
// test does shares its commits with neighbours.
func (h *harness) company() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	s := h.s
	var wg sync.WaitGroup
	for c := range 4 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				err := s.Update(ctx, scope, func(tx store.Tx) error {
					return tx.Put("company", store.Key(fmt.Sprint(c, i%500)), []byte("v"))
				})
				if err != nil && !errors.Is(err, context.Canceled) {
					h.Errorf("a neighbour: %v", err)
					return
				}
			}
		})
	}
	return func() { cancel(); wg.Wait() }
}

// reopen closes the store and opens it again.
func (h *harness) reopen() {
	h.Helper()
	if err := h.s.Close(); err != nil {
		h.Fatalf("close: %v", err)
	}
	h.s = h.open()
}

// put writes rows, given as key, value, key, value.
func (h *harness) put(t store.Table, kv ...string) {
	h.Helper()
	h.update(func(tx store.Tx) error { return putAll(tx, t, kv...) })
}

func putAll(tx store.Tx, t store.Table, kv ...string) error {
	for i := 0; i < len(kv); i += 2 {
		if err := tx.Put(t, store.Key(kv[i]), []byte(kv[i+1])); err != nil {
			return err
		}
	}
	return nil
}

// rows is what a scan finds, as "key=value".
func rows(r store.Reader, t store.Table, rg store.Range) (got []string, err error) {
	err = r.Scan(t, rg, func(k store.Key, v []byte) (bool, error) {
		got = append(got, fmt.Sprintf("%s=%s", k, v))
		return true, nil
	})
	return got, err
}

// want compares what a scan finds in a View.
func (h *harness) want(t store.Table, rg store.Range, want ...string) {
	h.Helper()
	h.view(func(r store.Reader) error {
		got, err := rows(r, t, rg)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			h.Errorf("scan %s %v: %q, want %q", t, rg, got, want)
		}
		return err
	})
}
