package outbound

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// TestSuppressedWhileItWaits: what is unsubscribed between two tries is not sent.
func TestSuppressedWhileItWaits(t *testing.T) {
	for name, do := range map[string]func(suppression.Service, suppression.Fact) error{
		"unsubscribed": func(s suppression.Service, f suppression.Fact) error { return s.Unsubscribe(context.Background(), f) },
		"complained":   func(s suppression.Service, f suppression.Fact) error { return s.Suppress(context.Background(), f) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(l *lab) {
				l.peer.answers(always("RCPT", "451 4.7.1 later"))
				l.say("c1", "Hello")
				l.pass(delay + time.Second)
				l.peer.answers(nil)
				addr, err := gateway.ParseAddress("BOB@people.test")
				l.ok(err)
				l.ok(do(suppression.Service{Store: l.store}, suppression.Fact{App: shop, Address: addr, Kind: suppression.Page}))
				l.pass(50 * time.Hour)
				if d := l.one(); d.State != gateway.DeliveryCancelled || d.Blob != "" {
					l.Errorf("the delivery is %+v", d)
				}
				if n := len(l.peer.mails()); n != 0 || l.store.blobs() != 1 {
					l.Errorf("%d mails went out, %d blobs are kept", n, l.store.blobs())
				}
			})
		})
	}
}

// TestConversationDeletedWhileItWaits leaves nothing to be sent, and nothing kept.
func TestConversationDeletedWhileItWaits(t *testing.T) {
	bubble(t, func(l *lab) {
		l.peer.answers(always("RCPT", "451 4.7.1 later"))
		l.say("c1", "Hello")
		l.pass(delay + time.Second)
		l.peer.answers(nil)
		l.ok(l.chat.DeleteConversation(context.Background(), shop, "c1"))
		l.pass(50 * time.Hour)
		if d := l.one(); d.State != gateway.DeliveryCancelled {
			l.Errorf("the delivery is %s", d.State)
		}
		if n := l.store.blobs(); n != 0 || len(l.peer.mails()) != 0 || l.queued(store.Deliveries) != 0 {
			l.Errorf("%d blobs are kept, %d mails went out", n, len(l.peer.mails()))
		}
	})
}

// TestBouncedWhileItWaits: a report about a try that was not answered for ends
// the delivery; its mail is given up.
func TestBouncedWhileItWaits(t *testing.T) {
	bubble(t, func(l *lab) {
		l.peer.answers(always(".", "hang up"))
		l.say("c1", "Hello")
		l.pass(delay + time.Second)
		d := l.one()
		l.ok(l.store.Update(context.Background(), store.ConversationScope(shop, "c1"), func(tx store.Tx) error {
			_, err := l.chat.DeliverySettled(tx, time.Now(), shop, chat.Settled{Delivery: d.ID, State: gateway.DeliveryBounced, Reason: gateway.ReasonRefused})
			return err
		}))
		l.peer.answers(nil)
		l.pass(time.Hour)
		if d := l.one(); d.State != gateway.DeliveryBounced || d.Blob != "" {
			l.Errorf("the delivery is %+v", d)
		}
		if n := l.store.blobs(); n != 1 || len(l.peer.mails()) != 0 || l.queued(store.Deliveries) != 0 {
			l.Errorf("%d blobs are kept, %d mails went out", n, len(l.peer.mails()))
		}
	})
}

// TestNotAnswered: a mail that may have been taken goes again, with the same id.
func TestNotAnswered(t *testing.T) {
	bubble(t, func(l *lab) {
		l.peer.answers(always(".", "taken, hang up"))
		l.say("c1", "Hello")
		l.pass(delay + time.Second)
		l.peer.answers(nil)
		l.pass(time.Hour)
		got := l.peer.mails()
		if len(got) != 2 || string(got[0].raw) != string(got[1].raw) || got[0].from != got[1].from {
			l.Fatalf("%d mails went out", len(got))
		}
		if d := l.one(); d.State != gateway.DeliverySent || !strings.Contains(d.Attempts[0].Status.Text, "ambiguous") {
			l.Errorf("the delivery is %+v", d)
		}
	})
}

// TestRestart: the process ends at every stage; nothing is lost or doubled.
func TestRestart(t *testing.T) {
	bubble(t, func(l *lab) {
		again := func() {
			l.stop()
			l.start()
		}
		l.converse("c2", "ann", "bob")
		l.say("c1", "One")
		again() // while the messages wait
		l.say("c2", "Two")
		l.pass(time.Minute)
		again()
		l.peer.answers(always("RCPT", "451 4.7.1 later"))
		l.pass(90 * time.Second)
		again() // while a mail is put off
		l.pass(time.Minute)
		l.peer.answers(nil)
		again()
		l.pass(time.Hour)
		again()
		l.pass(60 * time.Hour)
		got := map[string]int{}
		for _, m := range l.peer.mails() {
			got[m.parse(l).Header.Get("Message-ID")]++
		}
		if len(got) != 2 || len(l.peer.mails()) != 2 {
			l.Errorf("mails went out as %v", got)
		}
		if n := l.store.blobs(); n != 2 {
			l.Errorf("%d blobs are kept", n)
		}
	})
}

// TestMailThatIsMissing: trouble of ours never ends a mail, and is said.
func TestMailThatIsMissing(t *testing.T) {
	bubble(t, func(l *lab) {
		l.peer.answers(always("RCPT", "451 4.7.1 later"))
		l.say("c1", "Hello")
		l.pass(delay + time.Second)
		d := l.one()
		l.ok(l.store.Update(context.Background(), store.AppScope(shop), func(tx store.Tx) error { return tx.Drop(shop, d.Blob) }))
		l.peer.answers(nil)
		l.pass(70 * time.Hour)
		if d := l.one(); d.State != gateway.DeliveryDeferred {
			l.Errorf("the delivery is %s", d.State)
		}
		if !strings.Contains(l.log.String(), "delivery is in trouble") {
			l.Error("nothing was said")
		}
	})
}
