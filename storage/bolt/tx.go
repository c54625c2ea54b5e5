package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Bounds of a row.
const (
	maxKey   = 4096
	maxValue = 16 << 20
)

// tx is what one Update's function sees: its share of a batch's bbolt
// transaction, with the log that takes it back. It implements store.Tx.
type tx struct {
	reader
	b    *batch
	undo []undo
	// err is the first failure of a write or of a damaged read; it fails the
	// Update whatever the function makes of it.
	err error

	settled []*lease          // leases ended here
	touched []touch           // items changed here
	woken   []store.Queue     // queues with new work
	topics  []string          // announced here
	dropped []gateway.BlobRef // files that lost their last reference
	kept    []gateway.BlobRef // files kept for the first time by an app
	bytes   int
}

// undo is a record as it was before a write; a nil value means there was none.
type undo struct {
	b        *bucket
	key, old []byte
}

// note makes the first error it is given the fate of the Update, and returns it.
func (t *tx) note(err error) error {
	if err != nil && t.err == nil {
		t.err = err
	}
	return err
}

func (t *tx) Get(tb store.Table, k store.Key) ([]byte, error) {
	v, err := t.reader.Get(tb, k)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.note(err)
	}
	return v, err
}

func (t *tx) Put(tb store.Table, k store.Key, v []byte) error {
	if err := checkRow(tb, k, v); err != nil {
		return t.note(err)
	}
	return t.put(string(tb), k, v)
}

func (t *tx) Delete(tb store.Table, k store.Key) error {
	if err := checkRow(tb, k, nil); err != nil {
		return t.note(err)
	}
	return t.delete(string(tb), k)
}

func checkRow(tb store.Table, k store.Key, v []byte) error {
	switch {
	case tb == "" || strings.HasPrefix(string(tb), "_"):
		return fmt.Errorf("store: %q cannot be the name of a table", string(tb))
	case len(k) == 0 || len(k) > maxKey:
		return fmt.Errorf("store: a key of %s has %d bytes, not 1 to %d", tb, len(k), maxKey)
	case len(v) > maxValue:
		return fmt.Errorf("store: a row of %s has %d bytes, more than %d", tb, len(v), maxValue)
	}
	return nil
}

// put writes a record, and logs what was there.
func (t *tx) put(name string, k, v []byte) error {
	if t.btx == nil {
		return errOver
	}
	b, err := t.b.ensure(name)
	if err != nil {
		return t.note(err)
	}
	key := t.b.space(len(k))
	key = append(key, k...)
	stored := appendRecord(t.b.space(len(v)+sumSize), b.seed, k, v)
	return t.note(t.write(b, key, stored))
}

// delete removes a record, and logs what was there.
func (t *tx) delete(name string, k []byte) error {
	if t.btx == nil {
		return errOver
	}
	b := t.bucket(name)
	if b == nil {
		return nil
	}
	return t.note(t.write(b, append(t.b.space(len(k)), k...), nil))
}

// write puts (or, given nil, deletes) a stored record. A panic in it leaves
// bbolt's pages in an unknown state: the whole batch is then given up.
func (t *tx) write(b *bucket, key, stored []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = damaged("write to %s: %v", b.name, p)
			t.b.spoiled = err
		}
	}()
	old := b.Get(key)
	if old == nil && stored == nil {
		return nil
	}
	t.undo = append(t.undo, undo{b, key, old})
	t.writes++
	t.bytes += len(key) + len(stored)
	if stored == nil {
		return b.Delete(key)
	}
	return b.Put(key, stored)
}

// rollback takes back everything the function did.
func (t *tx) rollback() {
	for i := len(t.undo) - 1; i >= 0 && t.b.spoiled == nil; i-- {
		t.b.restore(t.undo[i])
	}
	t.b.e.leases.unsettle(t.settled)
}

func (t *tx) Scan(tb store.Table, r store.Range, fn func(store.Key, []byte) (bool, error)) error {
	var own error
	err := t.reader.Scan(tb, r, func(k store.Key, v []byte) (bool, error) {
		more, err := fn(k, v)
		own = err
		return more, err
	})
	if err != nil && own == nil {
		t.note(err)
	}
	return err
}

func (t *tx) Item(ref store.ItemRef) (store.Item, error) {
	it, err := t.reader.Item(ref)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.note(err)
	}
	return it, err
}

func (t *tx) NewID(prefix string) string { return t.b.newID(prefix) }

func (t *tx) Announce(topic string) { t.topics = append(t.topics, topic) }

// first returns the first record whose key begins with prefix; a nil key means
// there is none.
func (t *tx) first(name string, prefix []byte) (k, v []byte, err error) {
	err = t.scan(name, store.Range{Prefix: prefix}, func(key store.Key, val []byte) (bool, error) {
		k, v = key, bytes.Clone(val)
		return false, nil
	})
	return k, v, t.note(err)
}
