package bolt

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

func openBench(b *testing.B) *Engine {
	b.Helper()
	e, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.Close(); err != nil {
			b.Error(err)
		}
	})
	return e
}

// BenchmarkCommit writes a row of 256 bytes per Update: at the end of one table,
// or, scattered, each caller somewhere of its own, which makes bbolt write as
// many pages as there are callers.
func BenchmarkCommit(b *testing.B) {
	for _, callers := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			benchCommit(b, callers, func(_ int, i uint64) store.Key { return store.Key(nil).Uint(i) })
		})
	}
	b.Run("callers=64/scattered", func(b *testing.B) {
		benchCommit(b, 64, func(c int, i uint64) store.Key { return store.Key{byte(c)}.Uint(i) })
	})
}

func benchCommit(b *testing.B, callers int, key func(c int, i uint64) store.Key) {
	e := openBench(b)
	value := make([]byte, 256)
	var n atomic.Int64
	before := e.Stats()
	b.ResetTimer()
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				k := key(c, uint64(i))
				err := e.Update(context.Background(), store.SystemScope("bench"), func(tx store.Tx) error {
					return tx.Put("bench", k, value)
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	after := e.Stats()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
	b.ReportMetric(float64(after.Updates-before.Updates)/float64(after.Commits-before.Commits), "updates/commit")
}

// BenchmarkLeaseDone takes items of a queue by tens and settles each in an
// Update of its own, from 64 workers.
func BenchmarkLeaseDone(b *testing.B) {
	e := openBench(b)
	ctx, now := context.Background(), time.Now()
	for i := 0; i < b.N; {
		err := e.Update(ctx, store.SystemScope("bench"), func(tx store.Tx) error {
			for j := 0; j < 1000 && i < b.N; i, j = i+1, j+1 {
				ref := store.ItemRef{Queue: store.Deliveries, App: "app", Shard: store.Shard(i), ID: fmt.Sprint(i)}
				if err := tx.Enqueue(store.Item{ItemRef: ref, Due: now, Payload: make([]byte, 64)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	b.ResetTimer()
	for w := range 64 {
		wg.Go(func() {
			for s := w; s < 256; s += 64 {
				if err := settleShard(e, store.Shard(s), now); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

// settleShard leases and settles until nothing is due in a shard.
func settleShard(e *Engine, s store.Shard, now time.Time) error {
	ctx := context.Background()
	for {
		ls, err := e.Lease(ctx, store.LeaseRequest{
			Queue: store.Deliveries, Shard: s, Now: now, Until: now.Add(time.Hour), Max: 10,
		})
		if err != nil || len(ls) == 0 {
			return err
		}
		for _, l := range ls {
			err := e.Update(ctx, store.AppScope("app"), func(tx store.Tx) error { return tx.Done(l.Lease) })
			if err != nil {
				return err
			}
		}
	}
}

// BenchmarkOpen opens a database with a million items queued and leases one.
func BenchmarkOpen(b *testing.B) {
	dir, ctx, now := b.TempDir(), context.Background(), time.Now()
	e, err := Open(dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	for from := 0; from < 1_000_000; from += 10_000 {
		err := e.Update(ctx, store.SystemScope("bench"), func(tx store.Tx) error {
			for i := from; i < from+10_000; i++ {
				ref := store.ItemRef{Queue: store.Deliveries, App: "app", Shard: store.Shard(i), ID: fmt.Sprintf("%08d", i)}
				if err := tx.Enqueue(store.Item{ItemRef: ref, Due: now, Payload: make([]byte, 64)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		e, err := Open(dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		due, err := e.NextDue(ctx, store.Deliveries, nil)
		if err != nil || len(due) != 256 {
			b.Fatal(len(due), err)
		}
		ls, err := e.Lease(ctx, store.LeaseRequest{Queue: store.Deliveries, Now: now, Until: now.Add(time.Hour), Max: 1})
		if err != nil || len(ls) != 1 {
			b.Fatal(len(ls), err)
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
