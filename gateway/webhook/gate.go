package webhook

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway"
)

const (
	// maxInFlight is how many attempts at one endpoint run at once. A new or
	// failing endpoint begins with one; every success doubles it.
	maxInFlight = 8
	// maxInLine is how many more workers may wait at an endpoint, for lineTime
	// each; what finds no place there goes back into the queue.
	maxInLine = 8
	lineTime  = 20 * time.Millisecond
	// What goes back is spread over the time the endpoint needs for it, as far
	// as it is known, but over no more than the horizon.
	horizon        = 30 * time.Second
	failingHorizon = 10 * time.Minute
	minDefer       = 10 * time.Millisecond
	// maxPause bounds for how long an endpoint's Retry-After also keeps back
	// events it has not refused.
	maxPause = 5 * time.Minute
)

// gates holds the gate of every endpoint that was told something.
type gates struct {
	mu sync.Mutex
	by map[gateKey]*gate
}

type gateKey struct {
	app gateway.AppID
	ep  gateway.EndpointID
}

func newGates() gates { return gates{by: map[gateKey]*gate{}} }

func (gs *gates) of(app gateway.AppID, ep gateway.EndpointID) *gate {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	k := gateKey{app, ep}
	if gs.by[k] == nil {
		gs.by[k] = &gate{limit: 1}
	}
	return gs.by[k]
}

// forget drops what is known of an endpoint that is told nothing any more.
func (gs *gates) forget(app gateway.AppID, ep gateway.EndpointID) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	delete(gs.by, gateKey{app, ep})
}

// gate keeps one endpoint from occupying every worker.
type gate struct {
	mu       sync.Mutex
	limit    int
	inFlight int
	line     []chan struct{} // closed when its owner may pass
	failing  bool
	took     time.Duration // of an attempt, on average; 0: unknown
	moved    time.Time     // when an attempt began at an idle endpoint, or ended
	paused   time.Time     // the endpoint asked for silence until then
	next     time.Time     // when what goes back next should come again
}

// enter lets an attempt begin, after a short wait in line if need be. If there
// is no place it says when to come again.
func (g *gate) enter(ctx context.Context, now time.Time) (again time.Time, ok bool) {
	g.mu.Lock()
	switch {
	case g.paused.After(now):
		at := g.paused.Add(g.slot(now, g.paused))
		g.mu.Unlock()
		return at, false
	case g.inFlight < g.limit:
		if g.inFlight++; g.inFlight == 1 {
			g.moved = now
		}
		g.mu.Unlock()
		return time.Time{}, true
	case g.failing || len(g.line) >= maxInLine:
		at := now.Add(g.slot(now, now))
		g.mu.Unlock()
		return at, false
	}
	pass := make(chan struct{})
	g.line = append(g.line, pass)
	g.mu.Unlock()
	return g.wait(ctx, pass)
}

// wait stands in line.
func (g *gate) wait(ctx context.Context, pass chan struct{}) (again time.Time, ok bool) {
	t := time.NewTimer(lineTime)
	defer t.Stop()
	select {
	case <-pass:
		return time.Time{}, true
	case <-t.C:
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, c := range g.line {
		if c == pass {
			g.line = append(g.line[:i], g.line[i+1:]...)
			now := time.Now()
			return now.Add(g.slot(now, now)), false
		}
	}
	return time.Time{}, true // let in at the last moment
}

// slot returns how long after from an item that goes back should come again:
// one after the other as fast as the endpoint takes them, or, if that is too
// far away, at some time before the horizon.
func (g *gate) slot(now, from time.Time) time.Duration {
	took := g.took
	if g.inFlight > 0 {
		took = max(took, now.Sub(g.moved)) // one that hangs is slow before it fails
	}
	near, far, step := max(minDefer, took/2), horizon, took/maxInFlight
	if g.failing {
		far, step = failingHorizon, took
	}
	if first := from.Add(near); g.next.Before(first) {
		g.next = first
	}
	d := g.next.Sub(from)
	if d > far {
		return near + rand.N(far)
	}
	g.next = g.next.Add(step)
	return d
}

// leave ends an attempt, learns from it, and lets in who waits.
func (g *gate) leave(now time.Time, a attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight--
	g.moved = now
	if !a.aborted {
		g.learn(now, a)
	}
	for g.inFlight < g.limit && len(g.line) > 0 {
		close(g.line[0])
		g.line = g.line[1:]
		g.inFlight++
	}
}

// learn lets an endpoint that answers well have more at once, and one that
// fails a single attempt at a time until it succeeds.
func (g *gate) learn(now time.Time, a attempt) {
	if g.took == 0 {
		g.took = a.took
	}
	g.took += (a.took - g.took) / 4
	if !a.told() {
		g.failing, g.limit = true, 1
		if a.retryAfter > 0 {
			g.paused = now.Add(min(a.retryAfter, maxPause))
		}
		return
	}
	if g.failing {
		g.failing, g.next, g.paused = false, now, time.Time{}
	}
	g.limit = min(maxInFlight, 2*g.limit)
}
