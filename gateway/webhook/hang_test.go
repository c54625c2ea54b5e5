package webhook

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway"
)

// TestManyHang: dozens of endpoints that did well hang all at once, with many
// events for each. Another one's events are told as ever.
func TestManyHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hang atomic.Bool
		be := &backend{answer: func(_ int, r *http.Request) (int, http.Header) {
			if hang.Load() && strings.HasPrefix(r.URL.Path, "/slow") {
				<-r.Context().Done()
			}
			return 200, nil
		}}
		var mu sync.Mutex
		var quick []time.Duration
		slow := 0
		endpoints := []gateway.Endpoint{{ID: "quick", URL: "http://backend.test/quick"}}
		for i := range 24 {
			id := fmt.Sprint("slow", i)
			endpoints = append(endpoints, gateway.Endpoint{ID: gateway.EndpointID(id), URL: "http://backend.test/" + id})
		}
		b := newBench(t, Config{AllowHTTP: true, Observe: func(o Observation) {
			mu.Lock()
			defer mu.Unlock()
			if o.Endpoint == "quick" {
				quick = append(quick, o.Since)
			} else {
				slow++
			}
		}}, endpoints...)
		b.workers = 128
		b.fakeNet(be)
		b.run()
		n := 0
		crowd := func(times int, every time.Duration) {
			for range times {
				n++
				b.record(gateway.ConversationID(fmt.Sprint("c", n)), "x")
				time.Sleep(every)
			}
		}
		crowd(6, 100*time.Millisecond) // they do well
		hang.Store(true)
		crowd(8, time.Millisecond) // all at once
		crowd(12, 1500*time.Millisecond)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		b.stop()
		mu.Lock()
		defer mu.Unlock()
		if len(quick) != n || slow < 6*24+24 {
			t.Fatalf("%d of %d quick ones, %d slow ones", len(quick), n, slow)
		}
		if worst := slices.Max(quick); worst > 100*time.Millisecond {
			t.Errorf("the quick endpoint waited %v", worst)
		}
	})
}
