package dns

import (
	"container/list"
	"sync"
	"time"

	mdns "github.com/miekg/dns"
)

// Bounds of the cache beside its number of entries.
const (
	maxCacheBytes  = 16 << 20
	maxPositiveTTL = time.Hour
	maxNegativeTTL = 5 * time.Minute // RFC 2308, section 5, would allow hours
)

type question struct {
	name  string // as wireName makes it
	qtype uint16
}

// answer is what the Domain Name System holds for a question; no records means
// that there are none.
type answer struct {
	records []mdns.RR
	noName  bool // the name asked for does not exist
	ttl     time.Duration
	size    int
}

// cache keeps answers until they expire, the least recently used forgotten
// first. It is safe for concurrent use.
type cache struct {
	now     func() time.Time
	entries int // how many at most

	mu    sync.Mutex
	items map[question]*list.Element // of *cached
	order *list.List                 // the most recently used in front
	bytes int
}

type cached struct {
	question question
	answer   answer
	expires  time.Time
}

func newCache(entries int, now func() time.Time) *cache {
	return &cache{now: now, entries: entries, items: map[question]*list.Element{}, order: list.New()}
}

func (c *cache) get(q question) (answer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[q]
	if !ok {
		return answer{}, false
	}
	hit := e.Value.(*cached)
	if !c.now().Before(hit.expires) {
		c.drop(e)
		return answer{}, false
	}
	c.order.MoveToFront(e)
	return hit.answer, true
}

func (c *cache) put(q question, a answer) {
	if a.ttl <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.items[q]; ok {
		c.drop(e)
	}
	c.items[q] = c.order.PushFront(&cached{q, a, c.now().Add(a.ttl)})
	c.bytes += a.size
	for c.order.Len() > c.entries || c.bytes > maxCacheBytes {
		c.drop(c.order.Back())
	}
}

func (c *cache) drop(e *list.Element) {
	hit := c.order.Remove(e).(*cached)
	delete(c.items, hit.question)
	c.bytes -= hit.answer.size
}
