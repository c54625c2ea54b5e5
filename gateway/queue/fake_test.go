package queue_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// fake is a store in memory: queues with leases and lanes as the contract has
// them, and rows that transactions may write. Scans and blobs are not needed here.
type fake struct {
	mu     sync.Mutex
	items  map[store.ItemRef]*row
	rows   map[string][]byte
	number uint64
	wake   chan struct{}
	failed chan struct{}
	// commit, if set, may fail a transaction after its function succeeded.
	commit func() error
	leases int // calls of Lease
	turn   map[store.Shard]store.Party
	asked  int // calls of NextDue
	extend func() error
}

type row struct {
	item  store.Item
	order uint64
	token uint64
	until time.Time
}

func newFake() *fake {
	return &fake{
		items: map[store.ItemRef]*row{}, rows: map[string][]byte{},
		wake: make(chan struct{}, 1), failed: make(chan struct{}), turn: map[store.Shard]store.Party{},
	}
}

func (f *fake) View(_ context.Context, fn func(store.Reader) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fn(&fakeTx{f: f})
}

func (f *fake) Update(_ context.Context, _ store.Scope, fn func(store.Tx) error) (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	tx := &fakeTx{f: f}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if f.commit != nil {
		if err := f.commit(); err != nil {
			return err
		}
	}
	for _, op := range tx.ops {
		op()
	}
	if tx.woke {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// candidates are the items of a shard that may be leased or will be: not
// leased, and first of their lane.
func (f *fake) candidates(q store.Queue, now time.Time) []*row {
	heads := map[string]*row{}
	var out []*row
	for _, r := range f.items {
		if r.item.Queue != q {
			continue
		}
		if r.item.Lane == "" {
			out = append(out, r)
			continue
		}
		lane := fmt.Sprint(r.item.Shard, r.item.App, r.item.Lane)
		if h := heads[lane]; h == nil || r.order < h.order {
			heads[lane] = r
		}
	}
	for _, r := range heads {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *row) int {
		return cmp.Or(a.item.Due.Compare(b.item.Due), cmp.Compare(a.order, b.order))
	})
	return out
}

func (f *fake) Lease(_ context.Context, q store.LeaseRequest) ([]store.Leased, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leases++
	lines := map[store.Party][]*row{}
	for _, r := range f.candidates(q.Queue, q.Now) {
		p := r.item.Party()
		if r.item.Shard != q.Shard || r.until.After(q.Now) || r.item.Due.After(q.Now) || q.Room != nil && len(lines[p]) >= q.Room(p) {
			continue
		}
		lines[p] = append(lines[p], r)
	}
	var out []store.Leased
	for len(out) < q.Max {
		p, ok := f.next(q.Shard, lines)
		if !ok {
			break
		}
		r := lines[p][0]
		if lines[p] = lines[p][1:]; len(lines[p]) == 0 {
			delete(lines, p)
		}
		f.number++
		r.token, r.until = f.number, q.Until
		out = append(out, store.Leased{Item: r.item, Lease: store.Lease{ItemRef: r.item.ItemRef, Token: r.token}})
	}
	return out, nil
}

// next passes the turn on among parties that have items.
func (f *fake) next(s store.Shard, lines map[store.Party][]*row) (store.Party, bool) {
	if len(lines) == 0 {
		return store.Party{}, false
	}
	all := slices.SortedFunc(maps.Keys(lines), order)
	i := slices.IndexFunc(all, func(p store.Party) bool { return order(p, f.turn[s]) > 0 })
	f.turn[s] = all[max(i, 0)]
	return f.turn[s], true
}

func order(a, b store.Party) int {
	return cmp.Or(cmp.Compare(a.App, b.App), cmp.Compare(a.Group, b.Group))
}

func (f *fake) leased(l store.Lease) (*row, error) {
	r := f.items[l.ItemRef]
	if r == nil || r.token != l.Token || !r.until.After(time.Now()) {
		return nil, store.ErrLeaseLost
	}
	return r, nil
}

func (f *fake) Extend(_ context.Context, l store.Lease, until time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.extend != nil {
		if err := f.extend(); err != nil {
			return err
		}
	}
	r, err := f.leased(l)
	if err == nil {
		r.until = until
	}
	return err
}

func (f *fake) Release(_ context.Context, ls []store.Lease) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range ls {
		if r, err := f.leased(l); err == nil {
			r.until, r.token = time.Time{}, 0
		}
	}
	return nil
}

func (f *fake) NextDue(_ context.Context, q store.Queue, room store.Room) (map[store.Shard]time.Time, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	out := map[store.Shard]time.Time{}
	for _, r := range f.candidates(q, time.Now()) {
		if room != nil && room(r.item.Party()) <= 0 {
			continue
		}
		at := r.item.Due
		if r.until.After(at) {
			at = r.until
		}
		if known, ok := out[r.item.Shard]; !ok || at.Before(known) {
			out[r.item.Shard] = at
		}
	}
	return out, nil
}

func (f *fake) Wake(store.Queue) <-chan struct{} { return f.wake }
func (f *fake) Listen(string) <-chan struct{}    { return nil }
func (f *fake) Failed() <-chan struct{}          { return f.failed }
func (f *fake) Close() error                     { return nil }

var errNotHere = errors.New("the fake has no such thing")

func (f *fake) Stage(context.Context, gateway.AppID, []byte) (store.Staged, error) {
	return store.Staged{}, errNotHere
}

func (f *fake) Blob(context.Context, gateway.AppID, gateway.BlobRef) ([]byte, error) {
	return nil, errNotHere
}

// fakeTx collects writes, done when the function has succeeded.
type fakeTx struct {
	f    *fake
	ops  []func()
	woke bool
}

func (t *fakeTx) do(op func()) { t.ops = append(t.ops, op) }

func (t *fakeTx) Get(tb store.Table, k store.Key) ([]byte, error) {
	if v, ok := t.f.rows[string(tb)+string(k)]; ok {
		return bytes.Clone(v), nil
	}
	return nil, store.ErrNotFound
}

func (t *fakeTx) Item(ref store.ItemRef) (store.Item, error) {
	if r := t.f.items[ref]; r != nil {
		return r.item, nil
	}
	return store.Item{}, store.ErrNotFound
}

func (t *fakeTx) Put(tb store.Table, k store.Key, v []byte) error {
	t.do(func() { t.f.rows[string(tb)+string(k)] = bytes.Clone(v) })
	return nil
}

func (t *fakeTx) Enqueue(it store.Item) error {
	if t.f.items[it.ItemRef] != nil {
		return fmt.Errorf("item %s exists", it.ID)
	}
	t.woke = true
	t.do(func() {
		t.f.number++
		it.Due = it.Due.Truncate(time.Millisecond)
		t.f.items[it.ItemRef] = &row{item: it, order: t.f.number}
	})
	return nil
}

func (t *fakeTx) Done(l store.Lease) error {
	if _, err := t.f.leased(l); err != nil {
		return err
	}
	t.do(func() { delete(t.f.items, l.ItemRef) })
	return nil
}

func (t *fakeTx) Again(l store.Lease, it store.Item) error {
	r, err := t.f.leased(l)
	if err != nil {
		return err
	}
	t.woke = true
	t.do(func() {
		r.item.Due, r.item.Lane, r.item.Attempt, r.item.Payload = it.Due.Truncate(time.Millisecond), it.Lane, it.Attempt, it.Payload
		r.token, r.until = 0, time.Time{}
	})
	return nil
}

func (t *fakeTx) Cancel(ref store.ItemRef) error {
	t.do(func() { delete(t.f.items, ref) })
	return nil
}

func (t *fakeTx) Scan(store.Table, store.Range, func(store.Key, []byte) (bool, error)) error {
	return errNotHere
}
func (t *fakeTx) Delete(store.Table, store.Key) error        { return errNotHere }
func (t *fakeTx) NewID(string) string                        { return "" }
func (t *fakeTx) Announce(string)                            {}
func (t *fakeTx) Move(store.ItemRef, time.Time) error        { return errNotHere }
func (t *fakeTx) Keep(store.Staged) (gateway.BlobRef, error) { return "", errNotHere }
func (t *fakeTx) Drop(gateway.AppID, gateway.BlobRef) error  { return errNotHere }
