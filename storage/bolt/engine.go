package bolt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Engine is an open database. It implements store.Store.
//
// An Engine opened inside a testing/synctest bubble lives in that bubble.
type Engine struct {
	dir     string
	log     *slog.Logger
	db      *bbolt.DB
	file    *os.File // the database file again, to read pages without mapping them
	unlock  func() error
	running sync.WaitGroup // the writer and the janitor

	calls   chan *call
	cur     *batch  // the writer's
	pending []*call // the writer's: calls that come before those of the channel
	closing chan struct{}
	closed  sync.Once

	failed   chan struct{}
	failOnce sync.Once
	cause    error // set before failed is closed

	ids      gateway.IDSource
	idsFrom  time.Time // no identifier here is of an earlier time
	idsUntil time.Time // the writer's: the mark on the disk, later than all

	leases *leases
	blobs  *blobs
	memos  *memos

	wakeMu sync.Mutex
	wakes  map[store.Queue]chan struct{}
	topics map[string]chan struct{} // those that somebody listens to

	commits, updates atomic.Int64

	// What was read and written, since Open.
	readRecords, readBytes, wroteRecords, wroteBytes atomic.Int64
}

// View implements store.Store. A panic of fn goes on to the caller, but for one
// that says that a page could not be read.
func (e *Engine) View(ctx context.Context, fn func(store.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return e.read(func(rd *reader) error { return fn(rd) })
}

// read runs fn in a read transaction.
func (e *Engine) read(fn func(*reader) error) (err error) {
	if err := e.failure(); err != nil {
		return err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	btx, err := begin(e.db, false)
	if err != nil {
		return err
	}
	rd := newReader(btx, e.memos)
	defer func() {
		rd.btx = nil
		btx.Rollback()
		e.hasRead(rd.effort)
		if p := recover(); p != nil {
			if !isFault(p) {
				panic(p)
			}
			err = damaged("%v", p)
		}
	}()
	return fn(&rd)
}

func (e *Engine) hasRead(n *effort) {
	e.readRecords.Add(n.records)
	e.readBytes.Add(n.bytes)
}

// usable tells why the engine can do nothing, if so.
func (e *Engine) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-e.closing:
		return store.ErrClosed
	default:
		return e.failure()
	}
}

// fail ends the engine's work, for the first cause, and returns the error.
func (e *Engine) fail(cause error) error {
	e.failOnce.Do(func() {
		e.cause = fmt.Errorf("%w (%w)", store.ErrFailed, cause)
		e.log.Error("storage has failed and takes no more work", "err", cause)
		close(e.failed)
	})
	return e.failure()
}

// failure is the error of a failed engine, or nil.
func (e *Engine) failure() error {
	select {
	case <-e.failed:
		return e.cause
	default:
		return nil
	}
}

// Failed implements store.Store.
func (e *Engine) Failed() <-chan struct{} { return e.failed }

// Wake implements store.Store. All calls for a queue return the same channel.
func (e *Engine) Wake(q store.Queue) <-chan struct{} { return e.waker(q) }

func (e *Engine) waker(q store.Queue) chan struct{} {
	e.wakeMu.Lock()
	defer e.wakeMu.Unlock()
	if e.wakes[q] == nil {
		e.wakes[q] = make(chan struct{}, 1)
	}
	return e.wakes[q]
}

// wake gives a hint to those who wait for work.
func (e *Engine) wake(queues map[store.Queue]bool) {
	for q := range queues {
		select {
		case e.waker(q) <- struct{}{}:
		default:
		}
	}
}

// Listen implements store.Store.
func (e *Engine) Listen(topic string) <-chan struct{} {
	e.wakeMu.Lock()
	defer e.wakeMu.Unlock()
	if e.topics[topic] == nil {
		e.topics[topic] = make(chan struct{})
	}
	return e.topics[topic]
}

// announce tells those who listen.
func (e *Engine) announce(topics map[string]bool) {
	if len(topics) == 0 {
		return
	}
	e.wakeMu.Lock()
	defer e.wakeMu.Unlock()
	for t := range topics {
		if c := e.topics[t]; c != nil {
			close(c)
			delete(e.topics, t)
		}
	}
}

// Close implements store.Store. It must not be called from within a transaction.
func (e *Engine) Close() error {
	var err error
	e.closed.Do(func() {
		close(e.closing)
		e.running.Wait()
		err = errors.Join(e.syncFreelist(), e.db.Close(), e.file.Close(), e.unlock())
	})
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// syncFreelist writes the list of free pages if it was left out, so that the
// next start need not search for them.
func (e *Engine) syncFreelist() (err error) {
	if !e.db.NoFreelistSync || e.failure() != nil {
		return nil
	}
	defer caught(&err)
	e.db.NoFreelistSync = false
	return e.db.Update(func(*bbolt.Tx) error { return nil })
}

// Stats are figures for operators.
type Stats struct {
	FileBytes int64 // size of the database file
	FreeBytes int64 // of it, free for new rows
	Leases    int   // items leased now
	Commits   int64 // since Open
	Updates   int64 // since Open; by Commits: how many share one

	// What was looked at and written since Open: records of rows, queues and
	// blobs, those looked for in vain and those deleted included, and the bytes
	// of their keys and values.
	ReadRecords, ReadBytes       int64
	WrittenRecords, WrittenBytes int64
}

// Stats returns the engine's figures.
func (e *Engine) Stats() Stats {
	s := Stats{
		Commits: e.commits.Load(), Updates: e.updates.Load(),
		ReadRecords: e.readRecords.Load(), ReadBytes: e.readBytes.Load(),
		WrittenRecords: e.wroteRecords.Load(), WrittenBytes: e.wroteBytes.Load(),
	}
	if fi, err := e.file.Stat(); err == nil {
		s.FileBytes = fi.Size()
	}
	s.FreeBytes = int64(e.db.Stats().FreeAlloc)
	e.leases.mu.Lock()
	defer e.leases.mu.Unlock()
	s.Leases = e.leases.n
	return s
}
