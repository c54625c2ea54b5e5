package bolt

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/replygate/replygate/gateway/store"
)

// Update implements store.Store. fn runs in the writer's goroutine, which
// serialises all scopes.
func (e *Engine) Update(ctx context.Context, _ store.Scope, fn func(store.Tx) error) error {
	if err := e.usable(ctx); err != nil {
		return err
	}
	c := &call{ctx: ctx, fn: fn, done: make(chan struct{})}
	select {
	case e.calls <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-e.failed:
		return e.failure()
	case <-e.closing:
		return store.ErrClosed
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.state.CompareAndSwap(waiting, left) {
			return ctx.Err()
		}
		<-c.done
	}
	return c.err
}

// write is the writer's loop. It owns e.cur, the batch that is being filled.
func (e *Engine) write() {
	over := false
	defer func() {
		if over {
			e.running.Done()
			return
		}
		go e.write() // a function ended our goroutine; its batch goes on
	}()
	debug.SetPanicOnFault(true)
	for e.cur != nil || e.wait() {
		e.fill()
		e.settleBatch()
	}
	over = true
}

// wait blocks until there is a first call for a batch, or none any more.
func (e *Engine) wait() bool {
	if e.failure() != nil {
		return false
	}
	select {
	case c := <-e.calls:
		e.start(c)
		return true
	case <-e.closing:
		return false
	case <-e.failed:
		return false
	}
}

// start begins a batch with its first calls.
func (e *Engine) start(calls ...*call) {
	b, err := e.newBatch()
	if err != nil {
		err = e.fail(err)
		for _, c := range calls {
			c.answer(err)
		}
		return
	}
	e.cur, e.pending = b, calls
}

// fill runs the functions that wait, until nobody waits or the batch is full.
func (e *Engine) fill() {
	for b := e.cur; b != nil && b.spoiled == nil; {
		c := e.take(b)
		if c == nil {
			return
		}
		b.run(c)
	}
}

// take returns the next call of a batch, or nil. When nobody waits it lets those
// who were just answered come back once: they are on their way.
func (e *Engine) take(b *batch) *call {
	if len(e.pending) > 0 {
		c := e.pending[0]
		e.pending = e.pending[1:]
		return c
	}
	if len(b.calls) >= batchCalls || b.bytes >= batchBytes {
		return nil
	}
	select {
	case c := <-e.calls:
		return c
	default:
		runtime.Gosched()
	}
	select {
	case c := <-e.calls:
		return c
	default:
		return nil
	}
}

// settleBatch commits the batch and answers everybody in it. Those who failed
// are answered now too: what they saw may have been another's, and is true only
// since the commit.
func (e *Engine) settleBatch() {
	b := e.cur
	if b == nil {
		return
	}
	e.cur = nil
	e.hasRead(b.effort)
	if b.spoiled != nil {
		e.retry(b)
		return
	}
	id := b.btx.ID()
	err := e.failure()
	if err == nil {
		err = b.commit()
	}
	if err != nil {
		b.abandon()
		err = e.commitError(id, err)
		for _, c := range b.calls {
			c.answer(err)
		}
		return
	}
	e.tuneFreelist()
	e.commits.Add(1)
	e.updates.Add(int64(len(b.calls)))
	for _, c := range b.calls {
		c.answer(c.err)
	}
}

// retry gives up a batch in which bbolt panicked, answers the call that met the
// damage, and runs its neighbours again.
func (e *Engine) retry(b *batch) {
	b.abandon()
	last := len(b.calls) - 1
	e.log.Error("storage: a write met a damaged page", "err", b.spoiled)
	b.calls[last].answer(b.spoiled)
	again := append([]*call(nil), b.calls[:last]...)
	for _, c := range again {
		c.err = nil
		c.state.Store(waiting)
	}
	if again = append(again, e.pending...); len(again) > 0 {
		e.start(again...)
	}
}
