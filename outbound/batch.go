package outbound

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/outbound/compose"
)

// batch is what is decided about one conversation at one time, ready to be
// stored in one transaction.
type batch struct {
	*Notifier
	pending chat.Pending
	now     time.Time
	decided []chat.Decided
	mails   [][]mail // by decided
	// failed are the roles whose own template failed, with the reason.
	failed map[string]error
}

// mail is one composed and signed mail with what is remembered of it.
type mail struct {
	raw, body store.Staged
	sent      gateway.Sent
	bounce    store.HandleRow
}

// How long the rows beside a mail are kept.
const (
	// giveUpAfter is how long a notification is tried to be delivered: later it
	// is no news any more (RFC 5321, section 4.5.4.1, asks for more, for mail).
	giveUpAfter = 48 * time.Hour
	// bounceAge is how long reports about a mail are understood.
	bounceAge = 30 * 24 * time.Hour
	// deliveryAge is how long a delivery can be looked up.
	deliveryAge = 90 * 24 * time.Hour
	// sentKept is how many mails to a participant are remembered per conversation.
	sentKept = 64
)

// add takes one decision; for a Send it composes the mails.
func (b *batch) add(ctx context.Context, in *notify.Input, d notify.Decision) error {
	decided := chat.Decided{Recipient: in.Participant.User, Decision: d}
	var mails []mail
	if d.Act == notify.Send {
		l := letter{batch: b, in: in, decision: d}
		if err := l.address(ctx); err != nil {
			return err
		}
		if err := l.prepare(ctx); err != nil {
			return err
		}
		for _, to := range d.Addresses {
			delivery, m, err := l.write(ctx, to)
			if err != nil {
				return fmt.Errorf("compose for %s: %w", in.Participant.User, err)
			}
			decided.Deliveries = append(decided.Deliveries, delivery)
			mails = append(mails, m)
		}
	}
	b.decided = append(b.decided, decided)
	b.mails = append(b.mails, mails)
	return nil
}

// store writes the decisions, and the mails of those that stand.
func (b *batch) store(tx store.Tx) error {
	app := b.pending.App.ID
	made, err := b.Chat.RecordDecisions(tx, b.now, app, b.pending.Conversation, b.decided)
	if err != nil {
		return err
	}
	for i, n := range made {
		if n.State != gateway.NotificationTriggered {
			continue
		}
		for _, m := range b.mails[i] {
			if !slices.Contains(n.Deliveries, m.sent.Delivery) {
				continue // to an address that was taken away since
			}
			if err := b.keep(tx, m); err != nil {
				return err
			}
		}
	}
	return b.tellFailed(tx)
}

// errHandleTaken says that a random handle stands for something else already. The
// conversation goes back, and its mails are written anew, with other handles.
var errHandleTaken = errors.New("the handle of a mail's reverse-path is taken")

// keep stores what belongs to one mail.
func (b *batch) keep(tx store.Tx, m mail) error {
	app := b.pending.App.ID
	for _, s := range []store.Staged{m.raw, m.body} {
		if _, err := tx.Keep(s); err != nil {
			return err
		}
	}
	hk := store.HandleKey(m.bounce.Handle)
	switch _, taken, err := store.Handles.Find(tx, hk); {
	case err != nil:
		return err
	case taken:
		return errHandleTaken
	}
	if err := store.Handles.Put(tx, hk, m.bounce); err != nil {
		return err
	}
	if err := store.ExpireAt(tx, store.Handles.Table, hk, b.now.Add(bounceAge)); err != nil {
		return err
	}
	dk := store.AppKey(app).String(string(m.sent.Delivery))
	if err := store.ExpireAt(tx, store.Mails.Table, dk, b.now.Add(deliveryAge)); err != nil {
		return err
	}
	if err := store.SentMails.Put(tx, store.SentKey(app, m.sent), m.sent); err != nil {
		return err
	}
	place := store.MailPlace{App: app, Conversation: m.sent.Conversation, User: m.sent.Recipient}
	if err := store.MailPlaces.Put(tx, store.MailKey(m.sent.MessageID), place); err != nil {
		return err
	}
	return forgetOldest(tx, app, m.sent)
}

// forgetOldest keeps the newest sentKept mails to a participant.
func forgetOldest(tx store.Tx, app gateway.AppID, newest gateway.Sent) error {
	rg := store.Range{
		Prefix:  store.ConversationKey(app, newest.Conversation).String(string(newest.Recipient)),
		Reverse: true,
	}
	n := 0
	return store.SentMails.Scan(tx, rg, func(k store.Key, s gateway.Sent) (bool, error) {
		if n++; n <= sentKept {
			return true, nil
		}
		if err := tx.Drop(app, s.Body); err != nil {
			return false, err
		}
		if err := store.MailPlaces.Delete(tx, store.MailKey(s.MessageID)); err != nil {
			return false, err
		}
		return true, store.SentMails.Delete(tx, k)
	})
}

// letter writes the mails of one decision, one per address.
type letter struct {
	*batch
	in       *notify.Input
	decision notify.Decision
	reply    gateway.Address // zero: replying is off
	content  compose.Notification
}

// address finds the reply address of the person, who may be an agent that takes
// no part in the conversation.
func (l *letter) address(ctx context.Context) (err error) {
	app, conv, user := l.pending.App.ID, l.pending.Conversation.ID, l.in.Participant.User
	switch {
	case l.role().ReplyDisabled:
	case l.in.Participant.Routed:
		l.reply, err = l.Chat.RoutedAddress(ctx, app, conv, user)
	default:
		l.reply, err = l.Chat.ReplyAddress(ctx, app, conv, user)
	}
	if err != nil {
		return fmt.Errorf("reply address: %w", err)
	}
	return nil
}

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
		From:     gateway.Address{LocalPart: cmp.Or(l.role().SenderAddress, l.Sender), Domain: l.Domain},
		FromName: l.fromName(names), SenderNames: names, Via: via(&p.App),
		RecipientName: l.in.User.Name, ReplyTo: l.reply, MayReply: l.in.Participant.MayWrite(),
		Subject: subject(conv, previous), Locale: locale(&p.App, &l.in.User),
		Messages: messages, Earlier: l.decision.Earlier,
		ThreadRoot: compose.ThreadRoot(l.Domain, p.App.ID, conv.ID, conv.Incarnation),
		ListID:     listID(p.App.ID, l.Domain), ListName: via(&p.App), LoopDomain: l.Domain, Date: l.now,
	}
	for _, s := range previous { // the newest first
		l.content.References = append([]string{s.MessageID}, l.content.References...)
	}
	if len(previous) > 0 {
		l.content.InReplyTo = previous[0].MessageID
	}
	return l.dress(ctx, &l.content)
}

// write composes, signs, seals and stages the mail to one address.
func (l *letter) write(ctx context.Context, to gateway.Address) (gateway.Delivery, mail, error) {
	app := l.pending.App.ID
	unsubscribe, err := suppression.Link(ctx, l.Store, suppression.Fact{App: app, Address: to, User: l.in.Participant.User}, l.now)
	if err != nil {
		return gateway.Delivery{}, mail{}, fmt.Errorf("unsubscribe link: %w", err)
	}
	d := gateway.Delivery{
		ID: gateway.DeliveryID(l.ids.Next(gateway.PrefixDelivery, l.now)), To: to, Bounce: gateway.NewHandle(),
		ExpiresAt: l.now.Add(giveUpAfter),
	}
	d.MessageID = compose.MessageID(l.Domain, d.ID)
	composed, err := l.composer.Compose(l.addressed(to, d.MessageID, unsubscribe))
	if err != nil {
		return d, mail{}, err
	}
	if composed.TemplateErr != nil {
		l.templateFailed(l.pending.App.RoleName(l.in.User.Role), composed.TemplateErr)
	}
	signed, err := dkim.Sign(composed.Raw, dkim.SignOptions{Keys: l.Keys, Now: l.now})
	if err != nil {
		return d, mail{}, err
	}
	m := mail{sent: l.remember(d, composed), bounce: l.bounceRow(d)}
	if m.raw, err = l.Store.Stage(ctx, app, l.Box.Seal(secret.PurposeMail, signed)); err != nil {
		return d, m, err
	}
	body, err := json.Marshal(store.SentBody{Text: composed.Text, HTML: composed.HTML})
	if err != nil {
		return d, m, err
	}
	if m.body, err = l.Store.Stage(ctx, app, l.Box.Seal(secret.PurposeMail, body)); err != nil {
		return d, m, err
	}
	d.Blob, m.sent.Body = m.raw.Ref, m.body.Ref
	return d, m, nil
}

// addressed is the mail to one address, with the links that are its own.
func (l *letter) addressed(to gateway.Address, messageID string, unsubscribe gateway.Handle) compose.Notification {
	n := l.content
	n.To, n.MessageID = to, messageID
	n.UnsubscribeMail = l.Tokens.Address(token.Unsubscribe, unsubscribe, l.Domain)
	n.UnsubscribeURL = l.PublicURL + "/u/" + n.UnsubscribeMail.LocalPart
	return n
}

func (l *letter) remember(d gateway.Delivery, c compose.Mail) gateway.Sent {
	s := gateway.Sent{
		Delivery: d.ID, Conversation: l.pending.Conversation.ID, Recipient: l.in.Participant.User, MessageID: d.MessageID,
		Subject: c.Subject, FromName: c.FromName, SentAt: l.now, UpTo: l.decision.UpTo,
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
