package outbound

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/outbound/compose"
)

// Notifier handles the notifications queue. Its fields are set before use and
// not changed; it is safe for concurrent use.
type Notifier struct {
	Store  store.Store
	Chat   *chat.Service
	Tokens *token.Minter
	Box    *secret.Box
	// Keys sign every mail, all of them; apps' own domains have keys of theirs.
	Keys []dkim.Key
	// Domain is the installation's mail domain, PublicURL the origin of the recipients' pages.
	Domain    string
	PublicURL string
	// Sender is the local part of From.
	Sender string
	Log    *slog.Logger

	ids      gateway.IDSource
	composer compose.Composer
	failures failures
	rings    rings
}

// Handle decides about everybody who has messages that nothing was decided
// about, and has their mails stored and queued in the transaction that settles
// the item. Who must wait is due again later. A notice is made and queued.
func (n *Notifier) Handle(ctx context.Context, l store.Leased) queue.Result {
	switch {
	case l.Item.ItemRef == store.DisabledItem(l.Item.App):
		return n.withdraw(ctx, l)
	case len(l.Item.Payload) > 0:
		return n.notice(ctx, l)
	}
	app, conv := l.Item.App, gateway.ConversationID(l.Item.ID)
	var p chat.Pending
	err := n.Store.View(ctx, func(rd store.Reader) (err error) {
		p, err = chat.LoadPending(rd, app, conv)
		return err
	})
	var gone gateway.NotFound
	if errors.As(err, &gone) {
		return queue.Result{}
	}
	if err != nil {
		return n.troubled(l, err)
	}
	now := time.Now()
	batch := &batch{Notifier: n, pending: p, now: now}
	if err := batch.compose(ctx, decisions(p.Inputs, now)); err != nil {
		return n.troubled(l, err)
	}
	return queue.Result{Scope: store.ConversationScope(app, conv), Apply: batch.store}
}

// withdraw takes back a part of what people wait for whose mail was switched off,
// and goes on with the next until nothing is left.
func (n *Notifier) withdraw(ctx context.Context, l store.Leased) queue.Result {
	next, err := n.Chat.WithdrawDisabled(ctx, l.Item.App, l.Item.Payload[1:])
	if err != nil {
		return n.troubled(l, err)
	}
	if next == nil {
		return queue.Result{}
	}
	again := l.Item
	again.Attempt, again.Due, again.Payload = 0, time.Now(), append([]byte{0}, next...)
	return queue.Result{Again: &again}
}

// decisions are what is to be done about each input.
func decisions(ins []notify.Input, now time.Time) []notify.Decision {
	out := make([]notify.Decision, len(ins))
	for i, in := range ins {
		out[i] = notify.Decide(in, now)
	}
	return out
}

// Delays of a conversation whose mails could not be made.
const (
	firstTrouble = time.Second
	maxTrouble   = 10 * time.Minute
)

// troubled puts the conversation back: nothing was decided, nobody is forgotten.
func (n *Notifier) troubled(l store.Leased, err error) queue.Result {
	n.Log.Error("deciding about a conversation, or making a notice, failed", "app", l.Item.App, "conversation", l.Item.ID, "attempt", l.Item.Attempt, "error", err)
	again := l.Item
	again.Attempt++
	again.Due = time.Now().Add(min(maxTrouble, firstTrouble<<min(again.Attempt, 10)))
	return queue.Result{Again: &again}
}
