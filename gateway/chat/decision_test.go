package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/wire"
)

func (h *house) pending() (p chat.Pending) {
	h.t.Helper()
	h.view(func(rd store.Reader) (err error) {
		p, err = chat.LoadPending(rd, "shop", "c1")
		return err
	})
	return p
}

// decideAll is the due item's handler: it decides about everybody and makes one
// mail per address.
func (h *house) decideAll(p chat.Pending) []chat.Decided {
	var out []chat.Decided
	for _, in := range p.Inputs {
		d := chat.Decided{Recipient: in.User.ID, Decision: notify.Decide(in, h.now)}
		for i, a := range d.Decision.Addresses {
			d.Deliveries = append(d.Deliveries, gateway.Delivery{To: a, MessageID: fmt.Sprint(i, "@reply"), ExpiresAt: h.now.Add(48 * time.Hour)})
		}
		out = append(out, d)
	}
	return out
}

// settle leases the due item and settles it with what was decided.
func (h *house) settle(p chat.Pending, ds []chat.Decided) (ns []gateway.Notification) {
	h.t.Helper()
	leased, err := h.Store.Lease(h.ctx, store.LeaseRequest{
		Queue: store.Notifications, Shard: store.ShardOf("shop", "c1"), Now: h.now, Until: h.now.Add(time.Minute), Max: 1,
	})
	h.ok(err)
	if len(leased) != 1 {
		h.t.Fatalf("the due item is not due at %v but at %v", h.now, h.due("c1"))
	}
	h.ok(h.update(func(tx store.Tx) error {
		if err := tx.Done(leased[0].Lease); err != nil {
			return err
		}
		ns, err = h.RecordDecisions(tx, h.now, "shop", p.Conversation, ds)
		return err
	}))
	return ns
}

func (h *house) fire() []gateway.Notification {
	h.t.Helper()
	p := h.pending()
	return h.settle(p, h.decideAll(p))
}

func states(ns []gateway.Notification) string {
	var out []string
	for _, n := range ns {
		out = append(out, fmt.Sprint(n.Recipient, ":", n.State, ":", n.Reason))
	}
	slices.Sort(out)
	return fmt.Sprint(out)
}

func (h *house) deliver(id gateway.DeliveryID, state gateway.DeliveryState) {
	h.t.Helper()
	h.ok(h.update(func(tx store.Tx) error {
		_, err := h.DeliverySettled(tx, h.now, "shop", chat.Settled{Delivery: id, State: state, Reason: reasonOf(state),
			Attempt: &gateway.Attempt{At: h.now, Hop: "mx:25", Status: gateway.Status{Code: 250}}})
		return err
	}))
}

func reasonOf(st gateway.DeliveryState) gateway.Reason {
	if st == gateway.DeliveryBounced {
		return gateway.ReasonRefused
	}
	return ""
}

// TestFromMessageToMail follows a message to its notification, its two mails
// and their events.
func TestFromMessageToMail(t *testing.T) {
	h := newHouse(t)
	h.talk()
	ids := h.say("c1", "ann", "one", "two")
	n := len(h.events(0))
	h.now = h.due("c1")
	ns := h.fire()
	if got := states(ns); got != "[:: bob:triggered:]" {
		t.Fatalf("decided %s", got)
	}
	note := ns[slices.IndexFunc(ns, func(n gateway.Notification) bool { return n.ID != "" })]
	if !slices.Equal(note.Messages, ids) || len(note.Deliveries) != 2 || note.UpTo != 2 || !h.due("c1").IsZero() {
		t.Errorf("notification %+v, due %v", note, h.due("c1"))
	}
	var d wire.NotificationData
	if h.only(n, gateway.EventNotificationTriggered, &d); d.NotificationID != note.ID || d.Recipient.ID != "bob" || d.Sender.ID != "ann" || len(d.Messages) != 2 || d.Conversation.ID != "c1" {
		t.Errorf("told %+v", d)
	}
	if len(h.events(n)) != 1 {
		t.Errorf("%d events: ann's own words are no news", len(h.events(n)))
	}
	p := h.participant("c1", "bob")
	if p.NotifiedCount != 2 || !p.LastMailAt.Equal(h.now) || len(h.pending().Inputs) != 0 {
		t.Errorf("bob %+v; still pending: %d", p, len(h.pending().Inputs))
	}
	h.view(func(rd store.Reader) error {
		it, err := rd.Item(store.DeliveryItem("shop", "c1", note.Deliveries[0]))
		if !it.Due.Equal(h.now) {
			t.Errorf("the mail is due %v", it.Due)
		}
		return err
	})
	h.deliver(note.Deliveries[0], gateway.DeliveryDeferred)
	h.deliver(note.Deliveries[0], gateway.DeliveryDeferred)
	h.deliver(note.Deliveries[1], gateway.DeliveryBounced)
	if got := h.types(n + 1); got != "[notification.deferred]" {
		t.Errorf("told %s", got)
	}
	h.deliver(note.Deliveries[0], gateway.DeliverySent)
	if h.only(n, gateway.EventNotificationSent, &d); d.Delivery == nil || d.Delivery.ID != note.Deliveries[0] || len(d.Delivery.Attempts) != 3 || len(d.Messages) != 2 {
		t.Errorf("told %+v", d)
	}
	h.deliver(note.Deliveries[0], gateway.DeliveryBounced) // a report that comes late
	if h.only(n, gateway.EventNotificationBounced, &d); d.Reason != gateway.ReasonRefused {
		t.Errorf("told %+v", d)
	}
	if n := h.rows(store.Unsent.Table, nil); n != 0 {
		t.Errorf("%d mails count as unsent", n)
	}
}

func (h *house) types(n int) string {
	h.t.Helper()
	var out []gateway.EventType
	for _, e := range h.events(n) {
		out = append(out, e.Type)
	}
	return fmt.Sprint(out)
}

// TestSkipsAreTold: each with its reason and the messages it is about.
func TestSkipsAreTold(t *testing.T) {
	for reason, change := range map[gateway.Reason]func(*house) error{
		gateway.ReasonRead: func(h *house) error { return h.MarkRead(h.ctx, "shop", "c1", "bob", "") },
		gateway.ReasonMuted: func(h *house) error {
			return h.PatchParticipant(h.ctx, "shop", "c1", "bob", chat.ParticipantPatch{Notify: chat.Give(wire.Notify(gateway.NotifyNone))})
		},
		gateway.ReasonNoAddress: func(h *house) error { h.user("bob", `{"email":null}`); return nil },
		gateway.ReasonNoAccess:  func(h *house) error { return h.Leave(h.ctx, "shop", "c1", "bob") },
		gateway.ReasonReturned: func(h *house) error {
			return h.SetPresence(h.ctx, "shop", "bob", chat.PresencePatch{SelectedConversation: chat.Give(gateway.ConversationID("c1"))})
		},
		gateway.ReasonUnsubscribed: func(h *house) error {
			for _, a := range []string{"bob@example.com", "BOB@example.net"} {
				to, _ := gateway.ParseAddress(a)
				if err := (suppression.Service{Store: h.Store}).Unsubscribe(h.ctx, suppression.Fact{App: "shop", Address: to, Kind: suppression.Page}); err != nil {
					return err
				}
			}
			return nil
		},
		gateway.ReasonDeleted: func(h *house) error {
			ms, err := h.Messages(h.ctx, "shop", "c1", chat.MessagesQuery{Limit: 1})
			h.ok(err)
			return h.DeleteMessage(h.ctx, "shop", "c1", ms[0].ID)
		},
	} {
		h := newHouse(t)
		h.talk()
		h.say("c1", "ann", "hello")
		h.now = h.now.Add(time.Minute)
		n := len(h.events(0))
		h.ok(change(h))
		h.now = h.due("c1")
		ns := h.fire()
		var d wire.NotificationData
		if h.only(n, gateway.EventNotificationSkipped, &d); d.Reason != reason && reason != gateway.ReasonDeleted {
			t.Errorf("%s: told %q (%s)", reason, d.Reason, states(ns))
		}
		if d.Recipient.ID != "bob" || d.Sentence != d.Reason.Sentence() || d.Sentence == "" {
			t.Errorf("%s: told %+v", reason, d)
		}
		if reason != gateway.ReasonDeleted && len(d.Messages) != 1 {
			t.Errorf("%s: told of %d messages", reason, len(d.Messages))
		}
		if len(h.pending().Inputs) != 0 || !h.due("c1").IsZero() {
			t.Errorf("%s: still pending", reason)
		}
	}
}

// TestPostedWhileDeciding: a message that comes between deciding and settling
// is not lost, though no due item was made for it.
func TestPostedWhileDeciding(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.say("c1", "ann", "one")
	h.now = h.due("c1")
	p := h.pending()
	ds := h.decideAll(p)
	h.say("c1", "ann", "two") // the item is there still
	h.settle(p, ds)
	if want := h.now.Add(gateway.DefaultDelay); !h.due("c1").Equal(want) {
		t.Fatalf("due %v, want %v", h.due("c1"), want)
	}
	h.now = h.due("c1")
	ns := h.fire()
	for _, n := range ns {
		if n.Recipient == "bob" && (len(n.Messages) != 1 || n.State != gateway.NotificationTriggered) {
			t.Errorf("the second mail: %+v", n)
		}
	}
	if got := states(ns); got != "[:: bob:triggered:]" {
		t.Errorf("decided %s", got)
	}
}

// TestOvertaken: what changes between deciding and settling counts.
func TestOvertaken(t *testing.T) {
	for reason, change := range map[gateway.Reason]func(*house) error{
		gateway.ReasonRead:     func(h *house) error { return h.MarkRead(h.ctx, "shop", "c1", "bob", "") },
		gateway.ReasonNoAccess: func(h *house) error { return h.Leave(h.ctx, "shop", "c1", "bob") },
		gateway.ReasonMuted: func(h *house) error {
			return h.PatchParticipant(h.ctx, "shop", "c1", "bob", chat.ParticipantPatch{Notify: chat.Give(wire.Notify(gateway.NotifyNone))})
		},
	} {
		h := newHouse(t)
		h.talk()
		h.say("c1", "ann", "one")
		h.now = h.due("c1")
		p := h.pending()
		ds := h.decideAll(p)
		n := len(h.events(0))
		h.ok(change(h))
		h.settle(p, ds)
		var d wire.NotificationData
		if h.only(n, gateway.EventNotificationSkipped, &d); d.Reason != reason {
			t.Errorf("%s: told %q", reason, d.Reason)
		}
		if n := h.rows(store.Mails.Table, nil); n != 0 {
			t.Errorf("%s: %d mails were queued", reason, n)
		}
	}
	h := newHouse(t)
	h.talk()
	h.say("c1", "ann", "one")
	h.now = h.due("c1")
	p := h.pending()
	ds := h.decideAll(p)
	h.ok(h.DeleteConversation(h.ctx, "shop", "c1"))
	h.put("c1", `{"participants":["ann","bob"]}`)
	h.ok(h.update(func(tx store.Tx) error {
		ns, err := h.RecordDecisions(tx, h.now, "shop", p.Conversation, ds)
		if got := states(ns); got != "[:: ::]" {
			t.Errorf("a conversation made anew got the old one's mail: %s", got)
		}
		return err
	}))
	if n := h.rows(store.Mails.Table, nil); n != 0 {
		t.Errorf("%d mails were queued", n)
	}
}

// TestDelaysPerRole: each is told at their own time, by one item.
func TestDelaysPerRole(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.user("cy", `{"name":"Cy","email":"cy@example.com","role":"fast"}`)
	h.ok(h.Join(h.ctx, "shop", "c1", "cy", chat.ParticipantPatch{}))
	h.ok(h.Store.Update(h.ctx, store.AppScope("shop"), func(tx store.Tx) error {
		a, err := store.Apps.Get(tx, store.AppKey("shop"))
		if err != nil {
			return err
		}
		fast := 5 * time.Second
		a.Roles = map[string]gateway.Role{"fast": {Delay: &fast}}
		return store.Apps.Put(tx, store.AppKey("shop"), a)
	}))
	start := h.now
	h.say("c1", "ann", "hello")
	if due := h.due("c1"); !due.Equal(start.Add(5 * time.Second)) {
		t.Fatalf("due %v", due)
	}
	h.now = h.due("c1")
	if got := states(h.fire()); got != "[:: :: cy:triggered:]" {
		t.Errorf("first: %s", got)
	}
	if due := h.due("c1"); !due.Equal(start.Add(gateway.DefaultDelay)) {
		t.Fatalf("then due %v", due)
	}
	h.now = h.due("c1")
	if got := states(h.fire()); got != "[bob:triggered:]" {
		t.Errorf("then: %s", got)
	}
}

// TestForceReachesThoseWhoWait: forcing hastens an item that waits for others.
func TestForceReachesThoseWhoWait(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.say("c1", "ann", "hello")
	h.ok(h.ForceNotification(h.ctx, "shop", "c1"))
	if got := states(h.fire()); got != "[:: bob:triggered:]" {
		t.Errorf("forced: %s", got)
	}
	h.ok(h.ForceNotification(h.ctx, "shop", "c1"))
	if got := states(h.fire()); got != "[]" {
		t.Errorf("forced again with nothing new: %s", got)
	}
	if err := h.ForceNotification(h.ctx, "shop", "no"); !missing(err) {
		t.Errorf("an unknown conversation: %v", err)
	}
}

// TestBurst: thousands of messages make one mail, shown bounded and counted.
func TestBurst(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.say("c1", "ann", "first")
	h.now = h.due("c1")
	h.fire()
	began := h.now
	for range 60 {
		h.now = h.now.Add(time.Second)
		h.say("c1", "ann", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10")
	}
	in := h.pending().Inputs
	i := slices.IndexFunc(in, func(in notify.Input) bool { return in.User.ID == "bob" })
	if i < 0 || len(in[i].Messages) != notify.MaxMessages || in[i].Earlier != 400 || !in[i].Since.Equal(began.Add(time.Second)) {
		t.Fatalf("loaded %d messages, %d earlier, since %v", len(in[i].Messages), in[i].Earlier, in[i].Since.Sub(began))
	}
	h.now = h.now.Add(time.Hour)
	ns := h.fire()
	for _, n := range ns {
		if n.Recipient == "bob" && len(n.Messages) != gateway.MaxMaxShown {
			t.Errorf("shows %d", len(n.Messages))
		}
	}
	if got := states(ns); got != "[:: bob:triggered:]" {
		t.Errorf("decided %s", got)
	}
}

// TestWithdrawn: mails that are withdrawn at the door, one by one.
func TestWithdrawn(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.say("c1", "ann", "hello")
	h.now = h.due("c1")
	for _, n := range h.fire() {
		for i, id := range n.Deliveries {
			h.deliver(id, gateway.DeliveryCancelled)
			var got gateway.Notification
			h.view(func(rd store.Reader) (err error) {
				got, err = store.Decisions.Get(rd, store.AppKey("shop").String(string(n.ID)))
				return err
			})
			if got.State == gateway.NotificationCancelled != (i == 1) {
				t.Errorf("after %d of 2 the notification is %s", i+1, got.State)
			}
		}
	}
	if n := h.rows(store.Unsent.Table, nil); n != 0 {
		t.Errorf("%d mails count as unsent", n)
	}
}

// TestUnsubscribingCancels what is queued to the address, and the notification
// once nothing of it can be sent any more.
func TestUnsubscribingCancels(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.say("c1", "ann", "hello")
	h.now = h.due("c1")
	h.fire()
	facts := suppression.Service{Store: h.Store, Now: h.Now}
	note := func() (n gateway.Notification) {
		h.view(func(rd store.Reader) error {
			return store.Decisions.Scan(rd, store.Range{}, func(_ store.Key, v gateway.Notification) (bool, error) {
				n = v
				return true, nil
			})
		})
		return n
	}
	for i, address := range []string{"Bob@example.com", "bob@example.net"} {
		a, err := gateway.ParseAddress(address)
		h.ok(err)
		n := len(h.events(0))
		for range 2 {
			h.ok(facts.Unsubscribe(h.ctx, suppression.Fact{App: "shop", Address: a, Kind: suppression.OneClick, User: "bob"}))
		}
		var d wire.AddressData
		if h.only(n, gateway.EventAddressUnsubscribed, &d); d.Address != a.String() || *d.UserID != "bob" {
			t.Errorf("told %+v", d)
		}
		if got := note().State; got == gateway.NotificationCancelled != (i == 1) {
			t.Errorf("after %d of 2 the notification is %s", i+1, got)
		}
	}
	if n := note(); n.Reason != gateway.ReasonUnsubscribed {
		t.Errorf("cancelled for %q", n.Reason)
	}
	for _, id := range note().Deliveries {
		h.view(func(rd store.Reader) error {
			if _, err := rd.Item(store.DeliveryItem("shop", "c1", id)); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the mail is still queued: %v", err)
			}
			return nil
		})
		h.deliver(id, gateway.DeliverySent)
	}
	if got := note().State; got != gateway.NotificationCancelled {
		t.Errorf("a cancelled mail settled and the notification is %s", got)
	}
	if n := h.rows(store.Unsent.Table, nil); n != 0 {
		t.Errorf("%d mails count as unsent", n)
	}
}
