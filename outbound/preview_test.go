package outbound

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
)

// role sets the settings of the default role.
func (l *lab) role(change func(*gateway.Role)) {
	l.Helper()
	apps := app.Service{Store: l.store, Box: secret.NewBox(l.keys)}
	_, err := apps.ChangeRole(context.Background(), shop, gateway.DefaultRole, func(r *gateway.Role) error {
		change(r)
		return nil
	})
	l.ok(err)
}

// preview shows a mail without sending it, and holds that nothing was written.
func (l *lab) preview(c gateway.ConversationID, u gateway.UserID) Preview {
	l.Helper()
	tokens := token.NewMinter(l.keys)
	n := &Notifier{
		Store: readOnly{l.store}, Tokens: tokens, Domain: domain, PublicURL: "https://pages.example.com", Sender: "notifications",
		Chat: &chat.Service{Store: readOnly{l.store}, Tokens: tokens, Domain: domain, Links: wire.NewLinks(tokens, domain, "https://pages.example.com")},
	}
	p, err := n.Preview(context.Background(), shop, c, u)
	l.ok(err)
	return p
}

// readOnly is a store that nothing may be written to.
type readOnly struct{ store.Store }

func (readOnly) Update(context.Context, store.Scope, func(store.Tx) error) error {
	return store.ErrFull
}

func (readOnly) Stage(context.Context, gateway.AppID, []byte) (store.Staged, error) {
	return store.Staged{}, store.ErrFull
}

func TestPreview(t *testing.T) {
	bubble(t, func(l *lab) {
		if p := l.preview("c1", "bob"); p.Mail != nil || p.Decision.Act != 0 {
			t.Errorf("nobody wrote: %+v", p)
		}
		l.say("c1", "Is it still there?")
		p := l.preview("c1", "bob")
		if p.Decision.Act != notify.Wait || len(p.To) != 1 || p.To[0].String() != "bob@people.test" || p.From.LocalPart != "notifications" {
			t.Errorf("while it waits: %v to %v from %v", p.Decision.Act, p.To, p.From)
		}
		if !strings.Contains(p.Mail.Text, "Is it still there?") || !strings.Contains(string(p.Mail.Raw), "Message-ID:") {
			t.Errorf("shows %q", p.Mail.Text)
		}
		value, _, _ := strings.Cut(p.Mail.Text[strings.Index(p.Mail.Text, "/u/")+3:], "\n")
		if h, ok := token.NewMinter(l.keys).ReadFor(token.Unsubscribe, strings.TrimSpace(value), domain); ok && h != 0 {
			t.Errorf("the unsubscribe link %q leads somewhere", value)
		}
		l.pass(delay)
		sent := l.one()
		if p := l.preview("c1", "bob"); p.Decision.Act != 0 || !strings.Contains(p.Mail.Text, "Is it still there?") {
			t.Errorf("when nothing waits the last messages are shown: %v", p.Decision.Act)
		}
		if after := l.deliveries(); len(after) != 1 || after[0].ID != sent.ID {
			t.Error("a preview was sent")
		}
	})
}

// TestPreviewOfTheSilent: one who gets no mail sees why, and what it would be.
func TestPreviewOfTheSilent(t *testing.T) {
	bubble(t, func(l *lab) {
		l.user("bob")
		l.say("c1", "hello")
		l.pass(time.Second)
		l.role(func(r *gateway.Role) { d := time.Duration(0); r.Delay = &d })
		if p := l.preview("c1", "bob"); p.Decision.Reason != gateway.ReasonNoAddress || len(p.To) != 0 || p.Mail == nil {
			t.Errorf("%v %s, to %v", p.Decision.Act, p.Decision.Reason, p.To)
		}
		n := &Notifier{Store: l.store, Chat: l.chat}
		for _, who := range []gateway.UserID{"eve", "nobody"} {
			if _, err := n.Preview(context.Background(), shop, "c1", who); err == nil {
				t.Errorf("%s takes no part, and is shown a mail", who)
			}
		}
	})
}

// TestRoleInMail: sender, address, link and reply address as the role has them.
func TestRoleInMail(t *testing.T) {
	bubble(t, func(l *lab) {
		l.role(func(r *gateway.Role) {
			r.SenderName, r.SenderAddress = "{sender_name} at the Shop", "sales"
			r.ConversationURL, r.ReplyDisabled = "https://app.example.com/c/{conversation.id}", true
		})
		l.say("c1", "hello")
		p := l.preview("c1", "bob")
		if p.Mail.FromName != "The ann at the Shop" || p.From.String() != "sales@"+domain || !p.ReplyTo.IsZero() {
			t.Errorf("from %q %v, reply to %v", p.Mail.FromName, p.From, p.ReplyTo)
		}
		if !strings.Contains(p.Mail.HTML, "https://app.example.com/c/c1") || strings.Contains(string(p.Mail.Raw), "\r\nReply-To:") {
			t.Errorf("the mail: %s", p.Mail.Text)
		}
	})
}

// TestRoutedAgent: an agent who takes no part gets a mail with an address that
// posts into the conversation.
func TestRoutedAgent(t *testing.T) {
	bubble(t, func(l *lab) {
		for _, u := range []gateway.UserID{"agent1", "agent2"} {
			_, err := l.chat.PutUser(context.Background(), shop, u, chat.UserPatch{
				Kind: chat.Give(gateway.KindAgent), Email: chat.Give(chat.Strings{string(u) + "@team.test"}),
			})
			l.ok(err)
		}
		l.converse("help", "ann")
		l.say("help", "My bike is broken")
		if p := l.preview("help", "agent1"); p.Decision.Act != notify.Wait || p.Mail == nil {
			t.Errorf("the preview for an agent: %v", p.Decision.Act)
		}
		l.pass(delay)
		ds := l.deliveries()
		if len(ds) != 2 {
			t.Fatalf("%d agents were mailed", len(ds))
		}
		for _, m := range l.peer.got {
			reply, err := m.parse(t).Header.AddressList("Reply-To")
			l.ok(err)
			local, _, _ := strings.Cut(reply[0].Address, "@")
			h, ok := token.NewMinter(l.keys).ReadFor(token.Reply, local, domain)
			l.ok(l.engine.View(context.Background(), func(rd store.Reader) error {
				row, err := chat.MayReply(rd, time.Now(), h)
				if !ok || row.Conversation != "help" || err != nil {
					t.Errorf("the reply address of %s: %+v, %v", m.to, row, err)
				}
				return nil
			}))
		}
	})
}

// TestTemplateFailure: a template that fails stops no mail, and is told of once
// in a while.
func TestTemplateFailure(t *testing.T) {
	bubble(t, func(l *lab) {
		l.role(func(r *gateway.Role) {
			r.Templates = map[string]gateway.Template{"": {HTML: "<p>{{.NoSuchThing.At.All}}</p>"}}
		})
		for range 2 {
			l.say("c1", "hello")
			l.pass(delay + time.Second)
		}
		if n := len(l.deliveries()); n != 2 {
			t.Errorf("%d mails", n)
		}
		told := 0
		for _, e := range rows(l, store.EventLog, store.AppKey(shop)) {
			if e.Type == gateway.EventTemplateFailed {
				told++
				if !strings.Contains(string(e.Data), "line 1") || !strings.Contains(string(e.Data), gateway.DefaultRole) {
					t.Errorf("told %s", e.Data)
				}
			}
		}
		if told != 1 {
			t.Errorf("told %d times", told)
		}
	})
}
