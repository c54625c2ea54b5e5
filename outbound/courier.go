package outbound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/outbound/delivery"
	"github.com/replygate/replygate/outbound/route"
)

// Router finds the next hops for a recipient, in the order to try them.
type Router interface {
	Route(ctx context.Context, to gateway.Address) ([]route.NextHop, error)
}

// Courier handles the deliveries queue. Its fields are set before use and not
// changed; it is safe for concurrent use.
type Courier struct {
	Store  store.Store
	Chat   *chat.Service
	Tokens *token.Minter
	Box    *secret.Box
	Router Router
	Client *delivery.Client
	// Notifier composes mails anew whose messages were changed since.
	Notifier *Notifier
	// Mailbox keeps the mails that must not leave: those that test keys cause,
	// and all when Captive is set, which then needs no Router and no Client.
	Mailbox Mailbox
	Captive bool
	// Domain is the installation's mail domain: the reverse-path is at it, but for
	// mail from an app's own.
	Domain string
	Log    *slog.Logger
	// Observe, if set, is told of every attempt.
	Observe func(state gateway.DeliveryState, a gateway.Attempt)
}

// retries follow RFC 5321, section 4.5.4.1: soon at first (greylisting), then
// every four hours until a notification is no news any more.
func retries() queue.Schedule {
	return queue.Schedule{
		Delays: []time.Duration{0, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour},
		MaxAge: giveUpAfter,
	}
}

// Handle tries once to hand the mail to a next hop.
func (c *Courier) Handle(ctx context.Context, l store.Leased) queue.Result {
	d, look, err := c.look(ctx, l.Item.App, gateway.DeliveryID(l.Item.ID))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return queue.Result{} // cancelled, or its rows are gone
	case err != nil:
		return c.trouble(l, d, err)
	case d.State != gateway.DeliveryQueued && d.State != gateway.DeliveryDeferred:
		return c.over(l, d)
	case look.Unwanted != "":
		return c.withdraw(l, d, look.Unwanted)
	case look.Edited:
		return c.rewrite(ctx, l, d)
	}
	raw, err := c.mail(ctx, l.Item.App, d)
	if err != nil {
		return c.trouble(l, d, err)
	}
	if c.Captive || d.Test {
		return c.keep(ctx, l, d, raw)
	}
	a, overtaken := c.try(ctx, l.Item.App, d, raw)
	switch {
	case overtaken:
		return c.anew(l)
	case a.Status.Positive():
		return c.settle(l, d, gateway.DeliverySent, "", a)
	case a.Status.Permanent():
		return c.settle(l, d, gateway.DeliveryBounced, gateway.ReasonRefused, a)
	}
	return c.later(l, d, a, nil)
}

// look reads a delivery and whether it is to be sent any more.
func (c *Courier) look(ctx context.Context, app gateway.AppID, id gateway.DeliveryID) (d gateway.Delivery, look chat.SecondLook, err error) {
	err = c.Store.View(ctx, func(rd store.Reader) (err error) {
		look = chat.SecondLook{}
		if d, err = store.Mails.Get(rd, store.AppKey(app).String(string(id))); err != nil {
			return err
		}
		if look.Unwanted, err = blocked(rd, app, d); err != nil || look.Unwanted != "" || d.Notification == "" {
			return err
		}
		look, err = chat.LookAgain(rd, time.Now(), app, d)
		return err
	})
	look.Edited = look.Edited && d.Rewritten < maxRewritten
	return d, look, err
}

// blocked is why nothing is sent to the address, if so. Unsubscribing does not
// stop notices, which belong to no notification.
func blocked(rd store.Reader, app gateway.AppID, d gateway.Delivery) (gateway.Reason, error) {
	s, found, err := suppression.Find(rd, app, d.To)
	if !found || s.Reason != gateway.ReasonSuppressed && d.Notification == "" {
		return "", err
	}
	return s.Reason, err
}

// mail is what a delivery carries.
func (c *Courier) mail(ctx context.Context, app gateway.AppID, d gateway.Delivery) ([]byte, error) {
	sealed, err := c.Store.Blob(ctx, app, d.Blob)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("the mail of delivery %s is not there", d.ID) // trouble, not an absent delivery
	}
	if err != nil {
		return nil, err
	}
	return c.Box.Open(secret.PurposeMail, sealed)
}

// errOvertaken holds back the end of a mail.
var errOvertaken = errors.New("what the mail is about has changed")

// overtaken is asked when all but the end of the mail is sent, which may be long
// after it was looked at: has it been withdrawn, or what it shows been changed?
func (c *Courier) overtaken(ctx context.Context, app gateway.AppID, was gateway.Delivery) (bool, error) {
	if err := queue.Held(ctx); err != nil {
		return false, err
	}
	d, look, err := c.look(ctx, app, was.ID)
	if err != nil {
		return false, err
	}
	if look.Unwanted != "" || look.Edited || d.State != was.State || d.Blob != was.Blob {
		return true, errOvertaken
	}
	return false, nil
}

// try offers the mail to the hops in turn until one answers for good, or the
// mail is overtaken.
func (c *Courier) try(ctx context.Context, app gateway.AppID, d gateway.Delivery, raw []byte) (a gateway.Attempt, overtaken bool) {
	hops, err := c.Router.Route(ctx, d.To)
	if err != nil || len(hops) == 0 {
		return gateway.Attempt{At: time.Now(), Status: gateway.StatusOf(err)}, false
	}
	still := func(ctx context.Context) (err error) {
		overtaken, err = c.overtaken(ctx, app, d)
		return err
	}
	env := gateway.Envelope{From: c.reversePath(d), To: []gateway.Address{d.To}}
	for _, h := range hops {
		a = c.Client.DeliverIf(ctx, h, env, raw, still)
		if !a.Status.Temporary() || delivery.Ambiguous(a) || overtaken {
			break
		}
	}
	return a, overtaken
}

// reversePath is the envelope's sender; notices have the null one.
func (c *Courier) reversePath(d gateway.Delivery) (p gateway.ReversePath) {
	if d.Bounce != 0 {
		p.Address = c.Tokens.Address(token.Bounce, d.Bounce, cmp.Or(d.Domain, c.Domain))
	}
	return p
}

// settle ends the delivery; its mail is not needed any more.
func (c *Courier) settle(l store.Leased, d gateway.Delivery, st gateway.DeliveryState, why gateway.Reason, a gateway.Attempt) queue.Result {
	c.report(l, d, st, why, a)
	return queue.Result{Scope: store.ConversationScope(l.Item.App, d.Conversation), Apply: func(tx store.Tx) error {
		done, err := c.Chat.DeliverySettled(tx, a.At, l.Item.App, chat.Settled{Delivery: d.ID, State: st, Reason: why, Attempt: &a})
		if err != nil {
			return err
		}
		if err := dropMail(tx, l.Item.App, done); err != nil || st != gateway.DeliveryBounced || l.Item.App == "" {
			return err // the operator's address, which is no app's, stays in use
		}
		fact := suppression.Fact{App: l.Item.App, Address: d.To, Kind: suppression.Hard, Detail: a.Status.String(), User: d.Recipient, Trace: d.Trace}
		switch {
		case dead(a.Status):
			return suppression.Suppress(tx, a.At, fact)
		case suppression.Mailbox(a.Status.Enhanced):
			return suppression.Failed(tx, a.At, fact)
		}
		return nil
	}}
}

// over removes the item of a delivery that was settled elsewhere: a report came
// about a try that nobody had answered for.
func (c *Courier) over(l store.Leased, d gateway.Delivery) queue.Result {
	return queue.Result{Scope: store.ConversationScope(l.Item.App, d.Conversation), Apply: func(tx store.Tx) error {
		d, found, err := store.Mails.Find(tx, store.AppKey(l.Item.App).String(string(d.ID)))
		if err != nil || !found {
			return err
		}
		return dropMail(tx, l.Item.App, d)
	}}
}

// dropMail gives up the stored mail of a delivery that is over.
func dropMail(tx store.Tx, app gateway.AppID, d gateway.Delivery) error {
	if d.Blob == "" {
		return nil
	}
	if err := tx.Drop(app, d.Blob); err != nil {
		return err
	}
	d.Blob = ""
	return store.Mails.Put(tx, store.AppKey(app).String(string(d.ID)), d)
}

// trouble puts off a delivery for a failure of ours.
func (c *Courier) trouble(l store.Leased, d gateway.Delivery, err error) queue.Result {
	return c.later(l, d, gateway.Attempt{At: time.Now(), Status: gateway.InternalError}, err)
}

// later puts the delivery off, or ends it when its time is over.
func (c *Courier) later(l store.Leased, d gateway.Delivery, a gateway.Attempt, err error) queue.Result {
	now := time.Now()
	due, more := retries().Next(l.Item.Attempt+1, l.Item.EnqueuedAt, now, rand.Float64())
	switch {
	case more:
	case err == nil:
		return c.settle(l, d, gateway.DeliveryBounced, gateway.ReasonExpired, a)
	default: // trouble of ours never ends a mail
		due = now.Add(giveUpAfter / 12)
	}
	again := l.Item
	again.Attempt++
	again.Due = due
	if err != nil {
		c.Log.Error("delivery is in trouble", "app", l.Item.App, "delivery", l.Item.ID, "error", err)
		return queue.Result{Again: &again}
	}
	c.report(l, d, gateway.DeliveryDeferred, "", a)
	return queue.Result{Scope: store.ConversationScope(l.Item.App, d.Conversation), Again: &again, Apply: func(tx store.Tx) error {
		_, err := c.Chat.DeliverySettled(tx, a.At, l.Item.App, chat.Settled{Delivery: d.ID, State: gateway.DeliveryDeferred, Attempt: &a})
		return err
	}}
}

// withdraw ends a delivery whose address is not to be mailed any more.
func (c *Courier) withdraw(l store.Leased, d gateway.Delivery, why gateway.Reason) queue.Result {
	c.Log.Info("delivery withdrawn", "app", l.Item.App, "delivery", d.ID, "reason", why, "trace", d.Trace)
	now := time.Now()
	return queue.Result{Scope: store.ConversationScope(l.Item.App, d.Conversation), Apply: func(tx store.Tx) error {
		_, err := c.Chat.DeliverySettled(tx, now, l.Item.App, chat.Settled{Delivery: d.ID, State: gateway.DeliveryCancelled, Reason: why})
		return err
	}}
}

// report logs one line per attempt, without addresses that are secrets.
func (c *Courier) report(l store.Leased, d gateway.Delivery, st gateway.DeliveryState, why gateway.Reason, a gateway.Attempt) {
	if c.Observe != nil {
		c.Observe(st, a)
	}
	c.Log.Info("delivery attempt", "app", l.Item.App, "delivery", d.ID, "conversation", d.Conversation, "domain", d.To.Domain,
		"attempt", l.Item.Attempt+1, "hop", a.Hop, "state", st, "reason", why, "status", a.Status.Code, "tls", a.TLS, "took_ms", a.Took, "trace", d.Trace)
}
