package inbound

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// TestPosted follows one good mail to everything it causes.
func TestPosted(t *testing.T) {
	l := newLab(t)
	d := l.notified("bob", "c1", "bob@"+people, "Hello Bob,\n\nAnn wrote: shall we send the green one instead of the blue one?\n")
	l.send(mail{
		head: "In-Reply-To: <" + d.MessageID + ">\n",
		body: "Yes, please.\n\nOn Mon, Nov 20, 2026 at 3:04 PM Ann via Shop <notifications@reply.example.com> wrote:\n\n> Hello Bob,\n>\n> Ann wrote: shall we send the green one instead of the blue one?\n",
	}, l.address("c1", "bob")).is("250 2.0.0 ")
	l.posts("Yes, please.")
	r := l.recorded(gateway.ReplyPosted, "")
	m := l.messages("c1")[0]
	if m.Sender != "bob" || m.Origin != gateway.OriginEmail || len(r.Posted) != 1 || r.Posted[0] != m.ID || r.Participant != "bob" || r.Trace != m.Trace {
		t.Errorf("posted %+v, recorded %+v", m, r)
	}
	if !r.Verdicts.DKIMAligned || r.Verdicts.DMARC != gateway.VerdictPass || r.From.String() != "bob@"+people {
		t.Errorf("recorded %+v from %s", r.Verdicts, r.From)
	}
	raw := l.stored(shop, r)
	if !strings.HasPrefix(raw, "Authentication-Results: mx.example.com;") || !strings.Contains(raw, "\r\nReceived: from mail.people.test") || !strings.Contains(raw, "Yes, please.") || strings.Contains(raw, "Bcc") {
		t.Errorf("kept as\n%s", raw)
	}
	if sent := l.events(gateway.EventMessageSent); len(sent) != 1 || !strings.Contains(string(sent[0].Data), `"method":"sent"`) {
		t.Errorf("told %+v", sent)
	}
	if it, err := l.item(store.NotificationItem(shop, "c1")); err != nil || it.Due.IsZero() {
		t.Errorf("nobody else is told: %v", err)
	}
}

func (l *lab) item(ref store.ItemRef) (it store.Item, err error) {
	err = l.engine.View(context.Background(), func(rd store.Reader) (err error) {
		it, err = rd.Item(ref)
		return err
	})
	return it, err
}

// TestWhoIsBelieved sends from authors who differ in what vouches for them.
func TestWhoIsBelieved(t *testing.T) {
	l := newLab(t)
	l.dns.Set("spf.test", "TXT", "v=spf1 ip4:127.0.0.1 -all")
	_, err := l.chat.PutUser(l.Context(), shop, "bob", chat.UserPatch{Email: chat.Give(chat.Strings{"Bob@" + people, "bob@spf.test", "bob@" + bank})})
	l.ok(err)
	for name, c := range map[string]struct {
		m      mail
		code   string
		state  gateway.ReplyState
		reason gateway.Reason
	}{
		"signed":                      {mail{}, "250", gateway.ReplyPosted, ""},
		"other case":                  {mail{from: "BOB@People.Test"}, "250", gateway.ReplyPosted, ""},
		"SPF alone":                   {mail{from: "bob@spf.test"}, "250", gateway.ReplyPosted, ""},
		"SPF of another domain":       {mail{sign: "-", path: "bob@spf.test"}, "250", gateway.ReplyHeld, gateway.ReasonUnauthentic},
		"unsigned":                    {mail{sign: "-"}, "250", gateway.ReplyHeld, gateway.ReasonUnauthentic},
		"signed by a stranger":        {mail{sign: evil}, "250", gateway.ReplyHeld, gateway.ReasonUnauthentic},
		"unsigned, policy reject":     {mail{from: "bob@" + bank, sign: "-"}, "550 5.7.1 ", gateway.ReplyRejected, gateway.ReasonUnauthentic},
		"signed, policy reject":       {mail{from: "bob@" + bank}, "250", gateway.ReplyPosted, ""},
		"an alias whose domain signs": {mail{from: "robert@" + people}, "250", gateway.ReplyHeld, gateway.ReasonSenderMismatch},
		"a stranger, unsigned":        {mail{from: "eve@" + evil, sign: "-"}, "550 5.7.1 ", gateway.ReplyRejected, gateway.ReasonSenderMismatch},
		"no From":                     {mail{from: "", head: "", sign: "-", subject: "x\nFrom: eve@evil.test"}, "550 5.7.1 ", gateway.ReplyRejected, gateway.ReasonBadFrom},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(l.texts("c1"))
			c.m.body = "Words: " + name
			l.TB = t
			l.send(c.m, l.address("c1", "bob")).is(c.code)
			l.recorded(c.state, c.reason)
			if got := len(l.texts("c1")) - before; (got == 1) != (c.state == gateway.ReplyPosted) {
				t.Errorf("posted %d", got)
			}
		})
	}
}

// TestPolicies: an app may believe more, or less.
func TestPolicies(t *testing.T) {
	l := newLab(t)
	apps := app.Service{Store: l.engine, Box: l.box}
	for _, c := range []struct {
		policy gateway.AuthPolicy
		m      mail
		code   string
		state  gateway.ReplyState
	}{
		{gateway.PolicyToken, mail{from: "anybody@nowhere.test"}, "250", gateway.ReplyPosted},
		{gateway.PolicyTokenFrom, mail{sign: "-"}, "250", gateway.ReplyPosted},
		{gateway.PolicyTokenFrom, mail{from: "eve@" + evil}, "550 5.7.1", gateway.ReplyRejected},
		{gateway.PolicyStrict, mail{from: "bob@" + work}, "250", gateway.ReplyHeld}, // no DMARC record, no pass
		{gateway.PolicyStrict, mail{}, "250", gateway.ReplyPosted},
	} {
		_, err := apps.PutSettings(l.Context(), shop, app.Settings{Policy: &c.policy})
		l.ok(err)
		c.m.body = fmt.Sprintf("%s %+v", c.policy, c.m)
		l.send(c.m, l.address("c1", "bob")).is(c.code)
		if r := l.last(); r.State != c.state {
			t.Errorf("%s, %+v: %s", c.policy, c.m, r.State)
		}
	}
}
