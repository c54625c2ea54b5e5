package webhook

import (
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

const (
	// maxInFlight is how many attempts at one endpoint run at once. A new or
	// failing endpoint begins with one; every success doubles it.
	maxInFlight = 8
	// patience is how many failures in a row it takes until an endpoint is left
	// alone between attempts: for a second, then twice as long each time, up to
	// maxPause.
	patience = 3
	maxPause = 30 * time.Second
	// Workers is how many workers the queue of events should have: most of them
	// only wait for answers. No more than maxTroubled wait for endpoints whose last
	// attempt failed; one that is kept back for that may come again after askAgain.
	Workers     = 1024
	maxTroubled = Workers / 4
	askAgain    = 250 * time.Millisecond
	// maxAsked bounds for how long an endpoint's Retry-After also keeps back
	// events it has not refused.
	maxAsked = 5 * time.Minute
)

// gates holds the gate of every endpoint that was told something.
type gates struct {
	mu sync.Mutex
	by map[gateKey]*gate
	// troubled counts what is under way at endpoints whose last attempt failed.
	troubled int
}

type gateKey struct {
	app gateway.AppID
	ep  gateway.EndpointID
}

func newGates() gates { return gates{by: map[gateKey]*gate{}} }

// of is the gate of an endpoint; the caller holds gs.mu.
func (gs *gates) of(k gateKey) *gate {
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

// begin counts an attempt as under way; what it returns is to be told how it ended.
func (gs *gates) begin(app gateway.AppID, ep gateway.EndpointID) (end func(time.Time, attempt)) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	g := gs.of(gateKey{app, ep})
	gs.change(g, func() { g.running++ })
	return func(now time.Time, a attempt) {
		gs.mu.Lock()
		defer gs.mu.Unlock()
		gs.change(g, func() {
			g.running--
			g.learn(now, a)
		})
	}
}

// change keeps troubled true to what changes of a gate.
func (gs *gates) change(g *gate, fn func()) {
	gs.troubled -= g.troubled()
	fn()
	gs.troubled += g.troubled()
}

// room is how many attempts may run at once at an endpoint, or when there may be
// some again.
func (gs *gates) room(k gateKey, now time.Time) (int, time.Time) {
	gs.mu.Lock()
	defer gs.mu.Unlock()
	g := gs.of(k)
	switch {
	case g.until.After(now):
		return 0, g.until
	case g.failures > 0 && g.running == 0 && gs.troubled >= maxTroubled:
		return 0, now.Add(askAgain)
	}
	return g.limit, time.Time{}
}

// Limit is the queue.Config.Limit of events: how many of an endpoint's are told
// at once. While it is left alone, its events stay in the queue untouched,
// however many there are.
func (t *Teller) Limit(p store.Party, now time.Time) (int, time.Time) {
	if p.Group == "" {
		return math.MaxInt, time.Time{}
	}
	return t.gates.room(gateKey{p.App, gateway.EndpointID(p.Group)}, now)
}

// gate knows how an endpoint has been doing lately. It is guarded by gates.mu.
type gate struct {
	limit    int
	running  int
	failures int       // in a row
	until    time.Time // the endpoint is left alone until then
}

// troubled is how many attempts are under way, if the last one failed.
func (g *gate) troubled() int {
	if g.failures == 0 {
		return 0
	}
	return g.running
}

// learn lets an endpoint that answers well have more at once, one that breaks
// down a single attempt at a time, and one that only fails a rest.
func (g *gate) learn(now time.Time, a attempt) {
	if a.aborted {
		return
	}
	if a.told() {
		g.limit, g.failures, g.until = min(maxInFlight, 2*g.limit), 0, time.Time{}
		return
	}
	if a.status == 0 || a.status == http.StatusTooManyRequests || a.status >= http.StatusInternalServerError {
		g.limit = 1
	}
	g.failures++
	rest := min(a.retryAfter, maxAsked)
	if g.failures >= patience {
		rest = max(rest, min(maxPause, time.Second<<min(g.failures-patience, 10)))
	}
	if rest > 0 {
		g.until = now.Add(rest)
	}
}
