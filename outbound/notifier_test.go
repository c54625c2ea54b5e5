package outbound

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// TestBurst: many messages within the delay are one mail that shows them all.
func TestBurst(t *testing.T) {
	bubble(t, func(l *lab) {
		for i := range 20 {
			l.say("c1", fmt.Sprintf("Message number %d.", i))
			l.pass(5 * time.Second)
		}
		l.pass(delay)
		got := l.peer.mails()
		if len(got) != 1 {
			l.Fatalf("%d mails went out", len(got))
		}
		text := string(got[0].raw)
		for i := range 20 {
			if !strings.Contains(text, fmt.Sprintf("Message number %d.", i)) {
				l.Errorf("message %d is not shown", i)
			}
		}
		l.say("c1", "Another one")
		l.pass(delay + time.Second)
		got = l.peer.mails()
		if len(got) != 2 || strings.Contains(string(got[1].raw), "number 3.") || !strings.Contains(string(got[1].raw), "Another one") {
			l.Errorf("%d mails; the second shows\n%s", len(got), got[len(got)-1].raw)
		}
	})
}

// TestThread: the mails about a conversation are one thread for every client.
func TestThread(t *testing.T) {
	bubble(t, func(l *lab) {
		for i := range 14 {
			l.say("c1", fmt.Sprint("Message ", i))
			l.pass(delay + time.Second)
			if i == 3 { // a new subject does not begin a new thread
				l.ok(l.chat.PutConversation(context.Background(), shop, "c1", chat.ConversationPatch{Subject: chat.Give("Renamed")}))
			}
		}
		var ids []string
		var root, subject, listID string
		for i, m := range l.peer.mails() {
			h := m.parse(l).Header
			refs := strings.Fields(h.Get("References"))
			if i == 0 {
				subject, listID = h.Get("Subject"), h.Get("List-Id")
				if len(refs) != 1 {
					l.Errorf("the first mail refers to %v", refs)
				}
				root = refs[0]
			}
			if len(refs) == 0 || refs[0] != root || len(refs) > 20 {
				l.Errorf("mail %d refers to %v, root %s", i, refs, root)
			}
			if i > 0 && (h.Get("In-Reply-To") != ids[i-1] || refs[len(refs)-1] != ids[i-1]) {
				l.Errorf("mail %d answers %s and refers to %v, want %s", i, h.Get("In-Reply-To"), refs, ids[i-1])
			}
			if got := strings.TrimPrefix(h.Get("Subject"), "Re: "); got != strings.TrimPrefix(subject, "Re: ") {
				l.Errorf("mail %d has the subject %q", i, got)
			}
			if h.Get("List-Id") != listID || h.Get("Auto-Submitted") != "auto-generated" || h.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
				l.Errorf("mail %d has the header %v", i, h)
			}
			ids = append(ids, h.Get("Message-ID"))
		}
		if len(ids) != 14 {
			l.Fatalf("%d mails", len(ids))
		}
	})
}

// TestSigned: both signatures of what goes out verify.
func TestSigned(t *testing.T) {
	bubble(t, func(l *lab) {
		l.say("c1", "Grüße\n.\n..\nFrom me\n"+strings.Repeat("long ", 400))
		l.pass(delay + time.Second)
		raw := l.peer.mails()[0].raw
		wire := strings.ReplaceAll(string(raw), "\n", "\r\n")
		results, err := dkim.Verify(context.Background(), []byte(wire), dkim.VerifyOptions{Now: time.Now(), LookupTXT: func(_ context.Context, name string) ([]string, error) {
			for _, k := range l.dkim {
				if r, err := k.Record(); err == nil && strings.TrimSuffix(r.Name, ".") == strings.TrimSuffix(name, ".") {
					return []string{r.Value()}, nil
				}
			}
			return nil, fmt.Errorf("no key at %s", name)
		}})
		if err != nil || len(results) != 2 {
			l.Fatalf("%d signatures: %v", len(results), err)
		}
		for _, r := range results {
			if r.Verdict != dkim.Pass {
				l.Errorf("%s: %s %v", r.Selector, r.Verdict, r.Err)
			}
		}
		for line := range strings.SplitSeq(string(raw), "\n") {
			if len(line) > 998 {
				l.Errorf("a line has %d octets", len(line))
			}
		}
	})
}

// TestRemembered: what was sent is remembered, sealed, and the oldest forgotten.
func TestRemembered(t *testing.T) {
	bubble(t, func(l *lab) {
		for i := range sentKept + 5 {
			l.say("c1", fmt.Sprintf("Moonflower %d", i))
			l.pass(delay + time.Second)
		}
		sent := rows(l, store.SentMails, store.ConversationKey(shop, "c1"))
		if len(sent) != sentKept || sent[0].UpTo != 6 {
			l.Errorf("%d mails are remembered, from message %d on", len(sent), sent[0].UpTo)
		}
		if n := l.store.blobs(); n != sentKept {
			l.Errorf("%d blobs are kept", n)
		}
		last := sent[len(sent)-1]
		d := l.deliveries()
		if last.MessageID != d[len(d)-1].MessageID || last.FromName == "" || last.Subject == "" || len(last.Shown) != 1 {
			l.Errorf("remembered %+v", last)
		}
		sealed, err := l.engine.Blob(context.Background(), shop, last.Body)
		if err != nil || strings.Contains(string(sealed), "Moonflower") {
			l.Errorf("what was sent lies in the open: %v", err)
		}
	})
}

// TestNobodyIsTold: what happens during the delay counts.
func TestNobodyIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		do     func(*lab) error
		reason gateway.Reason
	}{
		"read":    {func(l *lab) error { return l.chat.MarkRead(context.Background(), shop, "c1", "bob", "") }, gateway.ReasonRead},
		"left":    {func(l *lab) error { return l.chat.Leave(context.Background(), shop, "c1", "bob") }, gateway.ReasonNoAccess},
		"address": {func(l *lab) error { l.user("bob"); return nil }, gateway.ReasonNoAddress},
		"deleted": {func(l *lab) error { return l.chat.DeleteConversation(context.Background(), shop, "c1") }, ""},
		"looked at": {func(l *lab) error {
			return l.chat.SetPresence(context.Background(), shop, "bob", chat.PresencePatch{SelectedConversation: chat.Give[gateway.ConversationID]("c1")})
		}, gateway.ReasonReturned},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(l *lab) {
				l.say("c1", "Hello")
				l.pass(time.Minute)
				l.ok(c.do(l))
				l.pass(24 * time.Hour)
				if n := len(l.peer.mails()); n != 0 || l.store.blobs() != 0 {
					l.Errorf("%d mails went out, %d blobs are kept", n, l.store.blobs())
				}
				ns := rows(l, store.Decisions, store.AppKey(shop))
				if c.reason == "" && len(ns) == 0 {
					return
				}
				if len(ns) != 1 || ns[0].Reason != c.reason || ns[0].State != gateway.NotificationSkipped {
					l.Errorf("decided %+v", ns)
				}
			})
		})
	}
}

// TestOddPeople: whatever a backend says of people, a mail can be written, and
// one person never keeps the others from theirs.
func TestOddPeople(t *testing.T) {
	long := strings.Repeat("Ü", 400)
	for name, c := range map[string]struct {
		user, email, text, subject, locale string
	}{
		"control characters":     {"Bob\r\nBcc: eve@evil.test\x00", "bob@people.test", "Hi\x00\x1b[31m", "a\r\nBcc: eve@evil.test", ""},
		"endless names":          {long, "bob@people.test", long, long, ""},
		"name in other script":   {"אבג \u202Exyz", "bob@people.test", "שלום", "שלום", "he"},
		"address outside ASCII":  {"Bob", "bøb@people.test", "Hi", "x", "tlh"},
		"address in quotes":      {"Bob", `"bob, or not"@people.test`, "Hi", "x", "not a locale"},
		"a domain outside ASCII": {"Bob", "bob@bücher.test", "Hi", "x", ""},
		"nothing at all":         {"", "bob@people.test", "", "", ""},
		"broken UTF-8":           {"\xff\xfe", "bob@people.test", "\xff\xfe", "\xff", ""},
		"markup":                 {"<script>", "bob@people.test", "{{.}} <b>{message}</b>", "{recipient_name}", "de"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(l *lab) {
				ctx := context.Background()
				_, err := l.chat.PutUser(ctx, shop, "odd", chat.UserPatch{Name: chat.Give(c.user), Email: chat.Give(chat.Strings{c.email}), Locale: chat.Give(c.locale)})
				l.ok(err)
				l.ok(l.chat.PutConversation(ctx, shop, "c1", chat.ConversationPatch{Subject: chat.Give(c.subject), Participants: chat.Give([]gateway.UserID{"odd"})}))
				l.say("c1", c.text)
				l.pass(delay + time.Minute)
				var bob, odd int
				for _, d := range l.deliveries() {
					if d.Recipient == "odd" {
						odd++
					} else {
						bob++
					}
				}
				if bob != 1 || odd != 1 {
					l.Errorf("%d mails for bob, %d for the odd one\n%s", bob, odd, l.log)
				}
				for _, m := range l.peer.mails() {
					if h := m.parse(l).Header; h.Get("Bcc") != "" || strings.ContainsAny(fmt.Sprint(h), "\x00\x1b") {
						l.Errorf("injected: %v", h)
					}
				}
			})
		})
	}
}

// TestNothingSecretIsLogged: at the level of debug, no line holds a token.
func TestNothingSecretIsLogged(t *testing.T) {
	bubble(t, func(l *lab) {
		l.peer.answers(func(verb, to string) string {
			if verb == "RCPT" {
				return "450 4.1.1 moonflower"
			}
			return ""
		})
		l.say("c1", "A secret about moonflowers")
		l.pass(delay + time.Second)
		l.peer.answers(nil)
		l.pass(time.Hour)
		m := l.peer.mails()[0]
		h := m.parse(l).Header
		log := l.log.String()
		for _, s := range []string{m.from, h.Get("Reply-To"), h.Get("List-Unsubscribe"), "moonflowers"} {
			for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9') }) {
				if len(word) >= 11 && strings.Contains(log, word) && word != "notifications" {
					l.Errorf("the log holds %s", word)
				}
			}
		}
		if !strings.Contains(log, `"delivery attempt"`) {
			l.Error("attempts are not logged")
		}
	})
}
