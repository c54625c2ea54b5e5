package bolt

import (
	"context"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

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
