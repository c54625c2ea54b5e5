package outbound

import (
	"context"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/outbound/compose"
)

// Preview is the mail somebody would get, and what is decided about sending it.
type Preview struct {
	// Decision is that of now; its Act is 0 when nothing waits to be decided.
	Decision notify.Decision
	// To are the addresses the mail would go to; Mail was composed for the
	// first. Both are empty if nobody wrote anything yet.
	To      []gateway.Address
	From    gateway.Address
	ReplyTo gateway.Address
	Mail    *compose.Mail
}

// nobody stands for the address of one who has none.
var nobody = gateway.Address{LocalPart: "nobody", Domain: "example.invalid"}

// Preview composes the mail a person would get about a conversation, without
// sending it or writing anything. It is unsigned, and its reply address and its
// unsubscribe link lead nowhere: who may look at it may not post as the person,
// and looking at it unsubscribes nobody.
func (n *Notifier) Preview(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID) (Preview, error) {
	var p, waiting chat.Pending
	err := n.Store.View(ctx, func(rd store.Reader) (err error) {
		if p, err = chat.LoadPreview(rd, app, c, u); err != nil {
			return err
		}
		waiting, err = chat.LoadPendingOf(rd, app, c, u)
		return err
	})
	if err != nil {
		return Preview{}, err
	}
	now := time.Now()
	in := &p.Inputs[0]
	l := letter{batch: &batch{Notifier: n, pending: p, now: now}, in: in, decision: notify.Preview(*in, now)}
	l.decision.Test = slices.ContainsFunc(l.decision.Messages, func(m gateway.Message) bool { return m.Test })
	out := Preview{To: l.decision.Addresses}
	if len(waiting.Inputs) > 0 {
		out.Decision = notify.Decide(waiting.Inputs[0], now)
	}
	if len(l.decision.News) == 0 {
		return out, nil
	}
	if !l.role().ReplyDisabled {
		l.reply = n.Tokens.Address(token.Reply, 0, l.domain())
	}
	if err := l.prepare(ctx); err != nil {
		return out, err
	}
	to := nobody
	if len(out.To) > 0 {
		to = out.To[0]
	}
	content := l.addressed(to, compose.MessageID(l.domain(), "preview"), 0)
	mail, err := n.composer.Compose(content)
	out.From, out.ReplyTo, out.Mail = content.From, content.ReplyTo, &mail
	return out, err
}
