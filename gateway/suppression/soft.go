package suppression

import (
	"errors"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// A mailbox that did not take softTimes mails within softMemory gets none for
// softRest: it is full, or its owner is gone.
const (
	softTimes  = 3
	softMemory = 14 * 24 * time.Hour
	softRest   = 3 * 24 * time.Hour
)

// Mailbox tells whether a failure is about the recipient's mailbox (RFC 3463,
// section 3.3: full, not accepting mail), and not about a mail, a server or a
// network.
func Mailbox(status [3]int) bool { return status[1] == 2 }

// Failed counts a mail that a mailbox did not take though its address is good,
// and ends mail to it for three days when it is the third within two weeks. The
// end is not told: the event of the beginning says when it is.
func Failed(tx store.Tx, now time.Time, f Fact) error {
	k := store.AddressKey(f.App, f.Address)
	n, counted, err := store.SoftFailures.Find(tx, k)
	if err != nil {
		return err
	}
	if n.Count++; n.Count < softTimes {
		if err := store.SoftFailures.Put(tx, k, n); err != nil || counted {
			return err
		}
		return store.ExpireAt(tx, store.SoftFailures.Table, k, now.Add(softMemory))
	}
	if err := store.SoftFailures.Delete(tx, k); err != nil {
		return err
	}
	if s, found, err := Find(tx, f.App, f.Address); err != nil || found && s.Reason == gateway.ReasonSuppressed {
		return err
	}
	f.Kind = Soft
	fact := row(f, gateway.ReasonSuppressed, now)
	fact.Until = now.Add(softRest)
	if err := errors.Join(store.SoftEnds.Put(tx, k, fact), store.ExpireAt(tx, store.SoftEnds.Table, k, fact.Until)); err != nil {
		return err
	}
	if err := stop(tx, f, fact); err != nil {
		return err
	}
	return tell(tx, now, f, gateway.EventAddressSuppressed, gateway.ReasonSuppressed, fact.Until)
}

// beneath is a suppression that ends by itself, with what it covers.
func beneath(soft, covered store.Suppression) store.Suppression {
	if covered.Reason == gateway.ReasonUnsubscribed {
		soft.UnsubscribedAt = covered.At
	}
	return soft
}

// liftSoft ends a suppression that would have ended by itself.
func liftSoft(tx store.Tx, now time.Time, f Fact) error {
	k := store.AddressKey(f.App, f.Address)
	if found, err := forgetSoft(tx, k); err != nil || !found {
		return err
	}
	if _, unsubscribed, err := store.Suppressions.Find(tx, k); err != nil || unsubscribed {
		return err
	}
	return tell(tx, now, f, gateway.EventAddressResubscribed, "", time.Time{})
}

// forgetSoft deletes what is known of soft failures, and tells whether they had
// ended mail to the address.
func forgetSoft(tx store.Tx, k store.Key) (suppressed bool, err error) {
	soft, suppressed, err := store.SoftEnds.Find(tx, k)
	if err == nil && suppressed { // or the next one would end with this one
		err = errors.Join(store.SoftEnds.Delete(tx, k), store.ExpireNoMore(tx, store.SoftEnds.Table, k, soft.Until))
	}
	return suppressed, errors.Join(err, store.SoftFailures.Delete(tx, k))
}
