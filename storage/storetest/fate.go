package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/replygate/replygate/gateway/store"
)

var fateTests = []suiteTest{
	{"update/a failed function leaves nothing", testFailedLeavesNothing},
	{"update/neighbours do not share a fate", testNeighbours},
	{"update/functions of one scope are serialised", testCounter},
	{"update/a context that ended", testContext},
	{"update/what was lent is taken back", testLent},
	{"update/a function that ends its goroutine", testGoexit},
}

// testFailedLeavesNothing overwrites, deletes and creates, then fails.
func testFailedLeavesNothing(h *harness) {
	h.put("t", "a", "1", "b", "2", "c", "3")
	h.enqueue(item("i", 0))
	defer h.company()()
	fail := func(tx store.Tx, how func() error) error {
		err := errors.Join(
			putAll(tx, "t", "a", "x", "a", "y", "d", "4", "b", "z"),
			tx.Delete("t", store.Key("b")), tx.Delete("t", store.Key("c")), putAll(tx, "t", "c", "w"), tx.Delete("t", store.Key("d")),
			putAll(tx, "new", "a", "1"),
			tx.Enqueue(item("j", 0)), tx.Cancel(item("i", 0).ItemRef))
		if err != nil {
			return err
		}
		return how()
	}
	for range 20 {
		h.updateErr(errOwn, func(tx store.Tx) error { return fail(tx, func() error { return errOwn }) })
		err := h.s.Update(context.Background(), scope, func(tx store.Tx) error {
			return fail(tx, func() error { panic("on purpose") })
		})
		if err == nil {
			h.Error("a panic is no error")
		}
	}
	h.want("t", store.Range{}, "a=1", "b=2", "c=3")
	h.want("new", store.Range{})
	if got := h.lease(epoch, 10); len(got) != 1 || got[0].Item.ID != "i" {
		h.Errorf("items: %v, want i alone", got)
	}
}

// testNeighbours has many callers at once, so that they share commits; every
// third fails and every third panics.
func testNeighbours(h *harness) {
	const callers, rounds = 64, 6
	want := map[string]bool{}
	var wg sync.WaitGroup
	for c := range callers {
		for r := range rounds {
			want[fmt.Sprintf("%02d-%d=kept", c, r)] = (c+r)%3 == 0
		}
		wg.Go(func() {
			for r := range rounds {
				err := h.s.Update(context.Background(), scope, func(tx store.Tx) error {
					if err := putAll(tx, "t", fmt.Sprintf("%02d-%d", c, r), "kept", "shared", fmt.Sprint(c)); err != nil {
						return err
					}
					switch (c + r) % 3 {
					case 1:
						return errOwn
					case 2:
						panic("on purpose")
					}
					return putAll(tx, "t", "shared", "good")
				})
				if (err == nil) != ((c+r)%3 == 0) || (c+r)%3 == 1 && !errors.Is(err, errOwn) {
					h.Errorf("caller %d, round %d: %v", c, r, err)
				}
			}
		})
	}
	wg.Wait()
	h.view(func(r store.Reader) error {
		got, err := rows(r, "t", store.Range{})
		found := map[string]bool{}
		for _, row := range got {
			found[row] = true
		}
		for row, kept := range want {
			if found[row] != kept {
				h.Errorf("%s: found %v, want %v", row, found[row], kept)
			}
		}
		if !found["shared=good"] {
			h.Error("a row that every caller wrote holds what a failed one wrote")
		}
		return err
	})
}

func testCounter(h *harness) {
	const callers, rounds = 32, 20
	var acked atomic.Int64
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for r := range rounds {
				err := h.s.Update(context.Background(), scope, func(tx store.Tx) error {
					v, err := tx.Get("t", store.Key("n"))
					if err != nil && !errors.Is(err, store.ErrNotFound) {
						return err
					}
					if err := tx.Put("t", store.Key("n"), append(v[:len(v):len(v)], '+')); err != nil {
						return err
					}
					if (c+r)%5 == 0 {
						return errOwn
					}
					return nil
				})
				if err == nil {
					acked.Add(1)
				}
			}
		})
	}
	wg.Wait()
	h.view(func(r store.Reader) error {
		v, err := r.Get("t", store.Key("n"))
		if int64(len(v)) != acked.Load() || acked.Load() != callers*rounds*4/5 {
			h.Errorf("counted to %d, %d were acknowledged", len(v), acked.Load())
		}
		return err
	})
}

func testContext(h *harness) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ran := false
	err := h.s.Update(ctx, scope, func(store.Tx) error { ran = true; return nil })
	if ran || !errors.Is(err, context.Canceled) {
		h.Errorf("update after its time: ran %v, %v", ran, err)
	}
	if err := h.s.View(ctx, func(store.Reader) error { return nil }); !errors.Is(err, context.Canceled) {
		h.Errorf("view after its time: %v", err)
	}
	// Once its function runs an Update is seen through: what it says is what is stored.
	ctx, cancel = context.WithCancel(context.Background())
	err = h.s.Update(ctx, scope, func(tx store.Tx) error {
		cancel()
		return putAll(tx, "t", "a", "1")
	})
	if err != nil {
		h.Errorf("update whose context ended while it ran: %v", err)
	}
	h.want("t", store.Range{}, "a=1")
}

func testLent(h *harness) {
	var kept store.Tx
	h.update(func(tx store.Tx) error { kept = tx; return nil })
	if err := kept.Put("t", store.Key("a"), nil); err == nil {
		h.Error("a transaction can be written to after its end")
	}
	if _, err := kept.Get("t", store.Key("a")); err == nil || errors.Is(err, store.ErrNotFound) {
		h.Errorf("a transaction can be read after its end: %v", err)
	}
	h.want("t", store.Range{})
}

// testGoexit ends the goroutine a function runs in, as t.FailNow does, with
// company; the engine must not lose its own.
func testGoexit(h *harness) {
	var wg sync.WaitGroup
	for c := range 16 {
		wg.Go(func() {
			var err error
			finished := false
			defer func() {
				if c%4 == 0 && finished && err == nil || c%4 != 0 && (!finished || err != nil) {
					h.Errorf("caller %d: finished %v, %v", c, finished, err)
				}
			}()
			err = h.s.Update(context.Background(), scope, func(tx store.Tx) error {
				if err := putAll(tx, "t", fmt.Sprintf("%02d", c), ""); err != nil || c%4 != 0 {
					return err
				}
				exit()
				return nil
			})
			finished = true
		})
	}
	wg.Wait()
	h.want("t", store.Range{To: store.Key("06")}, "01=", "02=", "03=", "05=")
	h.put("t", "after", "")
}
