package inbound

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// TestDNSIsDown: what cannot be verified for want of DNS is put off, for a day;
// then a person decides.
func TestDNSIsDown(t *testing.T) {
	l := newLab(t)
	l.dns.Fail("s._domainkey." + people)
	l.dns.Fail(people) // SPF
	to := l.address("c1", "bob")
	raw := l.sign(people, mail{body: "Yes"}.bytes())
	for range 3 {
		l.deliver("bob@"+people, raw, to).is("451 4.4.3 ")
	}
	l.posts()
	if rs := l.replies(shop); len(rs) != 0 {
		t.Errorf("recorded %+v", rs)
	}
	yesterday := func(by time.Duration) {
		l.update(func(tx store.Tx) error {
			return store.Deferrals.Scan(tx, store.Range{}, func(k store.Key, d store.Deferral) (bool, error) {
				d.First = time.Now().Add(-by)
				return true, store.Deferrals.Put(tx, k, d)
			})
		})
	}
	if n := len(all(l, store.Deferrals, nil)); n != 1 {
		t.Fatalf("%d mails are remembered as put off, want one", n)
	}
	yesterday(23*time.Hour + 59*time.Minute)
	l.deliver("bob@"+people, raw, to).is("451 4.4.3 ")
	yesterday(24*time.Hour + time.Minute)
	l.deliver("bob@"+people, raw, to).is("250 2.0.0 Accepted")
	l.recorded(gateway.ReplyHeld, gateway.ReasonUnauthentic)
	// Another mail has a day of its own.
	l.send(mail{body: "No"}, to).is("451 4.4.3 ")
}

// TestDNSComesBack: what was put off is posted once DNS answers, and a pass that
// needs no lost answer is believed at once.
func TestDNSComesBack(t *testing.T) {
	l := newLab(t)
	l.dns.Fail("s._domainkey." + people)
	to := l.address("c1", "bob")
	raw := l.sign(people, mail{body: "Yes"}.bytes())
	l.deliver("bob@"+people, raw, to).is("451 4.4.3 ")
	l.dns.Heal("s._domainkey." + people)
	l.rcv.Resolver = l.dns.NewResolver()
	l.deliver("bob@"+people, raw, to).is("250 2.0.0 Posted")
	l.rcv.Resolver = l.dns.NewResolver()
	l.dns.Fail(people) // SPF and DMARC of the organisation are not needed
	l.dns.Fail("_dmarc." + people)
	l.send(mail{body: "Again"}, to).is("250 2.0.0 Posted")
}

// TestSlowDNS: an answer comes within the budget whatever DNS does.
func TestSlowDNS(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the DNS budget")
	}
	l := newLab(t)
	l.dns.Drop("s._domainkey." + people)
	l.dns.Drop(people)
	begun := time.Now()
	l.send(mail{body: "Yes"}, l.address("c1", "bob")).is("451 4.4.3 ")
	if took := time.Since(begun); took > 35*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestTroubleOnOurSide: whatever breaks is 451, and nothing is kept of the mail.
func TestTroubleOnOurSide(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, c := range map[string]struct {
		what string
		do   func() error
		code string
	}{
		"reading":             {"view", func() error { return broken }, "451 4.3.0 "},
		"staging":             {"stage", func() error { return broken }, "451 4.3.0 "},
		"committing":          {"update", func() error { return broken }, "451 4.3.0 "},
		"panic while reading": {"view", func() error { panic("a bug") }, "451 4.3.0 "},
		"panic in the commit": {"update", func() error { panic("a bug") }, "451 4.3.0 "},
		"full disk":           {"update", func() error { return fmt.Errorf("commit: %w", store.ErrFull) }, "452 4.3.1 "},
		"full while staging":  {"stage", func() error { return fmt.Errorf("stage: %w", store.ErrFull) }, "452 4.3.1 "},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			to := l.address("c1", "bob")
			m := mail{id: "x@mail.people.test", head: multipart, body: fileParts("Yes", "a.txt", "text/plain", "a file")}
			l.once(c.what, c.do)
			l.send(m, to).is(c.code)
			l.posts()
			if rs := l.replies(shop); len(rs) != 0 || l.blobs() != 0 {
				t.Errorf("kept %+v and %d blobs", rs, l.blobs())
			}
			l.send(m, to).is("250 2.0.0 Posted") // the sender's next try
		})
	}
}

// TestPanicInAParser: a bug that a mail sets off delays that mail alone.
func TestPanicInAParser(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	good := l.rcv.Log
	l.rcv.Resolver = nil // what checks the author runs into a nil pointer
	l.send(mail{body: "Yes"}, to).is("451 4.3.0 ")
	l.rcv.Resolver = l.dns.Resolver
	l.rcv.Log = good
	l.send(mail{body: "Yes"}, to).is("250 2.0.0 Posted")
	l.posts("Yes")
}
