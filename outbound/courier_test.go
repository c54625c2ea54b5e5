package outbound

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// TestDelivered: a mail goes out once, and nothing but what is remembered of it
// is kept.
func TestDelivered(t *testing.T) {
	bubble(t, func(l *lab) {
		l.say("c1", "Hello")
		l.pass(delay + time.Second)
		got := l.peer.mails()
		if len(got) != 1 || got[0].to != "bob@people.test" {
			l.Fatalf("delivered %d mails", len(got))
		}
		if d := l.one(); d.State != gateway.DeliverySent || len(d.Attempts) != 1 || d.Attempts[0].Status.Code != 250 || d.Attempts[0].Hop != "relay.example.com:25" || d.Blob != "" {
			l.Errorf("the delivery is %+v", d)
		}
		if want := "[notification.triggered notification.sent]"; fmt.Sprint(l.told()) != want {
			l.Errorf("told %v", l.told())
		}
		if n := l.store.blobs(); n != 1 { // what was sent, to know its quotation by
			l.Errorf("%d blobs are kept", n)
		}
		l.pass(100 * time.Hour)
		if n := l.peer.tried(); n != 1 || l.queued(store.Deliveries) != 0 {
			l.Errorf("tried %d times", n)
		}
	})
}

// TestTriedAgain: greylisting, then taken.
func TestTriedAgain(t *testing.T) {
	bubble(t, func(l *lab) {
		l.peer.answers(always("RCPT", "451 4.7.1 greylisted, come back later"))
		l.say("c1", "Hello")
		l.pass(delay + time.Second)
		begun := time.Now()
		if d := l.one(); d.State != gateway.DeliveryDeferred {
			l.Fatalf("after a 4yz the delivery is %s", d.State)
		}
		l.peer.answers(nil)
		l.pass(4 * time.Minute)
		if n := l.peer.tried(); n != 1 {
			l.Errorf("tried %d times within 4 minutes", n)
		}
		l.pass(2 * time.Minute)
		got := l.peer.mails()
		if len(got) != 1 {
			l.Fatalf("delivered %d mails", len(got))
		}
		if after := got[0].at.Sub(begun); after > 6*time.Minute {
			l.Errorf("the second try came after %v", after)
		}
		d := l.one()
		if d.State != gateway.DeliverySent || len(d.Attempts) != 2 || d.Attempts[0].Status.Code != 451 {
			l.Errorf("the delivery is %+v", d)
		}
		if want := "[notification.triggered notification.deferred notification.sent]"; fmt.Sprint(l.told()) != want {
			l.Errorf("told %v", l.told())
		}
	})
}

// TestGivesUp: what nobody takes for two days is no news any more.
func TestGivesUp(t *testing.T) {
	for name, answer := range map[string]func(string, string) string{
		"refused for now": always("RCPT", "450 4.2.0 not now"),
		"hangs up":        always("MAIL", "hang up"),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(l *lab) {
				l.peer.answers(answer)
				l.say("c1", "Hello")
				l.pass(delay + 48*time.Hour - time.Minute)
				if d := l.one(); d.State != gateway.DeliveryDeferred {
					l.Fatalf("shortly before 48 h the delivery is %s", d.State)
				}
				l.pass(2 * time.Minute) // one try more
				d := l.one()
				if last := d.Attempts[len(d.Attempts)-1].At.Sub(d.CreatedAt); last < 48*time.Hour || last > 48*time.Hour+time.Second {
					l.Errorf("the last try was after %v", last)
				}
				if d.State != gateway.DeliveryBounced || d.Reason != gateway.ReasonExpired || d.Blob != "" {
					l.Errorf("in the end the delivery is %+v", d)
				}
				if n := len(d.Attempts); n < 15 || n > 22 {
					l.Errorf("it was tried %d times", n)
				}
				if l.suppressed("bob@people.test") || l.queued(store.Deliveries) != 0 || l.store.blobs() != 1 {
					l.Errorf("suppressed %v, queued %d, blobs %d", l.suppressed("bob@people.test"), l.queued(store.Deliveries), l.store.blobs())
				}
				if want := "[notification.triggered notification.deferred notification.bounced]"; fmt.Sprint(l.told()) != want {
					l.Errorf("told %v", l.told())
				}
			})
		})
	}
}

// TestRefused: a permanent answer ends the delivery; only what says that the
// address is dead suppresses it.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		verb, answer string
		suppressed   bool
	}{
		{"RCPT", "550 5.1.1 no such user", true},
		{"RCPT", "550 5.1.2 no such host", true},
		{"RCPT", "550 5.1.3 bad syntax", true},
		{"RCPT", "551 5.1.6 moved away", true},
		{"RCPT", "556 5.1.10 takes no mail", true},
		{"RCPT", "550 5.2.1 disabled", true},
		{"RCPT", "552 5.2.2 full", false},
		{"MAIL", "550 5.1.7 bad sender", false},
		{"MAIL", "550 5.1.8 bad sender", false},
		{"RCPT", "550 5.7.1 not wanted here", false},
		{".", "554 5.7.1 spam", false},
		{".", "550 5.6.0 content", false},
		{"DATA", "554 5.3.4 too big", false},
		{"RCPT", "550 no words", false},
		{"RCPT", "550 No such user here", true},
		{"RCPT", "550 <bob@people.test>: User unknown", true},
		{"RCPT", "550 Sender verify failed: no such user here", false},
		{"RCPT", "550 No such user: blocked by our policy", false},
		{"RCPT", "554 No such user here", false},
		{"RCPT", "550 5.0.0 No such user here", true},
	} {
		t.Run(c.answer, func(t *testing.T) {
			bubble(t, func(l *lab) {
				l.peer.answers(always(c.verb, c.answer))
				l.say("c1", "Hello")
				l.pass(delay + time.Second)
				d := l.one()
				if d.State != gateway.DeliveryBounced || d.Reason != gateway.ReasonRefused || d.Blob != "" || len(d.Attempts) != 1 {
					l.Errorf("the delivery is %+v", d)
				}
				if got := l.suppressed("bob@people.test"); got != c.suppressed {
					l.Errorf("suppressed: %v", got)
				}
				want := "[notification.triggered notification.bounced]"
				if c.suppressed {
					want = "[notification.triggered notification.bounced address.suppressed]"
				}
				if fmt.Sprint(l.told()) != want {
					l.Errorf("told %v", l.told())
				}
				// A dead address gets nothing more, another mail to a living one does.
				l.peer.answers(nil)
				l.say("c1", "Again")
				l.pass(delay + time.Second)
				if n := len(l.peer.mails()); (n == 0) != c.suppressed {
					l.Errorf("%d more mails went out", n)
				}
			})
		})
	}
}

// TestTwoAddresses: two mails with two reverse-paths and nobody in Cc; one that
// is refused does not harm the other.
func TestTwoAddresses(t *testing.T) {
	bubble(t, func(l *lab) {
		l.converse("c2", "ann", "eve", "bob")
		l.peer.answers(func(verb, to string) string {
			if verb == "RCPT" && to == "eve@work.test" {
				return "550 5.1.1 gone"
			}
			return ""
		})
		l.say("c2", "Hello")
		l.pass(delay + time.Second)
		got := l.peer.mails()
		if len(got) != 2 || len(l.deliveries()) != 3 {
			l.Fatalf("%d mails, %d deliveries", len(got), len(l.deliveries()))
		}
		paths, replies := map[string]bool{}, map[string]bool{}
		for _, g := range got {
			h := g.parse(l).Header
			if h.Get("Cc") != "" || h.Get("Bcc") != "" || !strings.Contains(h.Get("To"), g.to) || strings.Contains(h.Get("To"), ",") {
				l.Errorf("To %q, Cc %q for %s", h.Get("To"), h.Get("Cc"), g.to)
			}
			paths[g.from], replies[h.Get("Reply-To")] = true, true
		}
		if len(paths) != 2 || len(replies) != 2 {
			l.Errorf("reverse-paths %v, reply addresses %v", paths, replies)
		}
		if !l.suppressed("eve@work.test") || l.suppressed("eve@people.test") {
			l.Error("the wrong address is suppressed")
		}
		for _, n := range rows(l, store.Decisions, store.AppKey(shop)) {
			if n.State != gateway.NotificationSent {
				l.Errorf("the notification of %s is %s", n.Recipient, n.State)
			}
		}
	})
}
