package inbound

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

// TestStrangersAddresses: whatever this installation did not sign gets one
// answer, and the store is not asked.
func TestStrangersAddresses(t *testing.T) {
	l := newLab(t)
	good := l.address("c1", "bob")
	local, _, _ := strings.Cut(good, "@")
	flip := func(i int) string {
		b := []byte(local)
		b[i] = map[bool]byte{true: 'b', false: 'a'}[b[i] == 'a']
		return string(b) + "@" + ourDomain
	}
	foreign := token.NewMinter(secret.Generate())
	cases := map[string]string{
		"MAC of another character":     flip(39),
		"MAC at its beginning":         flip(14),
		"handle of another character":  flip(5),
		"key id that does not exist":   flip(1),
		"purpose of another letter":    flip(0),
		"too short":                    local[:39] + "@" + ourDomain,
		"too long":                     local + "a@" + ourDomain,
		"signed for another domain":    l.tokens.Address(token.Reply, 7, "other.example.com").LocalPart + "@" + ourDomain,
		"signed by another key file":   foreign.Address(token.Reply, 7, ourDomain).String(),
		"another domain":               local + "@other.example.com",
		"a domain below ours":          local + "@x." + ourDomain,
		"a name":                       "bob@" + ourDomain,
		"a name with a plus":           "reply+" + local + "@" + ourDomain,
		"percent hack":                 `"bob%people.test"@` + ourDomain,
		"source route within quotes":   `"@evil.test:bob"@` + ourDomain,
		"address of somebody":          "bob@" + people,
		"an address that is none":      "a b@c d",
		"attachment link":              l.tokens.Address(token.Attachment, 7, ourDomain).String(),
		"confirm link":                 l.tokens.Address(token.Confirm, 7, ourDomain).String(),
		"not base32":                   strings.Repeat("1", 40) + "@" + ourDomain,
		"one with a space in its name": `"` + local[:20] + " " + local[21:] + `"@` + ourDomain,
	}
	views := l.count()
	var said string
	for name, to := range cases {
		s := l.deliver("bob@"+people, nil, to)
		if said == "" {
			said = s.rcpt[0]
		}
		if s.rcpt[0] != said || !strings.HasPrefix(said, "550 5.1.1 ") {
			t.Errorf("%s: answered %q, others %q", name, s.rcpt[0], said)
		}
	}
	if n := l.count() - views; n != 0 {
		t.Errorf("%d look-ups for addresses that are not ours", n)
	}
	// Genuine in form, and signed, but its row is gone.
	s := l.deliver("bob@"+people, nil, l.tokens.Address(token.Reply, 99, ourDomain).String())
	if s.rcpt[0] != said {
		t.Errorf("an address without a row: %q", s.rcpt[0])
	}
	if rs := l.replies(shop); len(rs) != 0 {
		t.Errorf("recorded %+v", rs)
	}
}

func (w *watched) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.views
}

// TestWhoMayNotWrite: a genuine address of somebody who may not write hears why,
// and the refusal is recorded and told.
func TestWhoMayNotWrite(t *testing.T) {
	access := func(a gateway.Access) func(*lab) {
		return func(l *lab) {
			l.ok(l.chat.PatchParticipant(l.Context(), shop, "c1", "bob", chat.ParticipantPatch{Access: chat.Give(a)}))
		}
	}
	long := func(l *lab) { // ago
		l.update(func(tx store.Tx) error {
			k := store.ParticipantKey(shop, "c1", "bob")
			p, err := store.Participants.Get(tx, k)
			if err != nil {
				return err
			}
			p.NarrowedAt = time.Now().Add(-16 * time.Minute)
			return store.Participants.Put(tx, k, p)
		})
	}
	for name, c := range map[string]struct {
		change []func(*lab)
		code   string
		reason gateway.Reason
	}{
		"read-only for long": {[]func(*lab){access("Read"), long}, "550 5.7.1 You may read this conversation, but not write", gateway.ReasonReadOnly},
		"narrowed just now":  {[]func(*lab){access("Read")}, "451 4.7.1 ", ""},
		"widened again":      {[]func(*lab){access("Read"), access("ReadWrite")}, "250 ", ""},
		"access None":        {[]func(*lab){access("None")}, "550 5.7.1 ", gateway.ReasonRemoved},
		"left":               {[]func(*lab){func(l *lab) { l.ok(l.chat.Leave(l.Context(), shop, "c1", "bob")) }}, "550 5.7.1 ", gateway.ReasonRemoved},
		"conversation gone":  {[]func(*lab){func(l *lab) { l.ok(l.chat.DeleteConversation(l.Context(), shop, "c1")) }}, "550 5.7.1 ", gateway.ReasonRemoved},
		"conversation anew":  {[]func(*lab){func(l *lab) { l.ok(l.chat.DeleteConversation(l.Context(), shop, "c1")) }, again}, "550 5.7.1 ", gateway.ReasonRemoved},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			to := l.address("c1", "bob")
			for _, f := range c.change {
				f(l)
			}
			s := l.deliver("bob@"+people, crlf("From: bob@people.test\n\nhello"), to)
			if !strings.HasPrefix(s.rcpt[0], c.code) {
				t.Errorf("answered %q, want %q", s.rcpt[0], c.code)
			}
			for _, r := range s.rcpt[0] {
				if r < ' ' || r > '~' {
					t.Errorf("%q is not one line of ASCII", s.rcpt[0])
				}
			}
			switch {
			case c.reason != "":
				l.recorded(gateway.ReplyRejected, c.reason)
				if n := len(l.events(gateway.EventReplyRejected)); n != 1 {
					t.Errorf("told %d times", n)
				}
			case strings.HasPrefix(c.code, "451"):
				if rs := l.replies(shop); len(rs) != 0 {
					t.Errorf("a mail that is only put off was recorded: %+v", rs)
				}
			}
		})
	}
}

// again makes the conversation anew with the same people.
func again(l *lab) {
	l.ok(l.chat.PutConversation(l.Context(), shop, "c1", chat.ConversationPatch{Participants: chat.Give([]gateway.UserID{"ann", "bob"})}))
}

// TestPermissionIsReadAgain: what is lost between RCPT and the commit counts.
func TestPermissionIsReadAgain(t *testing.T) {
	for name, c := range map[string]struct {
		lose   func(*lab) error
		code   string
		reason gateway.Reason
	}{
		"left":    {func(l *lab) error { return l.chat.Leave(context.Background(), shop, "c1", "bob") }, "550 5.7.1 ", gateway.ReasonRemoved},
		"deleted": {func(l *lab) error { return l.chat.DeleteConversation(context.Background(), shop, "c1") }, "550 5.7.1 ", gateway.ReasonRemoved},
		"narrowed": {func(l *lab) error {
			return l.chat.PatchParticipant(context.Background(), shop, "c1", "bob", chat.ParticipantPatch{Access: chat.Give(gateway.ReadOnly)})
		}, "451 4.7.1 ", ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			to := l.address("c1", "bob")
			blobs := l.blobs()
			l.once("update", func() error { return c.lose(l) })
			l.send(mail{head: multipart, body: fileParts("hello", "a.txt", "text/plain", "a file")}, to).is(c.code)
			l.posts()
			if c.reason == "" {
				if rs := l.replies(shop); len(rs) != 0 {
					t.Errorf("recorded %+v", rs)
				}
				if n := l.blobs() - blobs; n != 0 {
					t.Errorf("%d blobs are left", n)
				}
				return
			}
			l.recorded(gateway.ReplyRejected, c.reason)
			if n := l.blobs() - blobs; n != 1 {
				t.Errorf("%d blobs are left, want the mail alone", n)
			}
		})
	}
}

// TestHouseAddresses: mail to those who run the house, and to nobody.
func TestHouseAddresses(t *testing.T) {
	l := newLab(t)
	for _, to := range []string{"postmaster@" + ourDomain, "Abuse@" + ourDomain, "Postmaster"} {
		l.send(mail{from: "eve@" + evil, body: "Your server is broken"}, to).is("250 ")
	}
	rs := l.replies("")
	if len(rs) != 3 {
		t.Fatalf("%d mails to the operator were kept", len(rs))
	}
	for _, r := range rs {
		if r.State != gateway.ReplyOperator || !strings.Contains(l.stored("", r), "Your server is broken") {
			t.Errorf("kept as %+v", r)
		}
	}
	// What it is From is no address to answer to, but a person is told so.
	l.send(mail{body: "Here is my answer"}, General+"@"+ourDomain).is("550 5.7.1 Nobody reads this address")
	l.posts()
}
