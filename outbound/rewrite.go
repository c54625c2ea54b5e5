package outbound

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/store"
)

const (
	// maxRewritten is how often a mail is composed anew: a message that is edited
	// all the time does not keep the mail that shows it for ever.
	maxRewritten = 8
	// rewritePause lies before it is sent, from the second time on: who edits
	// a message again is likely to go on.
	rewritePause = 15 * time.Second
)

// anew looks at a delivery again at once: it is not as it was when it was read.
func (c *Courier) anew(l store.Leased) queue.Result {
	again := l.Item
	again.Due = time.Now()
	return queue.Result{Again: &again}
}

// rewrite composes a mail anew as its messages are now. It stays the same mail,
// with its Message-ID, its place in the thread and its addresses; it is sent when
// it is stored, so that what is remembered is what was sent.
func (c *Courier) rewrite(ctx context.Context, l store.Leased, d gateway.Delivery) queue.Result {
	replace, err := c.Notifier.rewrite(ctx, l.Item.App, d)
	if errors.Is(err, errNothingLeft) {
		return c.withdraw(l, d, gateway.ReasonDeleted)
	}
	if err != nil {
		return c.trouble(l, d, fmt.Errorf("compose anew: %w", err))
	}
	again := l.Item
	again.Due = time.Now()
	if d.Rewritten > 0 {
		again.Due = again.Due.Add(rewritePause)
	}
	c.Log.Info("delivery rewritten", "app", l.Item.App, "delivery", d.ID, "trace", d.Trace)
	return queue.Result{Scope: store.ConversationScope(l.Item.App, d.Conversation), Again: &again, Apply: replace}
}

// rewrite composes the mail of a delivery from what is stored now, and returns
// what puts it in the place of the one that is queued.
func (n *Notifier) rewrite(ctx context.Context, app gateway.AppID, d gateway.Delivery) (func(store.Tx) error, error) {
	l := letter{batch: &batch{Notifier: n, now: time.Now()}, in: &notify.Input{}, queued: d.CreatedAt}
	if err := n.Store.View(ctx, func(rd store.Reader) error { return l.recall(rd, app, d) }); err != nil {
		return nil, err
	}
	if err := l.address(ctx); err != nil {
		return nil, err
	}
	if err := l.prepare(ctx); err != nil {
		return nil, err
	}
	fresh, m, err := l.fill(ctx, d)
	if err != nil {
		return nil, err
	}
	return func(tx store.Tx) error {
		if err := replaceMail(tx, app, fresh, m); err != nil {
			return err
		}
		return l.tellFailed(tx)
	}, nil
}

// recall loads what a mail was made of: the person, the news and what is shown
// around them, as far as it is still there.
func (l *letter) recall(rd store.Reader, app gateway.AppID, d gateway.Delivery) (err error) {
	p, in := &l.pending, l.in
	if p.App, err = store.Apps.Get(rd, store.AppKey(app)); err != nil {
		return err
	}
	if p.Conversation, err = chat.LoadConversation(rd, app, d.Conversation); err != nil {
		return err
	}
	if in.User, err = chat.LoadUser(rd, app, d.Recipient); err != nil {
		return err
	}
	if in.Participant, err = store.Participants.Get(rd, store.ParticipantKey(app, d.Conversation, d.Recipient)); err != nil {
		return err
	}
	in.App, in.Conversation = &p.App, p.Conversation
	decided, err := store.Decisions.Get(rd, store.AppKey(app).String(string(d.Notification)))
	if err != nil {
		return err
	}
	sent, found, err := chat.SentOf(rd, app, d)
	if err != nil {
		return err
	}
	if !found {
		sent.Shown = decided.Messages
	}
	l.decision = notify.Decision{Act: notify.Send, UpTo: decided.UpTo, Earlier: sent.Earlier, Test: d.Test}
	if l.decision.News, err = l.found(rd, decided.Messages); err != nil {
		return err
	}
	if len(l.decision.News) == 0 {
		return errNothingLeft
	}
	l.decision.Messages, err = l.found(rd, sent.Shown)
	return err
}

// found are the messages that are still there.
func (l *letter) found(rd store.Reader, ids []gateway.MessageID) (out []gateway.Message, err error) {
	for _, id := range ids {
		m, err := store.FindMessage(rd, l.pending.App.ID, l.pending.Conversation.ID, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// replaceMail puts a mail in the place of the one that is queued.
func replaceMail(tx store.Tx, app gateway.AppID, fresh gateway.Delivery, m mail) error {
	k := store.AppKey(app).String(string(fresh.ID))
	d, found, err := store.Mails.Find(tx, k)
	if err != nil || !found || d.State != gateway.DeliveryQueued && d.State != gateway.DeliveryDeferred {
		return err
	}
	if _, err := tx.Keep(m.raw); err != nil {
		return err
	}
	if err := tx.Drop(app, d.Blob); err != nil {
		return err
	}
	d.Blob, d.Edits, d.Domain = fresh.Blob, fresh.Edits, fresh.Domain
	d.Rewritten++
	if err := store.Mails.Put(tx, k, d); err != nil {
		return err
	}
	sent, found, err := chat.SentOf(tx, app, d)
	if err != nil || !found {
		return err // forgotten, for many newer ones
	}
	if _, err := tx.Keep(m.body); err != nil {
		return err
	}
	if err := tx.Drop(app, sent.Body); err != nil {
		return err
	}
	return store.SentMails.Put(tx, store.SentKey(app, sent), m.sent)
}
