package chat_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// TestWhatForbidsWithdraws: what forbids a mail takes back, at once, what waits and what is
// queued.
func TestWhatForbidsWithdraws(t *testing.T) {
	mute := chat.ParticipantPatch{Notify: chat.Give(wire.Notify(gateway.NotifyNone))}
	for what, c := range map[string]struct {
		change func(*house) error
		reason gateway.Reason
	}{
		"muting by PATCH": {func(h *house) error { return h.PatchParticipant(h.ctx, "shop", "c1", "bob", mute) }, gateway.ReasonMuted},
		"muting by PUT":   {func(h *house) error { return h.Join(h.ctx, "shop", "c1", "bob", mute) }, gateway.ReasonMuted},
		"access None": {func(h *house) error {
			return h.PatchParticipant(h.ctx, "shop", "c1", "bob", chat.ParticipantPatch{Access: chat.Give(gateway.NoneAccess)})
		}, gateway.ReasonNoAccess},
		"leaving": {func(h *house) error { return h.Leave(h.ctx, "shop", "c1", "bob") }, gateway.ReasonNoAccess},
		"muting the conversation": {func(h *house) error {
			return h.PutConversation(h.ctx, "shop", "c1", chat.ConversationPatch{Muted: chat.Give(true)})
		}, gateway.ReasonConversationMuted},
		"email: null": {func(h *house) error {
			_, err := h.PutUser(h.ctx, "shop", "bob", chat.UserPatch{Email: chat.Clear[chat.Strings]()})
			return err
		}, gateway.ReasonNoAddress},
		"email: null in a batch": {func(h *house) error {
			return h.PutUsers(h.ctx, "shop", map[gateway.UserID]chat.UserPatch{"bob": {Email: chat.Clear[chat.Strings]()}})
		}, gateway.ReasonNoAddress},
		"email: null with presence": {func(h *house) error {
			return h.SetPresence(h.ctx, "shop", "bob", chat.PresencePatch{
				Online: chat.Give(false), User: chat.Give(chat.UserPatch{Email: chat.Clear[chat.Strings]()}),
			})
		}, gateway.ReasonNoAddress},
	} {
		h := newHouse(t)
		h.talk()
		if got := h.hear("queued"); got != "triggered:" {
			t.Fatalf("%s: %s", what, got)
		}
		h.now = h.now.Add(time.Minute)
		h.say("c1", "ann", "waiting")
		n := len(h.events(0))
		h.ok(c.change(h))
		var about []string // what waited, and what was queued, unless it was to an address that is gone
		for _, e := range h.events(n) {
			var d wire.NotificationData
			if e.Type != gateway.EventNotificationSkipped {
				continue
			}
			h.ok(json.Unmarshal(e.Data, &d))
			if d.Reason != c.reason || d.Recipient.ID != "bob" || len(d.Messages) != 1 {
				t.Errorf("%s: %q about %d", what, d.Reason, len(d.Messages))
				continue
			}
			about = append(about, d.Messages[0].Text)
		}
		want := "[waiting queued]"
		if c.reason == gateway.ReasonNoAddress {
			want = "[waiting]"
		}
		if fmt.Sprint(about) != want {
			t.Errorf("%s: told of %v", what, about)
		}
		if n := h.rows(store.Unsent.Table, nil); n != 0 {
			t.Errorf("%s: %d mails are still queued", what, n)
		}
		h.view(func(rd store.Reader) error {
			return store.Decisions.Scan(rd, store.Range{}, func(_ store.Key, n gateway.Notification) (bool, error) {
				if n.State == gateway.NotificationTriggered || n.Reason != c.reason {
					t.Errorf("%s: a notification is %s for %q", what, n.State, n.Reason)
				}
				return true, nil
			})
		})
		h.ok(h.Join(h.ctx, "shop", "c1", "bob", chat.ParticipantPatch{}))
		h.user("bob", `{"email":"bob@example.com"}`)
		h.put("c1", `{"muted":false}`)
		h.now = h.due("c1")
		if got := bobs(h.fire()); got != "" {
			t.Errorf("%s: taken back, and told after all when it was undone: %s", what, got)
		}
	}
}

// TestOneAddressOfTwo: only the mails to the address that was taken away go.
func TestOneAddressOfTwo(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.hear("hello")
	h.user("bob", `{"email":"BOB@example.net"}`)
	var left []gateway.DeliveryID
	h.view(func(rd store.Reader) error {
		return store.Unsent.Scan(rd, store.Range{}, func(_ store.Key, m store.UnsentMail) (bool, error) {
			left = append(left, m.Delivery)
			return true, nil
		})
	})
	if len(left) != 1 {
		t.Fatalf("%d mails are queued", len(left))
	}
	h.view(func(rd store.Reader) error {
		d, err := store.Mails.Get(rd, store.AppKey("shop").String(string(left[0])))
		if d.To.Domain != "example.net" {
			t.Errorf("the mail to %s is left", d.To)
		}
		return err
	})
}

// TestAddressGoneWhileDeciding: a mail that was composed to an address which is
// the person's no more is not queued.
func TestAddressGoneWhileDeciding(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.say("c1", "ann", "hello")
	h.now = h.due("c1")
	p := h.pending()
	ds := h.decideAll(p)
	h.user("bob", `{"email":"bob@example.net"}`)
	for _, n := range h.settle(p, ds) {
		if n.Recipient == "bob" && len(n.Deliveries) != 1 {
			t.Errorf("%d mails were queued", len(n.Deliveries))
		}
	}
}
