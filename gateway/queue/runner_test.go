package queue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/store"
)

// bench is a runner at work on a fake store.
type bench struct {
	t    *testing.T
	f    *fake
	log  *bytes.Buffer
	stop context.CancelFunc
	end  chan error
}

func start(t *testing.T, f *fake, c queue.Config) *bench {
	b := &bench{t: t, f: f, log: &bytes.Buffer{}, end: make(chan error, 1)}
	c.Store, c.Queue, c.Log = f, store.Deliveries, slog.New(slog.NewTextHandler(b.log, nil))
	ctx, stop := context.WithCancel(t.Context())
	b.stop = stop
	r := queue.New(c)
	go func() { b.end <- r.Run(ctx) }()
	return b
}

// finish stops the runner and checks that it ended well.
func (b *bench) finish() {
	b.t.Helper()
	b.stop()
	if err := <-b.end; err != nil {
		b.t.Error(err)
	}
}

// pass lets fake time go by, and what is due then happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func item(app, id string) store.Item {
	now := time.Now()
	return store.Item{
		ItemRef: store.ItemRef{Queue: store.Deliveries, App: gateway.AppID(app), Shard: store.ShardOf(gateway.AppID(app), id), ID: id},
		Due:     now, EnqueuedAt: now,
	}
}

func put(t *testing.T, f *fake, items ...store.Item) {
	t.Helper()
	err := f.Update(t.Context(), store.SystemScope("test"), func(tx store.Tx) error {
		for _, it := range items {
			if err := tx.Enqueue(it); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fake) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.items)
}

func TestHandlesWhenDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		at := make(chan time.Duration, 9)
		began := time.Now()
		b := start(t, f, queue.Config{Workers: 1, Handler: func(_ context.Context, l store.Leased) queue.Result {
			at <- time.Since(began)
			return queue.Result{}
		}})
		later := item("a", "later")
		later.Due = began.Add(time.Hour)
		put(t, f, item("a", "now"), later)
		if d := <-at; d != 0 {
			t.Errorf("a due item is handled after %v, want at once", d)
		}
		pass(2 * time.Hour)
		if d := <-at; d != time.Hour || len(at) > 0 {
			t.Errorf("the later item is handled after %v, and then %d more", d, len(at))
		}
		if f.left() != 0 {
			t.Error("settled items are still in the queue")
		}
		b.finish()
	})
}

func TestResultAndSettlingAreOneTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		b := start(t, f, queue.Config{Handler: func(_ context.Context, l store.Leased) queue.Result {
			return queue.Result{Apply: func(tx store.Tx) error {
				if err := tx.Put("t", store.Key("k"+l.Item.ID), []byte("v")); err != nil {
					return err
				}
				if l.Item.ID == "bad" && l.Item.Attempt == 0 {
					return errors.New("no")
				}
				return nil
			}}
		}})
		put(t, f, item("a", "good"), item("a", "bad"))
		synctest.Wait()
		if f.rows["tkgood"] == nil || f.rows["tkbad"] != nil || f.left() != 1 {
			t.Errorf("rows %v, %d items left", f.rows, f.left())
		}
		pass(10 * time.Second)
		if f.rows["tkbad"] == nil || f.left() != 0 {
			t.Error("the item whose result was refused once was not handled anew")
		}
		b.finish()
		if n := strings.Count(b.log.String(), "item in trouble"); n != 1 {
			t.Errorf("%d lines about one trouble:\n%s", n, b.log)
		}
	})
}

// Five days of tries: each is at its time, none is lost, and idle time costs
// next to nothing.
func TestFiveDaysOfRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s := queue.Schedule{Delays: []time.Duration{0, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 4 * time.Hour}, MaxAge: 5 * 24 * time.Hour}
		tries := map[string][]time.Time{}
		dead := 0
		b := start(t, f, queue.Config{Workers: 1, Poll: time.Minute, Handler: func(_ context.Context, l store.Leased) queue.Result {
			it, now := l.Item, time.Now()
			if late := now.Sub(it.Due); late < 0 || late > 2*time.Millisecond {
				t.Errorf("%s is %v late", it.ID, late)
			}
			tries[it.ID] = append(tries[it.ID], now)
			it.Attempt++
			due, more := s.Next(it.Attempt, it.EnqueuedAt, now, 0.5)
			if !more {
				dead++
				return queue.Result{}
			}
			it.Due = due
			return queue.Result{Again: &it}
		}})
		for i := range 20 {
			put(t, f, item("a", fmt.Sprint(i)))
			pass(time.Minute)
		}
		pass(5 * 24 * time.Hour)
		if f.left() != 0 || dead != 20 {
			t.Errorf("%d items left, %d given up, want 0 and 20", f.left(), dead)
		}
		for id, at := range tries {
			if len(at) != 34 { // the last at the end of the five days
				t.Errorf("item %s was tried %d times", id, len(at))
			}
		}
		if f.leases > 2*20*34 {
			t.Errorf("%d leases for %d tries", f.leases, 20*34)
		}
		b.finish()
	})
}

func TestPoisonDoesNotStopTheOthersNorSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		var poisoned, good atomic.Int64
		var lane []string
		b := start(t, f, queue.Config{Workers: 1, Handler: func(_ context.Context, l store.Leased) queue.Result {
			if l.Item.ID == "poison" {
				poisoned.Add(1)
				panic("poison")
			}
			good.Add(1)
			if l.Item.Lane != "" {
				lane = append(lane, l.Item.ID)
			}
			return queue.Result{}
		}})
		p := item("a", "poison")
		p.Lane = "x"
		all := []store.Item{p}
		for i := range 50 {
			it := item("a", fmt.Sprint(i))
			it.Shard = p.Shard
			if i < 2 {
				it.Lane = "x"
			}
			all = append(all, it)
		}
		put(t, f, all...)
		synctest.Wait()
		if good.Load() != 48 || poisoned.Load() != 1 {
			t.Errorf("%d good ones and %d poisonous tries at first", good.Load(), poisoned.Load())
		}
		pass(20 * time.Second)
		if !slices.Equal(lane, []string{"0", "1"}) {
			t.Errorf("behind the poison came %v", lane)
		}
		pass(24 * time.Hour)
		tries := int(poisoned.Load())
		if tries < 20 || tries > 40 {
			t.Errorf("%d tries in a day", tries)
		}
		if f.left() != 1 {
			t.Error("the poisonous item was lost")
		}
		b.finish()
		if n := strings.Count(b.log.String(), "handler panicked"); n != tries {
			t.Errorf("%d lines about %d tries", n, tries)
		}
	})
}

func TestLanesKeepOrderWithoutWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		var mu sync.Mutex
		var got []string
		began := time.Now()
		b := start(t, f, queue.Config{Handler: func(_ context.Context, l store.Leased) queue.Result {
			time.Sleep(time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			got = append(got, l.Item.ID)
			return queue.Result{}
		}})
		var want []string
		for i := range 100 {
			it := item("a", fmt.Sprint(i))
			it.Lane, it.Shard = "lane", 7
			want = append(want, it.ID)
			put(t, f, it)
		}
		for f.left() > 0 {
			pass(time.Millisecond)
		}
		if !slices.Equal(got, want) {
			t.Errorf("order %v", got)
		}
		if took := time.Since(began); took > 102*time.Millisecond {
			t.Errorf("a lane of 100 items of 1 ms took %v", took)
		}
		b.finish()
	})
}

func TestLeaseIsRenewedWhileAHandlerRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		calls := 0
		b := start(t, f, queue.Config{LeaseFor: time.Minute, Handler: func(ctx context.Context, l store.Leased) queue.Result {
			calls++
			time.Sleep(10 * time.Minute)
			if err := queue.Held(ctx); err != nil || ctx.Err() != nil {
				t.Errorf("lease lost under a running handler: %v, %v", err, ctx.Err())
			}
			return queue.Result{}
		}})
		put(t, f, item("a", "long"))
		pass(11 * time.Minute)
		if calls != 1 || f.left() != 0 {
			t.Errorf("handled %d times, %d left", calls, f.left())
		}
		b.finish()
	})
}

func TestLostLeaseDropsTheResultQuietly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.extend = func() error { return store.ErrLeaseLost }
		calls, applied := 0, 0
		var outcomes []queue.Outcome
		b := start(t, f, queue.Config{
			Workers: 1, LeaseFor: time.Minute,
			Observe: func(o queue.Observation) { outcomes = append(outcomes, o.Outcome) },
			Handler: func(ctx context.Context, l store.Leased) queue.Result {
				if calls++; calls == 1 {
					<-ctx.Done()
					if !errors.Is(context.Cause(ctx), store.ErrLeaseLost) || !errors.Is(queue.Held(ctx), store.ErrLeaseLost) {
						t.Errorf("cause %v, held %v", context.Cause(ctx), queue.Held(ctx))
					}
					time.Sleep(time.Minute) // the lease has ended in the store too
				}
				return queue.Result{Apply: func(store.Tx) error { applied++; return nil }}
			},
		})
		put(t, f, item("a", "x"))
		pass(5 * time.Minute)
		if calls != 2 || applied != 1 || f.left() != 0 {
			t.Errorf("%d calls, %d applied, %d left", calls, applied, f.left())
		}
		if n := len(outcomes); n < 2 || outcomes[0] != queue.Lost || outcomes[n-1] != queue.Done {
			t.Errorf("outcomes %v", outcomes)
		}
		b.finish()
		if strings.Contains(b.log.String(), "trouble") {
			t.Errorf("a lost lease was reported:\n%s", b.log)
		}
	})
}

func TestFullDiskDoesNotDoubleTheSideEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		calls := 0
		b := start(t, f, queue.Config{Handler: func(context.Context, store.Leased) queue.Result {
			calls++
			return queue.Result{}
		}})
		put(t, f, item("a", "x"))
		full := time.Now().Add(5 * time.Second)
		f.mu.Lock()
		f.commit = func() error {
			if time.Now().Before(full) {
				return store.ErrFull
			}
			return nil
		}
		f.mu.Unlock()
		pass(time.Minute)
		if calls != 1 || f.left() != 0 {
			t.Errorf("handled %d times, %d left", calls, f.left())
		}
		b.finish()
	})
}

func TestStopFinishesWhatRunsAndGivesBackTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		var mu sync.Mutex
		var begun []string
		b := start(t, f, queue.Config{Workers: 2, Drain: 10 * time.Second, Handler: func(ctx context.Context, l store.Leased) queue.Result {
			mu.Lock()
			begun = append(begun, l.Item.ID)
			first := len(begun) == 1
			mu.Unlock()
			if first {
				time.Sleep(3 * time.Second) // finishes within the bound
				return queue.Result{}
			}
			<-ctx.Done()
			return queue.Result{Again: &l.Item}
		}})
		for i := range 8 {
			put(t, f, item("a", fmt.Sprint(i)))
			synctest.Wait()
		}
		began := time.Now()
		b.finish()
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("stopping took %v", took)
		}
		if len(begun) != 2 || f.left() != 7 {
			t.Errorf("began %v, %d left", begun, f.left())
		}
		for ref, r := range f.items {
			if r.token != 0 && r.until.After(time.Now()) {
				t.Errorf("%s is still leased", ref.ID)
			}
		}
	})
}

func TestStoreFailureEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		b := start(t, f, queue.Config{Handler: func(context.Context, store.Leased) queue.Result { return queue.Result{} }})
		synctest.Wait()
		close(f.failed)
		if err := <-b.end; !errors.Is(err, store.ErrFailed) {
			t.Errorf("Run returned %v", err)
		}
		b.stop()
	})
}
