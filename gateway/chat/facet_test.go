package chat_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// facets are what a record is to be found by, as keys of places.
type facets map[store.Facet]string

// indexed tells of every place that is missing, and of every one too many.
func indexed[T any](h *house, step string, records store.Rows[T], places store.Rows[store.Place], id func(T) string, has func(T) facets) {
	h.t.Helper()
	want, got := map[string]bool{}, map[string]bool{}
	h.view(func(rd store.Reader) error {
		clear(want)
		clear(got)
		if err := records.Scan(rd, store.Range{}, func(_ store.Key, v T) (bool, error) {
			for by, value := range has(v) {
				if value != "" {
					want[string(store.FacetKey("shop", by, value).String(id(v)))] = true
				}
			}
			return true, nil
		}); err != nil {
			return err
		}
		return places.Scan(rd, store.Range{}, func(k store.Key, _ store.Place) (bool, error) {
			got[string(k)] = true
			return true, nil
		})
	})
	if !maps.Equal(got, want) {
		h.t.Errorf("%s: the places of %s are %q, want %q", step, records.Table, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// replies lists the replies in a state, the newest first, n at a time.
func (h *house) replies(state gateway.ReplyState, n int) string {
	h.t.Helper()
	var out []string
	at := store.FacetKey("shop", store.ByState, string(state))
	for more, before := true, ""; more; {
		h.view(func(rd store.Reader) error {
			page := 0
			err := store.ScanPlaces(rd, store.RepliesBy, store.Replies, "shop", at, before, func(r gateway.Reply) (bool, error) {
				if r.State != state {
					h.t.Errorf("%s, which is %s, stands among the %s", r.ID, r.State, state)
				}
				before = string(r.ID)
				out = append(out, before)
				page++
				return page < n, nil
			})
			more = page == n
			return err
		})
	}
	return strings.Join(out, " ")
}

// TestRepliesAreFound: by conversation and state, whatever is decided about them,
// until they are forgotten, places and all.
func TestRepliesAreFound(t *testing.T) {
	h := newHouse(t)
	h.talk()
	want := map[gateway.ReplyState]string{}
	check := func(step string) {
		t.Helper()
		indexed(h, step, store.Replies, store.RepliesBy, func(r gateway.Reply) string { return string(r.ID) }, func(r gateway.Reply) facets {
			return facets{store.ByConversation: string(r.Conversation), store.ByState: string(r.State)}
		})
		for _, st := range []gateway.ReplyState{gateway.ReplyHeld, gateway.ReplyPosted, gateway.ReplyRejected, gateway.ReplyDuplicate, gateway.ReplyAutomatic, gateway.ReplyReaction} {
			for _, page := range []int{1, 2, 100} {
				if got := h.replies(st, page); got != want[st] {
					t.Errorf("%s: %s are %q, want %q", step, st, got, want[st])
				}
			}
		}
	}
	held := func(id gateway.ReplyID, text string) {
		t.Helper()
		h.record(gateway.Reply{ID: id, State: gateway.ReplyHeld, Reason: gateway.ReasonUnauthentic, Digest: text, MessageID: text + "@x.test", Content: &gateway.ReplyContent{Text: text}})
	}
	receive := func(id gateway.ReplyID, text string, state gateway.ReplyState) {
		t.Helper()
		in := mail(h.handle("bob"), text+"@x.test", text)
		in.Reply.ID = id
		if state == gateway.ReplyReaction {
			in.Reply.Reaction = "👍"
		}
		if r, err := h.receive(in); err != nil || r.State != state {
			t.Fatalf("%s is %s, %v", id, r.State, err)
		}
	}
	for i, text := range []string{"yes", "no", "late", "mine", "copy"} {
		held(gateway.ReplyID(fmt.Sprint("rpl_", i)), text)
	}
	h.record(gateway.Reply{ID: "rpl_auto", State: gateway.ReplyAutomatic})
	want[gateway.ReplyHeld], want[gateway.ReplyAutomatic] = "rpl_4 rpl_3 rpl_2 rpl_1 rpl_0", "rpl_auto"
	check("held")
	receive("rpl_5", "copy", gateway.ReplyPosted)
	receive("rpl_6", "copy", gateway.ReplyDuplicate)
	receive("rpl_7", "thumb", gateway.ReplyReaction)
	want[gateway.ReplyPosted], want[gateway.ReplyDuplicate], want[gateway.ReplyReaction] = "rpl_5", "rpl_6", "rpl_7"
	check("received")
	_, err := h.Approve(h.ctx, "shop", "rpl_0")
	h.ok(err)
	want[gateway.ReplyPosted], want[gateway.ReplyHeld] = "rpl_5 rpl_0", "rpl_4 rpl_3 rpl_2 rpl_1"
	check("approved")
	_, err = h.Approve(h.ctx, "shop", "rpl_4")
	h.ok(err)
	want[gateway.ReplyDuplicate], want[gateway.ReplyHeld] = "rpl_6 rpl_4", "rpl_3 rpl_2 rpl_1"
	check("approved a copy")
	_, err = h.Reject(h.ctx, "shop", "rpl_1")
	h.ok(err)
	_, err = h.Discard(h.ctx, "shop", "rpl_3")
	h.ok(err)
	want[gateway.ReplyRejected], want[gateway.ReplyHeld] = "rpl_3 rpl_1", "rpl_2"
	check("rejected")
	h.later(store.HeldAge)
	check("their mail is gone, but for the held one's")
	h.ok(h.ExpireHeld(h.ctx))
	want[gateway.ReplyRejected], want[gateway.ReplyHeld] = "rpl_3 rpl_2 rpl_1", ""
	check("nobody decided in time")
	h.later(2 * time.Hour)
	check("its mail is gone")
	h.later(longAgo)
	clear(want)
	check("a year later")
	if n := h.rows(store.Replies.Table, nil) + h.rows(store.RepliesBy.Table, nil); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// TestReplyFromBefore: one that was stored without places has those that it
// needs from the next change on.
func TestReplyFromBefore(t *testing.T) {
	h := newHouse(t)
	h.talk()
	r := gateway.Reply{ID: "rpl_1", Conversation: "c1", Participant: "bob", State: gateway.ReplyHeld, ReceivedAt: h.now}
	h.ok(h.update(func(tx store.Tx) error {
		return store.Replies.Put(tx, store.AppKey("shop").String("rpl_1"), r)
	}))
	_, err := h.Reject(h.ctx, "shop", "rpl_1")
	h.ok(err)
	if got := h.replies(gateway.ReplyRejected, 10) + h.replies(gateway.ReplyHeld, 10); got != "rpl_1" {
		t.Errorf("found are %q", got)
	}
}

// TestDeliveriesAreFound: by conversation, recipient and state, whatever becomes of
// them, until they are forgotten, places and all.
func TestDeliveriesAreFound(t *testing.T) {
	h := newHouse(t)
	h.talk()
	check := func(step, want string) {
		t.Helper()
		indexed(h, step, store.Mails, store.DeliveriesBy, func(d gateway.Delivery) string { return string(d.ID) }, func(d gateway.Delivery) facets {
			return facets{store.ByConversation: string(d.Conversation), store.ByRecipient: string(d.Recipient), store.ByState: string(d.State)}
		})
		var got []string
		for _, st := range []gateway.DeliveryState{gateway.DeliveryQueued, gateway.DeliveryDeferred, gateway.DeliverySent, gateway.DeliveryBounced, gateway.DeliveryCancelled} {
			h.view(func(rd store.Reader) error {
				at := store.FacetKey("shop", store.ByState, string(st))
				return store.ScanPlaces(rd, store.DeliveriesBy, store.Mails, "shop", at, "", func(d gateway.Delivery) (bool, error) {
					got = append(got, string(d.State))
					return true, nil
				})
			})
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: by state, they are %q, want %q", step, s, want)
		}
	}
	mails := func() (out []gateway.DeliveryID) {
		t.Helper()
		h.say("c1", "ann", "Hello")
		h.now = h.due("c1")
		for _, n := range h.fire() {
			out = append(out, n.Deliveries...)
		}
		if len(out) != 2 {
			t.Fatalf("%d mails are queued", len(out))
		}
		return out
	}
	first := mails()
	check("queued", "queued queued")
	h.deliver(first[0], gateway.DeliveryDeferred)
	h.deliver(first[0], gateway.DeliveryDeferred)
	check("put off", "queued deferred")
	h.deliver(first[0], gateway.DeliverySent)
	h.deliver(first[1], gateway.DeliverySent)
	check("sent", "sent sent")
	h.deliver(first[0], gateway.DeliveryBounced)
	check("bounced after it was sent", "sent bounced")
	second := mails()
	h.deliver(second[1], gateway.DeliveryDeferred)
	check("more", "queued deferred sent bounced")
	h.ok(h.update(func(tx store.Tx) error {
		_, err := h.DeliverySettled(tx, h.now, "shop", chat.Settled{Delivery: second[0], State: gateway.DeliveryCancelled, Reason: gateway.ReasonOperator})
		return err
	}))
	check("cancelled by the operator", "deferred sent bounced cancelled")
	_, err := h.PutUser(h.ctx, "shop", "bob", chat.UserPatch{Email: chat.Clear[chat.Strings]()})
	h.ok(err)
	check("no address any more", "sent bounced cancelled cancelled")
	h.deliver(second[1], gateway.DeliverySent)
	check("settled too late", "sent bounced cancelled cancelled")
	ends := 0
	h.view(func(rd store.Reader) error {
		ends = 0
		return store.Expiries.Scan(rd, store.Range{}, func(_ store.Key, e store.Expiry) (bool, error) {
			if e.Table == store.Mails.Table || e.Table == store.DeliveriesBy.Table {
				ends++
			}
			return true, nil
		})
	})
	if ends != 4 {
		t.Errorf("4 mails and their places end by %d rows", ends)
	}
	h.later(store.DeliveryAge + time.Second)
	check("forgotten", "")
	if n := h.rows(store.Mails.Table, nil) + h.rows(store.DeliveriesBy.Table, nil); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}
