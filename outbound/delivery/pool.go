package delivery

import (
	"context"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/outbound/route"
)

// errClosed is the answer to a mail that comes after Close.
var errClosed = gateway.Status{Code: 451, Enhanced: [3]int{4, 3, 2}, Text: "we are shutting down"}

// pool keeps the connections that are open and unused, and bounds those in use.
// The zero value is ready.
type pool struct {
	mu     sync.Mutex
	lanes  map[laneKey]*lane
	closed bool
	quits  sync.WaitGroup // timers set and connections being ended
}

// lane holds the connections to one hop, as one identity.
type lane struct {
	key   laneKey
	slots chan struct{} // one per connection in use
	users int           // deliveries under way or waiting
	idle  []*idle       // the longest unused first
}

type idle struct {
	session *session
	timer   *time.Timer
}

// laneKey tells hops apart by everything that makes a connection theirs.
type laneKey struct {
	hop  route.NextHop // without Auth
	auth route.Credentials
}

func keyOf(hop route.NextHop) laneKey {
	k := laneKey{hop: hop}
	if hop.Auth != nil {
		k.auth, k.hop.Auth = *hop.Auth, nil
	}
	return k
}

// enter waits for the right to one of the lane's connections.
func (p *pool) enter(ctx context.Context, key laneKey, connections int) (*lane, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, errClosed
	}
	l := p.lanes[key]
	if l == nil {
		l = &lane{key: key, slots: make(chan struct{}, connections)}
		if p.lanes == nil {
			p.lanes = map[laneKey]*lane{}
		}
		p.lanes[key] = l
	}
	l.users++
	p.mu.Unlock()
	select {
	case l.slots <- struct{}{}:
		return l, nil
	case <-ctx.Done():
		p.gone(l)
		return nil, errStopped
	}
}

// leave gives the right back.
func (p *pool) leave(l *lane) {
	<-l.slots
	p.gone(l)
}

func (p *pool) gone(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.users--
	p.sweep(l)
}

// sweep forgets a lane nobody uses. p.mu is held.
func (p *pool) sweep(l *lane) {
	if l.users == 0 && len(l.idle) == 0 && p.lanes[l.key] == l {
		delete(p.lanes, l.key)
	}
}

// take returns the connection used last, or nil.
func (p *pool) take(l *lane) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(l.idle)
	if n == 0 {
		return nil
	}
	i := l.idle[n-1]
	l.idle = l.idle[:n-1]
	if i.timer.Stop() {
		p.quits.Done()
	}
	return i.session
}

// keep puts a connection by for a while; it reports false after Close.
func (p *pool) keep(l *lane, s *session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	i := &idle{session: s}
	p.quits.Add(1)
	i.timer = time.AfterFunc(s.limit.Idle, func() {
		defer p.quits.Done()
		if p.expire(l, i) {
			s.quit()
		}
	})
	l.idle = append(l.idle, i)
	return true
}

// expire takes i out of its lane; it reports false if somebody else has.
func (p *pool) expire(l *lane, i *idle) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n, other := range l.idle {
		if other == i {
			l.idle = append(l.idle[:n], l.idle[n+1:]...)
			p.sweep(l)
			return true
		}
	}
	return false
}

// close ends what is kept and waits until it is ended.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	var all []*idle
	for _, l := range p.lanes {
		all = append(all, l.idle...)
		l.idle = nil
		p.sweep(l)
	}
	p.mu.Unlock()
	for _, i := range all {
		if i.timer.Stop() {
			p.quits.Done()
		}
		p.quits.Go(i.session.quit)
	}
	p.quits.Wait()
}

// release puts a session by after a transaction that ended with err, or ends it.
func (c *Client) release(ctx context.Context, l *lane, s *session, err error) {
	switch {
	case !s.reusable(ctx, err):
		s.drop()
	case s.uses >= c.maxUses() || !c.pool.keep(l, s):
		s.quit()
	}
}
