package api

import (
	"net/http"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway"
)

// Limit bounds the calls of one key: Burst at once (at least MinBurst), and
// PerSecond on average (at least 1).
// Most clients of this API do not expect to be put off, so that the default is
// far above what a backend does on purpose; it ends loops.
type Limit struct {
	PerSecond float64
	Burst     int
}

// DefaultLimit is what a Server without a Limit has.
var DefaultLimit = Limit{PerSecond: 5000, Burst: 10_000}

// MinBurst is the least burst: a lower one breaks clients that import a list.
const MinBurst = 600

// limiter counts the calls of every key (a token bucket each). It is safe for
// concurrent use.
type limiter struct {
	Limit
	mu      sync.Mutex
	buckets map[bucketKey]bucket
	swept   time.Time
}

type bucketKey struct {
	app gateway.AppID
	key gateway.KeyID
}

type bucket struct {
	left float64
	at   time.Time
}

func newLimiter(l Limit) *limiter {
	if l == (Limit{}) {
		l = DefaultLimit
	}
	l.PerSecond, l.Burst = max(l.PerSecond, 1), max(l.Burst, MinBurst)
	return &limiter{Limit: l, buckets: map[bucketKey]bucket{}}
}

// take takes one call from a key's bucket, if there is one.
func (l *limiter) take(k bucketKey, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	b, known := l.buckets[k]
	if !known {
		b = bucket{left: float64(l.Burst), at: now}
	}
	b = bucket{left: l.filled(b, now), at: now}
	ok := b.left >= 1
	if ok {
		b.left--
	}
	l.buckets[k] = b
	return ok
}

// filled is what a bucket holds by now; a clock that was set back adds nothing.
func (l *limiter) filled(b bucket, now time.Time) float64 {
	return min(float64(l.Burst), b.left+max(0, now.Sub(b.at).Seconds())*l.PerSecond)
}

// sweep forgets buckets that are full again, so that only keys in use are held.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute && !now.Before(l.swept) {
		return
	}
	l.swept = now
	for k, b := range l.buckets {
		if l.filled(b, now) >= float64(l.Burst) {
			delete(l.buckets, k)
		}
	}
}

// spend takes the call from its key's allowance.
func (c *call) spend() error {
	if c.limits.take(bucketKey{c.app.ID, c.key.ID}, time.Now()) {
		return nil
	}
	return fail(http.StatusTooManyRequests, "RATE_LIMIT_EXCEEDED", "rate",
		"Too many calls with this key; wait as long as Retry-After says.")
}
