package suppression

import (
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Queued notes that a mail is on its way to an address, so that Unsubscribe and
// Suppress find it. Settled takes the note away.
func Queued(tx store.Tx, app gateway.AppID, d gateway.Delivery) error {
	return store.Unsent.Put(tx, unsentKey(app, d), store.UnsentMail{
		Delivery: d.ID, Conversation: d.Conversation, Recipient: d.Recipient,
	})
}

// Settled takes away the note that Queued made.
func Settled(tx store.Tx, app gateway.AppID, d gateway.Delivery) error {
	return store.Unsent.Delete(tx, unsentKey(app, d))
}

func unsentKey(app gateway.AppID, d gateway.Delivery) store.Key {
	return store.AddressKey(app, d.To).String(string(d.ID))
}

// cancelUnsent cancels what is queued to the address. A mail that is on the
// wire at this moment may still arrive; its settling then fails for want of its
// item, and it stays cancelled here.
func cancelUnsent(tx store.Tx, app gateway.AppID, a gateway.Address, s store.Suppression) error {
	rg := store.Range{Prefix: store.AddressKey(app, a)}
	return store.Unsent.Scan(tx, rg, func(_ store.Key, u store.UnsentMail) (bool, error) {
		d, found, err := store.Mails.Find(tx, store.AppKey(app).String(string(u.Delivery)))
		if err != nil || !found {
			return true, err
		}
		if s.Reason == gateway.ReasonUnsubscribed && d.Notification == "" {
			return true, nil // a notice, which unsubscribing does not stop
		}
		_, err = Cancel(tx, app, d, s.Reason, s.At)
		return true, err
	})
}

// CancelTo withdraws, for a reason, those of the mails queued to an address that
// match, and returns the notifications that are cancelled with them.
func CancelTo(tx store.Tx, app gateway.AppID, a gateway.Address, r gateway.Reason, now time.Time, match func(store.UnsentMail) bool) (out []gateway.Notification, err error) {
	rg := store.Range{Prefix: store.AddressKey(app, a)}
	err = store.Unsent.Scan(tx, rg, func(_ store.Key, u store.UnsentMail) (bool, error) {
		if !match(u) {
			return true, nil
		}
		d, found, err := store.Mails.Find(tx, store.AppKey(app).String(string(u.Delivery)))
		if err != nil || !found {
			return true, err
		}
		n, err := Cancel(tx, app, d, r, now)
		if n != nil {
			out = append(out, *n)
		}
		return true, err
	})
	return out, err
}

// Cancel withdraws a mail that is not settled yet, for a reason, and gives up
// what is stored of it. A notification none of whose mails was sent or can still
// be is cancelled with it, and returned.
func Cancel(tx store.Tx, app gateway.AppID, d gateway.Delivery, r gateway.Reason, now time.Time) (*gateway.Notification, error) {
	if d.State != gateway.DeliveryQueued && d.State != gateway.DeliveryDeferred {
		return nil, Settled(tx, app, d)
	}
	if err := tx.Cancel(store.DeliveryItem(app, d.Conversation, d.ID)); err != nil {
		return nil, err
	}
	if d.Blob != "" {
		if err := tx.Drop(app, d.Blob); err != nil {
			return nil, err
		}
	}
	old := d
	d.State, d.Reason, d.UpdatedAt, d.Blob = gateway.DeliveryCancelled, r, now, ""
	if err := store.ChangeDelivery(tx, app, old, d); err != nil {
		return nil, err
	}
	if err := Settled(tx, app, d); err != nil || d.Notification == "" {
		return nil, err
	}
	return cancelNotification(tx, app, d, r, now)
}

func cancelNotification(tx store.Tx, app gateway.AppID, d gateway.Delivery, r gateway.Reason, now time.Time) (*gateway.Notification, error) {
	k := store.AppKey(app).String(string(d.Notification))
	n, found, err := store.Decisions.Find(tx, k)
	if err != nil || !found || n.State != gateway.NotificationTriggered {
		return nil, err
	}
	for _, id := range n.Deliveries {
		other, found, err := store.Mails.Find(tx, store.AppKey(app).String(string(id)))
		if err != nil {
			return nil, err
		}
		if found && other.State != gateway.DeliveryCancelled && other.State != gateway.DeliveryBounced {
			return nil, nil
		}
	}
	old := n
	n.State, n.Reason, n.UpdatedAt = gateway.NotificationCancelled, r, now
	return &n, store.ChangeDecision(tx, app, old, n)
}
