package chat_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// found lists the notifications that have a facet in common, by state.
func (h *house) found(by store.Facet, value string) string {
	h.t.Helper()
	var out []string
	h.view(func(rd store.Reader) error {
		out = nil
		return store.ScanPlaces(rd, store.DecisionsBy, store.Decisions, "shop", store.FacetKey("shop", by, value), "", func(n gateway.Notification) (bool, error) {
			out = append(out, string(n.Recipient)+" "+string(n.State))
			return true, nil
		})
	})
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// TestNotificationsAreFound: by each facet, whatever becomes of them, until they
// are forgotten, places and all.
func TestNotificationsAreFound(t *testing.T) {
	h := newHouse(t)
	h.user("ann", `{"email":"ann@people.test"}`)
	h.user("bob", `{"email":"bob@people.test"}`)
	h.user("cy", `{}`)
	h.put("c1", `{"participants":["ann","bob","cy"]}`)
	h.say("c1", "ann", "Hello")
	h.now = h.now.Add(time.Hour)
	var mail gateway.DeliveryID
	for _, n := range h.fire() {
		if n.Recipient == "bob" {
			mail = n.Deliveries[0]
		}
	}
	check := func(step, bob string) {
		t.Helper()
		for facet, want := range map[string]string{
			"c c1": "bob " + bob + ", cy skipped", "u bob": "bob " + bob, "u cy": "cy skipped", "s " + bob: "bob " + bob,
			"s skipped": "cy skipped", "r no_address": "cy skipped", "u ann": "", "c c2": "",
		} {
			if got := h.found(store.Facet(facet[0]), facet[2:]); got != want {
				t.Errorf("%s, by %s: %q, want %q", step, facet, got, want)
			}
		}
		if n, want := h.rows(store.DecisionsBy.Table, nil), map[string]int{"triggered": 7, "sent": 7, "bounced": 8}[bob]; n != want {
			t.Errorf("%s: %d places, want %d", step, n, want)
		}
	}
	check("decided", "triggered")
	h.deliver(mail, gateway.DeliverySent)
	check("sent", "sent")
	h.deliver(mail, gateway.DeliveryBounced)
	check("bounced later", "bounced")
	h.now = h.now.Add(store.DecisionAge + time.Second)
	_, err := store.Sweep(h.ctx, h.Store, h.now)
	h.ok(err)
	for _, table := range []store.Table{store.Decisions.Table, store.DecisionsBy.Table} {
		if n := h.rows(table, nil); n != 0 {
			t.Error(n, "rows are left of", table)
		}
	}
}
