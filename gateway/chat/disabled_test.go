package chat_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
)

// withdrawDisabled runs the pass to its end, and counts its parts.
func (h *house) withdrawDisabled() int {
	h.t.Helper()
	var from []byte
	for n := 1; ; n++ {
		next, err := h.WithdrawDisabled(h.ctx, "shop", from)
		if h.ok(err); next == nil {
			return n
		}
		from = next
	}
}

// told are the states of those about whom something was written down.
func told(ns []gateway.Notification) string {
	return states(slices.DeleteFunc(ns, func(n gateway.Notification) bool { return n.ID == "" }))
}

// TestMailSwitchedOff: what is queued is cancelled, what waits is due now and
// skipped, however long its delay, and others wait on.
func TestMailSwitchedOff(t *testing.T) {
	week := gateway.MaxDelay
	off := gateway.Role{EmailDisabled: true, Delay: &week}
	for what, c := range map[string]struct{ before, after gateway.Role }{
		"built-in":  {gateway.Role{Delay: &week}, off},
		"external":  {gateway.Role{Schedule: gateway.ScheduleExternal}, gateway.Role{Schedule: gateway.ScheduleExternal, EmailDisabled: true}},
		"quiet":     {gateway.Role{QuietHours: &gateway.QuietHours{From: 0, To: 1439}}, gateway.Role{EmailDisabled: true}},
		"by a role": {gateway.Role{Delay: &week}, off},
	} {
		h := newHouse(t)
		h.user("bob", `{"name":"Bob","email":["bob@example.com"],"role":"still"}`)
		h.user("eve", `{"name":"Eve","email":["eve@example.com"]}`)
		h.user("ann", `{"name":"Ann"}`)
		h.put("c1", `{"participants":["ann","bob","eve"]}`)
		h.roles(map[string]gateway.Role{"still": c.before, gateway.DefaultRole: {Delay: &week}})
		h.say("c1", "ann", "hello")
		h.now = h.now.Add(3 * time.Minute)
		if !h.due("c1").IsZero() && !h.due("c1").After(h.now) {
			h.fire()
		}
		h.roles(map[string]gateway.Role{"still": c.after, gateway.DefaultRole: {Delay: &week}})
		h.withdrawDisabled()
		if due := h.due("c1"); due.After(h.now) {
			t.Fatalf("%s: decided about at %v, now is %v", what, due, h.now)
		}
		if got := told(h.fire()); got != "[bob:skipped:disabled]" {
			t.Errorf("%s: decided %q", what, got)
		}
		h.roles(map[string]gateway.Role{"still": c.before, gateway.DefaultRole: {Delay: &week}})
		h.now = h.now.Add(8 * 24 * time.Hour)
		_, err := h.Run(h.ctx, "shop")
		h.ok(err)
		if got := told(h.fire()); got != "[eve:triggered:]" {
			t.Errorf("%s: when it is switched on again: %q", what, got)
		}
	}
}

// TestQueuedMailsOfARole: more than one part of the pass, and only those of the
// role.
func TestQueuedMailsOfARole(t *testing.T) {
	h := newHouse(t)
	h.user("ann", `{"name":"Ann"}`)
	const n = 1100
	h.ok(h.update(func(tx store.Tx) error {
		for i := range n {
			u := gateway.User{ID: gateway.UserID(fmt.Sprint("u", i)), Role: []string{"still", "loud"}[i%2]}
			if err := store.Users.Put(tx, store.UserKey("shop", u.ID), u); err != nil {
				return err
			}
			c := gateway.ConversationID(fmt.Sprint("c", i))
			d := gateway.Delivery{
				ID: gateway.DeliveryID(fmt.Sprint("dlv_", i)), Notification: "ntf_x", Conversation: c, Recipient: u.ID, State: gateway.DeliveryQueued,
				To: gateway.Address{LocalPart: fmt.Sprint("u", i), Domain: "example.com"},
			}
			if err := chat.QueueDelivery(tx, h.now, "shop", d); err != nil {
				return err
			}
		}
		return nil
	}))
	h.roles(map[string]gateway.Role{"still": {EmailDisabled: true}})
	if parts := h.withdrawDisabled(); parts < 4 {
		t.Errorf("%d parts", parts)
	}
	left := 0
	h.view(func(rd store.Reader) error {
		left = 0
		return store.Unsent.Scan(rd, store.Range{}, func(_ store.Key, m store.UnsentMail) (bool, error) {
			left++
			d, err := store.Mails.Get(rd, store.AppKey("shop").String(string(m.Delivery)))
			if d.State != gateway.DeliveryQueued {
				t.Errorf("%s is %s", d.ID, d.State)
			}
			return true, err
		})
	})
	if left != n/2 {
		t.Errorf("%d mails are still queued, want %d", left, n/2)
	}
}

// TestManyWaitInVain: more conversations than a part of the pass has, one of them
// too old to wait; those in which only others wait are left alone.
func TestManyWaitInVain(t *testing.T) {
	h := newHouse(t)
	h.user("ann", `{"name":"Ann"}`)
	h.user("bob", `{"name":"Bob","email":["bob@example.com"],"role":"still"}`)
	h.user("eve", `{"name":"Eve","email":["eve@example.com"]}`)
	const n = 510
	for i := range n {
		with := "bob"
		if i%3 == 0 {
			with = "eve"
		}
		c := gateway.ConversationID(fmt.Sprint("c", i))
		h.put(c, fmt.Sprintf(`{"participants":["ann",%q]}`, with))
		h.say(c, "ann", "hello")
	}
	h.roles(map[string]gateway.Role{"still": {EmailDisabled: true}})
	h.withdrawDisabled()
	now, later := 0, 0
	for i := range n {
		if h.due(gateway.ConversationID(fmt.Sprint("c", i))).After(h.now) {
			later++
		} else {
			now++
		}
	}
	if want := (n + 2) / 3; later != want || now != n-want {
		t.Errorf("%d are due now, %d later", now, later)
	}
}

// TestMailOffIsNotWaitedFor: nobody waits for the delay, the quiet hours or a
// call from outside to be told that there is no mail.
func TestMailOffIsNotWaitedFor(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.roles(map[string]gateway.Role{gateway.DefaultRole: {Schedule: gateway.ScheduleExternal}})
	h.say("c1", "ann", "hello")
	for _, in := range h.pending().Inputs {
		if in.User.ID != "bob" {
			continue
		}
		if d := notify.Decide(in, h.now); d.Act != notify.Leave {
			t.Errorf("switched on: %v", d.Act)
		}
		in.App.EmailDisabled = true
		if d := notify.Decide(in, h.now); d.Act != notify.Skip || d.Reason != gateway.ReasonDisabled {
			t.Errorf("switched off: %v %s", d.Act, d.Reason)
		}
	}
}
