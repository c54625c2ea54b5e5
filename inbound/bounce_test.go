package inbound

import (
	"fmt"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// dsn is a delivery report about a mail, as Postfix writes it.
func dsn(d gateway.Delivery, status string) mail {
	return mail{
		from: "MAILER-DAEMON@mx.people.test", path: "-", sign: "-", subject: "Undelivered Mail Returned to Sender",
		head: "Auto-Submitted: auto-replied\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b1\n",
		body: dsnBody(d.To.String(), status, d.MessageID),
	}
}

func dsnBody(to, status, original string) string {
	return "--b1\nContent-Type: text/plain\n\nI'm sorry to have to inform you that your message could not be delivered.\n" +
		"--b1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.people.test\n\nFinal-Recipient: rfc822; " + to +
		"\nAction: failed\nStatus: " + status + "\nRemote-MTA: dns; mx.people.test\nDiagnostic-Code: smtp; 550 " + status + " it does not work\n" +
		"--b1\nContent-Type: text/rfc822-headers\n\nFrom: notifications@reply.example.com\nMessage-ID: <" + original + ">\nSubject: Order\n--b1--\n"
}

// report sends a report from the null sender.
func (l *lab) report(m mail, to string) session {
	l.Helper()
	return l.deliver("", m.bytes(), to)
}

func (l *lab) suppressed(a string) bool {
	l.Helper()
	addr, err := gateway.ParseAddress(a)
	l.ok(err)
	_, found, err := suppression.Service{Store: l.engine}.Find(l.Context(), shop, addr)
	l.ok(err)
	return found
}

// unsubscribe is the address that unsubscribes an address.
func (l *lab) unsubscribe(u gateway.UserID, a string) string {
	l.Helper()
	addr, err := gateway.ParseAddress(a)
	l.ok(err)
	h, err := suppression.Link(l.Context(), l.watched, suppression.Fact{App: shop, Address: addr, User: u}, clock())
	l.ok(err)
	return l.tokens.Address('u', h, ourDomain).String()
}

// TestBounces: what a genuine report means for the delivery and the address.
func TestBounces(t *testing.T) {
	for name, c := range map[string]struct {
		status     string
		edit       func(*mail)
		state      gateway.DeliveryState
		suppressed bool
	}{
		"unknown address":       {"5.1.1", nil, gateway.DeliveryBounced, true},
		"disabled mailbox":      {"5.2.1", nil, gateway.DeliveryBounced, true},
		"full mailbox":          {"5.2.2", nil, gateway.DeliveryBounced, false},
		"refused content":       {"5.7.1", nil, gateway.DeliveryBounced, false},
		"given up for now":      {"4.4.7", nil, gateway.DeliveryBounced, false},
		"still being tried":     {"4.4.1", func(m *mail) { m.body = strings.Replace(m.body, "failed", "delayed", 1) }, gateway.DeliverySent, false},
		"arrived":               {"2.0.0", func(m *mail) { m.body = strings.Replace(m.body, "failed", "delivered", 1) }, gateway.DeliverySent, false},
		"without the original":  {"5.1.1", func(m *mail) { m.body, _, _ = strings.Cut(m.body, "--b1\nContent-Type: text/rfc822") }, gateway.DeliveryBounced, true},
		"in text, like qmail's": {"5.1.1", func(m *mail) { *m = qmail("5.1.1") }, gateway.DeliveryBounced, true},
		"of two, ours is second": {"5.1.1", func(m *mail) {
			m.body = strings.Replace(m.body, "\n\nFinal-Recipient", "\n\nFinal-Recipient: rfc822; other@people.test\nAction: delayed\nStatus: 4.0.0\n\nFinal-Recipient", 1)
		}, gateway.DeliveryBounced, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			d := l.notified("bob", "c1", "bob@"+people, "Hello")
			m := dsn(d, c.status)
			if c.edit != nil {
				c.edit(&m)
			}
			l.report(m, l.verp(d)).is("250 2.0.0 Recorded")
			l.recorded(gateway.ReplyBounce, "")
			l.posts()
			got := all(l, store.Mails, store.AppKey(shop))[0]
			if got.State != c.state || l.suppressed("bob@"+people) != c.suppressed {
				t.Errorf("the delivery is %s, suppressed: %v", got.State, l.suppressed("bob@"+people))
			}
			// The report comes twice: nothing more happens.
			events := len(all(l, store.EventLog, store.AppKey(shop)))
			l.report(m, l.verp(d)).is("250 ")
			if n := len(all(l, store.EventLog, store.AppKey(shop))) - events; n != 0 {
				t.Errorf("its copy told %d events", n)
			}
		})
	}
}

func qmail(status string) mail {
	return mail{
		from: "MAILER-DAEMON@mx.people.test", subject: "failure notice",
		body: "Hi. This is the qmail-send program at mx.people.test.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<bob@people.test>:\nSorry, no mailbox here by that name. (#" + status + ")\n",
	}
}

// TestForgedBounces: nobody is cut off by a report that somebody made up.
func TestForgedBounces(t *testing.T) {
	l := newLab(t)
	d := l.notified("bob", "c1", "bob@"+people, "Hello")
	reply, verp := l.address("c1", "bob"), l.verp(d)
	broken := []byte(verp)
	broken[30] ^= 3
	good := dsn(d, "5.1.1")
	other := good
	other.body = dsnBody("bob@people.test", "5.1.1", "another@"+ourDomain)
	person := mail{subject: "Re: Undelivered Mail Returned to Sender", body: "The address bob@people.test does not exist: 550 5.1.1 user unknown"}
	noForm := good
	noForm.head = "Auto-Submitted: auto-replied\n"
	victim := good
	victim.body = dsnBody("ann@people.test", "5.1.1", "another@"+ourDomain)
	complaint := good
	complaint.head = strings.Replace(good.head, "delivery-status", "feedback-report", 1)
	complaint.body = strings.Replace(good.body, "Content-Type: message/delivery-status\n", "Content-Type: message/feedback-report\n\nFeedback-Type: abuse", 1)
	embedded := mail{body: "FYI\n\n" + good.body}
	human := good
	human.path = "bob@people.test"
	for i, c := range []struct {
		name, from, to string
		m              mail
	}{
		{"to the reply address", "", reply, good},
		{"to the reply address, from a person", "bob@" + people, reply, good},
		{"to the general address", "", General + "@" + ourDomain, good},
		{"to postmaster", "", "postmaster@" + ourDomain, good},
		{"to an address with a wrong MAC", "", string(broken), good},
		{"to the unsubscribe address", "", l.unsubscribe("bob", "bob@"+people), good},
		{"about a Message-ID that is not the delivery's", "", verp, other},
		{"about another victim and mail", "", verp, victim},
		{"in the words of a person", "bob@" + people, verp, person},
		{"in the words of a person, from nobody", "", verp, person},
		{"without the form of a report", "", verp, noForm},
		{"a complaint by nobody known", "", verp, complaint},
		{"pasted into a text", "", verp, embedded},
		{"to a delivery that does not exist", "", l.verp(gateway.Delivery{Bounce: 4711}), good},
		{"from a sender with a mailbox, unsigned", "eve@" + evil, verp, other},
	} {
		s := l.deliver(c.from, c.m.bytes(), c.to)
		if l.suppressed("bob@"+people) || l.suppressed("ann@"+people) {
			t.Fatalf("%d: forged %s (answered %q): the address is suppressed", i, c.name, s.dot)
		}
		if st := all(l, store.Mails, store.AppKey(shop))[0].State; st != gateway.DeliverySent {
			t.Errorf("forged %s: the delivery is %s", c.name, st)
		}
	}
	l.posts()
}

// TestBouncesNeverPost: reports and their like do not become messages.
func TestBouncesNeverPost(t *testing.T) {
	l := newLab(t)
	d := l.notified("bob", "c1", "bob@"+people, "Hello")
	to := l.address("c1", "bob")
	inner := "--b2\nContent-Type: text/plain\n\nUndeliverable: Undeliverable: it bounced twice\n--b2--\n"
	for i, m := range []mail{
		dsn(d, "5.1.1"), dsn(d, "4.4.7"), qmail("5.1.1"),
		{head: "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b2\n", body: inner},
		{head: "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b1\n", body: "--b1\nContent-Type: text/plain\n\nThis is a receipt\n--b1\nContent-Type: message/disposition-notification\n\nDisposition: automatic-action; displayed\n--b1--\n"},
		{head: "X-Failed-Recipients: bob@people.test\n", body: "A message that you sent could not be delivered"},
		{from: "MAILER-DAEMON@people.test", body: "I could not deliver"},
	} {
		path := fmt.Sprintf("bounces%d@people.test", i%2)
		if i%2 == 0 {
			path = ""
		}
		l.deliver(path, m.bytes(), to).is("250 2.0.0 Recorded")
		if r := l.last(); r.State != gateway.ReplyAutomatic {
			t.Errorf("%d is recorded as %s", i, r.State)
		}
	}
	l.posts()
}

// TestUnsubscribeByMail: the address in List-Unsubscribe, used by its owner.
func TestUnsubscribeByMail(t *testing.T) {
	l := newLab(t)
	to := l.unsubscribe("bob", "Bob@"+people)
	l.send(mail{from: "eve@" + evil, body: "unsubscribe"}, to).is("550 5.7.1 ")
	l.send(mail{sign: "-", body: "unsubscribe"}, to).is("550 5.7.1 ")
	l.send(mail{from: "bob@" + work, body: "unsubscribe"}, to).is("550 5.7.1 ") // another address of his
	if l.suppressed("bob@" + people) {
		t.Fatal("somebody else unsubscribed the address")
	}
	l.send(mail{body: "unsubscribe"}, to).is("250 2.0.0 Unsubscribed")
	if !l.suppressed("bob@" + people) {
		t.Error("the address is not unsubscribed")
	}
	if n := len(l.events(gateway.EventAddressUnsubscribed)); n != 1 {
		t.Errorf("told %d times", n)
	}
	l.send(mail{body: "unsubscribe"}, to).is("250 2.0.0 Unsubscribed")
	l.noticed(gateway.NoticeUnsubscribed, gateway.ReasonUnsubscribed) // with the way to undo it, once
	// Replying goes on, and without DNS the mail is put off, not refused.
	l.send(mail{body: "Hello"}, l.address("c1", "bob")).is("250 2.0.0 Posted")
	l.dns.Fail("s._domainkey." + people)
	l.dns.Fail(people)
	l.rcv.Resolver = l.dns.NewResolver()
	l.send(mail{body: "unsubscribe"}, to).is("451 4.4.3 ")
}
