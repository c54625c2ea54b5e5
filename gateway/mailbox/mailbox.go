// Package mailbox is the built-in mailbox: it keeps the mails that must not
// leave the machine, so that a chat backend's developer, and the tests of a
// backend, can read what people would have got.
//
// It promises that a mail is durable when Keep returns, that keeping it twice
// keeps it once, and that an app's mailbox never holds more than MaxMails mails
// or MaxBytes octets: the oldest make room. Which mails are kept is the courier's
// decision, reading what they say that of whoever shows them.
package mailbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
)

// Bounds of an app's mailbox. A single mail beyond MaxBytes is kept alone.
const (
	MaxMails = 1000
	MaxBytes = 64 << 20
)

// Service is the mailboxes of an installation, one per app. It is safe for
// concurrent use.
type Service struct {
	Store store.Store
	Box   *secret.Box

	bytes int64 // instead of MaxBytes, in tests
}

// Mail is a mail that was kept, as it would have been sent.
type Mail struct {
	store.KeptMail
	Raw []byte
}

// Topic is what store.Listen is to be asked for to hear of new mails of an app.
func Topic(app gateway.AppID) string { return "mailbox " + string(app) }

// Keep puts the mail of a delivery into the app's mailbox, once. What it says of
// itself is m; m.Raw and m.Size are set from raw.
func (s Service) Keep(ctx context.Context, app gateway.AppID, m store.KeptMail, raw []byte) error {
	staged, err := s.Store.Stage(ctx, app, s.Box.Seal(secret.PurposeMail, raw))
	if err != nil {
		return fmt.Errorf("keep mail: %w", err)
	}
	m.Raw, m.Size, m.At = staged.Ref, int64(len(raw)), m.At.Truncate(time.Millisecond)
	err = s.Store.Update(ctx, store.MailboxScope(app), func(tx store.Tx) error {
		k := store.AppKey(app).String(string(m.Delivery))
		if _, found, err := store.KeptMails.Find(tx, k); err != nil || found {
			return err // a try before this one kept it
		}
		if _, err := tx.Keep(staged); err != nil {
			return err
		}
		if err := store.KeptMails.Put(tx, k, m); err != nil {
			return err
		}
		tx.Announce(Topic(app))
		return s.makeRoom(tx, app, m)
	})
	if err != nil {
		return fmt.Errorf("keep mail: %w", err)
	}
	return nil
}

// makeRoom counts a new mail, and drops the oldest others beyond the bounds.
func (s Service) makeRoom(tx store.Tx, app gateway.AppID, newest store.KeptMail) error {
	use, _, err := store.MailboxUses.Find(tx, store.AppKey(app))
	if err != nil {
		return err
	}
	use.Mails, use.Bytes = use.Mails+1, use.Bytes+newest.Size
	full := func() bool { return use.Mails > MaxMails || use.Bytes > cmp.Or(s.bytes, MaxBytes) }
	if full() {
		err = store.KeptMails.Scan(tx, store.Range{Prefix: store.AppKey(app)}, func(k store.Key, m store.KeptMail) (bool, error) {
			if m.Delivery == newest.Delivery {
				return true, nil
			}
			use.Mails, use.Bytes = use.Mails-1, use.Bytes-m.Size
			return full(), drop(tx, app, k, m)
		})
	}
	if err != nil {
		return err
	}
	return store.MailboxUses.Put(tx, store.AppKey(app), use)
}

func drop(tx store.Tx, app gateway.AppID, k store.Key, m store.KeptMail) error {
	if err := tx.Drop(app, m.Raw); err != nil {
		return err
	}
	return store.KeptMails.Delete(tx, k)
}

// Query asks for mails, the newest first.
type Query struct {
	// To is whom they go to, however it is written; zero: anybody.
	To gateway.Address
	// Before is a mail behind which the list goes on; empty: from the newest.
	Before gateway.DeliveryID
	Limit  int // at least 1
}

// List returns mails of an app, the newest first.
func (s Service) List(ctx context.Context, app gateway.AppID, q Query) ([]Mail, error) {
	rg := store.Range{Prefix: store.AppKey(app), Reverse: true}
	if q.Before != "" {
		rg.To = store.AppKey(app).String(string(q.Before))
	}
	to := q.To.Folded()
	var found []store.KeptMail
	err := s.Store.View(ctx, func(rd store.Reader) error {
		found = nil
		return store.KeptMails.Scan(rd, rg, func(_ store.Key, m store.KeptMail) (bool, error) {
			if q.To.IsZero() || m.To.Folded() == to {
				found = append(found, m)
			}
			return len(found) < q.Limit, ctx.Err()
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	var out []Mail
	for _, m := range found {
		mail, err := s.open(ctx, app, m)
		if errors.Is(err, store.ErrNotFound) {
			continue // it made room meanwhile
		}
		if err != nil {
			return nil, err
		}
		out = append(out, mail)
	}
	return out, nil
}

// Mail returns one mail of an app, or gateway.NotFound.
func (s Service) Mail(ctx context.Context, app gateway.AppID, id gateway.DeliveryID) (Mail, error) {
	var m store.KeptMail
	err := s.Store.View(ctx, func(rd store.Reader) (err error) {
		m, err = store.KeptMails.Get(rd, store.AppKey(app).String(string(id)))
		return err
	})
	var out Mail
	if err == nil {
		out, err = s.open(ctx, app, m)
	}
	if errors.Is(err, store.ErrNotFound) {
		err = gateway.NotFound{What: "mail", ID: string(id)}
	}
	return out, err
}

func (s Service) open(ctx context.Context, app gateway.AppID, m store.KeptMail) (Mail, error) {
	sealed, err := s.Store.Blob(ctx, app, m.Raw)
	if err != nil {
		return Mail{}, fmt.Errorf("open mail %s: %w", m.Delivery, err)
	}
	raw, err := s.Box.Open(secret.PurposeMail, sealed)
	if err != nil {
		return Mail{}, fmt.Errorf("open mail %s: %w", m.Delivery, err)
	}
	return Mail{m, raw}, nil
}

// Empty drops all mails of an app and returns how many there were.
func (s Service) Empty(ctx context.Context, app gateway.AppID) (int, error) {
	n := 0
	err := s.Store.Update(ctx, store.MailboxScope(app), func(tx store.Tx) error {
		n = 0
		err := store.KeptMails.Scan(tx, store.Range{Prefix: store.AppKey(app)}, func(k store.Key, m store.KeptMail) (bool, error) {
			n++
			return true, drop(tx, app, k, m)
		})
		if err != nil {
			return err
		}
		return store.MailboxUses.Delete(tx, store.AppKey(app))
	})
	if err != nil {
		return 0, fmt.Errorf("empty mailbox: %w", err)
	}
	return n, nil
}
