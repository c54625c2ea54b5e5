package outbound

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/outbound/compose"
)

// letter writes the mails of one decision, one per address.
type letter struct {
	*batch
	in       *notify.Input
	decision notify.Decision
	reply    gateway.Address // zero: replying is off
	content  compose.Notification
	// queued is when the mail was that is written anew; zero: it is a new one.
	queued time.Time
}

// writeAll composes the mails to all addresses of the person.
func (l *letter) writeAll(ctx context.Context) (ds []gateway.Delivery, mails []mail, err error) {
	if err := l.address(ctx); err != nil {
		return nil, nil, err
	}
	if err := l.prepare(ctx); err != nil {
		return nil, nil, err
	}
	for _, to := range l.decision.Addresses {
		d, m, err := l.write(ctx, to)
		if err != nil {
			return nil, nil, fmt.Errorf("compose for %s: %w", l.in.Participant.User, err)
		}
		ds, mails = append(ds, d), append(mails, m)
	}
	return ds, mails, nil
}

// address finds the reply address of the person, who may be an agent that takes
// no part in the conversation.
func (l *letter) address(ctx context.Context) (err error) {
	app, conv, user := l.pending.App.ID, l.pending.Conversation.ID, l.in.Participant.User
	switch {
	case l.role().ReplyDisabled:
	case l.in.Participant.Routed:
		l.reply, err = l.Chat.RoutedAddress(ctx, app, conv, user, l.decision.Test)
	case l.decision.Test:
		l.reply, err = l.Chat.TestAddress(ctx, app, conv, user)
	default:
		l.reply, err = l.Chat.ReplyAddress(ctx, app, conv, user)
	}
	if err != nil {
		return fmt.Errorf("reply address: %w", err)
	}
	return nil
}

// domain is what the mail is from.
func (l *letter) domain() string { return l.pending.App.MailDomain(l.Domain) }

// role is the settings the person is mailed by.
func (l *letter) role() gateway.Role { return l.pending.App.Role(l.in.User.Role) }

// fromName is the role's own sender name, empty if it has none.
func (l *letter) fromName(names []string) string {
	return strings.ReplaceAll(l.role().SenderName, "{sender_name}", strings.Join(names, ", "))
}

// prepare gathers what the mails to all addresses of the person share.
func (l *letter) prepare(ctx context.Context) error {
	p := &l.pending
	conv := p.Conversation
	names, messages, previous, err := l.load(ctx)
	if err != nil {
		return err
	}
	l.content = compose.Notification{
		From:     gateway.Address{LocalPart: cmp.Or(l.role().SenderAddress, l.Sender), Domain: l.domain()},
		FromName: l.fromName(names), SenderNames: names, Via: via(&p.App),
		RecipientName: l.in.User.Name, ReplyTo: l.reply, MayReply: l.in.Participant.MayWrite(),
		Subject: subject(conv, previous), Locale: locale(&p.App, &l.in.User),
		Messages: messages, Earlier: l.decision.Earlier,
		ThreadRoot: compose.ThreadRoot(l.domain(), p.App.ID, conv.ID, conv.Incarnation),
		ListID:     listID(p.App.ID, l.domain()), ListName: via(&p.App), LoopDomain: l.domain(), Date: l.now,
	}
	for _, s := range previous { // the newest first
		l.content.References = append([]string{s.MessageID}, l.content.References...)
	}
	if len(previous) > 0 {
		l.content.InReplyTo = previous[0].MessageID
	}
	return l.dress(ctx, &l.content)
}

// write makes the mail to one address.
func (l *letter) write(ctx context.Context, to gateway.Address) (gateway.Delivery, mail, error) {
	d := gateway.Delivery{
		ID: gateway.DeliveryID(l.ids.Next(gateway.PrefixDelivery, l.now)), To: to, Bounce: gateway.NewHandle(),
		ExpiresAt: l.now.Add(giveUpAfter),
	}
	d.MessageID = compose.MessageID(l.domain(), d.ID)
	return l.fill(ctx, d)
}

// fill composes, signs, seals and stages the mail of a delivery.
func (l *letter) fill(ctx context.Context, d gateway.Delivery) (gateway.Delivery, mail, error) {
	app := l.pending.App.ID
	unsubscribe, err := suppression.Link(ctx, l.Store, suppression.Fact{App: app, Address: d.To, User: l.in.Participant.User, Test: l.decision.Test}, l.now)
	if err != nil {
		return d, mail{}, fmt.Errorf("unsubscribe link: %w", err)
	}
	composed, err := l.composer.Compose(l.addressed(d.To, d.MessageID, unsubscribe))
	if err != nil {
		return d, mail{}, err
	}
	if composed.TemplateErr != nil {
		l.templateFailed(l.pending.App.RoleName(l.in.User.Role), composed.TemplateErr)
	}
	keys, err := l.keysOf(ctx, app, l.domain())
	if err != nil {
		return d, mail{}, err
	}
	signed, err := dkim.Sign(composed.Raw, dkim.SignOptions{Keys: keys, Now: l.now})
	if err != nil {
		return d, mail{}, err
	}
	d.Domain = l.pending.App.Domain
	m := mail{sent: l.remember(d, composed), bounce: l.bounceRow(d)}
	if m.raw, err = l.Store.Stage(ctx, app, l.Box.Seal(secret.PurposeMail, signed)); err != nil {
		return d, m, err
	}
	body, err := json.Marshal(store.SentBody{Text: composed.Text, HTML: compose.Quotable(composed.HTML)})
	if err != nil {
		return d, m, err
	}
	if m.body, err = l.Store.Stage(ctx, app, l.Box.Seal(secret.PurposeMail, body)); err != nil {
		return d, m, err
	}
	d.Blob, m.sent.Body, d.Edits = m.raw.Ref, m.body.Ref, l.pending.Conversation.Edits
	return d, m, nil
}

// addressed is the mail to one address, with the links that are its own.
func (l *letter) addressed(to gateway.Address, messageID string, unsubscribe gateway.Handle) compose.Notification {
	n := l.content
	n.To, n.MessageID = to, messageID
	n.UnsubscribeMail = l.Tokens.Address(token.Unsubscribe, unsubscribe, l.domain())
	n.UnsubscribeURL = l.PublicURL + "/u/" + l.Tokens.Mint(token.Unsubscribe, unsubscribe, l.Domain)
	return n
}

func (l *letter) remember(d gateway.Delivery, c compose.Mail) gateway.Sent {
	s := gateway.Sent{
		Delivery: d.ID, Conversation: l.pending.Conversation.ID, Recipient: l.in.Participant.User, MessageID: d.MessageID,
		Subject: c.Subject, FromName: c.FromName, SentAt: l.now, UpTo: l.decision.UpTo, Earlier: l.decision.Earlier, Test: l.decision.Test,
	}
	if !l.queued.IsZero() {
		s.SentAt = l.queued
	}
	for _, m := range l.decision.Messages {
		s.Shown = append(s.Shown, m.ID)
	}
	return s
}

func (l *letter) bounceRow(d gateway.Delivery) store.HandleRow {
	return store.HandleRow{
		Handle: d.Bounce, App: l.pending.App.ID, Purpose: string(rune(token.Bounce)),
		Conversation: l.pending.Conversation.ID, User: l.in.Participant.User, Delivery: d.ID, Address: d.To, CreatedAt: l.now,
	}
}
