package queue_test

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/store"
)

// of is an item of a group, in one shard with all others.
func of(group, id string) store.Item {
	it := item("app", group+"/"+id)
	it.Group, it.Shard = group, 7
	return it
}

func crowd(group string, n int) (out []store.Item) {
	for i := range n {
		out = append(out, of(group, fmt.Sprint(i)))
	}
	return out
}

// An app with many due items in a shard must not keep another one's in
// the same shard waiting.
func TestFairWithinAShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		var mu sync.Mutex
		big, seen := 0, map[string]int{}
		b := start(t, f, queue.Config{Workers: 4, Handler: func(_ context.Context, l store.Leased) queue.Result {
			time.Sleep(10 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			if l.Item.Group == "big" {
				big++
			} else {
				seen[l.Item.ID] = big
			}
			return queue.Result{}
		}})
		put(t, f, crowd("big", 1500)...)
		pass(time.Second)
		mu.Lock()
		before := big
		mu.Unlock()
		put(t, f, of("small", "1"), of("small", "2"), of("small", "3"))
		pass(time.Second)
		mu.Lock()
		for id, after := range seen {
			if after-before > 16 {
				t.Errorf("%s was handled after %d of the other app", id, after-before)
			}
		}
		if len(seen) != 3 || before < 200 {
			t.Errorf("%d small ones were handled, after %d of the big ones", len(seen), before)
		}
		mu.Unlock()
		b.finish()
	})
}

// No more of a party than its limit is held, the others go on, and a change of
// the limit counts as soon as an item ends.
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		var mu sync.Mutex
		now, most, done := map[string]int{}, map[string]int{}, map[string]int{}
		b := start(t, f, queue.Config{
			Workers: 32,
			Limit: func(p store.Party, _ time.Time) (int, time.Time) {
				mu.Lock()
				defer mu.Unlock()
				switch {
				case p.Group != "narrow":
					return math.MaxInt, time.Time{}
				case done["narrow"] < 100:
					return 1, time.Time{}
				}
				return 5, time.Time{}
			},
			Handler: func(_ context.Context, l store.Leased) queue.Result {
				g := l.Item.Group
				mu.Lock()
				now[g]++
				most[g] = max(most[g], now[g])
				mu.Unlock()
				time.Sleep(10 * time.Millisecond)
				mu.Lock()
				now[g]--
				done[g]++
				if g == "narrow" && done[g] <= 100 && most[g] > 1 {
					t.Errorf("%d at once while one was allowed", most[g])
				}
				mu.Unlock()
				return queue.Result{}
			},
		})
		put(t, f, append(crowd("narrow", 200), crowd("wide", 2000)...)...)
		pass(3 * time.Second)
		mu.Lock()
		if done["narrow"] != 200 || most["narrow"] != 5 || done["wide"] != 2000 {
			t.Errorf("done %v, at once %v", done, most)
		}
		mu.Unlock()
		b.finish()
	})
}

// A party that may hold nothing is left alone until its time, without the store
// being asked over and over.
func TestLimitOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		opens := time.Now().Add(time.Minute)
		var mu sync.Mutex
		var at []time.Time
		b := start(t, f, queue.Config{
			Poll: time.Hour,
			Limit: func(p store.Party, now time.Time) (int, time.Time) {
				if p.Group == "shut" && now.Before(opens) {
					return 0, opens
				}
				return 8, time.Time{}
			},
			Handler: func(_ context.Context, l store.Leased) queue.Result {
				if l.Item.Group == "shut" {
					mu.Lock()
					at = append(at, time.Now())
					mu.Unlock()
				}
				return queue.Result{}
			},
		})
		put(t, f, crowd("shut", 50)...)
		pass(30 * time.Second)
		f.mu.Lock()
		if f.leases != 0 || f.asked > 4 {
			t.Errorf("%d leases, %d questions while nothing may be done", f.leases, f.asked)
		}
		f.mu.Unlock()
		put(t, f, crowd("open", 50)...)
		pass(45 * time.Second)
		mu.Lock()
		if len(at) != 50 || at[0].Before(opens) || at[49].After(opens.Add(10*time.Millisecond)) {
			t.Errorf("%d were handled, the first %v after the opening", len(at), at[0].Sub(opens))
		}
		mu.Unlock()
		b.finish()
	})
}
