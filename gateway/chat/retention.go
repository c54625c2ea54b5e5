package chat

import (
	"context"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

const (
	// rawSlice bounds how many mails one transaction gives up.
	rawSlice = 200
	// heldAgain is when a mail is looked at again whose reply was still held.
	heldAgain = time.Hour
)

// putReply stores a reply, and has its mail as received, then its record, go when
// their time is over.
func putReply(tx store.Tx, app gateway.AppID, r gateway.Reply) error {
	if err := store.PutReply(tx, app, r); err != nil || r.Raw == "" {
		return err
	}
	m := store.RawMail{App: app, Reply: r.ID}
	return store.RawMails.Put(tx, store.RawMailKey(r.ReceivedAt, m), m)
}

// ExpireRaw gives up the mails as received that are older than RawAge, in slices;
// it is to be called now and then. While a reply is held its mail stays.
func (s *Service) ExpireRaw(ctx context.Context) error {
	limit := s.now().Add(-s.rawAge())
	for n := rawSlice; n == rawSlice; {
		// In no conversation's scope: a reply that is not held is never changed but here.
		err := s.update(ctx, store.SystemScope("raw"), "expire mail as received", func(tx store.Tx) error {
			n = 0
			rg := store.Range{To: store.Key(nil).Time(limit.Add(time.Millisecond))}
			return store.RawMails.Scan(tx, rg, func(k store.Key, m store.RawMail) (bool, error) {
				n++
				if err := store.RawMails.Delete(tx, k); err != nil {
					return false, err
				}
				return n < rawSlice, dropRaw(tx, m, limit)
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) rawAge() time.Duration {
	if s.RawAge > 0 {
		return s.RawAge
	}
	return store.RawAge
}

// dropRaw gives up the mail of a reply, or puts that off while it is held.
func dropRaw(tx store.Tx, m store.RawMail, limit time.Time) error {
	r, found, err := store.Replies.Find(tx, replyKey(m.App, m.Reply))
	switch {
	case err != nil || !found || r.Raw == "":
		return err
	case r.State == gateway.ReplyHeld:
		return store.RawMails.Put(tx, store.RawMailKey(limit.Add(heldAgain), m), m)
	}
	if err := tx.Drop(m.App, r.Raw); err != nil {
		return err
	}
	r.Raw = ""
	return putReply(tx, m.App, r)
}
