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
