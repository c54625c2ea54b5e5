package chat

import (
	"errors"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/wire"
)

// Decided is what notify.Decide answered about one participant, and the mails
// that were composed of it.
type Decided struct {
	Recipient gateway.UserID
	Decision  notify.Decision
	// ID is that of the notification; empty mints one.
	ID gateway.NotificationID
	// Deliveries are the mails of a Send, one per address, with To, Bounce,
	// MessageID, Blob and ExpiresAt; they are completed, stored and queued.
	Deliveries []gateway.Delivery
	Trace      gateway.TraceID // empty: that of the newest message
}

// RecordDecisions writes down what was decided about the participants of a
// conversation, in the transaction that settles its due item: notifications
// with their events, mails and how far each participant is told. seen is the
// conversation as it was when the decisions were made.
//
// What must wait, or was posted since, is due again: the caller settles the
// item as done and leaves the next one to this. What changed since in the
// recipient's disfavour (read, left, muted) turns a Send into a Skip; the
// answered notifications, in the order of ds, say so. One about which there was
// nothing to write (a Wait, nothing but own words, decided before, conversation
// gone) has an empty ID.
func (s *Service) RecordDecisions(tx store.Tx, now time.Time, app gateway.AppID, seen gateway.Conversation, ds []Decided) ([]gateway.Notification, error) {
	out := make([]gateway.Notification, len(ds))
	r, err := s.open(tx, now, app, seen.ID)
	var missing NotFound
	if errors.As(err, &missing) {
		return out, nil
	}
	if err != nil || r.conv.Incarnation != seen.Incarnation {
		return out, err
	}
	var next time.Time
	for i, d := range ds {
		switch d.Decision.Act {
		case notify.Wait:
			next = earlier(next, d.Decision.Until)
		case notify.Leave:
			err = markExternal(tx, app, seen.ID)
		default:
			out[i], err = r.decide(d)
		}
		if err != nil {
			return nil, err
		}
	}
	if r.conv.Count > seen.Count {
		next = earlier(next, r.now.Add(r.app.MinDelay()))
	}
	if r.conv.Forced > seen.Forced || r.conv.Ran > seen.Ran || r.conv.TestForced > seen.TestForced || r.conv.TestRan > seen.TestRan {
		next = r.now
	} else {
		r.conv.Ran, r.conv.TestRan = 0, 0 // a run gives free what was decided about now, and no more
	}
	if !next.IsZero() {
		if err := hasten(tx, app, seen.ID, next, r.now); err != nil {
			return nil, err
		}
	}
	return out, r.close()
}

// RecordNotification is RecordDecisions of one decision that is not a Wait. It
// leaves the due item alone.
func (s *Service) RecordNotification(tx store.Tx, now time.Time, app gateway.AppID, c gateway.ConversationID, d Decided) (gateway.Notification, error) {
	r, err := s.open(tx, now, app, c)
	if err != nil {
		return gateway.Notification{}, err
	}
	n, err := r.decide(d)
	if err != nil {
		return n, err
	}
	return n, r.close()
}

// earlier is the earlier of two times, of which the first may be unset.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// decide writes one decision.
func (r *room) decide(d Decided) (gateway.Notification, error) {
	var n gateway.Notification
	p, err := r.recipient(d)
	if err != nil || p == nil || d.Decision.UpTo <= decidedUpTo(p, d.Decision.Test) {
		return n, err // decided before
	}
	if err := r.reconsider(p, &d); err != nil {
		return n, err
	}
	r.moveOn(p, d.Decision)
	if err := r.putPerson(p); err != nil || d.Decision.Quiet() {
		return n, err
	}
	n = r.notification(d)
	if err := r.queue(&n, d.Deliveries); err != nil {
		return n, err
	}
	if err := store.AddDecision(r.tx, r.app.ID, n); err != nil {
		return n, err
	}
	if err := r.count(n); err != nil {
		return n, err
	}
	typ := gateway.EventNotificationTriggered
	if n.State == gateway.NotificationSkipped {
		typ = gateway.EventNotificationSkipped
	}
	return n, r.tellNotification(typ, n, d.Decision.News, nil)
}

// decidedUpTo is the number up to which messages were decided about, those of test
// keys apart from all others.
func decidedUpTo(p *gateway.Participant, test bool) uint64 {
	if test {
		return p.TestCount
	}
	return p.NotifiedCount
}

// recipient is whom a decision is about; an agent who takes no part gets a
// place in the conversation with the first mail.
func (r *room) recipient(d Decided) (*gateway.Participant, error) {
	if p := r.person(d.Recipient); p != nil || d.Decision.Act != notify.Send {
		return p, nil
	}
	if err := r.route(d.Recipient); err != nil {
		return nil, err
	}
	return r.person(d.Recipient), nil
}

// count puts a notification that is mailed where the caps count it.
func (r *room) count(n gateway.Notification) error {
	if n.State == gateway.NotificationSkipped || n.Test {
		return nil
	}
	k := store.UserKey(r.app.ID, n.Recipient).Time(r.now).String(string(n.ID))
	if err := store.Mailings.Put(r.tx, k, store.Mailing{At: r.now, Conversation: n.Conversation}); err != nil {
		return err
	}
	return store.ExpireAt(r.tx, store.Mailings.Table, k, r.now.Add(notify.CapWindow+notify.ClockSlack))
}

func (r *room) notification(d Decided) gateway.Notification {
	n := gateway.Notification{
		ID: d.ID, Conversation: r.conv.ID, Recipient: d.Recipient, State: gateway.NotificationTriggered,
		CreatedAt: r.now, UpdatedAt: r.now, UpTo: d.Decision.UpTo, Test: d.Decision.Test, Trace: d.Trace,
	}
	if n.ID == "" {
		n.ID = gateway.NotificationID(r.tx.NewID(gateway.PrefixNotification))
	}
	if d.Decision.Act == notify.Skip {
		n.State, n.Reason = gateway.NotificationSkipped, d.Decision.Reason
	}
	for _, m := range d.Decision.News {
		n.Messages = append(n.Messages, m.ID)
		if d.Trace == "" {
			n.Trace = m.Trace
		}
	}
	return n
}

// queue stores the mails of a notification and has them delivered.
func (r *room) queue(n *gateway.Notification, ds []gateway.Delivery) error {
	for _, d := range ds {
		if d.ID == "" {
			d.ID = gateway.DeliveryID(r.tx.NewID(gateway.PrefixDelivery))
		}
		d.Notification, d.Conversation, d.Recipient, d.Test = n.ID, n.Conversation, n.Recipient, n.Test
		d.State, d.CreatedAt, d.UpdatedAt, d.Trace = gateway.DeliveryQueued, r.now, r.now, n.Trace
		if err := QueueDelivery(r.tx, r.now, r.app.ID, d); err != nil {
			return err
		}
		n.Deliveries = append(n.Deliveries, d.ID)
	}
	return nil
}

// QueueDelivery stores a mail, to be looked up for store.DeliveryAge from its
// CreatedAt on, and has it delivered, due at once.
func QueueDelivery(tx store.Tx, now time.Time, app gateway.AppID, d gateway.Delivery) error {
	if err := store.AddDelivery(tx, app, d); err != nil {
		return err
	}
	if err := suppression.Queued(tx, app, d); err != nil {
		return err
	}
	return tx.Enqueue(store.Item{ItemRef: store.DeliveryItem(app, d.Conversation, d.ID), Due: now, EnqueuedAt: now})
}

// tellNotification records an event about a notification.
func (r *room) tellNotification(typ gateway.EventType, n gateway.Notification, ms []gateway.Message, d *gateway.Delivery) error {
	recipient, err := r.user(n.Recipient)
	if err != nil {
		return err
	}
	shown, err := r.show()
	if err != nil {
		return err
	}
	data := wire.NotificationData{
		NotificationID: n.ID, Recipient: wire.UserOf(recipient), Conversation: shown,
		Messages: []wire.Message{}, Reason: n.Reason, Sentence: n.Reason.Sentence(), Test: n.Test,
	}
	for _, m := range ms {
		data.Messages = append(data.Messages, wire.MessageOf(m, r.people, r.Links))
		if data.Sender, err = r.sender(m.Sender); err != nil {
			return err
		}
	}
	if d != nil {
		shown := wire.DeliveryOf(*d)
		data.Delivery = &shown
	}
	return r.event(typ, data, n.Trace)
}
