package chat

import (
	"context"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// Unsubscribe is suppression.Unsubscribe on behalf of a recipient: whoever was
// forwarded a mail has its link, so the owner of the address is told once, with
// a way to undo it.
func Unsubscribe(tx store.Tx, now time.Time, f suppression.Fact) error {
	was, err := isUnsubscribed(tx, f)
	if err != nil || was {
		return err
	}
	if err := suppression.Unsubscribe(tx, now, f); err != nil {
		return err
	}
	return QueueNotice(tx, now, f.App, gateway.Notice{
		Kind: gateway.NoticeUnsubscribed, Reason: gateway.ReasonUnsubscribed, Recipient: f.User, To: f.Address, Test: f.Test, Trace: f.Trace,
	})
}

func isUnsubscribed(rd store.Reader, f suppression.Fact) (bool, error) {
	s, found, err := suppression.Find(rd, f.App, f.Address)
	return found && (s.Reason == gateway.ReasonUnsubscribed || !s.UnsubscribedAt.IsZero()), err
}

// Subscriptions is suppression.Service for the pages that recipients see: its
// Unsubscribe is the function of this package.
type Subscriptions struct{ suppression.Service }

// Unsubscribe is the function of that name in its own transaction.
func (s Subscriptions) Unsubscribe(ctx context.Context, f suppression.Fact) error {
	now := time.Now()
	if s.Now != nil {
		now = s.Now()
	}
	err := s.Store.Update(ctx, store.AddressScope(f.App, f.Address), func(tx store.Tx) error { return Unsubscribe(tx, now, f) })
	if err != nil {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	return nil
}
