// Package suppression keeps which addresses get no mail of an app, and why:
// unsubscribed by their owner, or suppressed because mail bounced or was
// reported as unwanted.
//
// It promises that a fact is stored with its event in one transaction, that
// writing it twice tells of it once, that whatever is queued to the address and
// covered by it is cancelled in the same transaction, that what waits to be
// decided for its owners is decided at once, and that lifting a suppression
// never undoes an unsubscribing. What a mail's link or a bounce
// means is left to pages, report and api.
package suppression

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// Kinds say by what way a fact came (store.Suppression.Kind).
const (
	OneClick  = "one-click" // RFC 8058, by the header of a mail
	Page      = "page"      // by the page behind the link
	Mail      = "mail"      // by a mail to the List-Unsubscribe address
	API       = "api"       // by the backend or an operator
	Hard      = "hard"      // a permanent bounce
	Soft      = "soft"      // a mailbox that took no mail again and again; ends by itself
	Complaint = "complaint" // reported as unwanted
)

// Fact is something to be kept about an address.
type Fact struct {
	App     gateway.AppID
	Address gateway.Address
	// Kind is one of the kinds above, Detail the peer's words, if any.
	Kind, Detail string
	// User is whose link it was, if that is known.
	User gateway.UserID
	// Test: it was the link of a test mail.
	Test  bool
	Trace gateway.TraceID
}

// Unsubscribe ends all notification mail of the app to the address. The caller's
// Update should have store.AddressScope. Doing it again changes nothing.
func Unsubscribe(tx store.Tx, now time.Time, f Fact) error {
	old, found, err := store.Suppressions.Find(tx, store.AddressKey(f.App, f.Address))
	if err != nil {
		return err
	}
	if found && (old.Reason == gateway.ReasonUnsubscribed || !old.UnsubscribedAt.IsZero()) {
		return nil
	}
	fact := row(f, gateway.ReasonUnsubscribed, now)
	if found { // suppressed already, which stands above it
		fact = old
		fact.UnsubscribedAt = now
	}
	if err := put(tx, f, fact); err != nil {
		return err
	}
	return tell(tx, now, f, gateway.EventAddressUnsubscribed, gateway.ReasonUnsubscribed, time.Time{})
}

// Suppress ends every mail of the app to the address, notices too.
func Suppress(tx store.Tx, now time.Time, f Fact) error {
	old, found, err := store.Suppressions.Find(tx, store.AddressKey(f.App, f.Address))
	if err != nil {
		return err
	}
	if found && old.Reason == gateway.ReasonSuppressed {
		return nil
	}
	fact := row(f, gateway.ReasonSuppressed, now)
	if found {
		fact.UnsubscribedAt = old.At
	}
	if err := put(tx, f, fact); err != nil {
		return err
	}
	return tell(tx, now, f, gateway.EventAddressSuppressed, gateway.ReasonSuppressed, time.Time{})
}

// Resubscribe undoes Unsubscribe. A suppression stays.
func Resubscribe(tx store.Tx, now time.Time, f Fact) error {
	k := store.AddressKey(f.App, f.Address)
	old, found, err := store.Suppressions.Find(tx, k)
	if err != nil || !found {
		return err
	}
	switch {
	case old.Reason == gateway.ReasonUnsubscribed:
		err = store.Suppressions.Delete(tx, k)
	case !old.UnsubscribedAt.IsZero():
		old.UnsubscribedAt = time.Time{}
		err = store.Suppressions.Put(tx, k, old)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	return tell(tx, now, f, gateway.EventAddressResubscribed, "", time.Time{})
}

// Lift undoes Suppress. If the owner had unsubscribed too, that stands again.
func Lift(tx store.Tx, now time.Time, f Fact) error {
	k := store.AddressKey(f.App, f.Address)
	old, found, err := store.Suppressions.Find(tx, k)
	if err != nil {
		return err
	}
	if !found || old.Reason != gateway.ReasonSuppressed {
		return liftSoft(tx, now, f)
	}
	if _, err := forgetSoft(tx, k); err != nil {
		return err
	}
	if !old.UnsubscribedAt.IsZero() {
		old.Reason, old.Kind, old.Detail = gateway.ReasonUnsubscribed, Page, ""
		old.At, old.UnsubscribedAt = old.UnsubscribedAt, time.Time{}
		return store.Suppressions.Put(tx, k, old)
	}
	if err := store.Suppressions.Delete(tx, k); err != nil {
		return err
	}
	return tell(tx, now, f, gateway.EventAddressResubscribed, "", time.Time{})
}

// Find returns what is kept about an address; found is false for one that may
// be mailed.
func Find(rd store.Reader, app gateway.AppID, a gateway.Address) (s store.Suppression, found bool, err error) {
	k := store.AddressKey(app, a)
	if s, found, err = store.Suppressions.Find(rd, k); err != nil || found && s.Reason == gateway.ReasonSuppressed {
		return s, found, err
	}
	soft, suppressed, err := store.SoftEnds.Find(rd, k)
	if err != nil || !suppressed {
		return s, found, err
	}
	return beneath(soft, s), true, nil
}

func row(f Fact, r gateway.Reason, now time.Time) store.Suppression {
	return store.Suppression{Address: f.Address, Reason: r, Kind: f.Kind, Detail: f.Detail, At: now}
}

// put stores a fact that lasts.
func put(tx store.Tx, f Fact, s store.Suppression) error {
	if err := store.Suppressions.Put(tx, store.AddressKey(f.App, f.Address), s); err != nil {
		return err
	}
	return stop(tx, f, s)
}

// stop cancels the queued mails that a fact covers.
func stop(tx store.Tx, f Fact, s store.Suppression) error {
	if err := cancelUnsent(tx, f.App, f.Address, s); err != nil {
		return err
	}
	return hasten(tx, f.App, f.Address, s.At)
}

// tell records the event of a change; for an app that is gone there is nobody
// to be told.
func tell(tx store.Tx, now time.Time, f Fact, typ gateway.EventType, r gateway.Reason, until time.Time) error {
	app, err := store.Apps.Get(tx, store.AppKey(f.App))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	data := wire.AddressDataOf(f.Address, f.User, r, f.Kind, f.Detail, now, until)
	_, err = event.Record(tx, &app, nil, typ, data, now, f.Trace)
	return err
}

// Service makes each change a transaction of its own.
type Service struct {
	Store store.Store
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Unsubscribe is the function of that name in its own transaction.
func (s Service) Unsubscribe(ctx context.Context, f Fact) error { return s.change(ctx, f, Unsubscribe) }

// Suppress is the function of that name in its own transaction.
func (s Service) Suppress(ctx context.Context, f Fact) error { return s.change(ctx, f, Suppress) }

// Resubscribe is the function of that name in its own transaction.
func (s Service) Resubscribe(ctx context.Context, f Fact) error { return s.change(ctx, f, Resubscribe) }

// Lift is the function of that name in its own transaction.
func (s Service) Lift(ctx context.Context, f Fact) error { return s.change(ctx, f, Lift) }

// Find is the function of that name on the present state.
func (s Service) Find(ctx context.Context, app gateway.AppID, a gateway.Address) (out store.Suppression, found bool, err error) {
	err = s.Store.View(ctx, func(rd store.Reader) error {
		out, found, err = Find(rd, app, a)
		return err
	})
	return out, found, err
}

// List returns up to limit entries of the app, in the order of addresses,
// after a given one (the zero Address begins).
func (s Service) List(ctx context.Context, app gateway.AppID, after gateway.Address, limit int) ([]store.Suppression, error) {
	rg := store.Range{Prefix: store.AppKey(app)}
	if !after.IsZero() {
		rg.From = store.AddressKey(app, after).Next()
	}
	var out []store.Suppression
	err := s.Store.View(ctx, func(rd store.Reader) error {
		facts := map[string]store.Suppression{}
		if err := collect(rd, store.SoftEnds, rg, limit, facts, func(_, soft store.Suppression) store.Suppression { return soft }); err != nil {
			return err
		}
		err := collect(rd, store.Suppressions, rg, limit, facts, func(soft, s store.Suppression) store.Suppression {
			if soft.Until.IsZero() || s.Reason == gateway.ReasonSuppressed {
				return s
			}
			return beneath(soft, s)
		})
		out = nil
		for _, k := range slices.Sorted(maps.Keys(facts)) {
			out = append(out, facts[k])
		}
		out = out[:min(len(out), limit)]
		return err
	})
	return out, err
}

// collect adds the first rows of a range to facts by their keys; join makes one
// of what is there, which may be nothing, and a row.
func collect(rd store.Reader, rows store.Rows[store.Suppression], rg store.Range, limit int, facts map[string]store.Suppression, join func(there, row store.Suppression) store.Suppression) error {
	n := 0
	return rows.Scan(rd, rg, func(k store.Key, v store.Suppression) (bool, error) {
		n++
		facts[string(k)] = join(facts[string(k)], v)
		return n < limit, nil
	})
}

func (s Service) change(ctx context.Context, f Fact, fn func(store.Tx, time.Time, Fact) error) error {
	now := time.Now()
	if s.Now != nil {
		now = s.Now()
	}
	err := s.Store.Update(ctx, store.AddressScope(f.App, f.Address), func(tx store.Tx) error { return fn(tx, now, f) })
	if err != nil {
		return fmt.Errorf("change what is kept of an address: %w", err)
	}
	return nil
}
