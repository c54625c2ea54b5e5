package outbound

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// post has ann say something, and returns the message's id.
func (l *lab) post(c gateway.ConversationID, text string, answers gateway.MessageID) gateway.MessageID {
	l.Helper()
	in := chat.NewMessage{Text: chat.Give(text), Sender: chat.Give[gateway.UserID]("ann")}
	if answers != "" {
		in.ReferencedMessage = chat.Give(answers)
	}
	ids, err := l.chat.PostMessages(context.Background(), shop, c, []chat.NewMessage{in}, chat.Posting{})
	l.ok(err)
	return ids[0]
}

func (l *lab) edit(c gateway.ConversationID, m gateway.MessageID, text string) {
	l.Helper()
	l.ok(l.chat.EditMessage(context.Background(), shop, c, m, chat.MessagePatch{Text: chat.Give(text)}))
}

func (l *lab) remove(c gateway.ConversationID, m gateway.MessageID) {
	l.Helper()
	l.ok(l.chat.DeleteMessage(context.Background(), shop, c, m))
}

// remembered is the text by which a quotation of a mail to bob is known.
func (l *lab) remembered(id gateway.DeliveryID) (text string) {
	l.Helper()
	for _, s := range rows(l, store.SentMails, store.ConversationKey(shop, "c1").String("bob")) {
		if s.Delivery != id {
			continue
		}
		sealed, err := l.engine.Blob(context.Background(), shop, s.Body)
		l.ok(err)
		plain, err := secret.NewBox(l.keys).Open(secret.PurposeMail, sealed)
		l.ok(err)
		var body store.SentBody
		l.ok(json.Unmarshal(plain, &body))
		text = body.Text
	}
	return text
}

func (l *lab) decision() gateway.Notification {
	l.Helper()
	ns := rows(l, store.Decisions, store.AppKey(shop))
	if len(ns) != 1 {
		l.Fatalf("%d notifications", len(ns))
	}
	return ns[0]
}

// TestEditedWhileItWaits: a mail that was queued and not sent shows what its
// messages are when it is; it is sent once, as the mail it was.
func TestEditedWhileItWaits(t *testing.T) {
	for name, c := range map[string]struct {
		do        func(l *lab, first, second gateway.MessageID)
		has, lost string
		rewritten int
	}{
		"edited":             {func(l *lab, first, _ gateway.MessageID) { l.edit("c1", first, "changed words") }, "changed words", "first words", 1},
		"one of two deleted": {func(l *lab, first, _ gateway.MessageID) { l.remove("c1", first) }, "second words", "first words", 1},
		"quoted and deleted": {func(l *lab, first, _ gateway.MessageID) {
			l.post("c1", "unrelated", "") // after the mail: in the next one
			l.remove("c1", first)
		}, "second words", "first words", 1},
		"another one edited": {func(l *lab, _, _ gateway.MessageID) { l.edit("c1", l.post("c1", "third", ""), "fourth") }, "first words", "fourth", 0},
		"nothing":            {func(*lab, gateway.MessageID, gateway.MessageID) {}, "first words", "changed", 0},
		"edited twice": {func(l *lab, first, second gateway.MessageID) {
			l.edit("c1", first, "draft")
			l.pass(10 * time.Minute)
			l.edit("c1", second, "changed words")
		}, "changed words", "second words", 2},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(l *lab) {
				l.peer.answers(always("RCPT", "451 4.7.1 later"))
				first := l.post("c1", "first words", "")
				second := l.post("c1", "second words", first)
				l.pass(delay + time.Second)
				was := l.one()
				c.do(l, first, second)
				l.pass(20 * time.Minute)
				l.peer.answers(nil)
				l.pass(time.Hour)
				body := ""
				for _, m := range l.peer.mails() {
					if m.parse(l).Header.Get("Message-ID") == "<"+was.MessageID+">" {
						body = string(m.raw)
					}
				}
				if !strings.Contains(body, c.has) || strings.Contains(body, c.lost) {
					l.Errorf("sent, want %q and no %q:\n%s", c.has, c.lost, body)
				}
				if text := l.remembered(was.ID); !strings.Contains(text, c.has) || strings.Contains(text, c.lost) {
					l.Errorf("remembered as sent:\n%s", text)
				}
				if n := l.deliveries()[0].Rewritten; n != c.rewritten {
					l.Errorf("composed anew %d times", n)
				}
				l.pass(100 * time.Hour)
				if n := l.store.blobs(); n != len(l.peer.mails()) {
					l.Errorf("%d blobs are kept of %d mails", n, len(l.peer.mails()))
				}
				seen := map[string]int{}
				for _, m := range l.peer.mails() {
					seen[m.parse(l).Header.Get("Message-ID")]++
				}
				if seen["<"+was.MessageID+">"] != 1 {
					l.Errorf("mails went out as %v", seen)
				}
			})
		})
	}
}

// TestUnwantedWhileItWaits: what has no sense any more is not sent, and why
// stands at the notification.
func TestUnwantedWhileItWaits(t *testing.T) {
	for name, c := range map[string]struct {
		do     func(*lab, gateway.MessageID) error
		reason gateway.Reason
	}{
		"all deleted": {func(l *lab, m gateway.MessageID) error {
			return l.chat.DeleteMessage(context.Background(), shop, "c1", m)
		}, gateway.ReasonDeleted},
		"read": {func(l *lab, m gateway.MessageID) error {
			return l.chat.MarkRead(context.Background(), shop, "c1", "bob", m)
		}, gateway.ReasonRead},
		"came back": {func(l *lab, _ gateway.MessageID) error {
			return l.chat.SetPresence(context.Background(), shop, "bob", chat.PresencePatch{SelectedConversation: chat.Give[gateway.ConversationID]("c1")})
		}, gateway.ReasonReturned},
		"role without mail": {func(l *lab, _ gateway.MessageID) error {
			return l.roles(map[string]gateway.Role{"default": {EmailDisabled: true}})
		}, gateway.ReasonDisabled},
		"moved to a role without mail": {func(l *lab, _ gateway.MessageID) error {
			if err := l.roles(map[string]gateway.Role{"still": {EmailDisabled: true}}); err != nil {
				return err
			}
			_, err := l.chat.PutUser(context.Background(), shop, "bob", chat.UserPatch{Role: chat.Give("still")})
			return err
		}, gateway.ReasonDisabled},
		"muted": {func(l *lab, _ gateway.MessageID) error {
			return l.chat.PutConversation(context.Background(), shop, "c1", chat.ConversationPatch{Muted: chat.Give(true)})
		}, gateway.ReasonConversationMuted},
		"left": {func(l *lab, _ gateway.MessageID) error {
			return l.chat.Leave(context.Background(), shop, "c1", "bob")
		}, gateway.ReasonNoAccess},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(l *lab) {
				l.peer.answers(always("RCPT", "451 4.7.1 later"))
				m := l.post("c1", "Hello", "")
				l.pass(delay + time.Second)
				l.ok(c.do(l, m))
				l.peer.answers(nil)
				l.pass(50 * time.Hour)
				if d := l.one(); d.State != gateway.DeliveryCancelled || d.Reason != c.reason || d.Blob != "" {
					l.Errorf("the delivery is %+v", d)
				}
				if n := l.decision(); n.State != gateway.NotificationCancelled || n.Reason != c.reason {
					l.Errorf("the notification is %s, %s", n.State, n.Reason)
				}
				if n := len(l.peer.mails()); n != 0 || l.queued(store.Deliveries) != 0 {
					l.Errorf("%d mails went out", n)
				}
				if want := "[notification.triggered notification.deferred notification.skipped]"; fmt.Sprint(l.told()) != want {
					l.Errorf("told %v", l.told())
				}
			})
		})
	}
}

// TestOvertakenOnTheWire: until the end of the mail is sent nothing is too late,
// however long the peer takes for the rest.
func TestOvertakenOnTheWire(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(*lab, gateway.MessageID) error
		text string // of the mail that goes out; "": none does
	}{
		"edited": {func(l *lab, m gateway.MessageID) error {
			return l.chat.EditMessage(context.Background(), shop, "c1", m, chat.MessagePatch{Text: chat.Give("changed words")})
		}, "changed words"},
		"deleted": {func(l *lab, m gateway.MessageID) error {
			return l.chat.DeleteMessage(context.Background(), shop, "c1", m)
		}, ""},
		"read": {func(l *lab, m gateway.MessageID) error {
			return l.chat.MarkRead(context.Background(), shop, "c1", "bob", "")
		}, ""},
		"muted": {func(l *lab, m gateway.MessageID) error {
			return l.chat.PatchParticipant(context.Background(), shop, "c1", "bob", chat.ParticipantPatch{Notify: chat.Give(wire.Notify(gateway.NotifyNone))})
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(l *lab) {
				m, done := l.post("c1", "first words", ""), false
				l.peer.answers(func(verb, _ string) string {
					if verb == "DATA" && !done {
						done = true
						if err := c.do(l, m); err != nil {
							l.Error(err)
						}
					}
					return ""
				})
				l.pass(delay + time.Minute)
				got := l.peer.mails()
				if c.text == "" {
					if len(got) != 0 || l.one().State != gateway.DeliveryCancelled {
						l.Errorf("%d mails, the delivery is %s", len(got), l.one().State)
					}
					if want := "[notification.triggered notification.skipped]"; fmt.Sprint(l.told()) != want {
						l.Errorf("told %v", l.told())
					}
					return
				}
				if len(got) != 1 || !strings.Contains(string(got[0].raw), c.text) || strings.Contains(string(got[0].raw), "first words") {
					l.Fatalf("%d mails: %+v", len(got), got)
				}
				if d := l.one(); d.State != gateway.DeliverySent || len(d.Attempts) != 1 || l.store.blobs() != 1 {
					l.Errorf("the delivery is %+v, %d blobs", d, l.store.blobs())
				}
			})
		})
	}
}

// TestEditedForEver: a message that changes whenever its mail is about to go
// holds it up for minutes, not for ever.
func TestEditedForEver(t *testing.T) {
	bubble(t, func(l *lab) {
		m, n := l.post("c1", "draft 0.", ""), 0
		l.peer.answers(func(verb, _ string) string {
			if verb == "DATA" {
				n++
				if err := l.chat.EditMessage(context.Background(), shop, "c1", m, chat.MessagePatch{Text: chat.Give(fmt.Sprint("draft ", n, "."))}); err != nil {
					l.Error(err)
				}
			}
			return ""
		})
		l.pass(delay + maxRewritten*rewritePause + time.Minute)
		got := l.peer.mails()
		if len(got) != 1 || !strings.Contains(string(got[0].raw), fmt.Sprint("draft ", maxRewritten, ".")) {
			l.Fatalf("%d mails after %d tries", len(got), n)
		}
		if l.one().State != gateway.DeliverySent {
			l.Errorf("the delivery is %s", l.one().State)
		}
	})
}

// TestEditedBetweenTwoAddresses: what was taken for one address is not sent there
// again, while the mail to the other shows the change, in the same thread.
func TestEditedBetweenTwoAddresses(t *testing.T) {
	bubble(t, func(l *lab) {
		l.converse("c2", "ann", "eve")
		l.say("c2", "an older mail")
		l.pass(delay + time.Second)
		before := len(l.peer.mails())
		l.peer.answers(func(verb, to string) string {
			if verb == "RCPT" && to == "eve@work.test" {
				return "451 4.7.1 later"
			}
			return ""
		})
		m := l.post("c2", "first words", "")
		l.pass(delay + time.Second)
		l.edit("c2", m, "changed words")
		l.peer.answers(nil)
		l.pass(time.Hour)
		got := l.peer.mails()[before:]
		if len(got) != 2 || got[0].to != "eve@people.test" || got[1].to != "eve@work.test" {
			l.Fatalf("%d mails went out", len(got))
		}
		if !strings.Contains(string(got[0].raw), "first words") || !strings.Contains(string(got[1].raw), "changed words") {
			l.Error("the mails show the wrong words")
		}
		first, second := got[0].parse(l).Header, got[1].parse(l).Header
		for _, h := range []string{"In-Reply-To", "References", "Subject", "Reply-To"} {
			if first.Get(h) != second.Get(h) || first.Get(h) == "" {
				l.Errorf("%s: %q and %q", h, first.Get(h), second.Get(h))
			}
		}
	})
}

// roles sets the settings of the app's roles as a restart would find them.
func (l *lab) roles(roles map[string]gateway.Role) error {
	return l.store.Update(context.Background(), store.AppScope(shop), func(tx store.Tx) error {
		a, err := store.Apps.Get(tx, store.AppKey(shop))
		if err != nil {
			return err
		}
		a.Roles = roles
		return store.Apps.Put(tx, store.AppKey(shop), a)
	})
}

// TestQuotedAndDeletedWhileItWaits: nor does a mail quote what is gone.
func TestQuotedAndDeletedWhileItWaits(t *testing.T) {
	bubble(t, func(l *lab) {
		quoted := l.post("c1", "first words", "")
		l.ok(l.chat.MarkRead(context.Background(), shop, "c1", "bob", ""))
		l.peer.answers(always("RCPT", "451 4.7.1 later"))
		l.post("c1", "second words", quoted)
		l.pass(delay + time.Second)
		if text := l.remembered(l.one().ID); !strings.Contains(text, "> The ann: first words") {
			l.Fatalf("the mail quotes nothing:\n%s", text)
		}
		l.remove("c1", quoted)
		l.peer.answers(nil)
		l.pass(time.Hour)
		got := l.peer.mails()
		if len(got) != 1 || strings.Contains(string(got[0].raw), "first words") || !strings.Contains(string(got[0].raw), "second words") {
			l.Errorf("%d mails went out", len(got))
		}
	})
}
