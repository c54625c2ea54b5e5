package chat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
)

func (h *house) shown(c gateway.ConversationID) string {
	h.t.Helper()
	v, err := h.Conversation(h.ctx, "shop", c)
	h.ok(err)
	b, err := json.Marshal(v)
	h.ok(err)
	return string(b)
}

func TestPutConversationMerges(t *testing.T) {
	h := newHouse(t)
	at := h.now.UnixMilli()
	want := func(step, subject, welcome, custom, participants string) {
		t.Helper()
		w := fmt.Sprintf(`{"id":"c 1","subject":%s,"topicId":null,"photoUrl":null,"welcomeMessages":%s,"custom":%s,"lastMessage":null,"participants":%s,"createdAt":%d}`,
			subject, welcome, custom, participants, at)
		if got := h.shown("c 1"); got != w {
			t.Errorf("%s:\n got %s\nwant %s", step, got, w)
		}
	}
	h.put("c 1", `{}`)
	want("empty body", `null`, `[]`, `{}`, `{}`)
	h.put("c 1", `{"subject":"s","welcomeMessages":["a","b"],"custom":{"k":"v"},"participants":["ann"]}`)
	want("all of it", `"s"`, `["a","b"]`, `{"k":"v"}`, `{"ann":{"access":"ReadWrite","notify":true}}`)
	h.ok(h.Join(h.ctx, "shop", "c 1", "ann", chat.ParticipantPatch{Access: chat.Give(gateway.ReadOnly)}))
	h.put("c 1", `{"welcomeMessages":["c"],"participants":["ann","bob"]}`)
	want("participants are added, never changed", `"s"`, `["c"]`, `{"k":"v"}`,
		`{"ann":{"access":"Read","notify":true},"bob":{"access":"ReadWrite","notify":true}}`)
	h.put("c 1", `{"subject":null,"welcomeMessages":null,"custom":null,"participants":null}`)
	want("null clears", `null`, `[]`, `{}`, `{"ann":{"access":"Read","notify":true},"bob":{"access":"ReadWrite","notify":true}}`)
	h.ok(h.Leave(h.ctx, "shop", "c 1", "ann"))
	h.ok(h.Leave(h.ctx, "shop", "c 1", "ann"))
	h.ok(h.Leave(h.ctx, "shop", "c 1", "bob"))
	want("nobody left", `null`, `[]`, `{}`, `{}`)

	if _, err := h.Conversation(h.ctx, "shop", "no"); !missing(err) {
		t.Errorf("an unknown conversation: %v", err)
	}
	var p chat.ConversationPatch
	if err := json.Unmarshal([]byte(`{"participants":"ann"}`), &p); wrongField(err) != "participants" {
		t.Errorf("participants as a string: %v", err)
	}
}

func TestParticipantInput(t *testing.T) {
	h := newHouse(t)
	h.talk()
	patch := func(body string) (p chat.ParticipantPatch, err error) {
		err = json.Unmarshal([]byte(body), &p)
		return p, err
	}
	for _, c := range []struct {
		verb, body, field string
		access            gateway.Access
		notify            gateway.Notify
	}{
		{"join", `{}`, "", gateway.ReadWrite, gateway.NotifyAll},
		{"patch", `{"access":"Read"}`, "", gateway.ReadOnly, gateway.NotifyAll},
		{"patch", `{"notify":"MentionsOnly"}`, "", gateway.ReadOnly, gateway.NotifyMentions},
		{"patch", `{"notify":null,"access":null}`, "", gateway.ReadOnly, gateway.NotifyMentions},
		{"join", `{"notify":false}`, "", gateway.ReadWrite, gateway.NotifyNone},
		{"join", `{"access":"Write"}`, "", gateway.ReadWrite, gateway.NotifyAll},
		{"patch", `{"access":"None"}`, "", gateway.NoneAccess, gateway.NotifyAll},
		{"join", `{"access":"None"}`, "access", gateway.NoneAccess, gateway.NotifyAll},
		{"join", `{"access":"Admin"}`, "access", gateway.NoneAccess, gateway.NotifyAll},
		{"patch", `{"access":""}`, "access", gateway.NoneAccess, gateway.NotifyAll},
		{"patch", `{"access":true}`, "access", gateway.NoneAccess, gateway.NotifyAll},
		{"patch", `{"notify":"sometimes"}`, "notify", gateway.NoneAccess, gateway.NotifyAll},
	} {
		p, err := patch(c.body)
		if err == nil && c.verb == "join" {
			err = h.Join(h.ctx, "shop", "c1", "bob", p)
		} else if err == nil {
			err = h.PatchParticipant(h.ctx, "shop", "c1", "bob", p)
		}
		if c.field == "" && err != nil || c.field != "" && wrongField(err) != c.field {
			t.Errorf("%s %s: %v", c.verb, c.body, err)
		}
		if got := h.participant("c1", "bob"); got.Access != c.access || got.Notify != c.notify {
			t.Errorf("after %s %s: %s %s, want %s %s", c.verb, c.body, got.Access, got.Notify, c.access, c.notify)
		}
	}
	if err := h.PatchParticipant(h.ctx, "shop", "c1", "stranger", chat.ParticipantPatch{}); !missing(err) {
		t.Errorf("a stranger was patched: %v", err)
	}
	if err := h.Join(h.ctx, "shop", "no", "bob", chat.ParticipantPatch{}); !missing(err) {
		t.Errorf("joined what is not there: %v", err)
	}
	if err := h.Leave(h.ctx, "shop", "no", "bob"); !missing(err) {
		t.Errorf("left what is not there: %v", err)
	}
}

// TestReplyAddressLives follows bob's reply address: it is one and the same
// until he leaves or may not read any more, and then dead for good.
func TestReplyAddressLives(t *testing.T) {
	h := newHouse(t)
	h.talk()
	address := func() gateway.Address {
		t.Helper()
		a, err := h.ReplyAddress(h.ctx, "shop", "c1", "bob")
		h.ok(err)
		return a
	}
	may := func(a gateway.Address) error {
		t.Helper()
		handle, ok := h.Tokens.ReadFor(token.Reply, a.LocalPart, a.Domain)
		if !ok || a.Domain != domain {
			t.Fatalf("%v is no reply address", a)
		}
		var verdict error
		h.view(func(rd store.Reader) error { _, verdict = chat.MayReply(rd, h.now, handle); return nil })
		return verdict
	}
	set := func(access gateway.Access) {
		t.Helper()
		h.ok(h.PatchParticipant(h.ctx, "shop", "c1", "bob", chat.ParticipantPatch{Access: chat.Give(access)}))
	}
	first := address()
	if again := address(); again != first {
		t.Error("asking twice made two addresses")
	}
	if err := may(first); err != nil {
		t.Errorf("a participant: %v", err)
	}
	set(gateway.ReadOnly)
	if err := may(first); !errors.Is(err, chat.StatusNarrowed) {
		t.Errorf("just narrowed: %v", err)
	}
	h.now = h.now.Add(10 * time.Minute)
	set(gateway.ReadOnly) // said again: it is not narrowed anew
	h.now = h.now.Add(5 * time.Minute)
	if err := may(first); !errors.Is(err, chat.StatusReadOnly) {
		t.Errorf("narrowed 15 minutes ago: %v", err)
	}
	if again := address(); again != first {
		t.Error("one who may only read has another address")
	}
	set(gateway.ReadWrite)
	if err := may(first); err != nil {
		t.Errorf("may write again: %v", err)
	}
	set(gateway.NoneAccess)
	if err := may(first); !errors.Is(err, chat.StatusRemoved) {
		t.Errorf("access None: %v", err)
	}
	if _, err := h.ReplyAddress(h.ctx, "shop", "c1", "bob"); !missing(err) {
		t.Errorf("an address for access None: %v", err)
	}
	set(gateway.ReadWrite)
	second := address()
	h.ok(h.Leave(h.ctx, "shop", "c1", "bob"))
	for _, a := range []gateway.Address{first, second} {
		if err := may(a); !errors.Is(err, chat.StatusRemoved) {
			t.Errorf("after leaving: %v", err)
		}
	}
	h.ok(h.Join(h.ctx, "shop", "c1", "bob", chat.ParticipantPatch{}))
	third := address()
	if third == first || third == second || may(third) != nil || may(first) == nil || may(second) == nil {
		t.Error("joining again did not give a new address, or woke an old one")
	}
	if _, err := h.ReplyAddress(h.ctx, "shop", "c1", "stranger"); !missing(err) {
		t.Errorf("an address for a stranger: %v", err)
	}
	var verdict error
	h.view(func(rd store.Reader) error { _, verdict = chat.MayReply(rd, h.now, 42); return nil })
	if !errors.Is(verdict, store.ErrNotFound) {
		t.Errorf("a handle that was never given: %v", verdict)
	}
}

// TestDeleteConversation leaves nothing behind, for few rows and for many, and
// the conversation that takes its place is empty.
func TestDeleteConversation(t *testing.T) {
	for _, messages := range []int{1, 1200} {
		h := newHouse(t)
		h.talk()
		a, err := h.ReplyAddress(h.ctx, "shop", "c1", "bob")
		h.ok(err)
		for range messages / 10 {
			h.say("c1", "ann", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10")
		}
		h.say("c1", "ann", "last")
		old := h.conversation("c1")
		h.ok(h.DeleteConversation(h.ctx, "shop", "c1"))
		var gone wire.ConversationData
		if e := h.only(0, gateway.EventConversationDeleted, &gone); gone.Conversation.ID != "c1" || e.Seq != old.EventSeq+1 {
			t.Errorf("told %+v", e)
		}
		prefix := store.ConversationKey("shop", "c1")
		for _, table := range []store.Table{
			store.Conversations.Table, store.Messages.Table, store.MessagePlaces.Table, store.Participants.Table,
			store.EventStreams.Table, store.Dedups.Table, store.SentMails.Table,
		} {
			if n := h.rows(table, prefix); n != 0 {
				t.Errorf("%d messages: %d rows of %s are left", messages, n, table)
			}
		}
		if n := h.rows(store.Removals.Table, nil) + h.rows(store.Memberships.Table, nil); n != 0 || !h.due("c1").IsZero() {
			t.Errorf("%d removals or memberships are left, due %v", n, h.due("c1"))
		}
		if err := h.DeleteConversation(h.ctx, "shop", "c1"); !missing(err) {
			t.Errorf("deleted twice: %v", err)
		}
		h.put("c1", `{"participants":["ann","bob"]}`)
		fresh := h.conversation("c1")
		if fresh.Count != 0 || fresh.Incarnation == old.Incarnation {
			t.Errorf("the new conversation has a past: %+v", fresh)
		}
		handle, _ := h.Tokens.ReadFor(token.Reply, a.LocalPart, a.Domain)
		h.view(func(rd store.Reader) error {
			if _, err := chat.MayReply(rd, h.now, handle); !errors.Is(err, chat.StatusRemoved) {
				t.Errorf("the old address lives: %v", err)
			}
			return nil
		})
	}
}

// TestRemovalIsResumed: a process that ended amid a removal finishes it at its
// start, or when the conversation is made anew.
func TestRemovalIsResumed(t *testing.T) {
	for name, resume := range map[string]func(*house) error{
		"at the start": func(h *house) error { return h.RemoveRest(h.ctx) },
		"made anew":    func(h *house) error { return h.PutConversation(h.ctx, "shop", "c1", chat.ConversationPatch{}) },
	} {
		h := newHouse(t)
		h.talk()
		h.say("c1", "ann", "hello")
		h.ok(h.update(func(tx store.Tx) error { // what the first transaction of a removal leaves
			c, err := chat.LoadConversation(tx, "shop", "c1")
			if err != nil {
				return err
			}
			c.Deleted = true
			if err := store.Removals.Put(tx, store.AppKey("shop").String("c1"), store.Removal{App: "shop", Conversation: "c1"}); err != nil {
				return err
			}
			return store.Conversations.Put(tx, store.ConversationKey("shop", "c1"), c)
		}))
		h.ok(resume(h))
		if n := h.rows(store.Messages.Table, store.ConversationKey("shop", "c1")) + h.rows(store.Removals.Table, nil); n != 0 {
			t.Errorf("%s: %d rows are left", name, n)
		}
	}
}

func TestListsOfConversations(t *testing.T) {
	h := newHouse(t)
	start := h.now
	for i, id := range []gateway.ConversationID{"a", "b", "c", "d", "e"} {
		h.now = start.Add(time.Duration(i) * time.Minute)
		h.put(id, fmt.Sprintf(`{"participants":["ann","bob"],"custom":{"even":"%t"}}`, i%2 == 0))
	}
	h.now = start.Add(time.Hour)
	h.say("b", "ann", "hello")
	h.now = start.Add(2 * time.Hour)
	h.say("d", "bob", "hello")
	h.ok(h.Leave(h.ctx, "shop", "e", "bob"))
	for _, c := range []struct {
		q     chat.ConversationsQuery
		all   string
		bob   string
		about string
	}{
		{chat.ConversationsQuery{Limit: 10}, "[d b e c a]", "[d b c a]", "by last activity, those without messages too"},
		{chat.ConversationsQuery{Limit: 2}, "[d b]", "[d b]", "a page"},
		{chat.ConversationsQuery{Limit: 2, StartingAfter: "b"}, "[e c]", "[c a]", "the next page"},
		{chat.ConversationsQuery{Limit: 10, Ascending: true}, "[a c e b d]", "[a c b d]", "ascending"},
		{chat.ConversationsQuery{Limit: 10, OrderBy: chat.ByCreatedAt}, "[e d c b a]", "[d c b a]", "by creation"},
		{chat.ConversationsQuery{Limit: 10, LastMessageAfter: start.Add(90 * time.Minute)}, "[d]", "[d]", "last message after"},
		{chat.ConversationsQuery{Limit: 10, LastMessageBefore: start.Add(90 * time.Minute)}, "[b]", "[b]", "last message before"},
		{chat.ConversationsQuery{Limit: 10, Offset: start.Add(time.Hour)}, "[e c a]", "[c a]", "offset"},
		{chat.ConversationsQuery{Limit: 10, Custom: map[string]string{"even": "true"}}, "[e c a]", "[c a]", "custom"},
		{chat.ConversationsQuery{Limit: 10, Unread: true}, "[d b e c a]", "[b]", "unread"},
	} {
		var all, bobs []gateway.ConversationID
		cs, err := h.Conversations(h.ctx, "shop", c.q)
		h.ok(err)
		for _, x := range cs {
			all = append(all, x.ID)
		}
		us, err := h.UserConversations(h.ctx, "shop", "bob", c.q)
		h.ok(err)
		for _, x := range us {
			bobs = append(bobs, x.ID)
			if x.IsUnread != (x.ID == "b") {
				t.Errorf("%s: %s unread is %v", c.about, x.ID, x.IsUnread)
			}
		}
		if fmt.Sprint(all) != c.all || fmt.Sprint(bobs) != c.bob {
			t.Errorf("%s: app has %v want %s; bob has %v want %s", c.about, all, c.all, bobs, c.bob)
		}
	}
	if _, err := h.Conversations(h.ctx, "shop", chat.ConversationsQuery{Limit: 1, StartingAfter: "no"}); wrongField(err) != "startingAfter" {
		t.Errorf("starting after nothing: %v", err)
	}
}
