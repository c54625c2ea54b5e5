package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// maxPayload bounds an item's payload.
const maxPayload = 64 << 10

// touch says that an item was changed: rev is its new one, 0 if it is gone.
type touch struct {
	place leasePlace
	key   string
	rev   uint64
}

func (t *tx) Enqueue(it store.Item) error {
	if t.btx == nil {
		return errOver
	}
	row := itemRow{Item: it}
	if err := checkItem(&row); err != nil {
		return t.note(err)
	}
	key := itemKey(it.ItemRef)
	if _, err := t.get(itemBucket, key); !errors.Is(err, store.ErrNotFound) {
		if err == nil {
			err = fmt.Errorf("enqueue: %s has such an item already", it.Queue)
		}
		return t.note(err)
	}
	return t.place(key, &row)
}

func checkItem(it *itemRow) error {
	if it.ID == "" || it.Queue == "" {
		return fmt.Errorf("enqueue: an item needs a queue and an id")
	}
	if n := len(dueKey(it)); n > maxKey {
		return fmt.Errorf("enqueue: an item's names have %d bytes, more than %d", n, maxKey)
	}
	return checkNew(it)
}

// checkNew checks what an item may get anew when it is put back.
func checkNew(it *itemRow) error {
	switch {
	case len(lanePrefix(it))+8 > maxKey:
		return fmt.Errorf("enqueue: the lane of an item is named in %d bytes", len(it.Lane))
	case len(it.Payload) > maxPayload:
		return fmt.Errorf("enqueue: a payload has %d bytes, more than %d", len(it.Payload), maxPayload)
	case it.Attempt < 0:
		return fmt.Errorf("enqueue: attempt %d", it.Attempt)
	}
	return nil
}

// place puts an item that stands nowhere: at the end of its lane, and into the
// schedule if it has none or is the lane's first.
func (t *tx) place(key []byte, it *itemRow) error {
	if it.Lane == "" {
		it.place = 0
		return errors.Join(t.save(key, it), t.schedule(key, it))
	}
	n, err := t.b.number(laneBucket)
	if err != nil {
		return t.note(err)
	}
	it.place = n
	head, _, err := t.first(laneBucket, lanePrefix(it))
	if err != nil {
		return err
	}
	if err := errors.Join(t.save(key, it), t.put(laneBucket, laneKey(it), key)); err != nil || head != nil {
		return err
	}
	return t.schedule(key, it)
}

// save writes an item's row under a new revision.
func (t *tx) save(key []byte, it *itemRow) (err error) {
	if it.rev, err = t.b.number(itemBucket); err != nil {
		return t.note(err)
	}
	t.touched = append(t.touched, touch{leasePlace{it.Queue, it.Shard}, string(key), it.rev})
	return t.put(itemBucket, key, it.encode())
}

// schedule lets an item be leased when it is due.
func (t *tx) schedule(key []byte, it *itemRow) error {
	t.woken = append(t.woken, it.Queue)
	return t.put(dueBucket, dueKey(it), key)
}

// displace takes an item out of lane and schedule, and brings the next of its
// lane into the schedule if it was the first.
func (t *tx) displace(it *itemRow) error {
	if it.Lane == "" {
		return t.delete(dueBucket, dueKey(it))
	}
	head, err := t.isHead(it)
	if err != nil {
		return err
	}
	if err := t.delete(laneBucket, laneKey(it)); err != nil || !head {
		return err
	}
	if err := t.delete(dueBucket, dueKey(it)); err != nil {
		return err
	}
	return t.advance(it)
}

// advance schedules the first item of the lane that it has left.
func (t *tx) advance(it *itemRow) error {
	k, key, err := t.first(laneBucket, lanePrefix(it))
	if err != nil || k == nil {
		return err
	}
	next, err := t.named(key)
	if err != nil {
		return t.note(err)
	}
	return t.schedule(key, &next)
}

// isHead tells whether an item stands in the schedule.
func (t *tx) isHead(it *itemRow) (bool, error) {
	if it.Lane == "" {
		return true, nil
	}
	k, _, err := t.first(laneBucket, lanePrefix(it))
	return bytes.Equal(k, laneKey(it)), err
}

func (t *tx) Cancel(ref store.ItemRef) error {
	if t.btx == nil {
		return errOver
	}
	key := itemKey(ref)
	it, err := t.item(key)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return t.note(err)
	}
	if l := t.b.e.leases.settleAny(ref, key); l != nil {
		t.settled = append(t.settled, l)
	}
	return t.remove(key, &it)
}

func (t *tx) remove(key []byte, it *itemRow) error {
	t.touched = append(t.touched, touch{leasePlace{it.Queue, it.Shard}, string(key), 0})
	return errors.Join(t.displace(it), t.delete(itemBucket, key))
}

func (t *tx) Move(ref store.ItemRef, due time.Time) error {
	if t.btx == nil {
		return errOver
	}
	key := itemKey(ref)
	it, err := t.item(key)
	if errors.Is(err, store.ErrNotFound) || err == nil && t.b.e.leases.held(ref, key) {
		return nil
	}
	if err != nil {
		return t.note(err)
	}
	return t.reschedule(key, &it, func() { it.Due = due })
}

// reschedule changes an item that keeps its lane and place.
func (t *tx) reschedule(key []byte, it *itemRow, change func()) error {
	head, err := t.isHead(it)
	if err != nil {
		return err
	}
	if head {
		if err := t.delete(dueBucket, dueKey(it)); err != nil {
			return err
		}
	}
	change()
	if err := t.save(key, it); err != nil || !head {
		return err
	}
	return t.schedule(key, it)
}

func (t *tx) Done(l store.Lease) error {
	key, it, err := t.settle(l)
	if err != nil {
		return err
	}
	return t.remove(key, &it)
}

func (t *tx) Again(l store.Lease, n store.Item) error {
	key, it, err := t.settle(l)
	if err != nil {
		return err
	}
	next := it
	next.Due, next.Lane, next.Attempt, next.Payload = n.Due, n.Lane, n.Attempt, n.Payload
	if err := checkNew(&next); err != nil {
		return t.note(err)
	}
	if next.Lane == it.Lane {
		return t.reschedule(key, &it, func() { it = next })
	}
	if err := t.displace(&it); err != nil {
		return err
	}
	return t.place(key, &next)
}

// settle ends a lease and returns its item, or fails the transaction.
func (t *tx) settle(l store.Lease) (key []byte, it itemRow, err error) {
	if t.btx == nil {
		return nil, it, errOver
	}
	key = itemKey(l.ItemRef)
	it, err = t.item(key)
	if errors.Is(err, store.ErrNotFound) {
		err = store.ErrLeaseLost
	}
	if err != nil {
		return nil, it, t.note(err)
	}
	held := t.b.e.leases.settle(l, key, it.rev)
	if held == nil {
		return nil, it, t.note(store.ErrLeaseLost)
	}
	t.settled = append(t.settled, held)
	return key, it, nil
}
