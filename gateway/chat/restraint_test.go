package chat_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
)

// roles sets the settings of the app's roles.
func (h *house) roles(roles map[string]gateway.Role) {
	h.t.Helper()
	h.ok(h.Store.Update(h.ctx, store.AppScope("shop"), func(tx store.Tx) error {
		a, err := store.Apps.Get(tx, store.AppKey("shop"))
		if err != nil {
			return err
		}
		a.Roles = roles
		return store.Apps.Put(tx, store.AppKey("shop"), a)
	}))
}

// bobs returns bob's one state of what was decided.
func bobs(ns []gateway.Notification) string {
	for _, n := range ns {
		if n.Recipient == "bob" {
			return fmt.Sprint(n.State, ":", n.Reason)
		}
	}
	return ""
}

// hear has ann say something and the due item handled.
func (h *house) hear(text string) string {
	h.t.Helper()
	h.say("c1", "ann", text)
	h.now = h.due("c1")
	return bobs(h.fire())
}

// TestOncePerAbsenceAndReplies: who lives in the mail client keeps getting mail,
// and the next mail shows what was passed over.
func TestOncePerAbsenceAndReplies(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.roles(map[string]gateway.Role{gateway.DefaultRole: {Policy: gateway.PolicyOncePerAbsence}})
	var got []string
	for _, text := range []string{"one", "two", "three"} {
		got = append(got, h.hear(text))
	}
	if fmt.Sprint(got) != "[triggered: skipped:once_per_absence skipped:once_per_absence]" {
		t.Fatalf("got %v", got)
	}
	h.now = h.now.Add(time.Minute)
	_, err := h.receive(mail(h.handle("bob"), "x@mail", "I am here"))
	h.ok(err)
	h.say("c1", "ann", "four")
	h.now = h.due("c1")
	p := h.pending()
	for _, in := range p.Inputs {
		if d := notify.Decide(in, h.now); in.User.ID == "bob" {
			if d.Act != notify.Send || len(d.News) != 1 || len(d.Messages) != 3 || d.Messages[0].Text != "two" {
				t.Errorf("after the reply: %v %s about %d, showing %d", d.Act, d.Reason, len(d.News), len(d.Messages))
			}
		}
	}
	h.settle(p, h.decideAll(p))
	if got := h.hear("five"); got != "skipped:once_per_absence" {
		t.Errorf("the reply armed it once: %s", got)
	}
	h.ok(h.SetPresence(h.ctx, "shop", "bob", chat.PresencePatch{}))
	h.now = h.now.Add(time.Minute)
	h.ok(h.SetPresence(h.ctx, "shop", "bob", chat.PresencePatch{Online: chat.Give(false)}))
	if got := h.hear("six"); got != "triggered:" {
		t.Errorf("after being online: %s", got)
	}
}

// TestCapsAreDurable: they count what is stored, over all conversations, and let
// go after a day.
func TestCapsAreDurable(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.put("c2", `{"participants":["ann","bob"]}`)
	h.roles(map[string]gateway.Role{gateway.DefaultRole: {DailyCap: 3, ConversationCap: 2}})
	var got []string
	for range 3 {
		got = append(got, h.hear("hello"))
	}
	if fmt.Sprint(got) != "[triggered: triggered: skipped:conversation_cap]" {
		t.Errorf("about one conversation: %v", got)
	}
	h.now = h.now.Add(24*time.Hour + time.Second)
	if got := h.hear("a day later"); got != "triggered:" {
		t.Errorf("a day later: %s", got)
	}
	if n := h.rows(store.Mailings.Table, nil); n != 3 {
		t.Errorf("%d mailings are kept", n)
	}
	_, err := store.Sweep(h.ctx, h.Store, h.now.Add(25*time.Hour))
	h.ok(err)
	if n := h.rows(store.Mailings.Table, nil); n != 0 {
		t.Errorf("%d mailings are kept for ever", n)
	}
}

// TestCapsHoldWhileDeciding: what another conversation's mail used up between
// deciding and settling counts.
func TestCapsHoldWhileDeciding(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.roles(map[string]gateway.Role{gateway.DefaultRole: {DailyCap: 1}})
	h.say("c1", "ann", "hello")
	h.now = h.due("c1")
	p := h.pending()
	ds := h.decideAll(p)
	h.ok(h.update(func(tx store.Tx) error {
		k := store.UserKey("shop", "bob").Time(h.now).String("ntf_other")
		return store.Mailings.Put(tx, k, store.Mailing{At: h.now, Conversation: "c2"})
	}))
	if got := bobs(h.settle(p, ds)); got != "skipped:daily_cap" {
		t.Errorf("decided %s", got)
	}
}

// TestSoonerThanWhatWaits: an item that waits for a long delay does not hold up
// those who are due sooner.
func TestSoonerThanWhatWaits(t *testing.T) {
	h := newHouse(t)
	h.talk()
	short, long := 5*time.Second, time.Hour
	h.roles(map[string]gateway.Role{"fast": {Delay: &short}, gateway.DefaultRole: {Delay: &long}})
	h.user("cy", `{"email":"cy@example.com","role":"fast"}`)
	h.ok(h.Join(h.ctx, "shop", "c1", "cy", chat.ParticipantPatch{}))
	start := h.now
	h.say("c1", "ann", "one")
	h.now = h.due("c1")
	h.fire()
	if due := h.due("c1"); !due.Equal(start.Add(long)) {
		t.Fatalf("bob is due %v", due.Sub(start))
	}
	h.now = h.now.Add(time.Minute)
	h.say("c1", "ann", "two")
	if due := h.due("c1"); !due.Equal(h.now.Add(short)) {
		t.Errorf("cy is due %v after the second message", due.Sub(h.now))
	}
	h.say("c1", "ann", "three")
	if due := h.due("c1"); !due.Equal(h.now.Add(short)) {
		t.Errorf("the item was moved without need, to %v", due.Sub(h.now))
	}
}

// TestClockSetBack: messages of the future hold nobody up for long.
func TestClockSetBack(t *testing.T) {
	h := newHouse(t)
	h.talk()
	clock := h.now
	h.now = clock.AddDate(1, 0, 0)
	h.say("c1", "ann", "from the future")
	h.now = clock
	h.say("c1", "ann", "now")
	if due := h.due("c1"); !due.Equal(clock.Add(gateway.DefaultDelay)) {
		t.Fatalf("due in %v", due.Sub(clock))
	}
	h.now = h.due("c1")
	if got := bobs(h.fire()); got != "triggered:" {
		t.Errorf("decided %s", got)
	}
}

// TestApprovedReplyIsKnown: a mail without a Message-ID that was held, approved
// and comes again is recognised by its Date.
func TestApprovedReplyIsKnown(t *testing.T) {
	for _, id := range []string{"", "x@mail"} {
		h := newHouse(t)
		h.talk()
		in := mail(h.handle("bob"), id, "hello")
		in.Date = "Sun, 1 Mar 2026 12:00:00 +0000"
		held := in.Reply
		held.Conversation, held.Participant, held.State, held.Reason = "c1", "bob", gateway.ReplyHeld, gateway.ReasonUnauthentic
		held.Digest, held.Date = in.Digest, in.Date
		h.ok(h.update(func(tx store.Tx) error {
			held.ID = gateway.ReplyID(tx.NewID(gateway.PrefixReply))
			return h.RecordReply(tx, h.now, "shop", held)
		}))
		h.now = h.now.Add(time.Hour)
		r, err := h.Approve(h.ctx, "shop", held.ID)
		if h.ok(err); r.State != gateway.ReplyPosted {
			t.Fatalf("approved: %s", r.State)
		}
		if _, err := h.Approve(h.ctx, "shop", held.ID); !errors.Is(err, chat.ErrSettled) {
			t.Errorf("approved twice: %v", err)
		}
		if again, err := h.receive(in); err != nil || again.State != gateway.ReplyDuplicate {
			t.Errorf("Message-ID %q: the copy is %s, %v", id, again.State, err)
		}
	}
}

// TestReplyOff: with replies switched off for a role, they are refused in words.
func TestReplyOff(t *testing.T) {
	h := newHouse(t)
	h.talk()
	in := mail(h.handle("bob"), "x@mail", "hello")
	h.roles(map[string]gateway.Role{gateway.DefaultRole: {ReplyDisabled: true}})
	if _, err := h.receive(in); !errors.Is(err, chat.StatusReplyOff) || chat.ReasonOf(chat.StatusReplyOff) != gateway.ReasonReplyOff {
		t.Errorf("got %v", err)
	}
	h.view(func(rd store.Reader) error {
		if _, err := chat.MayReply(rd, h.now, in.Handle); !errors.Is(err, chat.StatusReplyOff) {
			t.Errorf("at RCPT: %v", err)
		}
		return nil
	})
}
