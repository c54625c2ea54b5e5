package chat_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

// help makes a support team: agents a1 to a3, of whom sales has the first two,
// and a visitor alone in conversation c1.
func (h *house) help() {
	h.t.Helper()
	for i := range 3 {
		h.user(gateway.UserID(fmt.Sprint("a", i+1)), fmt.Sprintf(`{"name":"Agent %d","kind":"agent","email":"a%d@example.com"}`, i+1, i+1))
	}
	h.user("visitor", `{"name":"Vi","email":"vi@example.com"}`)
	h.user("bot", `{"name":"Bot","kind":"bot"}`)
	_, err := h.PutDepartment(h.ctx, "shop", "sales", chat.DepartmentPatch{Name: chat.Give("Sales"), Agents: chat.Give([]gateway.UserID{"a1", "a2"})})
	h.ok(err)
	h.put("c1", `{"participants":["visitor"]}`)
}

// mailed handles the due item and lists who was mailed.
func (h *house) mailed() string {
	h.t.Helper()
	if h.due("c1").IsZero() {
		return "nothing is due"
	}
	h.now = h.due("c1")
	var who []string
	for _, n := range h.fire() {
		if n.State == gateway.NotificationTriggered {
			who = append(who, string(n.Recipient))
		}
	}
	slices.Sort(who)
	return fmt.Sprint(who)
}

func (h *house) online(u gateway.UserID) {
	h.t.Helper()
	h.ok(h.SetPresence(h.ctx, "shop", u, chat.PresencePatch{TTL: chat.Give(3600.0)}))
}

// routedReply has an agent who takes no part answer by mail.
func (h *house) routedReply(u gateway.UserID, text string) gateway.Reply {
	h.t.Helper()
	a, err := h.RoutedAddress(h.ctx, "shop", "c1", u, false)
	h.ok(err)
	handle, ok := h.Tokens.ReadFor(token.Reply, a.LocalPart, a.Domain)
	if !ok {
		h.t.Fatal("no reply address")
	}
	h.view(func(rd store.Reader) error {
		_, err := chat.MayReply(rd, h.now, handle)
		return err
	})
	r, err := h.receive(mail(handle, "<"+text+"@mail>", text))
	h.ok(err)
	return r
}

func TestSupport(t *testing.T) {
	for what, c := range map[string]struct {
		before func(*house)
		after  func(*house)
		want   string
	}{
		"all offline agents":             {func(h *house) { h.online("a3") }, nil, "[a1 a2]"},
		"the department's, online too":   {func(h *house) { h.online("a1"); h.put("c1", `{"department":"sales"}`) }, nil, "[a1 a2]"},
		"the assigned one, online too":   {func(h *house) { h.online("a3"); h.put("c1", `{"department":"sales","assignee":"a3"}`) }, nil, "[a3]"},
		"a department that is not known": {func(h *house) { h.put("c1", `{"department":"nowhere"}`) }, nil, "[a1 a2 a3]"},
		"an agent who takes part, and no others": {func(h *house) {
			h.ok(h.Join(h.ctx, "shop", "c1", "a2", chat.ParticipantPatch{}))
		}, nil, "[a2]"},
		"two users talk: nobody but them": {func(h *house) {
			h.user("friend", `{"email":"friend@example.com"}`)
			h.ok(h.Join(h.ctx, "shop", "c1", "friend", chat.ParticipantPatch{}))
		}, nil, "[friend]"},
		"a bot answers": {nil, func(h *house) {
			h.ok(h.Join(h.ctx, "shop", "c1", "bot", chat.ParticipantPatch{}))
			h.say("c1", "bot", "Have you tried turning it off?")
		}, "[]"},
		"a bot that knows no answer": {nil, func(h *house) {
			h.ok(h.Join(h.ctx, "shop", "c1", "bot", chat.ParticipantPatch{}))
			_, err := h.PostMessages(h.ctx, "shop", "c1", []chat.NewMessage{{
				Sender: chat.Give(gateway.UserID("bot")), Text: chat.Give("I do not know"), Answered: chat.Give(false),
			}}, chat.Posting{})
			h.ok(err)
		}, "[a1 a2 a3]"},
	} {
		h := newHouse(t)
		h.help()
		if c.before != nil {
			c.before(h)
		}
		h.say("c1", "visitor", "hello?")
		if c.after != nil {
			c.after(h)
		}
		if got := h.mailed(); got != c.want {
			t.Errorf("%s: mailed %s, want %s", what, got, c.want)
		}
	}
}

// TestSupportReplies follows a conversation: the first reply joins and assigns,
// later ones of others still post, and later messages go to the last agent only.
func TestSupportReplies(t *testing.T) {
	h := newHouse(t)
	h.help()
	h.say("c1", "visitor", "hello?")
	if got := h.mailed(); got != "[a1 a2 a3]" {
		t.Fatalf("mailed %s", got)
	}
	shown, err := h.Conversation(h.ctx, "shop", "c1")
	if h.ok(err); len(shown.Participants) != 1 {
		t.Errorf("being told is not taking part: %v", shown.Participants)
	}
	h.now = h.now.Add(time.Minute)
	if r := h.routedReply("a2", "first"); r.State != gateway.ReplyPosted {
		t.Fatalf("the first reply: %s", r.State)
	}
	shown, err = h.Conversation(h.ctx, "shop", "c1")
	if h.ok(err); len(shown.Participants) != 2 || shown.Assignee != "a2" {
		t.Errorf("after the first reply: %v, assigned to %q", shown.Participants, shown.Assignee)
	}
	if got := h.mailed(); got != "[visitor]" {
		t.Errorf("the agent's reply: mailed %s", got)
	}
	h.now = h.now.Add(time.Minute)
	h.say("c1", "visitor", "thanks, and…")
	if got := h.mailed(); got != "[a2]" {
		t.Errorf("the next message: mailed %s", got)
	}
	if r := h.routedReply("a1", "late"); r.State != gateway.ReplyPosted {
		t.Fatalf("a later reply of another: %s", r.State)
	}
	shown, err = h.Conversation(h.ctx, "shop", "c1")
	if h.ok(err); len(shown.Participants) != 2 || shown.Assignee != "a2" || shown.LastMessage.Text != "late" {
		t.Errorf("after it: %v, assigned to %q, last %q", shown.Participants, shown.Assignee, shown.LastMessage.Text)
	}
	h.mailed()
	h.say("c1", "visitor", "who are you?")
	if got := h.mailed(); got != "[a1]" {
		t.Errorf("the last who handled it: mailed %s", got)
	}
	h.put("c1", `{"assignee":"a3"}`)
	h.say("c1", "visitor", "hello again")
	if got := h.mailed(); got != "[a3]" {
		t.Errorf("assigned anew: mailed %s", got)
	}
}

// TestSupportIsToldOnce: an agent who was told is not told of the same again,
// and what an agent answered is no news to one who comes later.
func TestSupportIsToldOnce(t *testing.T) {
	h := newHouse(t)
	h.help()
	h.say("c1", "visitor", "one")
	h.mailed()
	h.say("c1", "visitor", "two")
	h.now = h.due("c1")
	for _, n := range h.fire() {
		if n.State == gateway.NotificationTriggered && len(n.Messages) != 1 {
			t.Errorf("%s was told of %d messages", n.Recipient, len(n.Messages))
		}
	}
	h.routedReply("a1", "answer")
	h.put("c1", `{"assignee":"a4"}`)
	h.user("a4", `{"kind":"agent","email":"a4@example.com"}`)
	h.say("c1", "visitor", "three")
	h.now = h.due("c1")
	for _, n := range h.fire() {
		if n.Recipient == "a4" && len(n.Messages) != 1 {
			t.Errorf("a4 was told of %d messages", len(n.Messages))
		}
	}
}

// TestAddressOfAStranger: being an agent gives nobody an address by itself.
func TestAddressOfAStranger(t *testing.T) {
	h := newHouse(t)
	h.help()
	if _, err := h.ReplyAddress(h.ctx, "shop", "c1", "a1"); !missing(err) {
		t.Errorf("got %v", err)
	}
	h.ok(h.DeleteConversation(h.ctx, "shop", "c1"))
	if _, err := h.RoutedAddress(h.ctx, "shop", "c1", "a1", false); !missing(err) {
		t.Errorf("of a conversation that is gone: %v", err)
	}
}

func TestDepartments(t *testing.T) {
	h := newHouse(t)
	h.help()
	d, err := h.PutDepartment(h.ctx, "shop", "sales", chat.DepartmentPatch{Name: chat.Give("Sales & more")})
	if h.ok(err); d.Name != "Sales & more" || len(d.Agents) != 2 {
		t.Errorf("merged to %+v", d)
	}
	all, err := h.Departments(h.ctx, "shop")
	if h.ok(err); len(all) != 1 || all[0].ID != "sales" {
		t.Errorf("listed %+v", all)
	}
	_, err = h.PutDepartment(h.ctx, "shop", "x", chat.DepartmentPatch{Agents: chat.Give([]gateway.UserID{""})})
	if f := wrongField(err); f != "agents" {
		t.Errorf("an agent without an id: %v", err)
	}
	h.ok(h.DeleteDepartment(h.ctx, "shop", "sales"))
	if err := h.DeleteDepartment(h.ctx, "shop", "sales"); !missing(err) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := h.Department(h.ctx, "shop", "sales"); !missing(err) {
		t.Errorf("deleted and there: %v", err)
	}
}

// TestAgentsAreListed as long as they are agents.
func TestAgentsAreListed(t *testing.T) {
	h := newHouse(t)
	h.help()
	if n := h.rows(store.Agents.Table, nil); n != 3 {
		t.Fatalf("%d agents", n)
	}
	h.user("a1", `{"kind":"user"}`)
	h.user("a2", `{"kind":null}`)
	if n := h.rows(store.Agents.Table, nil); n != 1 {
		t.Errorf("%d agents are left", n)
	}
}
