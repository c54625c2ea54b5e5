package api

import (
	"net/http"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
)

// Limit bounds the calls of one key: Burst at once (at least
// gateway.MinCallBurst), and PerSecond on average (at least 1).
// Most clients of this API do not expect to be put off, so that the default is
// far above what a backend does on purpose; it ends loops.
type Limit struct {
	PerSecond float64
	Burst     int
}

// DefaultLimit is what a Server without a Limit has.
var DefaultLimit = Limit{PerSecond: 5000, Burst: 10_000}

// limiter counts the calls of every key, and of every app with limits of its own
// (a token bucket each). It is safe for concurrent use.
type limiter struct {
	Limit
	mu      sync.Mutex
	buckets map[bucketKey]bucket
	swept   time.Time
}

// bucketKey names a key's bucket; without a key, that of the whole app.
type bucketKey struct {
	app gateway.AppID
	key gateway.KeyID
}

type bucket struct {
	Limit
	left float64
	at   time.Time
}

func newLimiter(l Limit) *limiter {
	if l == (Limit{}) {
		l = DefaultLimit
	}
	l.PerSecond, l.Burst = max(l.PerSecond, gateway.MinCallsPerSecond), max(l.Burst, gateway.MinCallBurst)
	return &limiter{Limit: l, buckets: map[bucketKey]bucket{}}
}

// take takes one call from a bucket, if there is one.
func (l *limiter) take(k bucketKey, of Limit, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	b, known := l.buckets[k]
	if !known {
		b = bucket{left: float64(of.Burst), at: now}
	}
	b.Limit = of
	b.left, b.at = b.filled(now), now
	ok := b.left >= 1
	if ok {
		b.left--
	}
	l.buckets[k] = b
	return ok
}

// filled is what a bucket holds by now; a clock that was set back adds nothing.
func (b bucket) filled(now time.Time) float64 {
	return min(float64(b.Burst), b.left+max(0, now.Sub(b.at).Seconds())*b.PerSecond)
}

// sweep forgets buckets that are full again, so that only keys in use are held.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute && !now.Before(l.swept) {
		return
	}
	l.swept = now
	for k, b := range l.buckets {
		if b.filled(now) >= float64(b.Burst) {
			delete(l.buckets, k)
		}
	}
}

// spend takes the call from its key's allowance, and from the app's if it has one.
func (c *call) spend() error {
	now := time.Now()
	if !c.limits.take(bucketKey{c.app.ID, c.key.ID}, c.limits.Limit, now) {
		return fail(http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED", "rate",
			"Too many calls with this key; wait as long as Retry-After says.")
	}
	own := c.app.Limits
	if own == nil || c.limits.take(bucketKey{app: c.app.ID}, Limit{own.CallsPerSecond, own.CallBurst}, now) {
		return nil
	}
	return fail(http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED", "rate",
		"Too many calls of this app; wait as long as Retry-After says.")
}

// shownLimits are what an app may do, and how much of it is in use.
type shownLimits struct {
	Key       shownRate  `json:"key"`
	App       *shownRate `json:"app"` // null: only each key is limited
	Keys      shownUse   `json:"keys"`
	Endpoints shownUse   `json:"endpoints"`
	Roles     shownUse   `json:"roles"`
}

type shownRate struct {
	CallsPerSecond float64 `json:"callsPerSecond"`
	CallBurst      int     `json:"callBurst"`
}

type shownUse struct {
	Most int `json:"most"`
	Used int `json:"used"`
}

// getLimits tells what this key and its app may do.
func getLimits(c *call, _ []string) (any, error) {
	return shownLimits{
		Key:       shownRate{c.limits.PerSecond, c.limits.Burst},
		App:       showRate(c.app.Limits),
		Keys:      shownUse{app.MaxKeys, len(c.app.Keys)},
		Endpoints: shownUse{app.MaxEndpoints, len(c.app.Endpoints)},
		Roles:     shownUse{app.MaxRoles, len(c.app.Roles)},
	}, nil
}

func showRate(l *gateway.Limits) *shownRate {
	if l == nil {
		return nil
	}
	return &shownRate{l.CallsPerSecond, l.CallBurst}
}
