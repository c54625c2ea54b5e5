package chat

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// ErrSettled says that a reply is not held any more: it was decided about.
var ErrSettled = errors.New("the reply is not waiting for approval any more")

// Approve posts a held reply as its participant. Permission is read now: a
// participant who may not write any more is a gateway.Status, and so is a reply
// that could not be read: it stays held.
func (s *Service) Approve(ctx context.Context, app gateway.AppID, id gateway.ReplyID) (gateway.Reply, error) {
	var out gateway.Reply
	err := s.decideHeld(ctx, app, id, "approve reply", func(tx store.Tx, r gateway.Reply) error {
		if r.Reason == gateway.ReasonUnreadable {
			return StatusUnread
		}
		p, err := store.Participants.Get(tx, store.ParticipantKey(app, r.Conversation, r.Participant))
		if errors.Is(err, store.ErrNotFound) || err == nil && *handleOf(&p, r.Test) == 0 {
			return StatusRemoved
		}
		if err != nil {
			return err
		}
		out, err = s.PostReply(tx, s.now(), ReplyInput{
			App: app, Handle: *handleOf(&p, r.Test), Reply: r, Files: r.Attachments, Digest: r.Digest, Date: r.Date,
		})
		if err == nil && out.State == gateway.ReplyDuplicate {
			err = dropFiles(tx, app, r.Attachments)
		}
		return err
	})
	return out, err
}

// Reject ends a held reply without posting it, and has its participant told. Its
// record, and for a time its raw mail, stay.
func (s *Service) Reject(ctx context.Context, app gateway.AppID, id gateway.ReplyID) (gateway.Reply, error) {
	return s.endHeld(ctx, app, id, "", true)
}

// Discard is Reject by the participant, who needs not be told.
func (s *Service) Discard(ctx context.Context, app gateway.AppID, id gateway.ReplyID) (gateway.Reply, error) {
	return s.endHeld(ctx, app, id, gateway.ReasonDiscarded, false)
}

// endHeld ends a held reply, for the reason it was held for or another one.
func (s *Service) endHeld(ctx context.Context, app gateway.AppID, id gateway.ReplyID, why gateway.Reason, tell bool) (out gateway.Reply, err error) {
	err = s.decideHeld(ctx, app, id, "reject reply", func(tx store.Tx, r gateway.Reply) error {
		if err := dropFiles(tx, app, r.Attachments); err != nil {
			return err
		}
		r.State, r.Attachments = gateway.ReplyRejected, nil
		if why != "" {
			r.Reason = why
		}
		out = r
		if err := s.RecordReply(tx, s.now(), app, r); err != nil || !tell {
			return err
		}
		return QueueNotice(tx, s.now(), app, NoticeOf(gateway.NoticeRefused, r))
	})
	return out, err
}

// ExpireHeld rejects the held replies about which nobody decided in time
// (store.HeldAge); it is to be called now and then.
func (s *Service) ExpireHeld(ctx context.Context) error {
	for {
		var due []store.HeldReply
		var keys []store.Key
		rg := store.Range{To: store.Key(nil).Time(s.now().Add(time.Millisecond))}
		err := s.view(ctx, "find held replies", func(rd store.Reader) error {
			due, keys = nil, nil
			return store.Waiting.Scan(rd, rg, func(k store.Key, h store.HeldReply) (bool, error) {
				due, keys = append(due, h), append(keys, append(store.Key(nil), k...))
				return len(due) < removeSlice, nil
			})
		})
		if err != nil || len(due) == 0 {
			return err
		}
		for i, h := range due {
			if err := s.expireHeld(ctx, keys[i], h); err != nil {
				return err
			}
		}
	}
}

// expireHeld rejects a reply whose time is over, if it still waits.
func (s *Service) expireHeld(ctx context.Context, k store.Key, h store.HeldReply) error {
	_, err := s.endHeld(ctx, h.App, h.Reply, gateway.ReasonUnconfirmed, true)
	if err != nil && !errors.Is(err, ErrSettled) && !isMissing(err) {
		return err
	}
	return s.update(ctx, store.SystemScope("held"), "forget held reply", func(tx store.Tx) error { return store.Waiting.Delete(tx, k) })
}

// wait notes when a held reply's time is over.
func wait(tx store.Tx, app gateway.AppID, r gateway.Reply) error {
	k := store.Key(nil).Time(r.ReceivedAt.Add(store.HeldAge)).String(string(app)).String(string(r.ID))
	return store.Waiting.Put(tx, k, store.HeldReply{App: app, Reply: r.ID})
}

// Held returns a reply, and whether it still waits for a decision.
func (s *Service) Held(ctx context.Context, app gateway.AppID, id gateway.ReplyID) (r gateway.Reply, waits bool, err error) {
	err = s.view(ctx, "get reply", func(rd store.Reader) (err error) {
		r, err = loadReply(rd, app, id)
		return err
	})
	return r, r.State == gateway.ReplyHeld, err
}

// AddAddress adds an address to those of a user; one who has it keeps it.
func (s *Service) AddAddress(ctx context.Context, app gateway.AppID, u gateway.UserID, a gateway.Address) error {
	now := s.now()
	return s.update(ctx, store.UserScope(app, u), "add address", func(tx store.Tx) error {
		of, err := loadApp(tx, app)
		if err != nil {
			return err
		}
		user, err := LoadUser(tx, app, u)
		if err != nil || user.Owns(a) {
			return err
		}
		patch := UserPatch{Email: Give(append(Strings(slices.Clone(user.Email)), a.String()))}
		if err := patch.check(); err != nil {
			return err
		}
		_, _, err = putUser(tx, &of, u, patch, now)
		return err
	})
}

// decideHeld runs fn with a reply that is held, in the scope of its conversation.
func (s *Service) decideHeld(ctx context.Context, app gateway.AppID, id gateway.ReplyID, what string, fn func(store.Tx, gateway.Reply) error) error {
	var seen gateway.Reply
	err := s.view(ctx, what, func(rd store.Reader) (err error) {
		seen, err = loadReply(rd, app, id)
		return err
	})
	if err != nil {
		return err
	}
	return s.update(ctx, store.ConversationScope(app, seen.Conversation), what, func(tx store.Tx) error {
		r, err := loadReply(tx, app, id)
		if err != nil {
			return err
		}
		if r.State != gateway.ReplyHeld {
			return ErrSettled
		}
		return fn(tx, r)
	})
}

func loadReply(rd store.Reader, app gateway.AppID, id gateway.ReplyID) (gateway.Reply, error) {
	r, found, err := store.Replies.Find(rd, replyKey(app, id))
	if err == nil && !found {
		err = NotFound{What: "reply", ID: string(id)}
	}
	return r, err
}

func dropFiles(tx store.Tx, app gateway.AppID, files []gateway.Attachment) error {
	for i := range files {
		if err := dropFile(tx, app, &files[i]); err != nil {
			return err
		}
	}
	return nil
}
