package outbound

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
)

// batch is what is decided about one conversation at one time, ready to be
// stored in one transaction.
type batch struct {
	*Notifier
	pending chat.Pending
	now     time.Time
	decided []chat.Decided
	mails   [][]mail // by decided
	// mu guards those below.
	mu sync.Mutex
	// people are those who take part, once they were looked up.
	people *people
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
	// sentKept is how many mails to a participant are remembered per conversation.
	sentKept = 64
)

// composeAtOnce is how many people's mails of a conversation are composed at
// once: the addresses and links that are made for them share commits.
const composeAtOnce = 8

// compose takes the decisions about the inputs; for each Send it composes the
// mails.
func (b *batch) compose(ctx context.Context, ds []notify.Decision) error {
	b.decided, b.mails = make([]chat.Decided, len(ds)), make([][]mail, len(ds))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(composeAtOnce)
	for i, d := range ds {
		in := &b.pending.Inputs[i]
		b.decided[i] = chat.Decided{Recipient: in.Participant.User, Decision: d}
		if d.Act != notify.Send {
			continue
		}
		g.Go(func() (err error) {
			defer func() { // or it would end the process, not the handler
				if p := recover(); p != nil {
					err = fmt.Errorf("composing for %s panicked: %v\n%s", in.Participant.User, p, debug.Stack())
				}
			}()
			l := letter{batch: b, in: in, decision: d}
			b.decided[i].Deliveries, b.mails[i], err = l.writeAll(ctx)
			return err
		})
	}
	return g.Wait()
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
	if err := store.SentMails.Put(tx, store.SentKey(app, m.sent), m.sent); err != nil {
		return err
	}
	place := store.MailPlace{App: app, Conversation: m.sent.Conversation, User: m.sent.Recipient, Test: m.sent.Test}
	if err := store.MailPlaces.Put(tx, store.MailKey(m.sent.MessageID), place); err != nil {
		return err
	}
	return forgetOldest(tx, app, m.sent)
}

// forgetOldest keeps the newest sentKept mails to a participant, and as many test mails.
func forgetOldest(tx store.Tx, app gateway.AppID, newest gateway.Sent) error {
	rg := store.Range{
		Prefix:  store.ConversationKey(app, newest.Conversation).String(string(newest.Recipient)),
		Reverse: true,
	}
	n := 0
	return store.SentMails.Scan(tx, rg, func(k store.Key, s gateway.Sent) (bool, error) {
		if s.Test != newest.Test {
			return true, nil
		}
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
