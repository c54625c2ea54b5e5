package outbound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/outbound/compose"
)

// slip is a notice with what its mail is made of.
type slip struct {
	*Notifier
	notice gateway.Notice
	app    gateway.App
	user   gateway.User
	to     gateway.Address // zero: there is nobody to be told, or no need
	reply  gateway.Reply   // for a forwarded mail
	now    time.Time
}

// notice has the mail of a notice made, stored and queued. It goes out with the
// null reverse-path (RFC 3834, section 3.3): nothing answers it.
func (n *Notifier) notice(ctx context.Context, l store.Leased) queue.Result {
	s := slip{Notifier: n, now: time.Now()}
	err := n.Store.View(ctx, func(rd store.Reader) error { return s.load(rd, l.Item) })
	if errors.Is(err, store.ErrNotFound) {
		return queue.Result{} // its row's time is over, and with it its use
	}
	if err != nil {
		return n.troubled(l, err)
	}
	if s.to.IsZero() {
		n.Log.Info("no notice is sent", "app", l.Item.App, "notice", s.notice.ID, "kind", s.notice.Kind, "reason", s.notice.Reason, "trace", s.notice.Trace)
		return queue.Result{}
	}
	d, raw, err := s.write(ctx)
	if err != nil {
		return n.troubled(l, err)
	}
	return queue.Result{Scope: store.ConversationScope(l.Item.App, s.notice.Conversation), Apply: func(tx store.Tx) error {
		if _, err := tx.Keep(raw); err != nil {
			return err
		}
		if s.notice.Raw != "" {
			if err := tx.Drop(l.Item.App, s.notice.Raw); err != nil {
				return err
			}
		}
		return chat.QueueDelivery(tx, s.now, l.Item.App, d)
	}}
}

// load reads the notice and finds out where it goes.
func (s *slip) load(rd store.Reader, it store.Item) (err error) {
	if s.notice, err = store.Notices.Get(rd, store.AppKey(it.App).String(string(it.Payload))); err != nil {
		return err
	}
	if s.notice.Kind == gateway.NoticeForward {
		s.to = s.notice.To
		s.reply, err = store.Replies.Get(rd, store.AppKey(it.App).String(string(s.notice.Reply)))
		return err
	}
	if s.app, err = store.Apps.Get(rd, store.AppKey(it.App)); err != nil {
		return err
	}
	if s.user, err = chat.LoadUser(rd, it.App, s.notice.Recipient); err != nil {
		return err
	}
	if s.notice.Kind == gateway.NoticeConfirm {
		r, err := store.Replies.Get(rd, store.AppKey(it.App).String(string(s.notice.Reply)))
		if err != nil || r.State != gateway.ReplyHeld {
			return err // decided about meanwhile
		}
	}
	s.to, err = s.address(rd)
	return err
}

// address is the registered address the notice goes to: the one the person wrote
// from, or else the first. One that bounced or complained gets none;
// unsubscribing does not stop notices.
func (s *slip) address(rd store.Reader) (gateway.Address, error) {
	own := s.user.Addresses()
	slices.SortStableFunc(own, func(a, b gateway.Address) int {
		return rank(a, s.notice.To) - rank(b, s.notice.To)
	})
	for _, a := range own {
		if s.notice.Kind == gateway.NoticeUnsubscribed && rank(a, s.notice.To) > 0 {
			break // it is about that address alone
		}
		f, found, err := suppression.Find(rd, s.app.ID, a)
		if err != nil {
			return gateway.Address{}, err
		}
		if !found || f.Reason != gateway.ReasonSuppressed {
			return a, nil
		}
	}
	return gateway.Address{}, nil
}

func rank(a, preferred gateway.Address) int {
	if a.Folded() == preferred.Folded() {
		return 0
	}
	return 1
}

// write composes, signs, seals and stages the mail.
func (s *slip) write(ctx context.Context) (d gateway.Delivery, raw store.Staged, err error) {
	d = gateway.Delivery{
		ID: gateway.DeliveryID(s.ids.Next(gateway.PrefixDelivery, s.now)), Conversation: s.notice.Conversation, Recipient: s.notice.Recipient,
		To: s.to, State: gateway.DeliveryQueued, CreatedAt: s.now, UpdatedAt: s.now, ExpiresAt: s.now.Add(giveUpAfter), Test: s.notice.Test, Trace: s.notice.Trace,
	}
	d.MessageID = compose.MessageID(s.domain(), d.ID)
	plain, err := s.compose(ctx, d.MessageID)
	if err != nil {
		return d, raw, fmt.Errorf("compose notice: %w", err)
	}
	keys, err := s.keysOf(ctx, s.app.ID, s.domain())
	if err != nil {
		return d, raw, err
	}
	signed, err := dkim.Sign(plain, dkim.SignOptions{Keys: keys, Now: s.now})
	if err != nil {
		return d, raw, err
	}
	raw, err = s.Store.Stage(ctx, s.app.ID, s.Box.Seal(secret.PurposeMail, signed))
	d.Blob = raw.Ref
	return d, raw, err
}

// from is the sender of notices.
func (s *slip) from() gateway.Address {
	return gateway.Address{LocalPart: s.Sender, Domain: s.domain()}
}

// domain is what the notice is from.
func (s *slip) domain() string { return s.app.MailDomain(s.Domain) }

// compose makes the octets of the mail.
func (s *slip) compose(ctx context.Context, messageID string) ([]byte, error) {
	if s.notice.Kind == gateway.NoticeForward {
		return s.forward(ctx, messageID)
	}
	link, err := s.link(ctx)
	if err != nil {
		return nil, err
	}
	m, err := compose.Notice{
		From: s.from(), Via: via(&s.app), To: s.to, RecipientName: s.user.Name, Locale: locale(&s.app, &s.user),
		Kind: s.notice.Kind, Reason: s.notice.Reason, URL: link,
		MessageID: messageID, InReplyTo: s.notice.MessageID, LoopDomain: s.domain(), Date: s.now,
	}.Mail()
	return m.Raw, err
}

// link leads to the page that the notice is about, if there is one.
func (s *slip) link(ctx context.Context) (string, error) {
	switch s.notice.Kind {
	case gateway.NoticeConfirm:
		return s.PublicURL + "/c/" + s.Tokens.Mint(token.Confirm, s.notice.Link, s.Domain), nil
	case gateway.NoticeUnsubscribe, gateway.NoticeUnsubscribed:
		h, err := suppression.Link(ctx, s.Store, suppression.Fact{App: s.app.ID, Address: s.to, User: s.user.ID, Test: s.notice.Test}, s.now)
		return s.PublicURL + "/u/" + s.Tokens.Mint(token.Unsubscribe, h, s.Domain), err
	}
	return "", nil
}

// forward wraps a mail to postmaster@ or abuse@.
func (s *slip) forward(ctx context.Context, messageID string) ([]byte, error) {
	sealed, err := s.Store.Blob(ctx, "", s.notice.Raw)
	if err != nil {
		return nil, fmt.Errorf("mail to the operator: %s", err) // trouble, not an absent notice
	}
	raw, err := s.Box.Open(secret.PurposeMail, sealed)
	if err != nil {
		return nil, err
	}
	to := s.reply.Rule
	if !strings.Contains(to, "@") {
		to += "@" + s.Domain
	}
	return compose.Forward{
		From: s.from(), To: s.to, Subject: "Mail to " + to, Raw: raw, MessageID: messageID, LoopDomain: s.Domain, Date: s.now,
		Text: "A mail came to " + to + ". It is attached as it was received.",
	}.Mail()
}
