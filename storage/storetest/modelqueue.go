package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// testModelQueue puts, leases, settles, moves and cancels at random, and
// compares with a plain list.
func testModelQueue(h *harness) {
	defer h.company()()
	for seed := range uint64(modelSeeds) {
		q := store.Queue(fmt.Sprint("q", seed))
		m := &queueModel{h: h, rnd: rand.New(rand.NewPCG(seed, 2)), queue: q, now: epoch, items: map[string]*modelItem{}}
		for range 250 {
			m.step()
			m.now = m.now.Add(time.Duration(m.rnd.IntN(20)) * time.Second)
		}
	}
}

type modelItem struct {
	store.Item
	place int // in its lane
	until time.Time
	lease *store.Lease
}

type queueModel struct {
	h     *harness
	rnd   *rand.Rand
	queue store.Queue
	now   time.Time
	items map[string]*modelItem
	lost  []store.Lease // leases that must not settle anything
	put   int
}

func (m *queueModel) step() {
	switch m.rnd.IntN(10) {
	case 0, 1, 2:
		m.enqueue()
	case 3, 4, 5:
		m.lease()
	case 6, 7:
		m.settle()
	case 8:
		m.cancelOrMove()
	case 9:
		m.settleLost()
	}
	m.checkNextDue()
}

func (m *queueModel) due() time.Time {
	return m.now.Add(time.Duration(m.rnd.IntN(100)-30) * time.Second)
}

func (m *queueModel) lane() string { return [...]string{"", "x", "y"}[m.rnd.IntN(3)] }

// update runs fn in an Update, now and then in one that fails, and tells which.
func (m *queueModel) update(fn func(tx store.Tx) error) (kept bool) {
	kept = m.rnd.IntN(4) != 0
	err := m.h.s.Update(context.Background(), scope, func(tx store.Tx) error {
		err := fn(tx)
		if err == nil && !kept {
			err = errOwn
		}
		return err
	})
	if kept && err != nil || !kept && !errors.Is(err, errOwn) {
		m.h.Fatalf("update, kept %v: %v", kept, err)
	}
	return kept
}

func (m *queueModel) enqueue() {
	m.put++
	it := &modelItem{place: m.put, Item: store.Item{
		ItemRef: store.ItemRef{Queue: m.queue, App: app, Shard: store.Shard(m.rnd.IntN(2)), ID: fmt.Sprintf("i%04d", m.put)},
		Due:     m.due(), Lane: m.lane(), Payload: fmt.Append(nil, m.put),
	}}
	if m.update(func(tx store.Tx) error { return tx.Enqueue(it.Item) }) {
		m.items[it.ID] = it
	}
}

// free are the items of a shard that may be leased, as far as their due time allows.
func (m *queueModel) free(s store.Shard) (free []*modelItem) {
	heads := map[string]*modelItem{}
	for _, it := range m.items {
		if it.Shard != s {
			continue
		}
		if it.Lane == "" {
			free = append(free, it)
		} else if h := heads[it.Lane]; h == nil || it.place < h.place {
			heads[it.Lane] = it
		}
	}
	free = slices.AppendSeq(free, maps.Values(heads))
	free = slices.DeleteFunc(free, func(it *modelItem) bool { return it.lease != nil && it.until.After(m.now) })
	slices.SortFunc(free, func(a, b *modelItem) int { return a.Due.Compare(b.Due) })
	return free
}

func (m *queueModel) lease() {
	s, limit := store.Shard(m.rnd.IntN(2)), 1+m.rnd.IntN(4)
	until := m.now.Add(time.Duration(m.rnd.IntN(60)) * time.Second)
	got, err := m.h.s.Lease(context.Background(), store.LeaseRequest{Queue: m.queue, Shard: s, Now: m.now, Until: until, Max: limit})
	if err != nil {
		m.h.Fatal(err)
	}
	var want []*modelItem
	for _, it := range m.free(s) {
		if !it.Due.After(m.now) && len(want) < limit {
			want = append(want, it)
		}
	}
	if len(got) != len(want) {
		m.h.Fatalf("leased %d items, want %d", len(got), len(want))
	}
	for i, l := range got {
		it := m.items[l.Item.ID]
		if it == nil || !slices.Contains(m.free(s), it) || !l.Item.Due.Equal(want[i].Due) ||
			l.Item.Attempt != it.Attempt || l.Item.Lane != it.Lane || string(l.Item.Payload) != string(it.Payload) {
			m.h.Fatalf("leased %+v, want one due at %v", l.Item, want[i].Due)
		}
	}
	for _, l := range got {
		it := m.items[l.Item.ID]
		if it.lease != nil {
			m.lost = append(m.lost, *it.lease)
		}
		it.lease, it.until = &l.Lease, until
	}
}

// pick returns an item that fits, the same for the same seed, or nil.
func (m *queueModel) pick(fits func(*modelItem) bool) *modelItem {
	var all []*modelItem
	for _, it := range m.items {
		if fits(it) {
			all = append(all, it)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b *modelItem) int { return cmp.Compare(a.ID, b.ID) })
	return all[m.rnd.IntN(len(all))]
}

func (m *queueModel) settle() {
	it := m.pick(func(it *modelItem) bool { return it.lease != nil })
	if it == nil {
		return
	}
	l := *it.lease
	if m.rnd.IntN(2) == 0 {
		if m.update(func(tx store.Tx) error { return tx.Done(l) }) {
			delete(m.items, it.ID)
			m.lost = append(m.lost, l)
		}
		return
	}
	next := it.Item
	next.Due, next.Attempt, next.Payload = m.due(), it.Attempt+1, append(next.Payload, '+')
	if m.rnd.IntN(3) == 0 {
		next.Lane = m.lane()
	}
	if !m.update(func(tx store.Tx) error { return tx.Again(l, next) }) {
		return
	}
	if next.Lane != it.Lane {
		m.put++
		it.place = m.put
	}
	it.Item, it.lease = next, nil
	m.lost = append(m.lost, l)
}

func (m *queueModel) cancelOrMove() {
	it := m.pick(func(*modelItem) bool { return true })
	if it == nil {
		return
	}
	if m.rnd.IntN(2) == 0 {
		if m.update(func(tx store.Tx) error { return tx.Cancel(it.ItemRef) }) {
			delete(m.items, it.ID)
			if it.lease != nil {
				m.lost = append(m.lost, *it.lease)
			}
		}
		return
	}
	if it.lease != nil && !it.until.After(m.now) {
		return // whether it is still leased is the engine's to say
	}
	due := m.due()
	if m.update(func(tx store.Tx) error { return tx.Move(it.ItemRef, due) }) && it.lease == nil {
		it.Due = due
	}
}

func (m *queueModel) settleLost() {
	if len(m.lost) > 0 {
		l := m.lost[m.rnd.IntN(len(m.lost))]
		m.h.updateErr(store.ErrLeaseLost, func(tx store.Tx) error { return tx.Done(l) })
	}
}

func (m *queueModel) checkNextDue() {
	got, err := m.h.s.NextDue(context.Background(), m.queue, nil)
	if err != nil {
		m.h.Fatal(err)
	}
	for s := range store.Shard(2) {
		var want time.Time
		note := func(at time.Time) {
			if want.IsZero() || at.Before(want) {
				want = at
			}
		}
		for _, it := range m.items {
			if it.Shard == s && it.lease != nil {
				note(it.until)
			}
		}
		for _, it := range m.free(s) {
			if it.lease == nil {
				note(it.Due)
			}
		}
		// Earlier than needed is allowed for what is due now; later is not.
		if at, ok := got[s]; ok == want.IsZero() || ok && !at.Equal(want) && (at.After(want) || want.After(m.now)) {
			m.h.Fatalf("shard %d is next due at %v, %v, want %v (now %v)", s, at, ok, want, m.now)
		}
	}
}
