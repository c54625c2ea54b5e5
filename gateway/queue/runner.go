// Package queue runs one durable queue of the store: it leases what is due,
// hands it to a handler, and settles it.
//
// It promises that a handler's result and the settling of its item are one
// transaction; that an item is handled by one worker at a time for as long as
// the lease is renewed; that no item, however often its handler panics, stops
// the others or spins; that apps, what their items are grouped by, and shards get
// their turn whatever the others have queued; and that a commit starts its handler within about a millisecond
// when there is nothing else to do.
//
// It leaves to the handler what an item means, its time-outs, and when to try
// again (Schedule helps); to the store durability, fencing and lanes.
package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// Handler does the one side effect of an item and says what changed. It runs
// with no lock and no transaction held, returns soon after ctx ends, and may be
// called again for an item whose result could not be stored. ctx ends when the
// lease is lost or the time to finish at a stop is over; Held tells of the
// lease without any waiting.
type Handler func(ctx context.Context, l store.Leased) Result

// Result is what a handled item leads to; all of it is one transaction.
type Result struct {
	// Scope is locked for Apply; the zero Scope locks only the item itself.
	Scope store.Scope
	// Apply writes what changed; nil is nothing. It is re-runnable and does no
	// I/O. When it fails the item goes back, to be handled anew later.
	Apply func(store.Tx) error
	// Again puts the item back with its Due, Lane, Attempt and Payload; nil
	// removes it.
	Again *store.Item
}

// Limit says how many items of a party may be leased and not handled yet and, if
// that is none, from when on there may be some. Settling what was handled does not
// count. It is asked anew when an item of the party has been handled. It must be
// quick, and is called by one goroutine.
type Limit func(p store.Party, now time.Time) (n int, from time.Time)

// Config is what a Runner needs. Store, Queue, Handler and Log are required.
type Config struct {
	Store   store.Store
	Queue   store.Queue
	Handler Handler
	// Workers is how many handlers run at once; 0 means 16.
	Workers int
	// LeaseFor is how long an item is held before the lease must be renewed,
	// which happens after a third of it; 0 means one minute.
	LeaseFor time.Duration
	// Poll is how often the store is asked although nothing woke the queue;
	// 0 means 5 s.
	Poll time.Duration
	// Drain is how long running handlers may go on after a stop; 0 means 20 s.
	Drain time.Duration
	// Limit bounds how many items of a party are handled at once; nil: nothing does.
	// With one, no party gets more than 16, and fewer as workers get scarce.
	Limit Limit
	// Owner names the process in leases, for operators.
	Owner string
	Log   *slog.Logger
	// Observe, if set, is told of every handled item. It must be quick and
	// safe for concurrent use.
	Observe func(Observation)
}

// Outcome is how handling an item ended.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"    // settled and removed
	Again   Outcome = "again"   // settled and put back
	Lost    Outcome = "lost"    // the lease had ended; the result was dropped
	Trouble Outcome = "trouble" // panic, or a result that could not be stored
)

// Observation tells of one handled item.
type Observation struct {
	Queue   store.Queue
	Outcome Outcome
	// Late is how long after its due time the handler started.
	Late time.Duration
	// Took is the time of the handler and of settling.
	Took time.Duration
}

// Runner runs a queue. Make it with New and call Run once.
type Runner struct {
	Config
	holds   holds
	jobs    chan *hold
	ended   chan end
	running atomic.Int64
	oldest  atomic.Int64
}

// New makes a Runner; zero fields of c get their defaults.
func New(c Config) *Runner {
	if c.Workers <= 0 {
		c.Workers = 16
	}
	for d, v := range map[*time.Duration]time.Duration{
		&c.LeaseFor: time.Minute, &c.Poll: 5 * time.Second, &c.Drain: 20 * time.Second,
	} {
		if *d <= 0 {
			*d = v
		}
	}
	c.Log = c.Log.With("queue", string(c.Queue))
	return &Runner{
		Config: c,
		holds:  holds{all: map[*hold]struct{}{}},
		jobs:   make(chan *hold),
		ended:  make(chan end, 2*c.Workers),
	}
}

// Run handles items until ctx ends, and returns nil then; it returns an error
// when the store takes no more work. It returns after everything it started has
// ended: handlers get Drain to finish, what was leased but not begun goes back.
func (r *Runner) Run(ctx context.Context) error {
	work, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	var workers sync.WaitGroup
	for range r.Workers {
		workers.Go(r.work)
	}
	keeping, kept := r.startKeeper(work)

	p := newPump(r, work)
	err := p.run(ctx)
	close(r.jobs)
	if err != nil {
		stop(err) // nothing can be settled any more
	}
	r.release(p.ready.all())
	r.wait(&workers, stop)
	keeping()
	<-kept
	if err != nil {
		return fmt.Errorf("queue %s: %w", r.Queue, err)
	}
	return nil
}

// Running is how many handlers are at work.
func (r *Runner) Running() int { return int(r.running.Load()) }

// Overdue is for how long the earliest waiting item has been due, as far as the
// runner knows; 0 if nothing is late.
func (r *Runner) Overdue(now time.Time) time.Duration {
	ms := r.oldest.Load()
	if ms == 0 {
		return 0
	}
	return max(0, now.Sub(time.UnixMilli(ms)))
}

// errStopping is why a handler's context ends when the time to finish is over.
var errStopping = errors.New("the queue is stopping")

// wait returns when every worker has ended; after Drain their contexts end.
func (r *Runner) wait(workers *sync.WaitGroup, stop context.CancelCauseFunc) {
	limit := time.AfterFunc(r.Drain, func() { stop(errStopping) })
	defer limit.Stop()
	go func() { workers.Wait(); close(r.ended) }()
	for range r.ended { // takes what the pump would have taken
	}
}

// startKeeper renews leases until the returned function is called; the channel
// is closed when it has ended.
func (r *Runner) startKeeper(ctx context.Context) (stop func(), ended <-chan struct{}) {
	ctx, stop = context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(r.LeaseFor / 3)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				r.renew(ctx)
			}
		}
	}()
	return stop, done
}

// release gives back what was leased and not begun.
func (r *Runner) release(hs []*hold) {
	if len(hs) == 0 {
		return
	}
	ls := make([]store.Lease, len(hs))
	for i, h := range hs {
		ls[i] = h.leased.Lease
		r.holds.drop(h)
	}
	ctx, cancel := context.WithTimeout(context.Background(), settleTime)
	defer cancel()
	if err := r.Store.Release(ctx, ls); err != nil {
		r.Log.Warn("leases not given back, they will lapse", "count", len(ls), "err", err)
	}
}
