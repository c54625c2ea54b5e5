package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Bounds of a batch: beyond them it is committed, whoever else waits.
const (
	batchCalls = 256
	batchBytes = 8 << 20
)

// The states of a call.
const (
	waiting int32 = iota
	claimed       // the writer runs it
	left          // its caller has given up
)

// call is one Update.
type call struct {
	ctx   context.Context
	fn    func(store.Tx) error
	state atomic.Int32
	err   error
	done  chan struct{}
}

// answer tells the caller; nothing of c is touched afterwards.
func (c *call) answer(err error) {
	c.err = err
	close(c.done)
}

// batch is one bbolt transaction with the Updates that share it.
type batch struct {
	reader
	e      *Engine
	calls  []*call
	arena  []byte
	bytes  int
	writes int // by the functions that succeeded
	// spoiled says that bbolt panicked in a write: its pages are in an unknown
	// state and must not be committed.
	spoiled error
	minted  time.Time // the latest time of an identifier

	settled []*lease
	touched []touch
	woken   map[store.Queue]bool
	topics  map[string]bool // announced
	dropped []gateway.BlobRef
	kept    []gateway.BlobRef
}

func (e *Engine) newBatch() (*batch, error) {
	if err := e.failure(); err != nil {
		return nil, err
	}
	btx, err := begin(e.db, true)
	if err != nil {
		return nil, err
	}
	return &batch{reader: newReader(btx, e.memos), e: e, woken: make(map[store.Queue]bool), topics: make(map[string]bool)}, nil
}

// ensure returns a bucket, made if there is none.
func (b *batch) ensure(name string) (*bucket, error) {
	if bk := b.bucket(name); bk != nil {
		return bk, nil
	}
	bb, err := b.btx.CreateBucket([]byte(name))
	if err != nil {
		return nil, fmt.Errorf("make table %s: %w", name, err)
	}
	bk := newBucket(bb, name)
	b.buckets[name] = bk
	return bk, nil
}

// space returns an empty slice with room for n bytes that stay as they are
// until the commit; bbolt keeps what it is given.
func (b *batch) space(n int) []byte {
	const chunk = 32 << 10
	if n > chunk/4 {
		return make([]byte, 0, n)
	}
	if cap(b.arena)-len(b.arena) < n {
		b.arena = make([]byte, 0, chunk)
	}
	at := len(b.arena)
	b.arena = b.arena[:at+n]
	return b.arena[at : at : at+n]
}

// number returns the next of a bucket's numbers. One that is not used stays a gap.
func (b *batch) number(name string) (uint64, error) {
	bk, err := b.ensure(name)
	if err != nil {
		return 0, err
	}
	return bk.NextSequence()
}

func (b *batch) newID(prefix string) string {
	now := time.Now()
	if now.Before(b.e.idsFrom) {
		now = b.e.idsFrom
	}
	if now.After(b.minted) {
		b.minted = now
	}
	return b.e.ids.Next(prefix, now)
}

// run runs a call's function; what it wrote stays only if it succeeds.
func (b *batch) run(c *call) {
	if !c.state.CompareAndSwap(waiting, claimed) {
		return
	}
	if err := c.ctx.Err(); err != nil {
		c.answer(err)
		return
	}
	b.calls = append(b.calls, c)
	t := &tx{reader: reader{btx: b.btx, buckets: b.buckets, memos: b.memos, effort: b.effort}, b: b}
	c.err = b.execute(t, c.fn)
	t.btx = nil
	if c.err != nil {
		t.rollback()
		return
	}
	b.adopt(t)
}

// errEnded stands for a function that ended its goroutine, as t.FailNow does.
var errEnded = errors.New("the function of an Update ended its goroutine")

// execute calls fn. Should fn end the goroutine (runtime.Goexit), its writes are
// taken back here; the writer's loop goes on in another goroutine.
func (b *batch) execute(t *tx, fn func(store.Tx) error) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if p := recover(); p != nil {
			err = fmt.Errorf("the function of an Update panicked: %v", p)
			b.e.log.Error("storage: an update panicked", "panic", p, "stack", string(debug.Stack()))
			return
		}
		b.calls[len(b.calls)-1].err = errEnded
		t.btx = nil
		t.rollback()
	}()
	err = fn(t)
	returned = true
	if err == nil {
		err = t.err
	}
	return err
}

// adopt makes a successful function's share the batch's.
func (b *batch) adopt(t *tx) {
	b.bytes += t.bytes
	b.writes += t.writes
	b.settled = append(b.settled, t.settled...)
	b.touched = append(b.touched, t.touched...)
	b.dropped = append(b.dropped, t.dropped...)
	b.kept = append(b.kept, t.kept...)
	for _, q := range t.woken {
		b.woken[q] = true
	}
	for _, topic := range t.topics {
		b.topics[topic] = true
	}
}

// restore undoes one write.
func (b *batch) restore(u undo) {
	defer func() {
		if p := recover(); p != nil {
			b.spoiled = damaged("take back a write: %v", p)
		}
	}()
	var err error
	if u.old == nil {
		err = u.b.Delete(u.key)
	} else {
		err = u.b.Put(u.key, u.old)
	}
	if err != nil {
		b.spoiled = fmt.Errorf("take back a write: %w", err)
	}
}
