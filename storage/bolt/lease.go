package bolt

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// lease is who holds an item, and until when.
type lease struct {
	place leasePlace
	key   string // in _items
	token uint64
	rev   uint64
	until time.Time
	// settling: the batch that is being written ends this lease. Until its
	// commit the item is neither waiting nor to be settled again.
	settling bool
}

// leasePlace is where leases are looked for.
type leasePlace struct {
	queue store.Queue
	shard store.Shard
}

// leases are those of this process. The lock is taken before a read transaction
// begins, and leases are ended after the commit: so a lease is seen either with
// the item it holds or not at all.
type leases struct {
	mu   sync.Mutex
	by   map[leasePlace]map[string]*lease
	next uint64
	n    int
}

// newLeases begins to count tokens somewhere, so that a lease from before a
// restart does not fit one from after it.
func newLeases() *leases {
	return &leases{by: make(map[leasePlace]map[string]*lease), next: rand.Uint64() >> 1}
}

func (ls *leases) take(p leasePlace, key string, rev uint64, until time.Time) *lease {
	ls.next++
	l := &lease{place: p, key: key, token: ls.next, rev: rev, until: until}
	if ls.by[p] == nil {
		ls.by[p] = make(map[string]*lease)
	}
	if ls.by[p][key] == nil {
		ls.n++
	}
	ls.by[p][key] = l
	return l
}

// drop forgets a lease, unless it has been replaced.
func (ls *leases) drop(l *lease) {
	if ls.by[l.place][l.key] == l {
		delete(ls.by[l.place], l.key)
		ls.n--
	}
}

// find returns the live lease that l names, or nil.
func (ls *leases) find(l store.Lease, key []byte) *lease {
	h := ls.by[leasePlace{l.Queue, l.Shard}][string(key)]
	if h == nil || h.token != l.Token || h.settling {
		return nil
	}
	return h
}

// settle marks the lease l of an item at rev as ending, or returns nil.
func (ls *leases) settle(l store.Lease, key []byte, rev uint64) *lease {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	h := ls.find(l, key)
	if h == nil || h.rev != rev {
		return nil
	}
	h.settling = true
	return h
}

// settleAny marks whatever lease an item has as ending.
func (ls *leases) settleAny(ref store.ItemRef, key []byte) *lease {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	h := ls.by[leasePlace{ref.Queue, ref.Shard}][string(key)]
	if h == nil || h.settling {
		return nil
	}
	h.settling = true
	return h
}

// held tells whether an item is leased.
func (ls *leases) held(ref store.ItemRef, key []byte) bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	h := ls.by[leasePlace{ref.Queue, ref.Shard}][string(key)]
	return h != nil && !h.settling
}

// unsettle takes marks back: the transaction that set them left nothing behind.
func (ls *leases) unsettle(marked []*lease) {
	if len(marked) == 0 {
		return
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range marked {
		l.settling = false
	}
}

// committed ends the settled leases, and those of items that the commit changed
// under a lease taken meanwhile.
func (ls *leases) committed(settled []*lease, touched []touch) {
	if len(settled)+len(touched) == 0 {
		return
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range settled {
		ls.drop(l)
	}
	for _, t := range touched {
		if h := ls.by[t.place][t.key]; h != nil && h.rev != t.rev {
			ls.drop(h)
		}
	}
}

// Lease implements store.Store. It reads the schedule and writes nothing.
func (e *Engine) Lease(ctx context.Context, r store.LeaseRequest) (out []store.Leased, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.leases.mu.Lock()
	defer e.leases.mu.Unlock()
	err = e.read(func(rd *reader) error {
		out, err = e.leases.due(rd, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lease %s: %w", r.Queue, err)
	}
	for i := range out {
		it := &out[i]
		l := e.leases.take(leasePlace{r.Queue, r.Shard}, string(itemKey(it.Item.ItemRef)), it.Lease.Token, r.Until)
		it.Lease.Token = l.token
	}
	return out, nil
}

// due returns the items that may be leased; in place of a token their revision.
func (ls *leases) due(rd *reader, r store.LeaseRequest) (out []store.Leased, err error) {
	prefix := duePrefix(r.Queue, r.Shard)
	held := ls.by[leasePlace{r.Queue, r.Shard}]
	rg := store.Range{Prefix: prefix, To: store.Key(prefix).Uint(millis(r.Now) + 1)}
	if r.Max <= 0 {
		return nil, nil
	}
	err = rd.scan(dueBucket, rg, func(_ store.Key, key []byte) (bool, error) {
		if l := held[string(key)]; l != nil && (l.settling || l.until.After(r.Now)) {
			return true, nil
		}
		it, err := rd.named(key)
		if err != nil {
			return false, err
		}
		out = append(out, store.Leased{Item: it.Item, Lease: store.Lease{ItemRef: it.ItemRef, Token: it.rev}})
		return len(out) < r.Max, nil
	})
	return out, err
}

// Extend implements store.Store.
func (e *Engine) Extend(ctx context.Context, l store.Lease, until time.Time) error {
	if err := e.usable(ctx); err != nil {
		return err
	}
	e.leases.mu.Lock()
	defer e.leases.mu.Unlock()
	h := e.leases.find(l, itemKey(l.ItemRef))
	if h == nil {
		return store.ErrLeaseLost
	}
	h.until = until
	return nil
}

// Release implements store.Store. Leases that are lost already are passed over.
func (e *Engine) Release(ctx context.Context, ls []store.Lease) error {
	if err := e.usable(ctx); err != nil {
		return err
	}
	e.leases.mu.Lock()
	defer e.leases.mu.Unlock()
	for _, l := range ls {
		if h := e.leases.find(l, itemKey(l.ItemRef)); h != nil {
			e.leases.drop(h)
		}
	}
	return nil
}

// NextDue implements store.Store. It looks at the first free entry of each
// shard's schedule, not at all of them.
func (e *Engine) NextDue(ctx context.Context, q store.Queue) (next map[store.Shard]time.Time, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e.leases.mu.Lock()
	defer e.leases.mu.Unlock()
	next = make(map[store.Shard]time.Time)
	err = e.read(func(rd *reader) error {
		for s := 0; s < 256 && s >= 0; {
			if s, err = e.leases.nextDue(rd, q, store.Shard(s), next); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("next due of %s: %w", q, err)
	}
	return next, nil
}

// nextDue notes when the first shard from s on that has items is next due, and
// returns the shard after it; -1 at the end.
func (ls *leases) nextDue(rd *reader, q store.Queue, s store.Shard, next map[store.Shard]time.Time) (int, error) {
	from, whole := duePrefix(q, s), appendPart(nil, string(q))
	after := -1
	err := rd.scan(dueBucket, store.Range{Prefix: whole, From: from}, func(k store.Key, key []byte) (bool, error) {
		at, ok := dueTime(k, len(from))
		if !ok {
			return false, damaged("an entry of the schedule is cut short")
		}
		found := store.Shard(k[len(whole)])
		if after >= 0 && int(found) != after-1 {
			return false, nil
		}
		after = int(found) + 1
		l := ls.by[leasePlace{q, found}][string(key)]
		if l != nil {
			at = l.until
		}
		if old, ok := next[found]; !ok || at.Before(old) {
			next[found] = at
		}
		return l != nil, nil
	})
	return after, err
}
