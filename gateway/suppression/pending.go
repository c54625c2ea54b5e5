package suppression

import (
	"errors"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// maxHastened bounds the conversations of a user that are looked at anew at
// once; the others are when they are due.
const maxHastened = 2000

// hasten has the conversations in which something may wait for the owners of an
// address decided about now: who gets no mail any more is told so at once, in
// the log of notifications, and stays untold should it be undone.
func hasten(tx store.Tx, app gateway.AppID, a gateway.Address, now time.Time) error {
	rg := store.Range{Prefix: store.AddressKey(app, a)}
	return store.AddressOwners.Scan(tx, rg, func(_ store.Key, o store.AddressOwner) (bool, error) {
		looked := 0
		rg := store.Range{Prefix: store.UserKey(app, o.User)}
		return true, store.Memberships.Scan(tx, rg, func(_ store.Key, m store.Membership) (bool, error) {
			looked++
			return looked < maxHastened, hastenOne(tx, store.NotificationItem(app, m.Conversation), now)
		})
	})
}

func hastenOne(tx store.Tx, ref store.ItemRef, now time.Time) error {
	it, err := tx.Item(ref)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil || !it.Due.After(now) {
		return err
	}
	return tx.Move(ref, now)
}
