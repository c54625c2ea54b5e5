package queue

import (
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

func TestReadyTakesAppsInTurn(t *testing.T) {
	r := newReady()
	for _, name := range []string{"a1", "a2", "a3", "a4", "b1", "c1", "c2"} {
		r.push(&hold{leased: store.Leased{Item: store.Item{ItemRef: store.ItemRef{App: gateway.AppID(name[:1]), ID: name}}}})
	}
	var got []string
	for _, h := range r.all() {
		got = append(got, h.leased.Item.ID)
	}
	if s := strings.Join(got, " "); s != "a1 b1 c1 a2 c2 a3 a4" {
		t.Errorf("order %s", s)
	}
	if r.len() != 0 || r.peek() != nil || len(r.turns) != 0 || len(r.lines) != 0 {
		t.Error("an emptied ready still holds something")
	}
}
