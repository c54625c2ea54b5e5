package inbound

import (
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

const general = General + "@" + ourDomain

// mailed remembers a mail to bob about c1, as the notifier does.
func (l *lab) mailed() (answer string) {
	l.Helper()
	d := l.notified("bob", "c1", "bob@"+people, "Are you coming?")
	l.update(func(tx store.Tx) error {
		return store.MailPlaces.Put(tx, store.MailKey(d.MessageID), store.MailPlace{App: shop, Conversation: "c1", User: "bob"})
	})
	return "In-Reply-To: <" + d.MessageID + ">\n"
}

// TestThreadFallback: a client that answers to From and not to Reply-To is
// understood, if it is sure who writes.
func TestThreadFallback(t *testing.T) {
	l := newLab(t)
	l.address("c1", "bob")
	answer := l.mailed()
	references := "References: <a@b.test>\n " + answer[len("In-Reply-To: "):]
	for name, c := range map[string]struct {
		m    mail
		code string
	}{
		"answers":                 {mail{head: answer, body: "answers"}, "250 2.0.0 Posted"},
		"names it in References":  {mail{head: references, body: "names it in References"}, "250 2.0.0 Posted"},
		"from another address":    {mail{head: answer, from: "bob@" + work, body: "from another address"}, "250 2.0.0 Posted"},
		"answers nothing of ours": {mail{head: "In-Reply-To: <x@" + ourDomain + ">\n", body: "x"}, "550 5.7.1 Nobody reads"},
		"answers nothing":         {mail{body: "x"}, "550 5.7.1 Nobody reads"},
		"unsigned":                {mail{head: answer, sign: "-", body: "x"}, "550 5.7.1 Nobody reads"},
		"signed by a stranger":    {mail{head: answer, sign: evil, body: "x"}, "550 5.7.1 Nobody reads"},
		"another participant":     {mail{head: answer, from: "ann@" + people, body: "x"}, "550 5.7.1 Nobody reads"},
		"a stranger":              {mail{head: answer, from: "eve@" + evil, body: "x"}, "550 5.7.1 Nobody reads"},
		"a program":               {mail{head: answer + "Auto-Submitted: auto-replied\n", body: "x"}, "550 5.7.1 Nobody reads"},
	} {
		t.Run(name, func(t *testing.T) {
			l.TB = t
			before := len(l.texts("c1"))
			l.send(c.m, general).is(c.code)
			got := l.texts("c1")
			if posted := len(got) > before; posted != (c.code[0] == '2') || posted && got[before] != name {
				t.Errorf("the conversation holds %q", got[before:])
			}
		})
	}
}

// TestThreadAndReplyAddress: a client that answers to both posts once.
func TestThreadAndReplyAddress(t *testing.T) {
	l := newLab(t)
	answer := l.mailed()
	l.send(mail{head: answer, body: "Once"}, general, l.address("c1", "bob")).is("250 2.0.0 Posted")
	l.posts("Once")
}

// TestThreadOfReader: who may only read hears why, though the address is nobody's.
func TestThreadOfReader(t *testing.T) {
	l := newLab(t)
	answer := l.mailed()
	l.ok(l.chat.PatchParticipant(l.Context(), shop, "c1", "bob", chat.ParticipantPatch{Access: chat.Give(gateway.Access("None"))}))
	l.send(mail{head: answer, body: "x"}, general).is("550 5.7.1 Nobody reads")
	l.posts()
}

// TestStaleAddress: the address of somebody who left and came again counts only
// for answers to what was mailed.
func TestStaleAddress(t *testing.T) {
	l := newLab(t)
	old := l.address("c1", "bob")
	answer := l.mailed()
	l.ok(l.chat.Leave(l.Context(), shop, "c1", "bob"))
	l.send(mail{head: answer, body: "gone"}, old).is("550 5.7.1 ")
	again(l)
	l.send(mail{body: "no thread"}, old).is("550 5.7.1 This reply address is no longer valid")
	l.recorded(gateway.ReplyRejected, gateway.ReasonRemoved)
	l.send(mail{head: answer, sign: "-", body: "not verified"}, old).is("550 5.7.1 ")
	l.send(mail{head: answer, body: "I am back"}, old).is("250 2.0.0 Posted")
	l.posts("I am back")
}

// TestReferencedMessage: the answer to a mail that showed one message is about it.
func TestReferencedMessage(t *testing.T) {
	l := newLab(t)
	ids, err := l.chat.PostMessages(t.Context(), shop, "c1", []chat.NewMessage{
		{Text: chat.Give("one"), Sender: chat.Give[gateway.UserID]("ann")}, {Text: chat.Give("two"), Sender: chat.Give[gateway.UserID]("ann")},
	}, chat.Posting{})
	l.ok(err)
	to := l.address("c1", "bob")
	for _, c := range []struct {
		shown []gateway.MessageID
		want  gateway.MessageID
	}{{ids[:1], ids[0]}, {ids, ""}, {nil, ""}, {[]gateway.MessageID{"msg_gone"}, ""}} {
		d := l.notified("bob", "c1", "bob@"+people, "one")
		l.update(func(tx store.Tx) error {
			return store.SentMails.Scan(tx, store.Range{Prefix: store.ConversationKey(shop, "c1")}, func(k store.Key, s gateway.Sent) (bool, error) {
				if s.Delivery == d.ID {
					s.Shown = c.shown
				}
				return true, store.SentMails.Put(tx, k, s)
			})
		})
		l.send(mail{head: "In-Reply-To: <" + d.MessageID + ">\n", body: "Yes"}, to).is("250 2.0.0 Posted")
		ms := l.messages("c1")
		if got := ms[len(ms)-1].ReferencedMessage; got != c.want {
			t.Errorf("of %v shown, %q is referenced", c.shown, got)
		}
	}
}
