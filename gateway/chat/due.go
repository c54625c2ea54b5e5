package chat

import (
	"context"
	"errors"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// hasten makes the conversation's due item due no later than a time. One that
// is due before is left alone: it is rewritten only when it waits for something
// beyond the shortest delay (a longer delay of another role, quiet hours, an
// interval, a clock that was set back), so that messages in a row cost nothing.
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
	return s.force(ctx, app, c, func(c *gateway.Conversation) { c.Forced = c.Count })
}

// ForceTests is ForceNotification about test messages alone.
func (s *Service) ForceTests(ctx context.Context, app gateway.AppID, c gateway.ConversationID) error {
	return s.force(ctx, app, c, func(c *gateway.Conversation) { c.TestForced = c.Count })
}

func (s *Service) force(ctx context.Context, app gateway.AppID, c gateway.ConversationID, mark func(*gateway.Conversation)) error {
	return s.in(ctx, app, c, "force notification", func(r *room) error {
		mark(&r.conv)
		return hasten(r.tx, app, c, r.now, r.now)
	})
}
