package chat

import (
	"context"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// withdraw takes back what a participant was to be mailed, for a reason that
// has just arisen: what waits for a decision is skipped now, with its event,
// and mails that are queued are cancelled.
func (r *room) withdraw(p *gateway.Participant, why gateway.Reason) error {
	if waitsAtAll(*p, r.conv) {
		ins, err := r.waiting(p)
		if err != nil {
			return err
		}
		for _, in := range ins {
			if _, err := r.decide(Decided{Recipient: p.User, Decision: notify.Withdraw(in, why, r.now)}); err != nil {
				return err
			}
		}
	}
	u, err := r.user(p.User)
	if err != nil {
		return err
	}
	for _, a := range u.Addresses() {
		withdrawn, err := suppression.CancelTo(r.tx, r.app.ID, a, why, r.now, func(u store.UnsentMail) bool {
			return u.Conversation == r.conv.ID && u.Recipient == p.User
		})
		if err != nil {
			return err
		}
		for _, n := range withdrawn {
			if err := r.tellWithdrawn(n); err != nil {
				return err
			}
		}
	}
	return nil
}

// tellWithdrawn tells that a notification which was told of as triggered is not
// sent after all.
func (r *room) tellWithdrawn(n gateway.Notification) error {
	ms, err := r.messagesOf(n)
	if err != nil {
		return err
	}
	return r.tellNotification(gateway.EventNotificationSkipped, n, ms, nil)
}

// waiting loads what waits for one participant.
func (r *room) waiting(p *gateway.Participant) ([]notify.Input, error) {
	l, people, err := openPending(r.tx, r.app.ID, r.conv.ID)
	if err != nil {
		return nil, err
	}
	if _, err := l.routed(people); err != nil { // for its desk
		return nil, err
	}
	l.p.Conversation = r.conv
	if err := l.load([]gateway.Participant{*p}); err != nil {
		return nil, err
	}
	return l.p.Inputs, nil
}

// withdrawAll is withdraw for everybody who takes part.
func (r *room) withdrawAll(why gateway.Reason) error {
	for i := range r.people {
		if r.people[i].Left && !r.people[i].Routed {
			continue
		}
		if err := r.withdraw(&r.people[i], why); err != nil {
			return err
		}
	}
	return nil
}

// withdrawEverywhere is withdraw in every conversation of a user in which
// something waits.
func (s *Service) withdrawEverywhere(ctx context.Context, app gateway.AppID, u gateway.UserID, why gateway.Reason) error {
	var waiting []gateway.ConversationID
	err := s.view(ctx, "find what waits for a user", func(rd store.Reader) error {
		waiting = nil
		rg := store.Range{Prefix: store.UserKey(app, u)}
		return store.Memberships.Scan(rd, rg, func(_ store.Key, m store.Membership) (bool, error) {
			if m.Left {
				return true, nil
			}
			c, found, err := store.Conversations.Find(rd, store.ConversationKey(app, m.Conversation))
			if err != nil || !found || c.Deleted {
				return err == nil, err
			}
			p, found, err := store.Participants.Find(rd, store.ParticipantKey(app, c.ID, u))
			if found && waitsAtAll(p, c) {
				waiting = append(waiting, c.ID)
			}
			return true, err
		})
	})
	if err != nil {
		return err
	}
	for _, c := range waiting {
		err := s.in(ctx, app, c, "withdraw notification", func(r *room) error {
			if p := r.member(u); p != nil {
				return r.withdraw(p, why)
			}
			return nil
		})
		if err != nil && !isMissing(err) {
			return err
		}
	}
	return nil
}
