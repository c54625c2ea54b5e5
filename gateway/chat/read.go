package chat

import (
	"context"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// maxReadLook bounds how far back the message that an event about reading shows
// is looked for.
const maxReadLook = 200

// MarkRead marks a conversation read by a participant, up to a message or (with
// an empty id) all of it. It never makes read messages unread. What waits to be
// mailed is not touched: the decision sees that it was read.
func (s *Service) MarkRead(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID, upTo gateway.MessageID) error {
	return s.in(ctx, app, c, "mark read", func(r *room) error {
		p := r.member(u)
		if p == nil {
			return NotFound{What: "participant", ID: string(u)}
		}
		number := r.conv.Count
		if upTo != "" {
			m, err := findMessage(r.tx, app, c, upTo)
			if err != nil {
				return err
			}
			if number = m.Number; m.Origin == gateway.OriginImport {
				return r.markReadUntil(p, m.CreatedAt)
			}
		}
		return r.markRead(p, number)
	})
}

// MarkReadUntil is MarkRead up to the newest message that is not younger than a
// time.
func (s *Service) MarkReadUntil(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID, until time.Time) error {
	return s.in(ctx, app, c, "mark read", func(r *room) error {
		p := r.member(u)
		if p == nil {
			return NotFound{What: "participant", ID: string(u)}
		}
		return r.markReadUntil(p, until)
	})
}

// markReadUntil finds the number of the newest message not younger than a time.
// Those that were imported are numbered out of the order of time: they are read
// with the whole conversation.
func (r *room) markReadUntil(p *gateway.Participant, until time.Time) error {
	if !until.Before(r.conv.LastMessageAt) {
		return r.markRead(p, r.conv.Count)
	}
	number, looked := uint64(0), 0
	k := store.ConversationKey(r.app.ID, r.conv.ID)
	rg := store.Range{Prefix: k, To: k.Time(until.Add(time.Millisecond)), Reverse: true}
	err := store.Messages.Scan(r.tx, rg, func(_ store.Key, m gateway.Message) (bool, error) {
		if looked++; m.Origin != gateway.OriginImport {
			number = m.Number
		}
		return number == 0 && looked < maxExamined, nil
	})
	if err != nil || number == 0 {
		return err
	}
	return r.markRead(p, number)
}

// MarkUnread marks a conversation unread by a participant until they read it.
// What they read stays read: nobody is told of it again.
func (s *Service) MarkUnread(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID) error {
	return s.in(ctx, app, c, "mark unread", func(r *room) error {
		p := r.member(u)
		if p == nil {
			return NotFound{What: "participant", ID: string(u)}
		}
		p.Unread = true
		return r.putPerson(p)
	})
}

// markRead moves on what a participant has read and tells of the newest message
// of somebody else's among it.
func (r *room) markRead(p *gateway.Participant, number uint64) error {
	was := p.ReadCount
	if number <= was && !p.Unread {
		return nil
	}
	p.ReadCount, p.Unread = max(was, number), false
	if err := r.putPerson(p); err != nil {
		return err
	}
	newest, err := r.newestRead(p, was)
	if err != nil || newest == nil {
		return err
	}
	sender, err := r.sender(newest.Sender)
	if err != nil {
		return err
	}
	recipient, err := r.user(p.User)
	if err != nil {
		return err
	}
	shown, err := r.show()
	if err != nil {
		return err
	}
	return r.event(gateway.EventMessageRead, wire.ReadData{
		Sender: sender, Recipient: wire.UserOf(recipient), Conversation: shown,
		Message: wire.MessageOf(*newest, r.people, r.Links),
	}, newest.Trace)
}

// newestRead finds the newest message by somebody else that p has just read.
func (r *room) newestRead(p *gateway.Participant, was uint64) (*gateway.Message, error) {
	var found *gateway.Message
	looked := 0
	rg := store.Range{Prefix: store.ConversationKey(r.app.ID, r.conv.ID), Reverse: true}
	err := store.Messages.Scan(r.tx, rg, func(_ store.Key, m gateway.Message) (bool, error) {
		looked++
		if m.Number > was && m.Number <= p.ReadCount && m.Sender != p.User {
			found = &m
			return false, nil
		}
		return looked < maxReadLook, nil
	})
	return found, err
}
