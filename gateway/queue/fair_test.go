package queue_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/store"
)

// A shard with thousands of due items must not keep another one's single item
// waiting, and what is leased is handled one app after the other.
func TestFairOverShardsAndApps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		var mu sync.Mutex
		var order []string
		b := start(t, f, queue.Config{Workers: 4, Handler: func(_ context.Context, l store.Leased) queue.Result {
			time.Sleep(10 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			order = append(order, string(l.Item.App))
			return queue.Result{}
		}})
		var many []store.Item
		for i := range 2000 {
			it := item("big", fmt.Sprint(i))
			it.Shard %= 8
			many = append(many, it)
		}
		put(t, f, many...)
		pass(time.Second)
		small := item("small", "1")
		small.Shard = 200
		put(t, f, small)
		pass(time.Second)
		mu.Lock()
		at := slices.Index(order, "small")
		mu.Unlock()
		if at < 0 || at > 400+8*4+8 {
			t.Errorf("the small app's item was handled as number %d of %d", at, len(order))
		}
		b.finish()
	})
}

func TestWorkersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		var now, most, calls atomic.Int64
		b := start(t, f, queue.Config{Workers: 5, Handler: func(context.Context, store.Leased) queue.Result {
			calls.Add(1)
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			now.Add(-1)
			return queue.Result{}
		}})
		var many []store.Item
		for i := range 100 {
			many = append(many, item(fmt.Sprint("app", i%3), fmt.Sprint(i)))
		}
		put(t, f, many...)
		pass(21 * time.Second)
		if calls.Load() != 100 || most.Load() != 5 {
			t.Errorf("%d calls, at most %d at once", calls.Load(), most.Load())
		}
		b.finish()
	})
}
