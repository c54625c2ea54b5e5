package inbound

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

// What went wrong in other systems that do reply by mail, each as a test.

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

// TestThreadHeadersDoNotAuthorise: a guessed Message-ID or subject leads nowhere.
func TestThreadHeadersDoNotAuthorise(t *testing.T) {
	l := newLab(t)
	d := l.notified("bob", "c1", "bob@"+people, "Hello")
	head := "In-Reply-To: <" + d.MessageID + ">\nReferences: <" + d.MessageID + ">\n"
	l.send(mail{head: head, body: "Me too"}, "bob@"+ourDomain).is("550 5.1.1 ")
	l.send(mail{from: "eve@" + evil, head: head, body: "Me too"}, General+"@"+ourDomain).is("550 5.7.1 ")
	l.posts()
}

// TestSubjectNamesAnotherConversation: the address alone says where to.
func TestSubjectNamesAnotherConversation(t *testing.T) {
	l := newLab(t)
	l.send(mail{subject: "Re: [c2] Ticket#c2 conversation c2", body: "Hello"}, l.address("c1", "bob")).is("250 2.0.0 Posted")
	l.posts("Hello")
	if got := l.texts("c2"); len(got) != 0 {
		t.Errorf("c2 holds %q", got)
	}
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

// TestSecretLinksWereQuotedIntoPosts: our own addresses and links are kept out
// of everything that is stored in the open or told.
func TestSecretLinksWereQuotedIntoPosts(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	d := l.notified("bob", "c1", "bob@"+people, "Hello Bob, are you coming to the market tomorrow?")
	unsubscribe := l.tokens.Mint(token.Unsubscribe, 4711, ourDomain)
	secrets := []string{to, strings.ToUpper(to), l.verp(d), unsubscribe + "@" + ourDomain, publicURL + "/u/" + unsubscribe, publicURL + "/a/" + l.tokens.Mint(token.Attachment, 5, ourDomain)}
	var quoted, plain string
	for _, s := range secrets {
		quoted += "> " + s + "\n> <" + s + ">\n"
		plain += "see " + s + " and (" + s + ")\n"
	}
	html := "<p>Yes</p><a href=\"" + publicURL + "/u/" + unsubscribe + "\">here</a> <a href=\"mailto:" + to + "\">" + to + "</a><blockquote type=cite>" + strings.Join(secrets, "<br>") + "</blockquote>"
	for name, m := range map[string]mail{
		"text": {body: "Yes\n" + plain + "\nOn Monday Ann wrote:\n> Hello Bob, are you coming to the market tomorrow?\n" + quoted},
		"html": {head: "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n", body: html},
		"both": {head: "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b1\n", subject: "Re: " + to + " and " + publicURL + "/u/" + unsubscribe,
			body: "--b1\nContent-Type: text/plain\n\nYes\n" + plain + "--b1\nContent-Type: text/html\n\n" + html + "\n--b1--\n"},
		"held": {sign: "-", body: "Held\n" + plain},
	} {
		l.send(m, to).is("250 ")
		var open []byte
		for _, v := range []any{l.last().Content, l.last().Subject, l.messages("c1"), all(l, store.EventLog, store.AppKey(shop))} {
			b, err := json.Marshal(v)
			l.ok(err)
			open = append(open, b...)
		}
		for _, s := range secrets {
			local, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(s, publicURL+"/u/"), publicURL+"/a/"), "@")
			if i := strings.Index(strings.ToLower(string(open)), strings.ToLower(local)); i >= 0 {
				t.Errorf("%s: %s stands in …%s…", name, s, open[max(0, i-120):min(len(open), i+60)])
			}
		}
	}
}

// TestAddressOnlyInTheEnvelope: To may name anybody.
func TestAddressOnlyInTheEnvelope(t *testing.T) {
	l := newLab(t)
	l.send(mail{head: "Cc: list@elsewhere.test, more@elsewhere.test\n", body: "Hello"}, l.address("c1", "bob")).is("250 2.0.0 Posted")
	r := l.recorded(gateway.ReplyPosted, "")
	if r.Content.OtherRecipients != 3 {
		t.Errorf("%d other recipients", r.Content.OtherRecipients)
	}
	if n := len(all(l, store.Participants, store.ConversationKey(shop, "c1"))); n != 5 {
		t.Errorf("the conversation has %d people: somebody was invited", n)
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

// TestAddressesExpired: three answers to one mail post, and so does one after
// 300 days.
func TestAddressesExpired(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	for i := range 3 {
		l.send(mail{body: fmt.Sprint("Answer ", i)}, to).is("250 2.0.0 Posted")
	}
	l.update(func(tx store.Tx) error {
		return store.Handles.Scan(tx, store.Range{}, func(k store.Key, row store.HandleRow) (bool, error) {
			row.CreatedAt = row.CreatedAt.Add(-300 * 24 * time.Hour)
			return true, store.Handles.Put(tx, k, row)
		})
	})
	if _, err := store.Sweep(t.Context(), l.engine, time.Now().Add(300*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	l.send(mail{body: "Sorry, I was away"}, to).is("250 2.0.0 Posted")
	l.posts("Answer 0", "Answer 1", "Answer 2", "Sorry, I was away")
}

// TestAcceptedReplyVanished: every mail that named a genuine address ends in a
// record with a final state, whatever became of it.
func TestAcceptedReplyVanished(t *testing.T) {
	l := newLab(t)
	d := l.notified("bob", "c1", "bob@"+people, "Hello")
	to := l.address("c1", "bob")
	for name, c := range map[string]struct {
		m     mail
		to    string
		state gateway.ReplyState
		why   gateway.Reason
	}{
		"posted":      {mail{body: "Yes"}, to, gateway.ReplyPosted, ""},
		"held":        {mail{sign: "-", body: "Yes?"}, to, gateway.ReplyHeld, gateway.ReasonUnauthentic},
		"mismatch":    {mail{from: "eve@" + evil, sign: "-", body: "x"}, to, gateway.ReplyRejected, gateway.ReasonSenderMismatch},
		"bad from":    {mail{from: "a@x.test, b@x.test", path: "a@x.test", body: "x"}, to, gateway.ReplyRejected, gateway.ReasonBadFrom},
		"quotation":   {mail{body: "On Monday Ann wrote:\n> Hello\n> there\n"}, to, gateway.ReplyRejected, gateway.ReasonEmpty},
		"nothing":     {mail{body: ""}, to, gateway.ReplyRejected, gateway.ReasonEmpty},
		"encrypted":   {mail{head: "MIME-Version: 1.0\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b1\n", body: pgpEncrypted}, to, gateway.ReplyRejected, gateway.ReasonEncrypted},
		"too deep":    {mail{head: "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b0\n", body: nested(12)}, to, gateway.ReplyRejected, gateway.ReasonMalformed},
		"automatic":   {mail{head: "Auto-Submitted: auto-replied\n", body: "I am away"}, to, gateway.ReplyAutomatic, gateway.ReasonAutomatic},
		"loop":        {mail{head: "X-Replygate-Loop: " + ourDomain + "\n", body: "Hello"}, to, gateway.ReplyAutomatic, gateway.ReasonLoop},
		"our From":    {mail{from: to, sign: "-", body: "Hello"}, to, gateway.ReplyRejected, gateway.ReasonLoop},
		"bounce":      {dsn(d, "5.1.1"), l.verp(d), gateway.ReplyBounce, ""},
		"to reverse":  {mail{body: "I answer to the wrong address"}, l.verp(d), gateway.ReplyRejected, gateway.ReasonNoReplyAddress},
		"auto to it":  {mail{head: "Auto-Submitted: auto-replied\n", body: "I am away"}, l.verp(d), gateway.ReplyAutomatic, gateway.ReasonAutomatic},
		"unsubscribe": {mail{body: "unsubscribe"}, l.unsubscribe("bob", "bob@"+people), gateway.ReplyUnsubscribed, ""},
		"not theirs":  {mail{from: "eve@" + evil, body: "unsubscribe"}, l.unsubscribe("bob", "bob@"+people), gateway.ReplyRejected, gateway.ReasonUnauthentic},
	} {
		t.Run(name, func(t *testing.T) {
			l.TB = t
			before := len(l.replies(shop))
			s := l.send(c.m, c.to)
			if got := len(l.replies(shop)) - before; got != 1 {
				t.Fatalf("%d records; answered %q", got, s.dot)
			}
			r := l.recorded(c.state, c.why)
			if s.accepted() == (c.state == gateway.ReplyRejected) {
				t.Errorf("%s was answered %q", c.state, s.dot)
			}
			if r.Raw == "" || !strings.Contains(l.stored(shop, r), "Subject: ") {
				t.Error("the mail is not kept")
			}
		})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range []gateway.ReplyState{gateway.ReplyPosted, gateway.ReplyHeld, gateway.ReplyRejected, gateway.ReplyAutomatic, gateway.ReplyBounce, gateway.ReplyUnsubscribed} {
		if l.seen[s] == 0 {
			t.Errorf("%s was not counted", s)
		}
	}
}

// TestEncodedBodiesWerePostedRaw: base64 and quoted-printable, alone and in parts.
func TestEncodedBodiesWerePostedRaw(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	const words = "Schöne Grüße = 5 €"
	b64 := base64.StdEncoding.EncodeToString([]byte(words))
	const qp = "Sch=C3=B6ne Gr=C3=\n=BC=C3=9Fe =3D 5 =E2=82=AC"
	part := "--b1\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
	mixed := "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b1\n"
	for _, m := range []mail{
		{head: "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n", body: b64},
		{head: "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n", body: qp},
		{head: mixed, body: part + "base64\n\n" + b64 + "\n--b1--\n"},
		{head: mixed, body: part + "quoted-printable\n\n" + qp + "\n--b1--\n"},
	} {
		l.send(m, to).is("250 2.0.0 Posted")
	}
	l.posts(words, words, words, words)
}

// TestClientsOverwriteReferences: the address routes, whatever the thread
// headers and the subject say.
func TestClientsOverwriteReferences(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	l.send(mail{head: "In-Reply-To: <unknown@ses.test>\n", body: "One"}, to).is("250 2.0.0 Posted")
	l.send(mail{subject: "Something else entirely", body: "Two"}, to).is("250 2.0.0 Posted")
	l.send(mail{head: "References: <<>> garbage <\n", body: "Three"}, to).is("250 2.0.0 Posted")
	l.posts("One", "Two", "Three")
}

// TestGeneralAddressAnswers: people who answer to From are told where to.
func TestGeneralAddressAnswers(t *testing.T) {
	l := newLab(t)
	kept := l.blobs()
	l.send(mail{body: "Hello"}, General+"@"+ourDomain).is("550 5.7.1 Nobody reads this address")
	if l.blobs() != kept {
		t.Error("a mail that is refused without a record is kept")
	}
}

// TestGoodAndBadRecipients: posted is posted; nobody is mailed about the rest.
func TestGoodAndBadRecipients(t *testing.T) {
	l := newLab(t)
	s := l.send(mail{body: "Hello"}, "nonsense@"+ourDomain, l.address("c1", "bob"), l.verp(gateway.Delivery{Bounce: 12})).is("250 2.0.0 Posted")
	if !strings.HasPrefix(s.rcpt[0], "550 5.1.1") || !strings.HasPrefix(s.rcpt[2], "550 5.1.1") {
		t.Errorf("answered %q", s.rcpt)
	}
	l.posts("Hello")
	if n := len(all(l, store.Mails, nil)); n != 0 {
		t.Errorf("%d mails were made of it", n)
	}
}

// TestUnknownRecipientOfABounce: a null sender to a bad address is refused in
// the session, and no mail is made of it.
func TestUnknownRecipientOfABounce(t *testing.T) {
	l := newLab(t)
	l.deliver("", crlf("From: mailer-daemon@x.test\n\nx"), "bad@"+ourDomain).is("550 5.1.1 ")
	if n := len(all(l, store.Mails, nil)) + len(l.replies(shop)); n != 0 {
		t.Errorf("%d rows were made of it", n)
	}
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

// nested is a multipart of a depth.
func nested(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i, i+1)
	}
	return b.String() + "x\n"
}

const pgpEncrypted = "--b1\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b1\nContent-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n--b1--\n"
