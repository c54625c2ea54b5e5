package webhook

import (
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
)

// TestTroubledEndpointsTakeAPart: those whose last attempt failed wait with no
// more than a part of the workers, those that do well are let in all the same.
func TestTroubledEndpointsTakeAPart(t *testing.T) {
	gs, now := newGates(), time.Now()
	at := func(i int) gateKey { return gateKey{"shop", gateway.EndpointID(fmt.Sprint("ep", i))} }
	begin := func(i int) func(time.Time, attempt) { return gs.begin(at(i).app, at(i).ep) }
	for i := range 2 * maxTroubled {
		begin(i)(now, attempt{status: 500})
	}
	var ends []func(time.Time, attempt)
	for i := range 2 * maxTroubled {
		n, from := gs.room(at(i), now)
		if want := i < maxTroubled; (n > 0) != want || !want && !from.After(now) {
			t.Fatalf("endpoint %d: room for %d, from %v", i, n, from.Sub(now))
		}
		if n > 0 {
			ends = append(ends, begin(i))
		}
	}
	if n, _ := gs.room(at(-1), now); n != 1 {
		t.Errorf("a new endpoint has room for %d", n)
	}
	if n, _ := gs.room(at(0), now); n != 1 {
		t.Errorf("one that is under way has room for %d", n)
	}
	ends[0](now, attempt{status: 200})
	if n, _ := gs.room(at(maxTroubled), now); n != 1 {
		t.Errorf("there is room for %d after one recovered", n)
	}
	if n, _ := gs.room(at(0), now); n != 2 {
		t.Errorf("the one that recovered has room for %d", n)
	}
	for _, end := range ends[1:] {
		end(now, attempt{aborted: true})
	}
	if gs.troubled != 0 {
		t.Errorf("%d are counted though none is under way", gs.troubled)
	}
}
