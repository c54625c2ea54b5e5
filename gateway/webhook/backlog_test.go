package webhook

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
)

// catching is a receiver that was down and comes back.
type catching struct {
	mu     sync.Mutex
	up     bool
	tried  int
	got    int
	twice  int
	seen   map[string]bool
	seqs   map[string]uint64
	unfit  int // events that came before an earlier one of their conversation
	first  time.Time
	last   time.Time
	expect int
	done   chan struct{}
}

func (c *catching) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var e struct {
		Seq  uint64
		Data string
	}
	_ = json.Unmarshal(body, &e)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.up {
		c.tried++
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if id := r.Header.Get("webhook-id"); c.seen[id] {
		c.twice++
		return
	} else {
		c.seen[id] = true
	}
	if c.got++; c.got == 1 {
		c.first = time.Now()
	}
	// What failed twice was passed by later ones, as is promised; it says so.
	if r.Header.Get("webhook-attempt") == "1" {
		if e.Seq <= c.seqs[e.Data] {
			c.unfit++
		}
		c.seqs[e.Data] = e.Seq
	}
	if c.last = time.Now(); c.got == c.expect {
		close(c.done)
	}
}

// quick is a receiver that notes when each event came.
type quick struct {
	mu  sync.Mutex
	got map[string]time.Time
}

func (q *quick) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	q.mu.Lock()
	q.got[r.Header.Get("webhook-id")] = time.Now()
	q.mu.Unlock()
}

// best is what three rounds of measuring show at their best: the machine may do
// other things too.
func (q *quick) best(b *bench) (p50, p99 time.Duration) {
	b.t.Helper()
	p50, p99 = time.Hour, time.Hour
	for range 3 {
		middle, tail := q.measure(b, 200)
		p50, p99 = min(p50, middle), min(p99, tail)
	}
	return p50, p99
}

// measure records n events for the quick endpoint, one every few milliseconds, and
// returns the median and the 99th percentile of the time to their receipt.
func (q *quick) measure(b *bench, n int) (p50, p99 time.Duration) {
	b.t.Helper()
	sent := map[string]time.Time{}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for i := range n {
		<-tick.C
		began := time.Now()
		id := b.recordAs(gateway.EventMessageRead, &gateway.Conversation{ID: gateway.ConversationID(fmt.Sprint("quick", i))}, "x")
		sent[string(id)] = began
	}
	eventually(b.t, "every quick event", func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		for id := range sent {
			if q.got[id].IsZero() {
				return false
			}
		}
		return true
	})
	var took []time.Duration
	for id, at := range sent {
		took = append(took, q.got[id].Sub(at))
	}
	slices.Sort(took)
	return took[n/2], took[n*99/100]
}

// recordAs puts an event of a type.
func (b *bench) recordAs(typ gateway.EventType, conv *gateway.Conversation, data any) (id gateway.EventID) {
	b.t.Helper()
	b.update(func(tx store.Tx) error {
		app, err := store.Apps.Get(tx, store.AppKey("shop"))
		if err == nil {
			id, err = event.Record(tx, &app, conv, typ, data, time.Now(), "")
		}
		return err
	})
	return id
}

// fill queues n events of many conversations for the endpoint that is down.
func (b *bench) fill(n, conversations int) {
	b.t.Helper()
	convs := make([]gateway.Conversation, conversations)
	for from := 0; from < n; from += 500 {
		b.update(func(tx store.Tx) error {
			app, err := store.Apps.Get(tx, store.AppKey("shop"))
			for i := from; i < min(n, from+500) && err == nil; i++ {
				c := &convs[i%conversations]
				c.ID, c.EventSeq = gateway.ConversationID(fmt.Sprint("c", i%conversations)), uint64(i/conversations)
				_, err = event.Record(tx, &app, c, gateway.EventMessageSent, string(c.ID), time.Now(), "")
			}
			return err
		})
	}
}

// heap is the memory in use, after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestReceiverIsDownForLong has a large backlog wait for a receiver that is down:
// it costs no memory by its size and no other endpoint its speed, and is caught up
// with in order, once each, when the receiver is back. REPLYGATE_LONG makes it a
// million events.
func TestReceiverIsDownForLong(t *testing.T) {
	n, long := 3000, os.Getenv("REPLYGATE_LONG") != ""
	if long {
		n = 1_000_000
	}
	down := &catching{seen: make(map[string]bool, n), seqs: map[string]uint64{}, expect: n, done: make(chan struct{})}
	fast := &quick{got: map[string]time.Time{}}
	downSrv, fastSrv := httptest.NewServer(down), httptest.NewServer(fast)
	defer downSrv.Close()
	defer fastSrv.Close()
	b := newBench(t, Config{AllowHTTP: true, AllowNetworks: loopback},
		gateway.Endpoint{ID: "down", URL: downSrv.URL, Types: []gateway.EventType{gateway.EventMessageSent}},
		gateway.Endpoint{ID: "fast", URL: fastSrv.URL, Types: []gateway.EventType{gateway.EventMessageRead}})
	b.teller.Log = quiet
	b.run()
	fast.measure(b, 100) // warm
	p50, p99 := fast.best(b)
	t.Logf("alone: the quick endpoint's p50 %v, p99 %v", p50, p99)
	empty := heap()

	began := time.Now()
	b.fill(n, max(100, n/200))
	t.Logf("%d events queued in %v", n, time.Since(began).Round(time.Millisecond))
	p50down, p99down := fast.best(b)
	used := heap() - min(empty, heap())
	t.Logf("%d wait for one that is down: p50 %v, p99 %v (%.2f×), %d attempts, heap +%d KiB",
		n, p50down, p99down, float64(p99down)/float64(p99), down.tried, used>>10)
	if used > 32<<20 {
		t.Errorf("%d MiB for events that only wait", used>>20)
	}
	if down.tried == 0 || down.tried > 200 {
		t.Errorf("%d attempts at an endpoint that is down", down.tried)
	}

	down.mu.Lock()
	down.up = true
	down.mu.Unlock()
	var busy [2]time.Duration
	var wg sync.WaitGroup
	wg.Go(func() { busy[0], busy[1] = fast.best(b) })
	select {
	case <-down.done:
	case <-time.After(time.Hour):
		t.Errorf("after an hour %d of %d were told", down.got, n)
	}
	wg.Wait()
	rate := float64(down.got) / down.last.Sub(down.first).Seconds()
	t.Logf("caught up at %.0f/s; meanwhile the quick endpoint's p50 %v, p99 %v", rate, busy[0], busy[1])
	// As much in the database, and nobody in trouble.
	p50after, p99after := fast.best(b)
	t.Logf("afterwards: p50 %v, p99 %v", p50after, p99after)
	// Times and rates are figures of a machine that does nothing else; the short
	// form shows them and holds only what does not depend on it. The figure is
	// 1.2; the rest is for what the machine does beside this.
	if long && p99down > max(p99, p99after)*12/10+5*time.Millisecond {
		t.Errorf("the other endpoint's p99 was %v, %v before and %v after", p99down, p99, p99after)
	}
	if down.twice > 0 || down.unfit > 0 || long && rate < 500 {
		t.Errorf("%d twice, %d out of order, %.0f/s", down.twice, down.unfit, rate)
	}
}
