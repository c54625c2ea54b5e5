package outbound

import (
	"context"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/store"
)

// Mailbox keeps mails instead of sending them; keeping one twice keeps it once.
type Mailbox interface {
	Keep(ctx context.Context, app gateway.AppID, m store.KeptMail, raw []byte) error
}

// statusKept answers for the built-in mailbox.
var statusKept = gateway.Status{Code: 250, Enhanced: [3]int{2, 0, 0}, Text: "Kept in the built-in mailbox"}

// keep puts a mail that must not leave into the built-in mailbox, as a next hop
// that takes everything.
func (c *Courier) keep(ctx context.Context, l store.Leased, d gateway.Delivery, raw []byte) queue.Result {
	began := time.Now()
	err := c.Mailbox.Keep(ctx, l.Item.App, store.KeptMail{
		Delivery: d.ID, Notification: d.Notification, Conversation: d.Conversation, Recipient: d.Recipient,
		From: c.reversePath(d), To: d.To, Test: d.Test, At: began,
	}, raw)
	if err != nil {
		return c.trouble(l, d, err)
	}
	a := gateway.Attempt{At: began, Hop: "mailbox", Status: statusKept, Took: time.Since(began).Milliseconds()}
	return c.settle(l, d, gateway.DeliverySent, "", a)
}
