package chat

import (
	"errors"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// Settled is what became of a try to deliver a mail.
type Settled struct {
	Delivery gateway.DeliveryID
	State    gateway.DeliveryState
	Reason   gateway.Reason
	// Attempt is the try itself; nil if it ended without one.
	Attempt *gateway.Attempt
}

// DeliverySettled writes down what became of a mail: the attempt, the state,
// and what it means for its notification. The first mail that is sent makes the
// notification sent; it is bounced when every mail of it is; the first time a
// mail is put off is told once. A delivery that is gone is store.ErrNotFound;
// one that was cancelled stays so. Settling it as cancelled is
// suppression.Cancel, and tells of the notification that is cancelled with it.
func (s *Service) DeliverySettled(tx store.Tx, now time.Time, app gateway.AppID, in Settled) (gateway.Delivery, error) {
	k := store.AppKey(app).String(string(in.Delivery))
	d, err := store.Mails.Get(tx, k)
	if err != nil || d.State == gateway.DeliveryCancelled {
		return d, err
	}
	if in.State == gateway.DeliveryCancelled {
		n, err := suppression.Cancel(tx, app, d, in.Reason, now.Truncate(time.Millisecond))
		if err != nil {
			return d, err
		}
		if n != nil {
			if err := s.withRoom(tx, now, app, n.Conversation, func(r *room) error { return r.tellWithdrawn(*n) }); err != nil {
				return d, err
			}
		}
		return store.Mails.Get(tx, k)
	}
	was := d
	d.State, d.Reason, d.UpdatedAt = in.State, in.Reason, now.Truncate(time.Millisecond)
	if in.Attempt != nil {
		d.Attempts = appendAttempt(d.Attempts, *in.Attempt)
	}
	if err := store.ChangeDelivery(tx, app, was, d); err != nil {
		return d, err
	}
	if d.State != gateway.DeliveryQueued && d.State != gateway.DeliveryDeferred {
		if err := suppression.Settled(tx, app, d); err != nil {
			return d, err
		}
	}
	if d.Notification == "" || d.State == was.State {
		return d, nil
	}
	return d, s.notificationSettled(tx, now, app, d)
}

// appendAttempt keeps the first attempt and the latest.
func appendAttempt(as []gateway.Attempt, a gateway.Attempt) []gateway.Attempt {
	if len(as) >= gateway.MaxAttempts {
		as = append(as[:1:1], as[2:]...)
	}
	return append(as, a)
}

// notificationSettled draws the conclusion of one mail for its notification.
func (s *Service) notificationSettled(tx store.Tx, now time.Time, app gateway.AppID, d gateway.Delivery) error {
	k := store.AppKey(app).String(string(d.Notification))
	n, found, err := store.Decisions.Find(tx, k)
	if err != nil || !found {
		return err
	}
	old := n
	typ, err := conclude(tx, app, &n, d)
	if err != nil || typ == "" {
		return err
	}
	n.UpdatedAt = d.UpdatedAt
	if err := store.ChangeDecision(tx, app, old, n); err != nil {
		return err
	}
	return s.withRoom(tx, now, app, n.Conversation, func(r *room) error {
		ms, err := r.messagesOf(n)
		if err != nil {
			return err
		}
		return r.tellNotification(typ, n, ms, &d)
	})
}

// withRoom runs fn with a conversation open, unless it is gone: then nobody is
// left to be told about it.
func (s *Service) withRoom(tx store.Tx, now time.Time, app gateway.AppID, c gateway.ConversationID, fn func(*room) error) error {
	r, err := s.open(tx, now, app, c)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := fn(r); err != nil {
		return err
	}
	return r.close()
}

// conclude moves the notification on and names the event of it, if any.
func conclude(tx store.Tx, app gateway.AppID, n *gateway.Notification, d gateway.Delivery) (gateway.EventType, error) {
	switch d.State {
	case gateway.DeliverySent, gateway.DeliveryDelivered:
		if n.State == gateway.NotificationSent {
			return "", nil
		}
		n.State, n.Reason = gateway.NotificationSent, ""
		return gateway.EventNotificationSent, nil
	case gateway.DeliveryDeferred:
		return gateway.EventNotificationDeferred, nil
	case gateway.DeliveryBounced:
		all, err := allBounced(tx, app, n)
		if err != nil || !all || n.State == gateway.NotificationBounced {
			return "", err
		}
		n.State, n.Reason = gateway.NotificationBounced, d.Reason
		return gateway.EventNotificationBounced, nil
	}
	return "", nil
}

// allBounced tells whether no mail of the notification arrived or still can.
func allBounced(tx store.Tx, app gateway.AppID, n *gateway.Notification) (bool, error) {
	for _, id := range n.Deliveries {
		d, found, err := store.Mails.Find(tx, store.AppKey(app).String(string(id)))
		if err != nil {
			return false, err
		}
		if found && d.State != gateway.DeliveryBounced && d.State != gateway.DeliveryCancelled {
			return false, nil
		}
	}
	return true, nil
}

// messagesOf loads the messages of a notification that still exist.
func (r *room) messagesOf(n gateway.Notification) ([]gateway.Message, error) {
	var out []gateway.Message
	for _, id := range n.Messages {
		m, err := store.FindMessage(r.tx, r.app.ID, r.conv.ID, id)
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
