package outbound

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// hold records a reply that waits for approval, as the receiving side does, and
// queues what asks about it.
func (l *lab) hold(u gateway.UserID) (r gateway.Reply) {
	l.Helper()
	from, err := gateway.ParseAddress(string(u) + "@people.test")
	l.ok(err)
	l.ok(l.store.Update(context.Background(), store.ConversationScope(shop, "c1"), func(tx store.Tx) error {
		r = gateway.Reply{
			ID: gateway.ReplyID(tx.NewID(gateway.PrefixReply)), Conversation: "c1", Participant: u, State: gateway.ReplyHeld, Reason: gateway.ReasonUnauthentic,
			ReceivedAt: time.Now(), From: from, MessageID: "theirs@mail.people.test", Content: &gateway.ReplyContent{Text: "Believe me"},
		}
		if err := l.chat.RecordReply(tx, time.Now(), shop, r); err != nil {
			return err
		}
		return chat.QueueNotice(tx, time.Now(), shop, chat.NoticeOf(gateway.NoticeConfirm, r))
	}))
	return r
}

// tell queues a notice of another kind.
func (l *lab) tell(u gateway.UserID, kind gateway.NoticeKind, why gateway.Reason) {
	l.Helper()
	l.ok(l.store.Update(context.Background(), store.ConversationScope(shop, "c1"), func(tx store.Tx) error {
		return chat.QueueNotice(tx, time.Now(), shop, gateway.Notice{Kind: kind, Reason: why, Conversation: "c1", Recipient: u, MessageID: "theirs@mail.people.test"})
	}))
}

// TestNoticeIsMailed: null reverse-path, signed, in the person's language, once
// a day, and nothing of it is kept.
func TestNoticeIsMailed(t *testing.T) {
	bubble(t, func(l *lab) {
		_, err := l.chat.PutUser(context.Background(), shop, "bob", chat.UserPatch{Locale: chat.Give("de-AT")})
		l.ok(err)
		for range 3 {
			l.hold("bob")
		}
		l.pass(time.Second)
		got := l.peer.mails()
		if len(got) != 1 {
			l.Fatalf("%d notices were mailed", len(got))
		}
		m := got[0].parse(l)
		if got[0].from != "" || got[0].to != "bob@people.test" || m.Header.Get("Auto-Submitted") != "auto-replied" ||
			len(m.Header["Dkim-Signature"]) != 2 || m.Header.Get("In-Reply-To") != "<theirs@mail.people.test>" {
			l.Errorf("from <%s> to <%s>: %v", got[0].from, got[0].to, m.Header)
		}
		body, _ := io.ReadAll(m.Body)
		if !strings.Contains(string(body), "https://pages.example.com/c/c") || !strings.Contains(string(body), "Antwort ansehen") || strings.Contains(string(body), "Believe") {
			l.Errorf("it says\n%s", body)
		}
		d := l.one()
		if d.State != gateway.DeliverySent || d.Notification != "" || d.Bounce != 0 || l.store.blobs() != 0 {
			l.Errorf("the delivery is %+v; %d blobs are kept", d, l.store.blobs())
		}
		if told := l.told(); len(told) != 0 {
			l.Errorf("told %v", told)
		}
		if strings.Contains(l.log.String(), "/c/") {
			l.Error("the log holds the link")
		}
		l.pass(24 * time.Hour)
		l.hold("bob")
		l.pass(time.Second)
		if n := len(l.peer.mails()); n != 2 {
			l.Errorf("%d notices were mailed by the next day", n)
		}
	})
}

// TestNoticeRecipient: only registered addresses, none that is suppressed;
// unsubscribing does not stop notices.
func TestNoticeRecipient(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*lab, suppression.Service)
		want   string
	}{
		"as they are": {func(*lab, suppression.Service) {}, "eve@people.test"},
		"unsubscribed": {func(l *lab, s suppression.Service) {
			l.ok(s.Unsubscribe(context.Background(), suppression.Fact{App: shop, Address: mustAddress(l, "eve@people.test"), Kind: suppression.Page}))
		}, "eve@people.test"},
		"first one suppressed": {func(l *lab, s suppression.Service) {
			l.ok(s.Suppress(context.Background(), suppression.Fact{App: shop, Address: mustAddress(l, "eve@people.test"), Kind: suppression.Hard}))
		}, "eve@work.test"},
		"all suppressed": {func(l *lab, s suppression.Service) {
			for _, a := range []string{"eve@people.test", "eve@work.test"} {
				l.ok(s.Suppress(context.Background(), suppression.Fact{App: shop, Address: mustAddress(l, a), Kind: suppression.Complaint}))
			}
		}, ""},
		"none left":  {func(l *lab, _ suppression.Service) { l.user("eve") }, ""},
		"others now": {func(l *lab, _ suppression.Service) { l.user("eve", "eve@new.test") }, "eve@new.test"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(l *lab) {
				c.change(l, suppression.Service{Store: l.store})
				l.tell("eve", gateway.NoticeRefused, gateway.ReasonReadOnly)
				l.pass(time.Second)
				var to string
				for _, m := range l.peer.mails() {
					to += m.to
				}
				if to != c.want || l.queued(store.Notifications) != 0 {
					l.Errorf("mailed to %q, want %q", to, c.want)
				}
			})
		})
	}
}

func mustAddress(l *lab, s string) gateway.Address {
	l.Helper()
	a, err := gateway.ParseAddress(s)
	l.ok(err)
	return a
}

// TestNoticeToUnsubscribe: the link works for the address it is mailed to.
func TestNoticeToUnsubscribe(t *testing.T) {
	bubble(t, func(l *lab) {
		l.tell("bob", gateway.NoticeUnsubscribe, gateway.ReasonStop)
		l.pass(time.Second)
		got := l.peer.mails()
		if len(got) != 1 || !strings.Contains(string(got[0].raw), "https://pages.example.com/u/u") {
			l.Fatalf("mailed %+v", got)
		}
		links := rows(l, store.UnsubLinks, store.AppKey(shop))
		handle := rows(l, store.Handles, store.HandleKey(links[0].Handle))
		if len(links) != 1 || handle[0].Address.String() != "bob@people.test" || handle[0].User != "bob" {
			l.Errorf("the link stands for %+v", handle)
		}
	})
}

// TestNoticeOfUnsubscribing: the owner of the address, and nobody else, hears of
// it once, though the address gets no notifications any more.
func TestNoticeOfUnsubscribing(t *testing.T) {
	bubble(t, func(l *lab) {
		s := chat.Subscriptions{Service: suppression.Service{Store: l.store}}
		fact := suppression.Fact{App: shop, Address: mustAddress(l, "eve@work.test"), User: "eve", Kind: suppression.OneClick}
		for range 3 {
			l.ok(s.Unsubscribe(context.Background(), fact))
		}
		gone := fact
		gone.Address = mustAddress(l, "eve@former.test")
		l.ok(s.Unsubscribe(context.Background(), gone))
		l.pass(time.Second)
		got := l.peer.mails()
		if len(got) != 1 || got[0].to != "eve@work.test" || !strings.Contains(string(got[0].raw), "https://pages.example.com/u/u") {
			l.Fatalf("mailed %+v", got)
		}
		if !l.suppressed("eve@work.test") || !l.suppressed("eve@former.test") {
			l.Error("nobody is unsubscribed")
		}
	})
}

// TestNoticeOfDecidedReply: nobody is asked what was decided.
func TestNoticeOfDecidedReply(t *testing.T) {
	bubble(t, func(l *lab) {
		l.ok(l.store.Update(context.Background(), store.ConversationScope(shop, "c1"), func(tx store.Tx) error {
			r := gateway.Reply{ID: gateway.ReplyID(tx.NewID(gateway.PrefixReply)), Conversation: "c1", Participant: "bob", State: gateway.ReplyRejected}
			if err := l.chat.RecordReply(tx, time.Now(), shop, r); err != nil {
				return err
			}
			return chat.QueueNotice(tx, time.Now(), shop, chat.NoticeOf(gateway.NoticeConfirm, r))
		}))
		l.pass(time.Second)
		if n := len(l.peer.mails()); n != 0 || l.queued(store.Notifications) != 0 {
			l.Errorf("%d mails, %d items", n, l.queued(store.Notifications))
		}
	})
}

// TestForwardToOperator: the whole mail, tried until it is taken, and an address
// that refuses one is still used for the next.
func TestForwardToOperator(t *testing.T) {
	bubble(t, func(l *lab) {
		const raw = "From: eve@evil.test\r\nSubject: Abuse\r\n\r\nYour users annoy me.\r\n"
		forward := func() {
			staged, err := l.store.Stage(context.Background(), "", secret.NewBox(l.keys).Seal(secret.PurposeMail, []byte(raw)))
			l.ok(err)
			l.ok(l.store.Update(context.Background(), store.ConversationScope("", ""), func(tx store.Tx) error {
				ref, err := tx.Keep(staged)
				if err != nil {
					return err
				}
				r := gateway.Reply{ID: gateway.ReplyID(tx.NewID(gateway.PrefixReply)), State: gateway.ReplyOperator, Rule: "abuse"}
				if err := l.chat.RecordReply(tx, time.Now(), "", r); err != nil {
					return err
				}
				return chat.QueueNotice(tx, time.Now(), "", gateway.Notice{Kind: gateway.NoticeForward, To: mustAddress(l, "ops@example.org"), Reply: r.ID, Raw: ref})
			}))
			l.pass(time.Second)
		}
		l.peer.answers(always("RCPT", "550 5.1.1 no such user"))
		forward()
		l.peer.answers(nil)
		forward()
		got := l.peer.mails()
		if len(got) != 1 || got[0].from != "" || got[0].to != "ops@example.org" {
			l.Fatalf("mailed %+v", got)
		}
		m := got[0].parse(l)
		body, _ := io.ReadAll(m.Body)
		if m.Header.Get("Subject") != "Mail to abuse@"+domain || !strings.Contains(string(body), "message/rfc822") || !strings.Contains(string(body), "Your users annoy me.") {
			l.Errorf("forwarded\n%s", got[0].raw)
		}
		if l.store.blobs() != 0 {
			l.Errorf("%d blobs are kept", l.store.blobs())
		}
	})
}

// TestPlacesOfMails: who was mailed about what is found by the mail's id, as
// long as the mail is remembered.
func TestPlacesOfMails(t *testing.T) {
	bubble(t, func(l *lab) {
		l.say("c1", "Hello")
		l.pass(delay)
		d := l.one()
		places := rows(l, store.MailPlaces, store.MailKey(d.MessageID))
		if len(places) != 1 || places[0] != (store.MailPlace{App: shop, Conversation: "c1", User: "bob"}) {
			l.Errorf("its place is %+v", places)
		}
		l.ok(l.chat.DeleteConversation(context.Background(), shop, "c1"))
		if places := rows(l, store.MailPlaces, nil); len(places) != 0 {
			l.Errorf("left are %+v", places)
		}
	})
}
