package inbound

import (
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// testAddress is bob's reply address in test mails.
func (l *lab) testAddress() string {
	l.Helper()
	a, err := l.chat.TestAddress(l.Context(), shop, "c1", "bob")
	l.ok(err)
	return a.String()
}

// tests tells of every message that came by mail whether it is a test.
func (l *lab) tests() map[string]bool {
	l.Helper()
	out := map[string]bool{}
	for _, m := range all(l, store.Messages, store.ConversationKey(shop, "c1")) {
		if m.Origin == gateway.OriginEmail {
			out[m.Text] = m.Test
		}
	}
	return out
}

// TestRepliesToTestMails: what comes to the address of a test mail is test: the
// message, the record, the notices; what comes to the other one is not.
func TestRepliesToTestMails(t *testing.T) {
	l := newLab(t)
	live, test := l.address("c1", "bob"), l.testAddress()
	if live == test {
		t.Fatal("both have the same address")
	}
	for _, c := range []struct {
		to, body string
		test     bool
	}{{live, "To the live one", false}, {test, "To the test one", true}} {
		l.send(mail{body: c.body}, c.to).is("250 2.0.0 Posted")
		if got, posted := l.tests()[c.body]; !posted || got != c.test {
			t.Errorf("%s: posted %v, test %v", c.body, posted, got)
		}
		l.send(mail{sign: "-", body: "Held, " + c.body}, c.to).is("250 2.0.0 Accepted")
	}
	held := map[bool]gateway.ReplyID{}
	for _, r := range l.replies(shop) {
		if want := strings.HasSuffix(r.Content.Text, "test one"); r.Test != want {
			t.Errorf("the record of %q says %v", r.Content.Text, r.Test)
		}
		if r.State == gateway.ReplyHeld {
			held[r.Test] = r.ID
		}
	}
	asked := map[bool]int{}
	for _, n := range l.notices(shop) {
		asked[n.Test]++
	}
	if len(held) != 2 || asked[true] != 1 || asked[false] != 1 {
		t.Fatalf("held %v, asked %v", held, asked)
	}
	// Approved by whom it may be, each stays what it is.
	for test, id := range held {
		if r, err := l.chat.Approve(l.Context(), shop, id); err != nil || r.Test != test {
			t.Errorf("approved %+v, %v", r, err)
		}
	}
	if got := l.tests(); !got["Held, To the test one"] || got["Held, To the live one"] {
		t.Errorf("posted %v", got)
	}
	// Who left has neither address.
	l.ok(l.chat.Leave(l.Context(), shop, "c1", "bob"))
	for _, to := range []string{live, test} {
		l.send(mail{body: "x"}, to).is("550 5.7.1 This reply address is no longer valid")
	}
}

// TestThreadOfTestMails: an answer to the From of a test mail is test, too.
func TestThreadOfTestMails(t *testing.T) {
	l := newLab(t)
	d := l.notified("bob", "c1", "bob@"+people, "Of a test")
	l.ok(l.engine.Update(l.Context(), store.ConversationScope(shop, "c1"), func(tx store.Tx) error {
		return store.MailPlaces.Put(tx, store.MailKey(d.MessageID), store.MailPlace{App: shop, Conversation: "c1", User: "bob", Test: true})
	}))
	l.send(mail{head: "In-Reply-To: <" + d.MessageID + ">\n", body: "An answer"}, general).is("250 2.0.0 Posted")
	if got, posted := l.tests()["An answer"]; !posted || !got {
		t.Errorf("posted %v, test %v", posted, got)
	}
}
