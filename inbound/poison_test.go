package inbound

import (
	"context"
	"errors"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// TestPoison: a mail that breaks what reads it three times is kept unread and held;
// other mail is not touched by it, and nobody can have it posted.
func TestPoison(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	raw := l.sign(people, mail{body: "Yes"}.bytes())
	l.rcv.Resolver = nil // what checks the author runs into a nil pointer
	for range store.PoisonTimes {
		l.deliver("bob@"+people, raw, to).is("451 4.3.0 ")
	}
	if rs := l.replies(shop); len(rs) != 0 {
		t.Fatalf("recorded %+v", rs)
	}
	l.send(mail{body: "Another"}, to).is("451 4.3.0 ") // which has tries of its own
	l.deliver("bob@"+people, raw, to).is("250 2.0.0 Accepted")
	r := l.recorded(gateway.ReplyHeld, gateway.ReasonUnreadable)
	if l.stored(shop, r) == "" || len(l.events(gateway.EventReplyHeld)) != 1 {
		t.Error("it is not kept, or nobody is told")
	}
	l.rcv.Resolver = l.dns.Resolver
	l.send(mail{body: "Good"}, to).is("250 2.0.0 Posted")
	var refused gateway.Status
	if _, err := l.chat.Approve(context.Background(), shop, r.ID); !errors.As(err, &refused) || refused != chat.StatusUnread {
		t.Errorf("approving it ended with %v", err)
	}
	done, err := l.chat.Reject(context.Background(), shop, r.ID)
	if err != nil || done.State != gateway.ReplyRejected {
		t.Errorf("rejecting it ended with %v, %+v", err, done)
	}
	l.posts("Good")
}

// TestPoisonBeyondReading: what breaks once a mail was read is counted, too, and
// what is only put off is not.
func TestPoisonBeyondReading(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	raw := l.sign(people, mail{body: "Yes"}.bytes())
	for range store.PoisonTimes {
		views := 0
		l.when(func(what string) error {
			if what == "view" {
				if views++; views == 3 { // RCPT, the count, and then what is known of the person
					panic("a bug")
				}
			}
			return nil
		})
		l.deliver("bob@"+people, raw, to).is("451 4.3.0 ")
	}
	l.when(nil)
	l.deliver("bob@"+people, raw, to).is("250 2.0.0 Accepted")
	l.recorded(gateway.ReplyHeld, gateway.ReasonUnreadable)
	l.dns.Fail("s._domainkey." + people)
	l.dns.Fail(people)
	l.rcv.Resolver = l.dns.NewResolver()
	other := l.sign(people, mail{body: "No"}.bytes())
	for range store.PoisonTimes + 2 {
		l.deliver("bob@"+people, other, to).is("451 4.4.3 ")
	}
}
