package chat

import (
	"context"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Posting is how messages are posted.
type Posting struct {
	Origin gateway.Origin // empty: rest
	// Trace follows the messages; empty gives each one of its own.
	Trace gateway.TraceID
	// Test: a test key posts them.
	Test bool
	// Before, if set, is asked first inside the transaction. When it says that
	// the call was answered before, nothing is done.
	Before func(store.Tx) (answered bool, err error)
	// After, if set, stores the answer inside the transaction.
	After func(store.Tx, []gateway.MessageID) error
}

// posting runs fn with the conversation open, in its own transaction, between what
// the call asks first and what it stores last.
func (s *Service) posting(ctx context.Context, app gateway.AppID, c gateway.ConversationID, what string, how Posting, fn func(*room) ([]gateway.MessageID, error)) ([]gateway.MessageID, error) {
	var ids []gateway.MessageID
	now := s.now()
	err := s.update(ctx, store.ConversationScope(app, c), what, func(tx store.Tx) error {
		ids = nil
		if how.Before != nil {
			if answered, err := how.Before(tx); err != nil || answered {
				return err
			}
		}
		r, err := s.open(tx, now, app, c)
		if err != nil {
			return err
		}
		if ids, err = fn(r); err != nil {
			return err
		}
		if err := r.close(); err != nil {
			return err
		}
		if how.After != nil {
			return how.After(tx, ids)
		}
		return nil
	})
	return ids, err
}
