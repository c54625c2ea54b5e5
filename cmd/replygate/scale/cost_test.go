package scale

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/gatewaytest"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/token"
)

// cost is what an act looked at and wrote: records, and their bytes.
type cost struct {
	act                   string
	read, readBytes       int64
	written, writtenBytes int64
}

// ledger notes what acts cost, one after the other.
type ledger struct {
	*world
	costs []cost
	due   []int                  // conversations to decide about
	g     gateway.ConversationID // of three hundred
}

// pick finds conversations that are due, each the only one in its shard, and with
// a listener who listens to no other of them.
func (l *ledger) pick(n int) {
	seen := map[int]bool{}
	for k := range l.crowd.Due {
		i := l.crowd.DueAt(k)
		if who := l.crowd.Listener(i); l.dueBeside(l.crowd.Conversation(i)) == 1 && i > 300 && !seen[who] && who%100 != 99 {
			l.due, seen[who] = append(l.due, i), true
		}
	}
	if len(l.due) < n {
		l.Fatalf("only %d conversations are due as they should be", len(l.due))
	}
}

// dueBeside is how many of the crowd are due in a conversation's shard.
func (l *ledger) dueBeside(c gateway.ConversationID) (n int) {
	for k := range l.crowd.Due {
		if store.ShardOf(shop, string(l.crowd.Conversation(l.crowd.DueAt(k)))) == store.ShardOf(shop, string(c)) {
			n++
		}
	}
	return n
}

// free is a name, like others in length, of a shard in which nothing is due.
func (l *ledger) free(format string, from int) (gateway.ConversationID, int) {
	for i := from; ; i += 2 {
		if c := gateway.ConversationID(fmt.Sprintf(format, i)); l.dueBeside(c) == 0 {
			return c, i
		}
	}
}

func (l *ledger) conv(n int) gateway.ConversationID { return l.crowd.Conversation(l.due[n]) }

func (l *ledger) listener(n int) gateway.UserID { return l.crowd.User(l.crowd.Listener(l.due[n])) }

func (l *ledger) act(name string, do func()) {
	l.Helper()
	before := l.engine.Stats()
	do()
	after := l.engine.Stats()
	l.costs = append(l.costs, cost{
		act: name, read: after.ReadRecords - before.ReadRecords, readBytes: after.ReadBytes - before.ReadBytes,
		written: after.WrittenRecords - before.WrittenRecords, writtenBytes: after.WrittenBytes - before.WrittenBytes,
	})
}

func (l *ledger) acted(name, method, path, body string) {
	l.Helper()
	l.act(name, func() { l.call(method, path, body) })
}

// listed is acted of a list that must have so many entries.
func (l *ledger) listed(name, method, path, body string, want int) {
	l.Helper()
	l.act(name, func() {
		if n := l.call(method, path, body); n != want {
			l.Errorf("%s: %d entries, want %d", name, n, want)
		}
	})
}

// TestNothingCostsMoreAmongMany does everything a gateway does with one
// conversation, in a small database and in one three times larger. What is looked
// at and written must be the same, record by record: whatever looks at all there
// are is found here. That a record is found in O(log n) is the engine's.
func TestNothingCostsMoreAmongMany(t *testing.T) {
	gatewaytest.SkipUnderRace(t)
	few := costsAmong(t, Crowd{App: shop, Conversations: 4_000, Pending: 2_000, Due: 200})
	many := costsAmong(t, Crowd{App: shop, Conversations: 12_000, Pending: 6_000, Due: 200})
	for i, a := range few {
		b := many[i]
		t.Logf("%-46s reads %5d (%7d B), writes %5d (%7d B)", b.act, b.read, b.readBytes, b.written, b.writtenBytes)
		if a.act != b.act || a.read != b.read || a.written != b.written {
			t.Errorf("%s: reads %d, writes %d records among few; %s: reads %d, writes %d among many", a.act, a.read, a.written, b.act, b.read, b.written)
		}
		if far(a.readBytes, b.readBytes) || far(a.writtenBytes, b.writtenBytes) {
			t.Errorf("%s: %d and %d bytes among few, %d and %d among many", a.act, a.readBytes, a.writtenBytes, b.readBytes, b.writtenBytes)
		}
	}
}

// far tells whether two sums of bytes differ by more than the lengths of random
// numbers do.
func far(a, b int64) bool { return max(a-b, b-a) > 64+max(a, b)/50 }

func costsAmong(t *testing.T, c Crowd) (out []cost) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c.Now = time.Now().Truncate(time.Millisecond)
		l := &ledger{world: newWorld(t, dir, secret.Generate(), c)}
		defer l.close()
		l.pick(14)
		l.attention()
		l.messages()
		l.decisions()
		l.withdrawals()
		l.lists()
		l.answers()
		l.support()
		l.external()
		l.housekeeping()
		t.Logf("%d commits", l.engine.Stats().Commits)
		out = l.costs
	})
	return out
}

// attention: sessions begin, are renewed and end.
func (l *ledger) attention() {
	for i := range 20 { // the same few are online among few and among many
		l.call("PUT", fmt.Sprintf("/users/%s/presence", l.crowd.User(2*i+2)), `{"ttl":3600}`)
	}
	l.acted("a session begins", "PUT", "/users/u0000060/presence", `{"ttl":3600}`)
	l.acted("a session is renewed", "PUT", "/users/u0000060/presence", `{"ttl":3600,"isTyping":true}`)
	l.acted("a conversation is looked at", "PUT", "/users/u0000060/presence", `{"ttl":3600,"selectedConversationId":"c00000060"}`)
	l.acted("a session ends", "PUT", "/users/u0000060/presence", `{"online":false}`)
	l.acted("a short session begins", "PUT", "/users/u0000061/presence", `{"ttl":10}`)
	time.Sleep(time.Minute)
	l.act("sessions that ended by themselves", func() { l.ok(l.chat.EndSessions(l.Context())) })
}

// messages: in a conversation of two and in a group of three hundred.
func (l *ledger) messages() {
	l.g, _ = l.free("g%02d", 10)
	l.group(l.g, "g", 300)
	say := func(text string) string { return `[{"sender":"g000","type":"UserMessage","text":"` + text + `"}]` }
	l.acted("a message", "POST", "/conversations/c00000002/messages", `[{"sender":"u0000002","type":"UserMessage","text":"Hello"}]`)
	l.acted("another", "POST", "/conversations/c00000002/messages", `[{"sender":"u0000002","type":"UserMessage","text":"Hello"}]`)
	l.acted("a message to 300", "POST", "/conversations/"+string(l.g)+"/messages", say("Hello"))
	l.acted("another to 300", "POST", "/conversations/"+string(l.g)+"/messages", say("Hello"))
	l.acted("reading", "POST", "/conversations/c00000002/readBy/u0000003", `{}`)
	l.acted("reading, of 300", "POST", "/conversations/"+string(l.g)+"/readBy/g001", `{}`)
	l.act("telling an event", func() {
		shard := store.ShardOf(shop, string(l.g))
		for _, e := range l.lease(store.Events, shard, 1) {
			l.settle(e, queue.Result{Scope: store.ConversationScope(shop, l.g)})
		}
	})
	l.acted("a conversation is made", "PUT", "/conversations/new", `{"subject":"Order 7","participants":["u0000002","u0000003"]}`)
	l.acted("a user is made", "PUT", "/users/fresh", `{"name":"Fresh","email":"fresh@people.test"}`)
	l.acted("one call", "POST", "/notifications", `{"conversationId":"once","recipient":{"id":"fresh"},"messages":[{"id":"m1","sender":{"id":"u0000002"},"text":"Hello"}]}`)
}

// group makes a conversation of so many who have an address each; the first two
// are online.
func (w *world) group(c gateway.ConversationID, name string, n int) {
	w.Helper()
	var ids, users []string
	for i := range n {
		id := fmt.Sprintf("%s%03d", name, i)
		ids, users = append(ids, `"`+id+`"`), append(users, fmt.Sprintf(`%q:{"name":"Member %s","email":"%s@people.test"}`, id, id, id))
	}
	for at := 0; at < n; at += 100 { // as many as one call takes
		w.call("PUT", "/users", "{"+strings.Join(users[at:min(n, at+100)], ",")+"}")
	}
	w.call("PUT", "/conversations/"+string(c), `{"subject":"All of us","participants":[`+strings.Join(ids, ",")+`]}`)
	for i := range 2 {
		w.call("PUT", fmt.Sprintf("/users/%s%03d/presence", name, i), `{"ttl":86400,"selectedConversationId":"`+string(c)+`"}`)
	}
}

// decisions: what is due, what must wait, what is cancelled.
func (l *ledger) decisions() {
	l.act("a decision: mail", func() { l.decide(l.conv(1)) })
	l.act("another", func() { l.decide(l.conv(2)) })
	l.acted("quiet hours are set", "PUT", "/users/"+string(l.listener(3)), `{"quietHours":{"from":"00:00","to":"23:00"}}`)
	l.act("a decision: not now, quiet hours", func() { l.decide(l.conv(3)) })
	l.acted("reading before it is due", "POST", fmt.Sprintf("/conversations/%s/readBy/%s", l.conv(4), l.listener(4)), `{}`)
	l.act("a decision: read", func() { l.decide(l.conv(4)) })
	l.acted("returning", "PUT", "/users/"+string(l.listener(5))+"/presence", fmt.Sprintf(`{"ttl":3600,"selectedConversationId":%q}`, l.conv(5)))
	l.act("a decision: returned", func() { l.decide(l.conv(5)) })
	l.acted("forcing", "POST", fmt.Sprintf("/conversations/%s/notifications", l.crowd.Conversation(l.crowd.PendingAt(1))), "")
	time.Sleep(5 * time.Minute)
	l.act("a decision about 300", func() { l.decide(l.g) })
	l.act("when the next are due, asked first", func() { l.nextDue() })
	l.act("when the next are due, asked again", func() { l.nextDue() })
}

func (l *ledger) nextDue() {
	due, err := l.engine.NextDue(l.Context(), store.Notifications, nil)
	l.ok(err)
	if len(due) != 256 {
		l.Errorf("%d shards have items: the crowd is too small", len(due))
	}
}

// withdrawals: what cancels a mail that waits, and one that is queued.
func (l *ledger) withdrawals() {
	fact := func(n int, kind string) suppression.Fact {
		return suppression.Fact{App: shop, Address: l.address(l.listener(n)), Kind: kind}
	}
	l.acted("muting", "PATCH", fmt.Sprintf("/conversations/%s/participants/%s", l.conv(6), l.listener(6)), `{"notify":false}`)
	l.acted("leaving", "DELETE", fmt.Sprintf("/conversations/%s/participants/%s", l.conv(7), l.listener(7)), "")
	l.acted("access None", "PATCH", fmt.Sprintf("/conversations/%s/participants/%s", l.conv(8), l.listener(8)), `{"access":"None"}`)
	l.acted("email: null", "PUT", "/users/"+string(l.listener(9)), `{"email":null}`)
	l.acted("a conversation is muted", "PUT", "/conversations/"+string(l.conv(10)), `{"muted":true}`)
	l.act("unsubscribing", func() { l.ok(l.facts.Unsubscribe(l.Context(), fact(11, suppression.OneClick))) })
	l.act("suppression", func() { l.ok(l.facts.Suppress(l.Context(), fact(12, suppression.Hard))) })
	l.act("a decision about who unsubscribed", func() { l.decide(l.conv(11)) })
	l.act("unsubscribing, with a mail queued", func() { l.ok(l.facts.Unsubscribe(l.Context(), fact(1, suppression.OneClick))) })
	l.acted("email: null, with a mail queued", "PUT", "/users/"+string(l.listener(2)), `{"email":null}`)
	l.act("unsubscribing, one of 300", func() {
		l.ok(l.facts.Unsubscribe(l.Context(), suppression.Fact{App: shop, Address: l.address("g100"), Kind: suppression.Page}))
	})
	l.acted("leaving, one of 300", "DELETE", "/conversations/"+string(l.g)+"/participants/g101", "")
	for n, want := range map[int]gateway.Reason{6: gateway.ReasonMuted, 7: gateway.ReasonNoAccess, 9: gateway.ReasonNoAddress, 11: gateway.ReasonUnsubscribed} {
		if n := l.call("GET", fmt.Sprintf("/notifications?conversationId=%s&reason=%s", l.conv(n), want), ""); n != 1 {
			l.Errorf("%s: %d notifications say so", want, n)
		}
	}
}

// lists: what backends and operators ask for.
func (l *ledger) lists() {
	l.listed("notifications of a conversation", "GET", "/notifications?conversationId=c00000010", "", 1)
	l.listed("notifications of a person", "GET", "/notifications?recipientId=g010", "", 1)
	l.listed("notifications in a state", "GET", "/notifications?state=cancelled&limit=100", "", 4)
	l.listed("notifications for a reason", "GET", "/notifications?reason=muted&limit=100", "", 1)
	l.listed("notifications, a page of all", "GET", "/notifications?limit=10", "", 10)
	l.listed("deliveries of a conversation", "GET", "/deliveries?conversationId="+string(l.conv(1)), "", 2)
	l.listed("deliveries to a person", "GET", "/deliveries?recipientId=g010", "", 1)
	l.listed("deliveries in a state", "GET", "/deliveries?state=cancelled&limit=100", "", 4)
	l.listed("deliveries, a page of those sent", "GET", "/deliveries?state=sent&limit=10", "", 10)
	l.listed("deliveries, a page of all", "GET", "/deliveries?limit=10", "", 10)
	l.listed("who is online", "POST", "/presences", `{"includeBackgroundSessions":true}`, 23)
	l.listed("a page of who is online", "GET", "/users?isOnline=true&limit=10", "", 10)
	l.listed("a page of users", "GET", "/users?limit=10", "", 10)
	l.listed("a page of conversations", "GET", "/conversations?limit=10", "", 10)
	l.listed("a user's conversations", "GET", "/users/u0000050/conversations?limit=30", "", 10)
	l.listed("a user's unread conversations", "GET", "/users/u0000051/conversations?limit=30&unreadsOnly=true", "", 5)
	l.listed("messages", "GET", "/conversations/c00000002/messages", "", 3)
	l.listed("events, the last", "GET", "/events?limit=10&startingAfter="+string(gateway.EventIDAt(time.Now().Add(-time.Second))), "", 10)
	l.acted("a reply address", "GET", "/conversations/c00000100/participants/u0000100/email", "")
}

// answers: what becomes of a mail, and the reply to it.
func (l *ledger) answers() {
	conv, bob := l.conv(13), l.listener(13)
	l.decide(conv)
	n := get(l.world, store.Decisions, store.AppKey(shop).String(string(l.decided(conv))))
	l.act("a mail is sent", func() {
		l.ok(l.engine.Update(l.Context(), store.ConversationScope(shop, conv), func(tx store.Tx) error {
			_, err := l.chat.DeliverySettled(tx, time.Now(), shop, chat.Settled{Delivery: n.Deliveries[0], State: gateway.DeliverySent})
			return err
		}))
	})
	a, err := l.chat.ReplyAddress(l.Context(), shop, conv, bob)
	l.ok(err)
	handle, ok := l.notifier.Tokens.ReadFor(token.Reply, a.LocalPart, a.Domain)
	if !ok {
		l.Fatal("no reply address")
	}
	words := func(id string) gateway.Reply {
		return gateway.Reply{MessageID: id + "@people.test", Subject: "Re: Order 7", Content: &gateway.ReplyContent{Text: "Yes"}}
	}
	l.act("a reply by mail", func() {
		l.ok(l.engine.Update(l.Context(), store.ConversationScope(shop, conv), func(tx store.Tx) error {
			r, err := l.chat.PostReply(tx, time.Now(), chat.ReplyInput{
				App: shop, Handle: handle, Digest: "words",
				Reply: words("1"),
			})
			if err == nil && r.State != gateway.ReplyPosted {
				l.Errorf("the reply is %s", r.State)
			}
			return err
		}))
	})
	l.held(conv, bob, words)
}

// held: replies that wait, how they are found, and what is decided about them.
func (l *ledger) held(conv gateway.ConversationID, bob gateway.UserID, words func(id string) gateway.Reply) {
	for i := range 3 {
		r := words(fmt.Sprint(i + 2))
		r.ID, r.Conversation, r.Participant = gateway.ReplyID(fmt.Sprintf("%sz%025d", gateway.PrefixReply, i)), conv, bob
		r.State, r.Reason, r.Digest = gateway.ReplyHeld, gateway.ReasonUnauthentic, fmt.Sprint("words ", i)
		l.act(fmt.Sprintf("a reply is held, the %d.", i+1), func() {
			l.ok(l.engine.Update(l.Context(), store.ConversationScope(shop, conv), func(tx store.Tx) error {
				return l.chat.RecordReply(tx, time.Now(), shop, r)
			}))
		})
	}
	l.listed("replies in a state", "GET", "/replies?state=held&limit=100", "", 3)
	l.listed("replies, the next page in a state", "GET", "/replies?state=held&startingAfter=rpl_z0000000000000000000000001", "", 1)
	l.listed("replies in a conversation", "GET", "/replies?conversationId="+string(conv), "", 5)
	l.listed("replies in a conversation and a state", "GET", "/replies?state=posted&conversationId="+string(conv), "", 2)
	l.listed("replies, a page of those posted", "GET", "/replies?state=posted&limit=10", "", 10)
	l.listed("replies, a page of all", "GET", "/replies?limit=10", "", 10)
	l.acted("a held reply is approved", "POST", "/replies/rpl_z0000000000000000000000000/approve", "")
	l.acted("a held reply is rejected", "POST", "/replies/rpl_z0000000000000000000000001/reject", "")
	l.listed("replies in a state, later", "GET", "/replies?state=held&limit=100", "", 1)
}

// address is a person's only one.
func (l *ledger) address(u gateway.UserID) gateway.Address {
	a, err := gateway.ParseAddress(string(u) + "@people.test")
	l.ok(err)
	return a
}

// decided is the newest notification of a conversation.
func (l *ledger) decided(c gateway.ConversationID) (id gateway.NotificationID) {
	l.Helper()
	by := store.FacetKey(shop, store.ByConversation, string(c))
	l.ok(l.engine.View(l.Context(), func(rd store.Reader) error {
		return store.ScanPlaces(rd, store.DecisionsBy, store.Decisions, shop, by, "", func(n gateway.Notification) (bool, error) {
			id = n.ID
			return false, nil
		})
	}))
	return id
}

// support: a visitor's question, told to a department's agents, then to all.
func (l *ledger) support() {
	for i := range 3 {
		l.call("PUT", fmt.Sprintf("/users/agent%d", i), fmt.Sprintf(`{"name":"Agent %d","kind":"agent","email":"a%d@people.test"}`, i, i))
	}
	l.acted("a department", "PUT", "/departments/sales", `{"name":"Sales","agents":["agent0","agent1"]}`)
	sales, n := l.free("ask%02d", 10)
	anybody, _ := l.free("ask%02d", n+2)
	l.call("PUT", "/conversations/"+string(sales), `{"participants":["u0000002"],"department":"sales"}`)
	l.call("PUT", "/conversations/"+string(anybody), `{"participants":["u0000002"]}`)
	question := `[{"sender":"u0000002","type":"UserMessage","text":"Is it open?"}]`
	l.acted("a visitor asks a department", "POST", "/conversations/"+string(sales)+"/messages", question)
	l.acted("a visitor asks anybody", "POST", "/conversations/"+string(anybody)+"/messages", question)
	time.Sleep(5 * time.Minute)
	l.act("a decision: a department's agents", func() { l.decide(sales) })
	l.act("a decision: all agents", func() { l.decide(anybody) })
}

// external: a role that cron starts.
func (l *ledger) external() {
	l.call("PUT", "/roles/slow", `{"schedule":"external"}`)
	c, i := l.free("c%08d", 200)
	l.call("PUT", "/users/"+string(l.crowd.User(i+1)), `{"role":"slow"}`)
	l.acted("a message for cron", "POST", "/conversations/"+string(c)+"/messages", fmt.Sprintf(`[{"sender":%q,"type":"UserMessage","text":"Hello"}]`, l.crowd.User(i)))
	l.acted("cron", "POST", "/notifications/run", "")
	l.act("a decision that cron started", func() { l.decide(c) })
}

// housekeeping: what is done every minute.
func (l *ledger) housekeeping() {
	l.ok(l.engine.Update(l.Context(), store.SystemScope("test"), func(tx store.Tx) error {
		for i := range 10 {
			k := store.Key(nil).Uint(uint64(i))
			if err := errors.Join(tx.Put("old", k, []byte("row")), store.ExpireAt(tx, "old", k, time.Now().Add(-time.Second))); err != nil {
				return err
			}
		}
		return nil
	}))
	l.act("sweeping ten rows", func() { l.sweep() })
	l.act("sweeping, nothing to do", func() { l.sweep() })
	l.act("sessions, nothing to do", func() { l.ok(l.chat.EndSessions(l.Context())) })
	l.act("held replies, nothing to do", func() { l.ok(l.chat.ExpireHeld(l.Context())) })
	l.act("removed conversations, nothing to do", func() { l.ok(l.chat.RemoveRest(l.Context())) })
	l.acted("a conversation is deleted", "DELETE", "/conversations/c00000020", "")
	l.act("removed conversations", func() { l.ok(l.chat.RemoveRest(l.Context())) })
}

func (l *ledger) sweep() {
	_, err := store.Sweep(l.Context(), l.engine, time.Now())
	l.ok(err)
}
