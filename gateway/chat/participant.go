package chat

import (
	"context"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// ParticipantPatch is what a PUT or PATCH says of a participant.
type ParticipantPatch struct {
	Access Field[gateway.Access]
	Notify Field[wire.Notify]
}

// UnmarshalJSON reads the body of a PUT or PATCH.
func (p *ParticipantPatch) UnmarshalJSON(b []byte) error {
	*p = ParticipantPatch{}
	return decode(b, map[string]any{"access": &p.Access, "notify": &p.Notify})
}

// access reads an access as callers write it: "Write" is an old name.
func (p ParticipantPatch) access(none bool) (gateway.Access, error) {
	switch a := p.Access.Value; {
	case a == gateway.ReadWrite, a == gateway.ReadOnly, a == gateway.NoneAccess && none:
		return a, nil
	case a == "Write":
		return gateway.ReadWrite, nil
	case a == gateway.NoneAccess:
		return "", gateway.Wrong("access", `access "None" can only be set by PATCH, for one who takes part already.`)
	}
	return "", gateway.Wrong("access", `access is "ReadWrite" or "Read".`)
}

// Join makes a user take part, or overwrites both settings of one who does:
// what p does not name becomes ReadWrite, and notified of everything.
func (s *Service) Join(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID, p ParticipantPatch) error {
	if err := checkID("participant", string(u)); err != nil {
		return err
	}
	access, notify := gateway.ReadWrite, gateway.NotifyAll
	if p.Access.has() {
		var err error
		if access, err = p.access(false); err != nil {
			return err
		}
	}
	if p.Notify.has() {
		notify = gateway.Notify(p.Notify.Value)
	}
	return s.in(ctx, app, c, "join conversation", func(r *room) error {
		if m := r.member(u); m != nil {
			m.Called = false
			if err := r.setNotify(m, notify); err != nil {
				return err
			}
			return r.setAccess(m, access)
		}
		return r.join(u, access, notify)
	})
}

// PatchParticipant changes what p names; one who takes no part is NotFound.
func (s *Service) PatchParticipant(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID, p ParticipantPatch) error {
	var access gateway.Access
	if p.Access.has() {
		var err error
		if access, err = p.access(true); err != nil {
			return err
		}
	}
	return s.in(ctx, app, c, "change participant", func(r *room) error {
		m := r.member(u)
		if m == nil {
			return NotFound{What: "participant", ID: string(u)}
		}
		if p.Notify.has() {
			if err := r.setNotify(m, gateway.Notify(p.Notify.Value)); err != nil {
				return err
			}
		}
		if access == "" {
			return r.putPerson(m)
		}
		return r.setAccess(m, access)
	})
}

// Leave ends taking part. For one who does not take part it does nothing.
func (s *Service) Leave(ctx context.Context, app gateway.AppID, c gateway.ConversationID, u gateway.UserID) error {
	return s.in(ctx, app, c, "leave conversation", func(r *room) error {
		m := r.member(u)
		if m == nil {
			return nil
		}
		if err := r.withdraw(m, gateway.ReasonNoAccess); err != nil {
			return err
		}
		m.Left, m.LeftCount = true, r.conv.Count
		if err := r.revoke(m); err != nil {
			return err
		}
		if err := store.Memberships.Put(r.tx, membershipKey(r.app.ID, u, c), store.Membership{Conversation: c, Left: true}); err != nil {
			return err
		}
		return r.putPerson(m)
	})
}

// join adds somebody who takes no part. Messages from before are not news to
// them; what they once read stays read.
func (r *room) join(u gateway.UserID, access gateway.Access, notify gateway.Notify) error {
	if len(r.people) >= MaxParticipants {
		return gateway.Wrong("participants", "A conversation has at most %d participants.", MaxParticipants)
	}
	fresh := gateway.Participant{
		Conversation: r.conv.ID, User: u, Access: access, Notify: notify, JoinedAt: r.now,
		NotifiedCount: r.conv.Count, NotifiedAt: r.conv.LastMessageAt, TestCount: r.conv.Count,
	}
	p := r.person(u)
	if p == nil {
		r.people = append(r.people, fresh)
		p = &r.people[len(r.people)-1]
	} else {
		fresh.ReadCount, fresh.LastMailAt, fresh.MailedCount = p.ReadCount, p.LastMailAt, p.MailedCount
		if p.Routed { // told of it before, with an address that stays
			fresh.Handle, fresh.TestHandle, fresh.JoinedAt = p.Handle, p.TestHandle, p.JoinedAt
			fresh.NotifiedCount, fresh.NotifiedAt, fresh.Owed = p.NotifiedCount, p.NotifiedAt, p.Owed
			fresh.TestCount = p.TestCount
		}
		*p = fresh
	}
	k := membershipKey(r.app.ID, u, r.conv.ID)
	if err := store.Memberships.Put(r.tx, k, store.Membership{Conversation: r.conv.ID}); err != nil {
		return err
	}
	return r.putPerson(p)
}

// setNotify changes what a participant is told of; muting takes back what they
// were to be mailed.
func (r *room) setNotify(p *gateway.Participant, n gateway.Notify) error {
	muted := n == gateway.NotifyNone && p.Notify != gateway.NotifyNone
	p.Notify = n
	if muted {
		return r.withdraw(p, gateway.ReasonMuted)
	}
	return nil
}

// setAccess changes what a participant may do. Losing the right to write is
// remembered with its time; "None" kills the reply address.
func (r *room) setAccess(p *gateway.Participant, access gateway.Access) error {
	switch {
	case access == gateway.ReadWrite:
		p.NarrowedAt = time.Time{}
	case p.Access == gateway.ReadWrite:
		p.NarrowedAt = r.now
	}
	p.Access = access
	if access == gateway.NoneAccess {
		if err := r.withdraw(p, gateway.ReasonNoAccess); err != nil {
			return err
		}
		if err := r.revoke(p); err != nil {
			return err
		}
	}
	return r.putPerson(p)
}

// revoke kills a participant's reply addresses; the next ones get new handles.
func (r *room) revoke(p *gateway.Participant) error {
	for _, h := range []*gateway.Handle{&p.Handle, &p.TestHandle} {
		if *h == 0 {
			continue
		}
		k := store.HandleKey(*h)
		*h = 0
		row, found, err := store.Handles.Find(r.tx, k)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		row.RevokedAt = &r.now
		if err := store.Handles.Put(r.tx, k, row); err != nil {
			return err
		}
	}
	return nil
}

func membershipKey(app gateway.AppID, u gateway.UserID, c gateway.ConversationID) store.Key {
	return store.UserKey(app, u).String(string(c))
}
