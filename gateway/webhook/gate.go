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
	// maxAsked bounds for how long an endpoint's Retry-After also keeps back
	// events it has not refused.
	maxAsked = 5 * time.Minute
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

// Limit is the queue.Config.Limit of events: how many of an endpoint's are told
// at once. While it is left alone, its events stay in the queue untouched,
// however many there are.
func (t *Teller) Limit(p store.Party, now time.Time) (int, time.Time) {
	if p.Group == "" {
		return math.MaxInt, time.Time{}
	}
	return t.gates.of(p.App, gateway.EndpointID(p.Group)).room(now)
}

// gate knows how an endpoint has been doing lately.
type gate struct {
	mu       sync.Mutex
	limit    int
	failures int       // in a row
	until    time.Time // the endpoint is left alone until then
}

// room is how many attempts may run at once, or when there may be some again.
func (g *gate) room(now time.Time) (int, time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.until.After(now) {
		return 0, g.until
	}
	return g.limit, time.Time{}
}

// learn lets an endpoint that answers well have more at once, one that breaks
// down a single attempt at a time, and one that only fails a rest.
func (g *gate) learn(now time.Time, a attempt) {
	if a.aborted {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
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
