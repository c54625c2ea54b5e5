package outbound

import (
	"context"
	"errors"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// TestHandleTaken: a mail whose handle stands for something else fails the whole
// transaction, so that the item goes back and nothing of it is kept.
func TestHandleTaken(t *testing.T) {
	bubble(t, func(l *lab) {
		taken := gateway.Handle(7)
		stage := func(what string) store.Staged {
			s, err := l.store.Stage(context.Background(), shop, []byte(what))
			l.ok(err)
			return s
		}
		m := mail{raw: stage("raw"), body: stage("body"), bounce: store.HandleRow{Handle: taken}}
		m.sent = gateway.Sent{Delivery: "dlv_1", Conversation: "c1", Recipient: "bob"}
		b := &batch{pending: chat.Pending{App: gateway.App{ID: shop}}}
		err := l.store.Update(context.Background(), store.ConversationScope(shop, "c1"), func(tx store.Tx) error {
			l.ok(store.Handles.Put(tx, store.HandleKey(taken), store.HandleRow{Handle: taken, App: "club"}))
			return b.keep(tx, m)
		})
		if !errors.Is(err, errHandleTaken) {
			t.Errorf("it ended with %v", err)
		}
		if n := l.store.blobs(); n != 0 || len(rows(l, store.SentMails, nil)) != 0 {
			t.Errorf("%d blobs are kept", n)
		}
	})
}
