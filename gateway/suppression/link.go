package suppression

import (
	"context"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

// Link returns the handle of the link that unsubscribes the address of f, and
// makes it if there is none. It never expires: a person may follow the link of
// an old mail. Test mails have one of their own.
func Link(ctx context.Context, s store.Store, f Fact, now time.Time) (gateway.Handle, error) {
	k := store.AddressKey(f.App, f.Address).String(string(f.User))
	if f.Test {
		k = k.String("test")
	}
	var link store.UnsubscribeLink
	var found bool
	err := s.View(ctx, func(rd store.Reader) (err error) {
		link, found, err = store.UnsubLinks.Find(rd, k)
		return err
	})
	if err != nil || found {
		return link.Handle, err
	}
	err = s.Update(ctx, store.AddressScope(f.App, f.Address), func(tx store.Tx) (err error) {
		if link, found, err = store.UnsubLinks.Find(tx, k); err != nil || found {
			return err
		}
		link.Handle, err = store.Allocate(tx, store.HandleRow{
			App: f.App, Purpose: string(rune(token.Unsubscribe)), User: f.User, Address: f.Address, Test: f.Test, CreatedAt: now,
		})
		if err != nil {
			return err
		}
		return store.UnsubLinks.Put(tx, k, link)
	})
	return link.Handle, err
}
