package inbound

import (
	"context"
	"errors"
	"slices"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// maxThread is how many of the ids that a mail answers are looked up.
const maxThread = 20

// followThread finds out where a mail belongs that came to no valid reply
// address: to the general one, since a client did not heed Reply-To, or to one
// that was revoked though the person is back. If it answers a mail of ours, and
// its author is verified to be whom that mail went to, it is a reply of theirs.
func (t *transaction) followThread(ctx context.Context, rec *received) error {
	if rec.rule != "" || rec.auth.AuthorErr != nil || !slices.ContainsFunc(t.to, recipient.lost) {
		return nil
	}
	place, err := t.thread(ctx, rec)
	if err != nil || place == nil {
		return err
	}
	if !rec.auth.Verdicts.Aligned() {
		if rec.auth.Temporary {
			return deferred().status
		}
		return nil
	}
	row, refused, err := t.answerable(ctx, *place)
	if err != nil {
		return err
	}
	for i := range t.to {
		if t.to[i].lost() && row.Handle != 0 {
			t.to[i] = recipient{address: t.to[i].address, kind: kindReply, row: row, refused: refused}
		}
	}
	rec.ours, err = t.ours(ctx) // now it is known whose mail it is
	return err
}

// lost tells whether nothing but the thread says where a mail to r belongs.
func (r recipient) lost() bool { return r.kind == kindGeneral || r.stale }

// thread finds the mail of ours that is answered and went to the author; nil if
// there is none, or if it is another app's than the other recipients'.
func (t *transaction) thread(ctx context.Context, rec *received) (place *store.MailPlace, err error) {
	owner := t.owner()
	ids := slices.Clone(rec.msg.References)
	slices.Reverse(ids) // the one answered stands last
	ids = append(slices.Clone(rec.msg.InReplyTo), ids...)
	err = t.Store.View(ctx, func(rd store.Reader) error {
		place = nil
		for _, id := range ids[:min(len(ids), maxThread)] {
			if id == "" {
				continue
			}
			p, found, err := store.MailPlaces.Find(rd, store.MailKey(id))
			if err != nil {
				return err
			}
			if !found || owner.kind != kindGeneral && owner.row.App != p.App {
				continue
			}
			u, err := chat.LoadUser(rd, p.App, p.User)
			if err != nil {
				return err
			}
			if u.Owns(rec.auth.Author) {
				place = &p
				return nil
			}
		}
		return nil
	})
	return place, err
}

// answerable is the participant's reply address at a place, and why a reply to
// it is refused, if it is. One who cannot read there has none.
func (t *transaction) answerable(ctx context.Context, p store.MailPlace) (row store.HandleRow, refused gateway.Status, err error) {
	address := t.Chat.ReplyAddress
	if p.Test {
		address = t.Chat.TestAddress
	}
	a, err := address(ctx, p.App, p.Conversation, p.User)
	var missing gateway.NotFound
	if errors.As(err, &missing) {
		return row, refused, nil
	}
	if err != nil {
		return row, refused, err
	}
	_, h, _ := t.Tokens.Read(a.LocalPart, a.Domain)
	err = t.Store.View(ctx, func(rd store.Reader) (err error) {
		row, err = chat.MayReply(rd, clock(), h)
		return err
	})
	if errors.As(err, &refused) && refused.Permanent() {
		err = nil
	}
	return row, refused, err
}

// returned tells whether somebody whose reply address was revoked is back in the
// conversation.
func (t *transaction) returned(ctx context.Context, r recipient) (back bool, err error) {
	if r.kind != kindReply || r.row.RevokedAt == nil {
		return false, nil
	}
	err = t.Store.View(ctx, func(rd store.Reader) error {
		back = false
		conv, err := chat.LoadConversation(rd, r.row.App, r.row.Conversation)
		var missing gateway.NotFound
		if errors.As(err, &missing) {
			return nil
		}
		if err != nil || conv.CreatedAt.After(r.row.CreatedAt) { // another one under the same id
			return err
		}
		p, found, err := store.Participants.Find(rd, store.ParticipantKey(r.row.App, r.row.Conversation, r.row.User))
		back = found && p.MayRead()
		return err
	})
	return back, err
}
