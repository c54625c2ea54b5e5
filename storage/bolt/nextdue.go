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

// maxHeads is for how many parties of a shard their heads are remembered.
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
	err := e.read(func(rd *reader) error {
		for s := range 256 {
			heads, err := e.leases.headsOf(rd, leasePlace{q, store.Shard(s)})
			if err != nil {
				return err
			}
			for _, h := range heads {
				ok, asked := open[h.party]
				if !asked {
					ok = room == nil || room(h.party) > 0
					open[h.party] = ok
				}
				if at, known := next[store.Shard(s)]; ok && (!known || h.at.Before(at)) {
					next[store.Shard(s)] = h.at
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("next due of %s: %w", q, err)
	}
	return next, nil
}

// headsOf returns the heads of a shard, from memory if nothing has changed.
func (ls *leases) headsOf(rd *reader, place leasePlace) ([]head, error) {
	heads, known := ls.heads[place]
	if known {
		return heads, nil
	}
	err := rd.parties(place, nil, nil, func(p store.Party) (bool, error) {
		at, err := ls.headOf(rd, place, p)
		heads = append(heads, head{p, at})
		return true, err
	})
	if err == nil && len(heads) <= maxHeads {
		ls.heads[place] = heads
	}
	return heads, err
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
func (ls *leases) changed(place leasePlace) { delete(ls.heads, place) }
