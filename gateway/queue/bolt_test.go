package queue_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/storage/bolt"
)

// fill puts n items of many apps and shards, every third in one of some lanes.
func fill(t testing.TB, st store.Store, n int) {
	t.Helper()
	for done := 0; done < n; {
		to := min(n, done+1000)
		err := st.Update(t.Context(), store.SystemScope("test"), func(tx store.Tx) error {
			for i := done; i < to; i++ {
				it := item(fmt.Sprint("app", i%5), fmt.Sprint(i))
				if i%3 == 0 {
					it.Shard, it.Lane = store.Shard(i%50), fmt.Sprint("lane", i%50)
				}
				if err := tx.Enqueue(it); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		done = to
	}
}

// work handles n items of a real store and returns how often each was begun.
func work(t testing.TB, st store.Store, n int, apply func(store.Tx) error) map[string]int {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	begun, settled := map[string]int{}, 0
	r := queue.New(queue.Config{
		Store: st, Queue: store.Deliveries, Workers: 64, Log: slog.New(slog.DiscardHandler),
		Observe: func(o queue.Observation) {
			mu.Lock()
			defer mu.Unlock()
			if o.Outcome == queue.Done {
				if settled++; settled == n {
					stop()
				}
			}
		},
		Handler: func(_ context.Context, l store.Leased) queue.Result {
			mu.Lock()
			defer mu.Unlock()
			begun[l.Item.ID]++
			return queue.Result{Apply: apply}
		},
	})
	if err := r.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return begun
}

func TestEveryItemOnceOnARealStore(t *testing.T) {
	st, err := bolt.Open(filepath.Join(t.TempDir(), "db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	const n = 3000
	fill(t, st, n)
	begun := work(t, st, n, func(tx store.Tx) error { return tx.Put("t", store.Key("k"), []byte("v")) })
	for id, times := range begun {
		if times != 1 {
			t.Errorf("item %s was begun %d times", id, times)
		}
	}
	if len(begun) != n {
		t.Errorf("%d of %d items were handled", len(begun), n)
	}
	due, err := st.NextDue(t.Context(), store.Deliveries, nil)
	if err != nil || len(due) != 0 {
		t.Errorf("left in the queue: %v, %v", due, err)
	}
}

// BenchmarkHandle is lease, handle and settle of one item of many, on a real store.
func BenchmarkHandle(b *testing.B) {
	st, err := bolt.Open(filepath.Join(b.TempDir(), "db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	fill(b, st, b.N)
	b.ResetTimer()
	work(b, st, b.N, nil)
}
