package chat

import (
	"context"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

// ReplyAddress returns the secret address that posts as a participant, and
// makes it if there is none. One who may not even read has none: NotFound.
func (s *Service) ReplyAddress(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID) (gateway.Address, error) {
	return s.addressOf(ctx, app, c, u, false)
}

// TestAddress is ReplyAddress for mails that test keys cause: what comes to it is
// test, too.
func (s *Service) TestAddress(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID) (gateway.Address, error) {
	return s.addressOf(ctx, app, c, u, true)
}

func (s *Service) addressOf(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID, test bool) (gateway.Address, error) {
	var h gateway.Handle
	var domain string
	err := s.view(ctx, "get reply address", func(rd store.Reader) error {
		a, err := loadApp(rd, app)
		if err != nil {
			return err
		}
		domain = a.MailDomain(s.Domain)
		p, err := loadReader(rd, app, c, u)
		h = *handleOf(&p, test)
		return err
	})
	if err == nil && h == 0 {
		now := s.now()
		err = s.update(ctx, store.ConversationScope(app, c), "make reply address", func(tx store.Tx) (err error) {
			h, err = replyHandle(tx, now, app, c, u, test)
			return err
		})
	}
	if err != nil {
		return gateway.Address{}, err
	}
	return s.Tokens.Address(token.Reply, h, domain), nil
}

// ReplyHandle returns the live handle of a participant's reply address, and
// allocates it if there is none.
func ReplyHandle(tx store.Tx, now time.Time, app gateway.AppID, c gateway.ConversationID, u gateway.UserID) (gateway.Handle, error) {
	return replyHandle(tx, now, app, c, u, false)
}

// handleOf is where a participant's handle is kept.
func handleOf(p *gateway.Participant, test bool) *gateway.Handle {
	if test {
		return &p.TestHandle
	}
	return &p.Handle
}

func replyHandle(tx store.Tx, now time.Time, app gateway.AppID, c gateway.ConversationID, u gateway.UserID, test bool) (gateway.Handle, error) {
	p, err := loadReader(tx, app, c, u)
	h := handleOf(&p, test)
	if err != nil || *h != 0 {
		return *h, err
	}
	*h, err = store.Allocate(tx, store.HandleRow{
		App: app, Purpose: string(rune(token.Reply)), Conversation: c, User: u, Test: test, CreatedAt: now,
	})
	if err != nil {
		return 0, err
	}
	return *h, store.Participants.Put(tx, store.ParticipantKey(app, c, u), p)
}

// RoutedAddress is ReplyAddress, or TestAddress, for an agent a support
// conversation is routed to, who gets a place in it if there is none.
func (s *Service) RoutedAddress(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID, test bool) (gateway.Address, error) {
	a, err := s.addressOf(ctx, app, c, u, test)
	if !isMissing(err) {
		return a, err
	}
	err = s.in(ctx, app, c, "route conversation", func(r *room) error {
		if r.person(u) != nil {
			return nil
		}
		return r.route(u)
	})
	if err != nil {
		return gateway.Address{}, err
	}
	return s.addressOf(ctx, app, c, u, test)
}

// loadReader returns a participant who may read.
func loadReader(rd store.Reader, app gateway.AppID, c gateway.ConversationID, u gateway.UserID) (gateway.Participant, error) {
	if _, err := LoadConversation(rd, app, c); err != nil {
		return gateway.Participant{}, err
	}
	p, found, err := store.Participants.Find(rd, store.ParticipantKey(app, c, u))
	if err == nil && (!found || !p.MayRead()) {
		err = NotFound{What: "participant", ID: string(u)}
	}
	return p, err
}
