package smtpd

import (
	"net/netip"
	"sync"
	"time"
)

// bucket is an allowance that is used up at once or evenly, and comes back
// evenly over its period. It is the time at which it will be full again, so
// that the zero value is full.
type bucket struct{ full time.Time }

// take uses one of most; false means that none is left.
func (b *bucket) take(now time.Time, most int, period time.Duration) bool {
	if b.full.Before(now) {
		b.full = now
	}
	next := b.full.Add(period / time.Duration(most))
	if next.Sub(now) > period {
		return false
	}
	b.full = next
	return true
}

// maxNetworks is how many networks a meter remembers. IPv6 has more /64s than
// there is memory.
const maxNetworks = 1 << 16

// meter gives each network an allowance of its own. A negative one has no end.
type meter struct {
	most   int
	period time.Duration

	mu    sync.Mutex
	used  map[netip.Prefix]bucket
	swept time.Time
}

func newMeter(most int, period time.Duration) *meter {
	return &meter{most: most, period: period, used: map[netip.Prefix]bucket{}}
}

// take uses one of the network's allowance; false means that none is left.
func (m *meter) take(network netip.Prefix) bool {
	if m.most < 0 {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	b, known := m.used[network]
	if !known && len(m.used) >= maxNetworks {
		m.forget(now)
	}
	ok := b.take(now, m.most, m.period)
	m.used[network] = b
	return ok
}

// forget makes room: of the networks whose allowance is full again nothing
// need be known. If there is none, one of the others gets off.
func (m *meter) forget(now time.Time) {
	if now.Sub(m.swept) > time.Second { // looking at all of them has its price
		m.swept = now
		for n, b := range m.used {
			if !b.full.After(now) {
				delete(m.used, n)
			}
		}
	}
	for n := range m.used {
		if len(m.used) < maxNetworks {
			return
		}
		delete(m.used, n)
	}
}
