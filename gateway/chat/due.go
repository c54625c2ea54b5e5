package chat

import (
	"context"
	"errors"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// armAt makes the conversation's due item, if none is pending.
func armAt(tx store.Tx, app gateway.AppID, c gateway.ConversationID, due, now time.Time) error {
	ref := store.NotificationItem(app, c)
	_, err := tx.Item(ref)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return tx.Enqueue(store.Item{ItemRef: ref, Due: due, EnqueuedAt: now})
}

// hasten makes the conversation's due item due no later than a time.
func hasten(tx store.Tx, app gateway.AppID, c gateway.ConversationID, due, now time.Time) error {
	ref := store.NotificationItem(app, c)
	it, err := tx.Item(ref)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return tx.Enqueue(store.Item{ItemRef: ref, Due: due, EnqueuedAt: now})
	case err != nil || !it.Due.After(due):
		return err
	}
	return tx.Move(ref, due)
}

// ForceNotification has everybody who missed messages told now, without delay
// and whoever is typing. Nobody is told of what they were told before.
func (s *Service) ForceNotification(ctx context.Context, app gateway.AppID, c gateway.ConversationID) error {
	return s.in(ctx, app, c, "force notification", func(r *room) error {
		r.conv.Forced = r.conv.Count
		return hasten(r.tx, app, c, r.now, r.now)
	})
}
