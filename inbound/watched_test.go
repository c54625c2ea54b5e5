package inbound

import (
	"context"
	"sync"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// watched counts what is asked of a store, and has it fail on demand.
type watched struct {
	store.Store
	mu     sync.Mutex
	views  int
	before func(what string) error // of "view", "update", "stage"
	kept   map[string]int          // references to stored bytes
}

func (w *watched) ask(what string) error {
	w.mu.Lock()
	if what == "view" {
		w.views++
	}
	before := w.before
	w.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(what)
}

// once has f called before the next access of a kind, and never again.
func (w *watched) once(what string, f func() error) {
	var done sync.Once
	w.when(func(asked string) (err error) {
		if asked == what {
			done.Do(func() {
				w.when(nil)
				err = f()
			})
		}
		return err
	})
}

func (w *watched) when(f func(what string) error) {
	w.mu.Lock()
	w.before = f
	w.mu.Unlock()
}

func (w *watched) View(ctx context.Context, fn func(store.Reader) error) error {
	if err := w.ask("view"); err != nil {
		return err
	}
	return w.Store.View(ctx, fn)
}

func (w *watched) Update(ctx context.Context, s store.Scope, fn func(store.Tx) error) error {
	if err := w.ask("update"); err != nil {
		return err
	}
	var book ledger
	err := w.Store.Update(ctx, s, func(tx store.Tx) error {
		book = ledger{tx, map[string]int{}}
		return fn(&book)
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for ref, n := range book.change {
		if w.kept[ref] += n; w.kept[ref] == 0 {
			delete(w.kept, ref)
		}
	}
	return nil
}

func (w *watched) Stage(ctx context.Context, a gateway.AppID, b []byte) (store.Staged, error) {
	if err := w.ask("stage"); err != nil {
		return store.Staged{}, err
	}
	return w.Store.Stage(ctx, a, b)
}
