package chat

import (
	"context"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// How long a session lasts that is not renewed.
const (
	DefaultTTL = 5 * time.Minute
	MaxTTL     = gateway.MaxSession
)

// PresencePatch is what a backend says of a user's attention. What is absent
// stays as it was while the session lives.
type PresencePatch struct {
	Online Field[bool]    // absent: online
	TTL    Field[float64] // seconds until the session ends; absent or null: DefaultTTL
	// SelectedConversation is the one on screen; null is none.
	SelectedConversation Field[gateway.ConversationID]
	HasFocus             Field[bool] // absent in a new session: true
	IsTyping             Field[bool]
	// User updates the user as PUT does, as at a log-in.
	User Field[UserPatch]
}

// UnmarshalJSON reads the body of a PUT.
func (p *PresencePatch) UnmarshalJSON(b []byte) error {
	*p = PresencePatch{}
	return decode(b, map[string]any{
		"online": &p.Online, "ttl": &p.TTL, "selectedConversationId": &p.SelectedConversation,
		"hasFocus": &p.HasFocus, "isTyping": &p.IsTyping, "user": &p.User,
	})
}

// SetPresence notes where a user's attention is.
func (s *Service) SetPresence(ctx context.Context, app gateway.AppID, u gateway.UserID, p PresencePatch) error {
	if err := checkID("id", string(u)); err != nil {
		return err
	}
	if ttl := p.TTL.Value; p.TTL.has() && !(ttl > 0 && ttl <= MaxTTL.Seconds()) {
		return gateway.Wrong("ttl", "ttl is a number of seconds above 0, at most %.0f.", MaxTTL.Seconds())
	}
	if err := p.User.Value.check(); err != nil {
		return err
	}
	now, dumb := s.now(), false
	err := s.update(ctx, store.UserScope(app, u), "set presence", func(tx store.Tx) error {
		if p.User.has() {
			a, err := loadApp(tx, app)
			if err != nil {
				return err
			}
			if _, dumb, err = putUser(tx, &a, u, p.User.Value, now); err != nil {
				return err
			}
		}
		k := store.UserKey(app, u)
		old, _, err := store.Presences.Find(tx, k)
		if err != nil {
			return err
		}
		next := p.apply(old, now)
		if err := store.Presences.Put(tx, k, next); err != nil {
			return err
		}
		return listOnline(tx, store.Session{App: app, User: u}, next)
	})
	if err == nil && dumb {
		err = s.withdrawEverywhere(ctx, app, u, gateway.ReasonNoAddress)
	}
	return err
}

// Presence returns what is known of a user's attention.
func (s *Service) Presence(ctx context.Context, app gateway.AppID, u gateway.UserID) (gateway.Presence, error) {
	var out gateway.Presence
	err := s.view(ctx, "get presence", func(rd store.Reader) (err error) {
		out, _, err = store.Presences.Find(rd, store.UserKey(app, u))
		return err
	})
	return out, err
}

// apply is the presence that follows from old and what is said now.
func (p PresencePatch) apply(old gateway.Presence, now time.Time) gateway.Presence {
	looked := p.looked(old, now)
	next := gateway.Presence{Online: !p.Online.has() || p.Online.Value, LastOnlineAt: old.LastOnlineAt, AttendedAt: old.AwaySince(now), Looked: looked}
	if !next.Online {
		if old.OnlineAt(now) {
			next.LastOnlineAt = now
		}
		return next
	}
	next.HasFocus = true
	if old.OnlineAt(now) {
		next.SelectedConversation, next.HasFocus, next.IsTyping = old.SelectedConversation, old.HasFocus, old.IsTyping
	}
	p.SelectedConversation.into(&next.SelectedConversation)
	p.HasFocus.unlessNull(&next.HasFocus)
	p.IsTyping.unlessNull(&next.IsTyping)
	ttl := DefaultTTL
	if p.TTL.has() {
		ttl = time.Duration(p.TTL.Value * float64(time.Second))
	}
	next.ExpiresAt, next.LastOnlineAt = now.Add(ttl), now
	if next.HasFocus {
		next.AttendedAt = now
	}
	if c := next.SelectedConversation; c != "" && next.HasFocus {
		next.Looked = withLook(looked, c, now)
	}
	return next
}

// looked notes the last moment at which the conversation of the old session was
// on screen: now, or when that session ended by itself.
func (p PresencePatch) looked(old gateway.Presence, now time.Time) map[gateway.ConversationID]time.Time {
	if !old.Online || !old.HasFocus || old.SelectedConversation == "" {
		return old.Looked
	}
	end := now
	if !old.ExpiresAt.IsZero() && old.ExpiresAt.Before(now) {
		end = old.ExpiresAt
	}
	return withLook(old.Looked, old.SelectedConversation, end)
}

// withLook adds a look and forgets the oldest beyond gateway.MaxLooked.
func withLook(old map[gateway.ConversationID]time.Time, c gateway.ConversationID, at time.Time) map[gateway.ConversationID]time.Time {
	out := map[gateway.ConversationID]time.Time{}
	for k, v := range old {
		out[k] = v
	}
	if at.After(out[c]) {
		out[c] = at
	}
	for len(out) > gateway.MaxLooked {
		var oldest gateway.ConversationID
		for k, v := range out {
			if oldest == "" || v.Before(out[oldest]) {
				oldest = k
			}
		}
		delete(out, oldest)
	}
	return out
}
