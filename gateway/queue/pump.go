package queue

import (
	"context"
	"errors"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

const (
	// batch is how many items one lease takes from a shard at most, so that a
	// full shard does not keep the others waiting.
	batch = 16
	// A shard that gave nothing although it looked due is left alone for
	// firstMute, then twice as long each time, up to lastMute.
	firstMute = 5 * time.Millisecond
	lastMute  = 100 * time.Millisecond
	// sickPause is how long the pump leaves the store alone after an error.
	sickPause = time.Second
)

// pump is the one goroutine that leases; all its fields are its own.
type pump struct {
	*Runner
	work  context.Context
	ready ready
	timer *time.Timer

	// due tells when the earliest item of a shard is due, as NextDue said at
	// fresh, corrected by what happened since; stale asks for a new answer.
	due    map[store.Shard]time.Time
	fresh  time.Time
	stale  bool
	mutes  map[store.Shard]mute
	cursor store.Shard // the shard whose turn it is
	sick   time.Time   // until then the store is left alone
	rooms  rooms
}

type mute struct {
	until time.Time
	last  time.Duration
}

func newPump(r *Runner, work context.Context) *pump {
	return &pump{
		Runner: r, work: work, stale: true,
		ready: newReady(), timer: time.NewTimer(0),
		due: map[store.Shard]time.Time{}, mutes: map[store.Shard]mute{}, rooms: newRooms(r.Limit, r.Workers),
	}
}

// run leases and hands out until ctx ends or the store fails.
func (p *pump) run(ctx context.Context) error {
	defer p.timer.Stop()
	wake := p.Store.Wake(p.Queue)
	for ctx.Err() == nil {
		p.handOut()
		leased, err := p.fill(ctx)
		if err = p.judge(ctx, err); err != nil {
			return err
		}
		if leased {
			continue
		}
		p.timer.Reset(p.pause(time.Now()))
		var jobs chan *hold // nil, and never chosen, if there is nothing to hand out
		next := p.ready.peek()
		if next != nil {
			jobs = p.jobs
		}
		select {
		case <-ctx.Done():
		case <-p.Store.Failed():
			return store.ErrFailed
		case jobs <- next:
			p.ready.pop()
		case e := <-p.ended:
			p.end(e)
		case <-wake:
			p.stale = true
		case <-p.timer.C:
		}
	}
	return nil
}

// handOut gives ready items to workers that wait for one.
func (p *pump) handOut() {
	for next := p.ready.peek(); next != nil; next = p.ready.peek() {
		select {
		case p.jobs <- next:
			p.ready.pop()
		default:
			return
		}
	}
}

// room is how many items may be leased now: nothing while at least half of what
// may wait in memory is there, so that leases come in batches.
func (p *pump) room() int {
	if n := p.ready.len(); n <= p.Workers/2 {
		return p.Workers - n
	}
	return 0
}

// fill visits every due shard once, beginning with the one whose turn it is,
// and tells whether it leased anything.
func (p *pump) fill(ctx context.Context) (leased bool, err error) {
	room := p.room()
	now := time.Now()
	if room == 0 || now.Before(p.sick) {
		return false, nil
	}
	if p.stale || now.Sub(p.fresh) >= p.Poll || p.rooms.opens(now) {
		if err := p.refresh(ctx, now); err != nil {
			return false, err
		}
	}
	first := p.cursor
	for i := range 256 {
		s := first + store.Shard(i)
		if at, ok := p.due[s]; !ok || at.After(now) || p.mutes[s].until.After(now) {
			continue
		}
		n, err := p.lease(ctx, s, min(room, batch))
		if err != nil {
			return leased, err
		}
		leased = leased || n > 0
		p.cursor = s + 1
		if room -= n; room == 0 || p.rooms.filled {
			break // the others' due times may be those of a party without room
		}
	}
	return leased, nil
}

// refresh asks the store when each shard is due.
func (p *pump) refresh(ctx context.Context, now time.Time) error {
	p.stale = false // before the answer: what comes later wakes again
	p.rooms.anew(now)
	due, err := p.Store.NextDue(ctx, p.Queue, p.rooms.room)
	if err != nil {
		p.stale = true
		return err
	}
	p.due, p.fresh = due, now
	var oldest int64
	for _, at := range due {
		if ms := at.UnixMilli(); oldest == 0 || ms < oldest {
			oldest = ms
		}
	}
	p.oldest.Store(oldest)
	return nil
}

// lease takes up to n due items of a shard.
func (p *pump) lease(ctx context.Context, s store.Shard, n int) (int, error) {
	now := time.Now()
	until := now.Add(p.LeaseFor)
	p.rooms.look(now)
	ls, err := p.Store.Lease(ctx, store.LeaseRequest{
		Queue: p.Queue, Shard: s, Now: now, Until: until, Max: n, Room: p.rooms.room, Owner: p.Owner,
	})
	if err != nil {
		return 0, err
	}
	for _, l := range ls {
		p.ready.push(p.hold(p.work, l, until))
		p.rooms.take(l.Item.Party())
	}
	if len(ls) == 0 { // taken by another process, or kept back by a lane
		last := min(max(firstMute, 2*p.mutes[s].last), lastMute)
		p.mutes[s] = mute{now.Add(last), last}
	} else {
		delete(p.mutes, s)
	}
	if len(ls) < n || p.rooms.filled { // emptied, for now; the store knows what is next
		delete(p.due, s)
		p.stale = true
	}
	return len(ls), nil
}

// end has what the end of an item allows looked at: when it was handled, others
// of its party; when it was settled, the next of its lane, or the item itself if it
// was put back.
func (p *pump) end(e end) {
	h, s := e.h, e.h.leased.Item.Shard
	if !e.settled {
		if p.rooms.leave(h.leased.Item.Party()) {
			p.stale = true
		}
		return
	}
	if h.leased.Item.Lane != "" {
		p.stale = true
	}
	if known, ok := p.due[s]; !h.again.IsZero() && (!ok || h.again.Before(known)) {
		p.due[s] = h.again
	}
}

// pause is how long the pump may sleep when nothing wakes it.
func (p *pump) pause(now time.Time) time.Duration {
	if p.room() == 0 {
		return p.Poll // the end of a handler wakes it
	}
	if now.Before(p.sick) {
		return p.sick.Sub(now)
	}
	if p.stale {
		return 0
	}
	next := p.fresh.Add(p.Poll)
	if at := p.rooms.next; !at.IsZero() && at.Before(next) {
		next = at
	}
	for s, at := range p.due {
		if m := p.mutes[s].until; m.After(at) {
			at = m
		}
		if at.Before(next) {
			next = at
		}
	}
	return max(0, next.Sub(now))
}

// judge returns an error of the store if it is the end; after any other it has
// the store left alone for a while.
func (p *pump) judge(ctx context.Context, err error) error {
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case errors.Is(err, store.ErrFailed), errors.Is(err, store.ErrClosed):
		return err
	}
	p.Log.Error("cannot lease, trying again", "err", err, "in", sickPause)
	p.sick = time.Now().Add(sickPause)
	return nil
}
