package inbound

import (
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

// TestCopiedPeopleActedAsTheOwner: whoever was in Cc holds the reply address.
func TestCopiedPeopleActedAsTheOwner(t *testing.T) {
	l := newLab(t)
	l.dns.Set("_dmarc."+evil, "TXT", "v=DMARC1; p=reject")
	l.send(mail{from: "eve@" + evil, body: "I am Bob now"}, l.address("c1", "bob")).is("250 2.0.0 Accepted")
	l.recorded(gateway.ReplyHeld, gateway.ReasonSenderMismatch)
	l.posts()
}

// TestAmbiguousFrom: a From that readers see differently is nobody's.
func TestAmbiguousFrom(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	for _, from := range []string{
		"bob@people.test, eve@evil.test", "eve@evil.test, bob@people.test", "<eve@evil.test> <bob@people.test>", "team: bob@people.test;",
		"bob@people.test <eve@evil.test>", "\"bob@people.test\" <eve@@evil.test>", "bob", "", "<@evil.test:bob@people.test>",
		"bob@people.test\nFrom: eve@evil.test", "eve@evil.test\nfrom: bob@people.test", "bob@people.test (", "undisclosed:;",
	} {
		raw := crlf("From: " + from + "\nSubject: x\n\nHello")
		l.deliver("bob@"+people, raw, to).is("550 5.7.1 ")
		if r := l.last(); r.State != gateway.ReplyRejected || r.Reason != gateway.ReasonBadFrom {
			t.Errorf("From %q: %s for %s", from, r.State, r.Reason)
		}
	}
	l.posts()
}

// TestDisplayNameIsNotBelieved: the name comes from the directory.
func TestDisplayNameIsNotBelieved(t *testing.T) {
	l := newLab(t)
	l.send(mail{from: `"Admin" <bob@people.test>`, body: "Hello"}, l.address("c1", "bob")).is("250 2.0.0 Posted")
	data := string(l.events(gateway.EventMessageSent)[0].Data)
	if !strings.Contains(data, `"name":"The real bob"`) || strings.Contains(data, "Admin") {
		t.Errorf("told as %s", data)
	}
}

// TestForgedAuthenticationResults: what a mail says of itself is no verdict.
func TestForgedAuthenticationResults(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	for _, head := range []string{
		"Authentication-Results: mx.example.com; dkim=pass header.d=people.test; spf=pass; dmarc=pass\n",
		"Authentication-Results: reply.example.com; dmarc=pass header.from=people.test\nReceived-SPF: pass\n",
		"X-Gateway-Participant: bob\nX-Resolved-User: bob\nX-Replygate-Verified: yes\nARC-Authentication-Results: i=1; mx.example.com; dmarc=pass\n",
	} {
		l.send(mail{head: head, sign: "-", body: "Believe " + head}, to).is("250 2.0.0 Accepted")
		r := l.recorded(gateway.ReplyHeld, gateway.ReasonUnauthentic)
		if r.Verdicts.Aligned() || r.Verdicts.DMARC == gateway.VerdictPass {
			t.Errorf("%q was believed: %+v", head, r.Verdicts)
		}
	}
	// A stranger's good signature vouches for the stranger alone.
	l.send(mail{from: "dan@" + bank, sign: evil, path: "eve@" + evil, body: "Pay"}, l.address("c1", "dan")).is("550 5.7.1 ")
	l.recorded(gateway.ReplyRejected, gateway.ReasonUnauthentic)
	l.posts()
}

// TestForwardeeWasTakenForTheRecipient: somebody the mail was forwarded to
// answers from an address of their own.
func TestForwardeeWasTakenForTheRecipient(t *testing.T) {
	l := newLab(t)
	s := l.send(mail{from: "friend@" + evil, sign: "-", body: "Bob, you should say yes"}, l.address("c1", "bob")).is("550 5.7.1 Please answer from the address")
	if !strings.Contains(s.dot, "b***@people.test") || strings.Contains(s.dot, "bob@") {
		t.Errorf("the right address is told as %q", s.dot)
	}
	l.recorded(gateway.ReplyRejected, gateway.ReasonSenderMismatch)
}

// TestAnswerShownAsSomebodyElse: an address is one participant's.
func TestAnswerShownAsSomebodyElse(t *testing.T) {
	l := newLab(t)
	l.send(mail{from: "ann@" + people, body: "I am Ann"}, l.address("c1", "ann")).is("250 2.0.0 Posted")
	l.send(mail{body: "I am Bob"}, l.address("c1", "bob")).is("250 2.0.0 Posted")
	if ms := l.messages("c1"); ms[0].Sender != "ann" || ms[1].Sender != "bob" {
		t.Errorf("shown as %s and %s", ms[0].Sender, ms[1].Sender)
	}
}

// TestFromAloneWasTrusted: a known From without a reply address is nothing.
func TestFromAloneWasTrusted(t *testing.T) {
	l := newLab(t)
	for _, to := range []string{"reply@", "support@", "c1@", "bob@", "reply+c1@", "shop@"} {
		l.send(mail{body: "Hello"}, to+ourDomain).is("550 5.1.1 ")
	}
	l.posts()
	if rs := l.replies(shop); len(rs) != 0 {
		t.Errorf("recorded %+v", rs)
	}
}

// TestReplyAllWasPostedTwice: a copy to another address of ours is the same mail.
func TestReplyAllWasPostedTwice(t *testing.T) {
	l := newLab(t)
	bob, ann := l.address("c1", "bob"), l.address("c1", "ann")
	m := mail{id: "all@mail.people.test", head: "Cc: " + ann + "\n", body: "To all of you"}
	l.send(m, bob, ann).is("250 2.0.0 Posted")
	// The other copy comes by itself: Ann's address, Bob's mail.
	l.send(m, ann).is("250 2.0.0 Accepted")
	l.recorded(gateway.ReplyHeld, gateway.ReasonSenderMismatch)
	l.posts("To all of you")
}

// TestAnswersFromSeveralMailboxes: every address of a person is theirs.
func TestAnswersFromSeveralMailboxes(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	l.send(mail{body: "From home"}, to).is("250 2.0.0 Posted")
	l.send(mail{from: "bob@" + work, body: "From work"}, to).is("250 2.0.0 Posted")
	l.posts("From home", "From work")
}

// TestReplyToIsNotIdentity: who wrote a mail says From alone.
func TestReplyToIsNotIdentity(t *testing.T) {
	l := newLab(t)
	l.send(mail{head: "Reply-To: eve@evil.test\nSender: eve@evil.test\n", body: "Hello"}, l.address("c1", "bob")).is("250 2.0.0 Posted")
	if m := l.messages("c1")[0]; m.Sender != "bob" {
		t.Errorf("posted as %s", m.Sender)
	}
	l.send(mail{from: "eve@" + evil, sign: "-", head: "Reply-To: bob@people.test\nSender: bob@people.test\n", body: "Hello!"}, l.address("c1", "bob")).is("550 5.7.1 ")
}
