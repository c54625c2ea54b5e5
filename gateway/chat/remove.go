package chat

import (
	"context"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/wire"
)

// removeSlice bounds how many rows of a conversation one transaction removes,
// so that a long one does not hold up everybody's messages.
const removeSlice = 500

// DeleteConversation removes a conversation with all that is in it. Reply
// addresses are dead and the conversation is NotFound after the first
// transaction; its rows go in slices, by this call or, should the process end
// before, by RemoveRest. A conversation made under the same id afterwards numbers
// its messages and events anew.
func (s *Service) DeleteConversation(ctx context.Context, app gateway.AppID, c gateway.ConversationID) error {
	err := s.in(ctx, app, c, "delete conversation", func(r *room) error {
		for i := range r.people {
			p := &r.people[i]
			if err := r.revoke(p); err != nil {
				return err
			}
			if err := store.Memberships.Delete(r.tx, membershipKey(app, p.User, c)); err != nil {
				return err
			}
		}
		shown, err := r.show()
		if err != nil {
			return err
		}
		if err := r.event(gateway.EventConversationDeleted, wire.ConversationData{Conversation: shown}, ""); err != nil {
			return err
		}
		r.conv.Deleted = true
		if err := r.tx.Cancel(store.NotificationItem(app, c)); err != nil {
			return err
		}
		if err := store.External.Delete(r.tx, store.AppKey(app).String(string(c))); err != nil {
			return err
		}
		return store.Removals.Put(r.tx, removalKey(app, c), store.Removal{App: app, Conversation: c})
	})
	if err != nil {
		return err
	}
	return s.remove(ctx, app, c)
}

// RemoveRest finishes what deletions of conversations left behind when the
// process ended amid them, and drops files that were uploaded for no message. It
// is for the start and from time to time.
func (s *Service) RemoveRest(ctx context.Context) error {
	if err := s.dropUploads(ctx); err != nil {
		return err
	}
	for {
		var next *store.Removal
		err := s.view(ctx, "find removals", func(rd store.Reader) error {
			next = nil
			return store.Removals.Scan(rd, store.Range{}, func(_ store.Key, r store.Removal) (bool, error) {
				next = &r
				return false, nil
			})
		})
		if err != nil || next == nil {
			return err
		}
		if err := s.remove(ctx, next.App, next.Conversation); err != nil {
			return err
		}
	}
}

// remove takes away the rows of a deleted conversation, slice by slice, its own
// row last. For any other it does nothing.
func (s *Service) remove(ctx context.Context, app gateway.AppID, c gateway.ConversationID) error {
	for more := true; more; {
		err := s.update(ctx, store.ConversationScope(app, c), "remove conversation", func(tx store.Tx) error {
			more = false
			conv, found, err := store.Conversations.Find(tx, store.ConversationKey(app, c))
			if err != nil || found && !conv.Deleted {
				return err
			}
			if more, err = s.removeSlice(tx, app, c); err != nil || more {
				return err
			}
			if err := store.Removals.Delete(tx, removalKey(app, c)); err != nil {
				return err
			}
			return store.Conversations.Delete(tx, store.ConversationKey(app, c))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// removeSlice removes up to removeSlice rows and tells whether some are left.
func (s *Service) removeSlice(tx store.Tx, app gateway.AppID, c gateway.ConversationID) (more bool, err error) {
	rg := store.Range{Prefix: store.ConversationKey(app, c)}
	left := removeSlice
	done := func(table store.Table, k store.Key) (bool, error) {
		left--
		return left > 0, tx.Delete(table, k)
	}
	err = store.Messages.Scan(tx, rg, func(k store.Key, m gateway.Message) (bool, error) {
		if err := dropFile(tx, app, m.Attachment); err != nil {
			return false, err
		}
		return done(store.Messages.Table, k)
	})
	if err != nil {
		return true, err
	}
	err = store.SentMails.Scan(tx, rg, func(k store.Key, m gateway.Sent) (bool, error) {
		if err := s.forgetSent(tx, app, m); err != nil {
			return false, err
		}
		return done(store.SentMails.Table, k)
	})
	if err != nil {
		return true, err
	}
	for _, table := range []store.Table{
		store.MessagePlaces.Table, store.Participants.Table, store.Dedups.Table,
		store.MessageKeys.Table, store.EventStreams.Table,
	} {
		if left <= 0 {
			return true, nil
		}
		err := tx.Scan(table, rg, func(k store.Key, _ []byte) (bool, error) { return done(table, k) })
		if err != nil {
			return true, err
		}
	}
	return left <= 0, nil
}

// forgetSent drops the remembered mail and withdraws it if it is still queued.
func (s *Service) forgetSent(tx store.Tx, app gateway.AppID, m gateway.Sent) error {
	if m.Body != "" {
		if err := tx.Drop(app, m.Body); err != nil {
			return err
		}
	}
	if err := store.MailPlaces.Delete(tx, store.MailKey(m.MessageID)); err != nil {
		return err
	}
	d, found, err := store.Mails.Find(tx, store.AppKey(app).String(string(m.Delivery)))
	if err != nil || !found {
		return err
	}
	_, err = suppression.Cancel(tx, app, d, gateway.ReasonDeleted, s.now())
	return err
}

// dropFile gives up a file of ours and its link.
func dropFile(tx store.Tx, app gateway.AppID, a *gateway.Attachment) error {
	if a == nil || a.Blob == "" {
		return nil
	}
	if err := store.Handles.Delete(tx, store.HandleKey(a.Handle)); err != nil {
		return err
	}
	return tx.Drop(app, a.Blob)
}

func removalKey(app gateway.AppID, c gateway.ConversationID) store.Key {
	return store.AppKey(app).String(string(c))
}
