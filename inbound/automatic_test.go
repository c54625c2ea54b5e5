package inbound

import (
	"fmt"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// TestAutoresponderPostedToTheConversation: answers of machines in many
// languages and by many programs; none is posted, all are kept.
func TestAutoresponderPostedToTheConversation(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	const answers = "In-Reply-To: <x@reply.example.com>\n"
	var mails []mail
	for _, head := range []string{
		"Auto-Submitted: auto-replied\n", "Auto-Submitted: auto-generated; reason=vacation\n", "Auto-submitted: AUTO-NOTIFIED\n",
		"X-Autoreply: yes\n", "X-Autorespond: Re: Order\n", "X-Autoresponder: 1\n", "X-Auto-Responder: vacation\n", "X-Mail-Autoreply: yes\n",
		"Precedence: bulk\n", "Precedence: junk\n", "Precedence: auto_reply\n", "X-Precedence: bulk\n", "Precedence: list\n",
		"List-Id: <a.people.test>\n", "X-Vacation: yes\n", "X-FC-MachineGenerated: true\n", "X-Failed-Recipients: a@b.test\n", "Delivered-To: Autoresponder\n",
	} {
		mails = append(mails, mail{head: head, body: "I am out of the office until Monday."})
	}
	for _, subject := range []string{
		"Automatic reply: Order", "Out of Office: Order", "Out of Office AutoReply: Order", "Abwesenheitsnotiz: Order", "Automatische Antwort: Order",
		"Réponse automatique : Order", "Respuesta automática: Order", "Risposta automatica: Order", "Automatisch antwoord: Order", "Autosvar: Order",
		"Automatická odpověď: Order", "自動返信: Order", "自动回复: Order",
	} {
		mails = append(mails, mail{subject: subject, head: answers + "X-Auto-Response-Suppress: All\n", body: "I am away."})
	}
	mails = append(mails, mail{from: "MAILER-DAEMON@people.test", body: "I am away."}, mail{from: "postmaster@people.test", body: "I am away."})
	if len(mails) < 30 {
		t.Fatalf("only %d mails", len(mails))
	}
	for i, m := range mails {
		l.send(m, to).is("250 2.0.0 Recorded")
		r := l.last()
		if r.State != gateway.ReplyAutomatic || r.Reason != gateway.ReasonAutomatic || r.Rule == "" || r.Raw == "" {
			t.Errorf("%q %q: %s for %s by rule %q", m.head, m.subject, r.State, r.Reason, r.Rule)
		}
		if n := len(l.replies(shop)); n != i+1 {
			t.Fatalf("%d records of %d mails", n, i+1)
		}
	}
	l.deliver("", mail{body: "I am away"}.bytes(), to).is("250 2.0.0 Recorded")
	l.posts()
	if n := len(all(l, store.Mails, nil)); n != 0 {
		t.Errorf("%d mails answer machines", n)
	}
	if n := len(l.events(gateway.EventReplyAutomatic)); n != len(mails)+1 {
		t.Errorf("told of %d of %d", n, len(mails)+1)
	}
}

// TestOwnMailCameBack: what carries our marks is a loop.
func TestOwnMailCameBack(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	for _, m := range []mail{
		{head: "X-Replygate-Loop: " + ourDomain + "\n", body: "Hello"},
		{id: "dlv_1@" + ourDomain, body: "Hello"},
	} {
		l.send(m, to).is("250 2.0.0 Recorded")
		l.recorded(gateway.ReplyAutomatic, gateway.ReasonLoop)
	}
	// From the reply address itself: refused, and no notice is made.
	l.send(mail{from: to, sign: "-", body: "Hello"}, to).is("550 5.7.1 ")
	l.recorded(gateway.ReplyRejected, gateway.ReasonLoop)
	l.posts()
	if n := len(all(l, store.Mails, nil)); n != 0 {
		t.Errorf("%d mails answer a loop", n)
	}
}

// TestPeopleWereTakenForMachines: Exchange marks what people write.
func TestPeopleWereTakenForMachines(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	for i, head := range []string{
		"X-Auto-Response-Suppress: DR, OOF, AutoReply\n", "X-Auto-Response-Suppress: All\nThread-Topic: Order\n", "Auto-Submitted: no\n",
		"Precedence: normal\n", "X-Autoreply: no\n", "In-Reply-To: <a@b.test>\nList-Unsubscribe: <https://firm.test/u>\n", "X-Loop: other.test\n",
	} {
		l.send(mail{head: head, body: fmt.Sprint("A person wrote this ", i)}, to).is("250 2.0.0 Posted")
	}
	if got := len(l.texts("c1")); got != 7 {
		t.Errorf("%d of 7 were posted", got)
	}
}

// TestResponderWithoutMarks: two gateways that answer each other post, but the
// copies of one answer post once.
func TestResponderWithoutMarks(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	for range 20 {
		l.send(mail{id: "same@mail.people.test", body: "Thank you for your mail."}, to).is("250 ")
	}
	l.posts("Thank you for your mail.")
}

// TestQuotationOnly: nothing new was written, and the person is told so.
func TestQuotationOnly(t *testing.T) {
	l := newLab(t)
	sent := "Ann wrote:\n\nAre you coming to the market tomorrow, and will you bring the cart?\n"
	l.notified("bob", "c1", "bob@"+people, sent)
	body := "On Mon, Nov 20, 2026 at 3:04 PM Ann via Shop <notifications@reply.example.com> wrote:\n\n> " + strings.ReplaceAll(strings.TrimSpace(sent), "\n", "\n> ") + "\n"
	l.send(mail{body: body}, l.address("c1", "bob")).is("550 5.6.0 Your mail holds only a quotation")
	l.recorded(gateway.ReplyRejected, gateway.ReasonEmpty)
	l.posts()
}
