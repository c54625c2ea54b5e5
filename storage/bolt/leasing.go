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

// due returns the items that may be leased, dealt to the parties one by one; in
// place of a token their revision.
func (ls *leases) due(rd *reader, r store.LeaseRequest) (out []store.Leased, err error) {
	if r.Max <= 0 {
		return nil, nil
	}
	place := leasePlace{r.Queue, r.Shard}
	lines, err := ls.lines(rd, place, r)
	for round, dealt := 0, true; dealt && err == nil; round++ {
		dealt = false
		for _, l := range lines {
			if round >= len(l.keys) || len(out) == r.Max {
				continue
			}
			it, err := rd.named(l.keys[round])
			if err != nil {
				return nil, err
			}
			out = append(out, store.Leased{Item: it.Item, Lease: store.Lease{ItemRef: it.ItemRef, Token: it.rev}})
			ls.turns[place], dealt = l.party, true
		}
	}
	return out, err
}

// line is what of a party may be leased: keys in _items, the earliest due first.
type line struct {
	party store.Party
	keys  [][]byte
}

// lines returns the parties that have something to lease, beginning behind the
// one that was served last, no more of them and of each than can be dealt.
func (ls *leases) lines(rd *reader, place leasePlace, r store.LeaseRequest) (out []line, err error) {
	add := func(p store.Party) (more bool, err error) {
		limit := r.Max
		if r.Room != nil {
			limit = min(limit, r.Room(p))
		}
		keys, err := ls.free(rd, place, p, r.Now, limit)
		if len(keys) > 0 {
			out = append(out, line{p, keys})
		}
		return len(out) < r.Max, err
	}
	last := store.Key(partyPrefix(place, ls.turns[place])).Next()
	if err := rd.parties(place, last, nil, add); err != nil || len(out) == r.Max {
		return out, err
	}
	return out, rd.parties(place, nil, last, add)
}

// free returns up to limit items of a party that are due and not leased.
func (ls *leases) free(rd *reader, place leasePlace, p store.Party, now time.Time, limit int) (keys [][]byte, err error) {
	if limit <= 0 {
		return nil, nil
	}
	held, prefix := ls.by[place], store.Key(partyPrefix(place, p))
	err = rd.scan(dueBucket, store.Range{Prefix: prefix, To: prefix.Uint(millis(now) + 1)}, func(_ store.Key, key []byte) (bool, error) {
		if l := held[string(key)]; l == nil || !l.settling && !l.until.After(now) {
			keys = append(keys, key)
		}
		return len(keys) < limit, nil
	})
	return keys, err
}

// parties calls fn for every party that stands in a shard's schedule, in order,
// from a key on and up to another.
func (r *reader) parties(place leasePlace, from, to store.Key, fn func(store.Party) (more bool, err error)) error {
	prefix := duePrefix(place.queue, place.shard)
	for {
		var p store.Party
		found := false
		err := r.scan(dueBucket, store.Range{Prefix: prefix, From: from, To: to}, func(k store.Key, _ []byte) (bool, error) {
			length, ok := 0, false
			if p, length, ok = cutParty(k, len(prefix)); !ok {
				return false, damaged("an entry of the schedule is cut short")
			}
			found, from = true, k[:length].Next()
			return false, nil
		})
		if err != nil || !found {
			return err
		}
		if more, err := fn(p); err != nil || !more {
			return err
		}
	}
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
	e.leases.changed(h.place)
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
