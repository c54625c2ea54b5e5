package chat

import (
	"errors"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// RecordReply stores what became of a received mail that is not posted (held,
// rejected, duplicate, automatic, bounce), or became of it later, with the
// event that tells of it. An empty ID is minted, and so is an unset time of
// receipt. A bounce has no event here: its delivery has.
func (s *Service) RecordReply(tx store.Tx, now time.Time, app gateway.AppID, r gateway.Reply) error {
	r.UpdatedAt = now.Truncate(time.Millisecond)
	if r.ReceivedAt.IsZero() {
		r.ReceivedAt = r.UpdatedAt
	}
	if r.ID == "" {
		r.ID = gateway.ReplyID(tx.NewID(gateway.PrefixReply))
	}
	if r.State == gateway.ReplyHeld {
		if err := wait(tx, app, r); err != nil {
			return err
		}
	}
	room, err := s.open(tx, now, app, r.Conversation)
	var missing NotFound
	if errors.As(err, &missing) {
		return s.recordReplyAlone(tx, app, r)
	}
	if err != nil {
		return err
	}
	return room.recordReply(r)
}

// recordReply stores a reply of this conversation and closes it.
func (r *room) recordReply(reply gateway.Reply) error {
	if err := putReply(r.tx, r.app.ID, reply); err != nil {
		return err
	}
	typ := replyEvent(reply.State)
	if typ == "" {
		return nil
	}
	sender, err := r.sender(reply.Participant)
	if err != nil {
		return err
	}
	shown, err := r.show()
	if err != nil {
		return err
	}
	data := r.replyData(reply, sender, &shown)
	if err := r.event(typ, data, reply.Trace); err != nil {
		return err
	}
	return r.close()
}

// recordReplyAlone stores a reply whose conversation is gone.
func (s *Service) recordReplyAlone(tx store.Tx, app gateway.AppID, r gateway.Reply) error {
	if err := putReply(tx, app, r); err != nil {
		return err
	}
	typ := replyEvent(r.State)
	a, found, err := store.FindApp(tx, app)
	if err != nil || !found || typ == "" {
		return err
	}
	_, err = event.Record(tx, &a, nil, typ, s.replyData(r, nil, nil), r.UpdatedAt, r.Trace)
	return err
}

func (s *Service) replyData(r gateway.Reply, sender *wire.User, c *wire.Conversation) wire.ReplyData {
	return wire.ReplyData{
		Reply: wire.ReplyOf(r, s.Links), Sender: sender, Conversation: c,
		Reason: r.Reason, Sentence: r.Sentence(),
	}
}

// replyEvent is the event of a reply in a state, empty if there is none.
func replyEvent(st gateway.ReplyState) gateway.EventType {
	switch st {
	case gateway.ReplyHeld:
		return gateway.EventReplyHeld
	case gateway.ReplyRejected:
		return gateway.EventReplyRejected
	case gateway.ReplyDuplicate:
		return gateway.EventReplyDuplicate
	case gateway.ReplyAutomatic:
		return gateway.EventReplyAutomatic
	}
	return ""
}
