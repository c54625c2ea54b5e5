package chat_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
)

// call makes a single call that tells to of texts by ann; texts are their ids.
func (h *house) call(to gateway.UserID, texts ...string) []gateway.MessageID {
	h.t.Helper()
	in := chat.Call{Conversation: "c1", Recipient: to, Users: map[gateway.UserID]chat.UserPatch{}}
	var u chat.UserPatch
	h.ok(json.Unmarshal(fmt.Appendf(nil, `{"email":"%s@example.com"}`, to), &u))
	in.Users[to] = u
	for _, text := range texts {
		in.Messages = append(in.Messages, chat.CalledMessage{
			ID: gateway.MessageID(text), NewMessage: chat.NewMessage{Text: chat.Give(text), Sender: chat.Give(gateway.UserID("ann"))},
		})
	}
	ids, err := h.Tell(h.ctx, "shop", in, chat.Posting{})
	h.ok(err)
	return ids
}

// decideHere decides about c1 as it stands and records it; it returns who is sent
// what.
func (h *house) decideHere() map[gateway.UserID]string {
	h.t.Helper()
	out := map[gateway.UserID]string{}
	var p chat.Pending
	h.view(func(rd store.Reader) (err error) {
		p, err = chat.LoadPending(rd, "shop", "c1")
		return err
	})
	var ds []chat.Decided
	for _, in := range p.Inputs {
		d := notify.Decide(in, h.now)
		decided := chat.Decided{Recipient: in.User.ID, Decision: d}
		for _, a := range d.Addresses {
			decided.Deliveries = append(decided.Deliveries, gateway.Delivery{To: a, ExpiresAt: h.now.Add(time.Hour)})
		}
		ds = append(ds, decided)
		if d.Act == notify.Wait || d.Quiet() {
			continue
		}
		text := d.Act.String()
		if d.Act == notify.Skip {
			text += " " + string(d.Reason)
		}
		for _, m := range d.Messages {
			text += " " + m.Text
		}
		out[in.User.ID] = text
	}
	h.ok(h.update(func(tx store.Tx) error {
		if err := tx.Cancel(store.NotificationItem("shop", "c1")); err != nil {
			return err
		}
		_, err := h.RecordDecisions(tx, h.now, "shop", p.Conversation, ds)
		return err
	}))
	return out
}

// TestTell: one person is told at once, of what is for them, once; replies and
// other people's calls are told to nobody else.
func TestTell(t *testing.T) {
	h := newHouse(t)
	expect := func(what string, want map[gateway.UserID]string) {
		t.Helper()
		if got := h.decideHere(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	h.call("bob", "one", "two")
	if due := h.due("c1"); !due.Equal(h.now) {
		t.Errorf("due %v, not at once", due)
	}
	expect("bob's call", map[gateway.UserID]string{"bob": "send one two"})
	h.now = h.now.Add(time.Minute)
	ids := h.call("carl", "two", "three")
	expect("carl's call", map[gateway.UserID]string{"carl": "send two three"})
	if ids[0] == "two" || ids[1] != "three" {
		t.Errorf("carl's ids are %v", ids)
	}
	h.now = h.now.Add(time.Minute)
	h.call("bob", "two")
	if due := h.due("c1"); !due.IsZero() {
		t.Errorf("what bob was told of is due %v", due)
	}
	h.call("bob", "two", "four")
	expect("bob's next call", map[gateway.UserID]string{"bob": "send four"})

	// A reply of bob's is told to the backend only.
	h.say("c1", "bob", "Thanks!")
	h.now = h.now.Add(time.Hour)
	expect("a reply", map[gateway.UserID]string{})
	h.call("carl", "five")
	expect("after the reply", map[gateway.UserID]string{"carl": "send five"})

	// One who takes part is told of everything, and not of other people's calls.
	h.user("dora", `{"email":"dora@example.com"}`)
	h.ok(h.Join(h.ctx, "shop", "c1", "dora", chat.ParticipantPatch{}))
	h.call("bob", "six")
	h.say("c1", "bob", "For all")
	h.now = h.now.Add(time.Hour)
	expect("dora takes part", map[gateway.UserID]string{"bob": "send six", "dora": "send For all"})
	h.ok(h.Join(h.ctx, "shop", "c1", "carl", chat.ParticipantPatch{}))
	h.say("c1", "bob", "Hi Carl")
	h.now = h.now.Add(time.Hour)
	expect("carl joins", map[gateway.UserID]string{"carl": "send Hi Carl", "dora": "send Hi Carl"})
}

// TestTellIsNoSupport: the agents of an app are not told of single calls, nor of
// what is answered.
func TestTellIsNoSupport(t *testing.T) {
	h := newHouse(t)
	h.user("eve", `{"kind":"agent","email":"eve@example.com"}`)
	h.call("bob", "one")
	if got := fmt.Sprint(h.decideHere()); got != "map[bob:send one]" {
		t.Error(got)
	}
	h.say("c1", "bob", "Thanks!")
	h.now = h.now.Add(time.Hour)
	if got := fmt.Sprint(h.decideHere()); got != "map[]" {
		t.Error(got)
	}
}

// TestTellRestrained: who unsubscribed or may not be mailed is not told.
func TestTellRestrained(t *testing.T) {
	h := newHouse(t)
	h.call("bob", "one")
	h.decideHere()
	h.ok(h.PatchParticipant(h.ctx, "shop", "c1", "bob", patch(`{"notify":false}`)))
	h.call("bob", "two")
	if got := fmt.Sprint(h.decideHere()); got != "map[bob:skip muted]" {
		t.Error(got)
	}
	h.user("bob", `{"email":null}`)
	if _, err := h.Tell(h.ctx, "shop", chat.Call{Conversation: "c1", Recipient: "bob", Messages: []chat.CalledMessage{
		{NewMessage: chat.NewMessage{Text: chat.Give("x"), Sender: chat.Give(gateway.UserID("ann"))}},
	}}, chat.Posting{}); wrongField(err) != "recipient.email" {
		t.Error(err)
	}
}

func patch(body string) (p chat.ParticipantPatch) {
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		panic(err)
	}
	return p
}

// TestImportWhileDeciding: what is imported while a decision is made is no news
// and is not told as skipped.
func TestImportWhileDeciding(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.say("c1", "ann", "Hello")
	h.now = h.now.Add(time.Hour)
	var p chat.Pending
	h.view(func(rd store.Reader) (err error) {
		p, err = chat.LoadPending(rd, "shop", "c1")
		return err
	})
	past := chat.ImportedMessage{NewMessage: chat.NewMessage{Text: chat.Give("Past"), Sender: chat.Give(gateway.UserID("bob"))}, Timestamp: chat.Give(1000.0)}
	if _, err := h.ImportMessages(h.ctx, "shop", "c1", []chat.ImportedMessage{past}, chat.Posting{}); err != nil {
		t.Fatal(err)
	}
	var ds []chat.Decided
	for _, in := range p.Inputs {
		ds = append(ds, chat.Decided{Recipient: in.User.ID, Decision: notify.Decide(in, h.now)})
	}
	h.ok(h.update(func(tx store.Tx) error {
		_, err := h.RecordDecisions(tx, h.now, "shop", p.Conversation, ds)
		return err
	}))
	h.now = h.now.Add(time.Hour)
	if got := fmt.Sprint(h.decideHere()); got != "map[]" {
		t.Errorf("then %s", got)
	}
	h.say("c1", "ann", "Again")
	h.now = h.now.Add(time.Hour)
	if got := fmt.Sprint(h.decideHere()); got != "map[bob:send Again]" {
		t.Errorf("after it %s", got)
	}
	// Nothing waits, then something is imported: nothing waits.
	if _, err := h.ImportMessages(h.ctx, "shop", "c1", []chat.ImportedMessage{past}, chat.Posting{}); err != nil {
		t.Fatal(err)
	}
	if p := h.participant("c1", "bob"); p.NotifiedCount != h.conversation("c1").Count {
		t.Errorf("bob's decided count is %d", p.NotifiedCount)
	}
}
