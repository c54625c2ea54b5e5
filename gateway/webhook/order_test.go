package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway"
)

// texts are the data of what was told, in order.
func texts(got []told) (out []string) {
	for _, g := range got {
		var e struct{ Data string }
		_ = json.Unmarshal(g.body, &e)
		out = append(out, e.Data)
	}
	return out
}

func TestOrder(t *testing.T) {
	for name, c := range map[string]struct {
		strict bool
		heals  time.Duration
		want   string
	}{
		"one failure keeps order":       {false, 3 * time.Second, "a a b c"},
		"two step aside":                {false, time.Minute, "a a b b c c a b c"},
		"strict keeps order":            {true, 10 * time.Minute, "a a a a b c"},
		"strict gives up after a while": {true, 16 * time.Minute, "a a a a b b b c a"},
	} {
		t.Run(name, func(t *testing.T) {
			be := &backend{}
			inBubble(t, gateway.Endpoint{Strict: c.strict}, be, func(t *testing.T, b *bench) {
				heals := time.Now().Add(c.heals)
				be.answer = func(int, *http.Request) (int, http.Header) {
					if time.Now().Before(heals) {
						return 500, nil
					}
					return 200, nil
				}
				for _, s := range []string{"a", "b", "c"} {
					b.record("c1", s)
				}
				time.Sleep(24 * time.Hour)
				synctest.Wait()
				got := strings.Join(texts(be.calls()), " ")
				if name == "two step aside" { // the retries' order is left to jitter
					got = got[:11] + " " + strings.Join(sorted(got[12:]), " ")
				}
				if got != c.want {
					t.Errorf("told %s, want %s", got, c.want)
				}
			})
		})
	}
}

// One event that is put off for long must not hold up its conversation.
func TestLongRetryAfterStepsAside(t *testing.T) {
	for _, strict := range []bool{false, true} {
		be := &backend{answer: func(n int, _ *http.Request) (int, http.Header) {
			if n == 1 {
				return 503, http.Header{"Retry-After": {"7200"}}
			}
			return 200, nil
		}}
		inBubble(t, gateway.Endpoint{Strict: strict}, be, func(t *testing.T, b *bench) {
			began := time.Now()
			b.record("c1", "a")
			b.record("c1", "b")
			time.Sleep(3 * time.Hour)
			synctest.Wait()
			got := be.calls()
			if s := strings.Join(texts(got), " "); s != "a b a" {
				t.Fatalf("strict %v: told %s", strict, s)
			}
			if d := got[1].at.Sub(began); d > 6*time.Minute {
				t.Errorf("strict %v: the later event came after %v", strict, d)
			}
			if d := got[2].at.Sub(began); d < 2*time.Hour {
				t.Errorf("strict %v: the receiver's wish was not honoured: %v", strict, d)
			}
		})
	}
}

func sorted(s string) []string { return slices.Sorted(slices.Values(strings.Fields(s))) }

// A backend whose endpoint hangs must not delay another endpoint's events.
func TestSlowEndpointIsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, quick := 0, []time.Duration{}
		be := &backend{answer: func(_ int, r *http.Request) (int, http.Header) {
			if r.URL.Path == "/slow" {
				<-r.Context().Done()
			}
			return 200, nil
		}}
		var mu sync.Mutex
		b := newBench(t, Config{AllowHTTP: true, Observe: func(o Observation) {
			mu.Lock()
			defer mu.Unlock()
			if o.Endpoint == "ep_slow" {
				slow++
			} else {
				quick = append(quick, o.Since)
			}
		}}, gateway.Endpoint{ID: "ep_slow", URL: "http://backend.test/slow"}, gateway.Endpoint{ID: "ep_quick", URL: "http://backend.test/quick"})
		b.fakeNet(be)
		b.run()
		for i := range 600 {
			b.record(gateway.ConversationID(fmt.Sprint("c", i)), "x")
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		b.stop()
		if len(quick) != 600 || slow == 0 || slow > 10 {
			t.Fatalf("%d quick ones, %d slow ones", len(quick), slow)
		}
		if worst := slices.Max(quick); worst > 50*time.Millisecond {
			t.Errorf("the quick endpoint waited %v", worst)
		}
	})
}

// An endpoint gets at most eight at once, and all of a crowd.
func TestConcurrencyPerEndpoint(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	be := &backend{answer: func(_ int, r *http.Request) (int, http.Header) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		mu.Lock()
		now--
		mu.Unlock()
		return 200, nil
	}}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		began := time.Now()
		for i := range 400 {
			b.record(gateway.ConversationID(fmt.Sprint("c", i)), "x")
		}
		for len(be.calls()) < 400 {
			time.Sleep(10 * time.Millisecond)
		}
		if took := time.Since(began); took > 2*time.Second { // 400 × 10 ms / 8 = 500 ms
			t.Errorf("400 events of 10 ms took %v", took)
		}
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		if most > maxInFlight || most < maxInFlight/2 || len(be.calls()) != 400 {
			t.Errorf("%d at once, %d calls", most, len(be.calls()))
		}
	})
}
