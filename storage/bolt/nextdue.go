package bolt

import (
	"context"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// head is when a party is next due in a shard.
type head struct {
	party store.Party
	at    time.Time
}

// queueHeads are the heads of a queue's shards; those that are not known may have
// changed since.
type queueHeads struct {
	known [256]bool
	by    [256][]head
	// first are the earliest of those shards that were looked at, whatever the
	// number of their parties; zero if there is none.
	looked [256]bool
	first  [256]time.Time
}

// maxHeads is for how many parties of a shard their heads are remembered. Of more
// only the earliest is, which is all that is asked for where there is room for all.
const maxHeads = 256

// NextDue implements store.Store. It looks at the first free entry of each
// party's schedule, and only in shards that have changed since it was last asked.
func (e *Engine) NextDue(ctx context.Context, q store.Queue, room store.Room) (map[store.Shard]time.Time, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	next := make(map[store.Shard]time.Time)
	open := make(map[store.Party]bool)
	e.leases.mu.Lock()
	defer e.leases.mu.Unlock()
	if e.leases.heads[q] == nil {
		e.leases.heads[q] = &queueHeads{}
	}
	all := e.leases.heads[q]
	err := e.read(func(rd *reader) error {
		for s := range all.by {
			if room == nil && all.looked[s] {
				if !all.first[s].IsZero() {
					next[store.Shard(s)] = all.first[s]
				}
				continue
			}
			if !all.known[s] {
				if err := e.leases.lookAt(rd, all, leasePlace{q, store.Shard(s)}); err != nil {
					return err
				}
			}
			for _, h := range all.by[s] {
				ok, asked := open[h.party]
				if !asked {
					ok = room == nil || room(h.party) > 0
					open[h.party] = ok
				}
				if at, known := next[store.Shard(s)]; ok && (!known || h.at.Before(at)) {
					next[store.Shard(s)] = h.at
				}
			}
			if !all.known[s] {
				all.by[s] = nil // too many to keep
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("next due of %s: %w", q, err)
	}
	return next, nil
}

// lookAt finds the heads of a shard anew.
func (ls *leases) lookAt(rd *reader, all *queueHeads, place leasePlace) error {
	heads, first := all.by[place.shard][:0], time.Time{}
	err := rd.parties(place, nil, nil, func(p store.Party) (bool, error) {
		at, err := ls.headOf(rd, place, p)
		if first.IsZero() || at.Before(first) {
			first = at
		}
		heads = append(heads, head{p, at})
		return true, err
	})
	all.looked[place.shard], all.first[place.shard] = err == nil, first
	all.by[place.shard], all.known[place.shard] = heads, err == nil && len(heads) <= maxHeads
	return err
}

// headOf is when a party is next due: its first free entry, or the end of a
// lease of one before.
func (ls *leases) headOf(rd *reader, place leasePlace, p store.Party) (first time.Time, err error) {
	prefix := partyPrefix(place, p)
	err = rd.scan(dueBucket, store.Range{Prefix: prefix}, func(k store.Key, key []byte) (bool, error) {
		at, ok := dueTime(k, len(prefix))
		if !ok {
			return false, damaged("an entry of the schedule is cut short")
		}
		l := ls.by[place][string(key)]
		if l != nil {
			at = l.until
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
		return l != nil, nil
	})
	return first, err
}

// changed forgets the heads of a shard.
func (ls *leases) changed(place leasePlace) {
	if all := ls.heads[place.queue]; all != nil {
		all.known[place.shard], all.looked[place.shard] = false, false
	}
}
