package chat_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
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
		var d wire.NotificationData
		if h.only(n, gateway.EventNotificationSkipped, &d); d.Reason != c.reason || d.Recipient.ID != "bob" || len(d.Messages) != 1 {
			t.Errorf("%s: what waited: %q about %d", what, d.Reason, len(d.Messages))
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

// TestDisabledRole cancels what is queued to its users.
func TestDisabledRole(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.hear("hello")
	h.roles(map[string]gateway.Role{gateway.DefaultRole: {EmailDisabled: true}})
	h.ok(h.WithdrawDisabled(h.ctx, "shop"))
	if n := h.rows(store.Unsent.Table, nil); n != 0 {
		t.Errorf("%d mails are still queued", n)
	}
	if got := h.hear("again"); got != "skipped:disabled" {
		t.Errorf("then: %s", got)
	}
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

// TestRun: with an external schedule the queue sends nothing, a call does, and
// calls that overlap mail once.
func TestRun(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.roles(map[string]gateway.Role{gateway.DefaultRole: {Schedule: gateway.ScheduleExternal}})
	h.say("c1", "ann", "one", "two")
	if ns := func() []gateway.Notification { h.now = h.due("c1"); return h.fire() }(); bobs(ns) != "" {
		t.Fatalf("without a call: %s", states(ns))
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := h.Run(h.ctx, "shop"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := bobs(h.fire()); got != "triggered:" {
		t.Errorf("by the calls: %s", got)
	}
	n, err := h.Run(h.ctx, "shop")
	if h.ok(err); n != 0 || !h.due("c1").IsZero() {
		t.Errorf("nothing is left, and a call started %d", n)
	}
	if n, err := h.Run(h.ctx, "nobody"); err != nil || n != 0 {
		t.Errorf("another app: %d, %v", n, err)
	}
}

// TestRunGivesFreeOnce: a message that is posted after a call waits for the next.
func TestRunGivesFreeOnce(t *testing.T) {
	h := newHouse(t)
	h.talk()
	minute := time.Minute
	h.roles(map[string]gateway.Role{gateway.DefaultRole: {Schedule: gateway.ScheduleExternal, Delay: &minute}})
	h.say("c1", "ann", "one")
	n, err := h.Run(h.ctx, "shop")
	if h.ok(err); n != 1 {
		t.Fatalf("started %d", n)
	}
	if got := bobs(h.fire()); got != "" {
		t.Errorf("before its delay: %s", got)
	}
	h.now = h.now.Add(time.Hour)
	h.ok(h.update(func(tx store.Tx) error {
		return tx.Enqueue(store.Item{ItemRef: store.NotificationItem("shop", "c1"), Due: h.now, EnqueuedAt: h.now})
	}))
	if got := bobs(h.fire()); got != "" {
		t.Errorf("the call had found it too young, and the queue sent it: %s", got)
	}
	n, err = h.Run(h.ctx, "shop")
	if h.ok(err); n != 1 {
		t.Fatalf("the next call started %d", n)
	}
	if got := bobs(h.fire()); got != "triggered:" {
		t.Errorf("by the next call: %s", got)
	}
}

// TestWholeContext: the mail of a run shows the conversation, bounded.
func TestWholeContext(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.roles(map[string]gateway.Role{gateway.DefaultRole: {Schedule: gateway.ScheduleExternal, MaxShown: 3}})
	h.say("c1", "bob", "mine")
	h.say("c1", "ann", "1", "2", "3", "4")
	_, err := h.Run(h.ctx, "shop")
	h.ok(err)
	for _, in := range h.pending().Inputs {
		if d := notify.Decide(in, h.now); in.User.ID == "bob" && (len(d.Messages) != 3 || d.Earlier != 2 || len(d.News) != 4) {
			t.Errorf("shows %d and %d earlier, about %d", len(d.Messages), d.Earlier, len(d.News))
		}
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
