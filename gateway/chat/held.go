package chat

import (
	"context"
	"errors"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// ErrSettled says that a reply is not held any more: it was decided about.
var ErrSettled = errors.New("the reply is not waiting for approval any more")

// Approve posts a held reply as its participant. Permission is read now: a
// participant who may not write any more is a gateway.Status, and the reply
// stays held.
func (s *Service) Approve(ctx context.Context, app gateway.AppID, id gateway.ReplyID) (gateway.Reply, error) {
	var out gateway.Reply
	err := s.decideHeld(ctx, app, id, "approve reply", func(tx store.Tx, r gateway.Reply) error {
		p, err := store.Participants.Get(tx, store.ParticipantKey(app, r.Conversation, r.Participant))
		if errors.Is(err, store.ErrNotFound) || err == nil && p.Handle == 0 {
			return StatusRemoved
		}
		if err != nil {
			return err
		}
		out, err = s.PostReply(tx, s.now(), ReplyInput{
			App: app, Handle: p.Handle, Reply: r, Files: r.Attachments, Digest: r.Digest, Date: r.Date,
		})
		if err == nil && out.State == gateway.ReplyDuplicate {
			err = dropFiles(tx, app, r.Attachments)
		}
		return err
	})
	return out, err
}

// Reject ends a held reply without posting it. Its record, and for a time its
// raw mail, stay.
func (s *Service) Reject(ctx context.Context, app gateway.AppID, id gateway.ReplyID) (gateway.Reply, error) {
	var out gateway.Reply
	err := s.decideHeld(ctx, app, id, "reject reply", func(tx store.Tx, r gateway.Reply) error {
		if err := dropFiles(tx, app, r.Attachments); err != nil {
			return err
		}
		r.State, r.Attachments = gateway.ReplyRejected, nil
		out = r
		return s.RecordReply(tx, s.now(), app, r)
	})
	return out, err
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
