package bolt

import (
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
	mu sync.Mutex
	by map[leasePlace]map[string]*lease
	// turns tells which party of a place was served last.
	turns map[leasePlace]store.Party
	// heads are what NextDue found, of shards that have not changed since.
	heads map[store.Queue]*queueHeads
	next  uint64
	n     int
}

// newLeases begins to count tokens somewhere, so that a lease from before a
// restart does not fit one from after it.
func newLeases() *leases {
	return &leases{
		by: make(map[leasePlace]map[string]*lease), turns: make(map[leasePlace]store.Party),
		heads: make(map[store.Queue]*queueHeads), next: rand.Uint64() >> 1,
	}
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
	ls.changed(p)
	return l
}

// drop forgets a lease, unless it has been replaced.
func (ls *leases) drop(l *lease) {
	if ls.by[l.place][l.key] == l {
		delete(ls.by[l.place], l.key)
		ls.changed(l.place)
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
		ls.changed(t.place)
		if h := ls.by[t.place][t.key]; h != nil && h.rev != t.rev {
			ls.drop(h)
		}
	}
}
