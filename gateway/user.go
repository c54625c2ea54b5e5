package gateway

import "time"

// Kind tells people from programs.
type Kind string

// The kinds of user.
const (
	KindUser  Kind = "user"
	KindAgent Kind = "agent"
	KindBot   Kind = "bot"
)

// User is a person (or bot) of an app.
type User struct {
	ID               UserID            `json:"id"`
	Name             string            `json:"name"`
	WelcomeMessage   *string           `json:"welcomeMessage,omitempty"`
	PhotoURL         *string           `json:"photoUrl,omitempty"`
	Role             string            `json:"role,omitempty"`
	Email            []string          `json:"email,omitempty"` // as given; compared as ParseAddress(…).Folded()
	Phone            []string          `json:"phone,omitempty"`
	Custom           map[string]string `json:"custom,omitempty"`
	AvailabilityText *string           `json:"availabilityText,omitempty"`
	Locale           string            `json:"locale,omitempty"`
	PushTokens       map[string]bool   `json:"pushTokens,omitempty"`
	Kind             Kind              `json:"kind,omitempty"`
	TimeZone         string            `json:"timeZone,omitempty"`
	QuietHours       *QuietHours       `json:"quietHours,omitempty"` // stand above the role's
	CreatedAt        time.Time         `json:"createdAt"`
	// Stub marks somebody who was named as participant or sender and never PUT.
	Stub bool `json:"stub,omitempty"`
}

// Addresses are the user's usable mail addresses, in the order given, each once.
func (u *User) Addresses() []Address {
	var out []Address
	seen := map[Address]bool{}
	for _, e := range u.Email {
		a, err := ParseAddress(e)
		if err != nil || seen[a.Folded()] {
			continue
		}
		seen[a.Folded()] = true
		out = append(out, a)
	}
	return out
}

// Owns tells whether a is one of the user's addresses: exactly, or but for the
// case of ASCII letters when that is unambiguous.
func (u *User) Owns(a Address) bool {
	for _, own := range u.Addresses() {
		if own.Folded() == a.Folded() {
			return true
		}
	}
	return false
}

// Presence is what is known of a user's attention. The zero value is offline.
type Presence struct {
	Online bool `json:"online"`
	// ExpiresAt ends the session when the backend does not renew it.
	ExpiresAt time.Time `json:"expiresAt"`
	// SelectedConversation is the one on screen, if any.
	SelectedConversation ConversationID `json:"selectedConversationId,omitempty"`
	HasFocus             bool           `json:"hasFocus"`
	IsTyping             bool           `json:"isTyping"`
	// LastOnlineAt is the last moment the user was known to be online.
	LastOnlineAt time.Time `json:"lastOnlineAt"`
	// AttendedAt is the last moment at which a session was known to have focus;
	// after it the user is away.
	AttendedAt time.Time `json:"attendedAt,omitzero"`
	// Looked keeps when each of the last conversations was last on a focused
	// screen; at most MaxLooked, the oldest forgotten.
	Looked map[ConversationID]time.Time `json:"looked,omitempty"`
}

// MaxLooked bounds Presence.Looked.
const MaxLooked = 16

// MaxSession is how long a session lasts at most that is not renewed. One that
// would end later was begun by a clock that has been set back since, and is over.
const MaxSession = 24 * time.Hour

// OnlineAt tells whether the user is online at now.
func (p Presence) OnlineAt(now time.Time) bool {
	return p.Online && (p.ExpiresAt.IsZero() || now.Before(p.ExpiresAt) && p.ExpiresAt.Sub(now) <= MaxSession)
}

// AttentiveAt tells whether the user is online with focus at now, whatever is
// on screen.
func (p Presence) AttentiveAt(now time.Time) bool { return p.OnlineAt(now) && p.HasFocus }

// AwaySince is since when the user has not been attentive: zero if that is not
// known to have been ever, now if they still are.
func (p Presence) AwaySince(now time.Time) time.Time {
	if p.AttentiveAt(now) {
		return now
	}
	since := p.AttendedAt
	if p.Online && p.HasFocus && p.ExpiresAt.After(since) {
		since = p.ExpiresAt // it lasted until it ended by itself
	}
	if since.After(now) {
		return now
	}
	return since
}

// LookingAt tells whether the user has conversation c in front of them at now.
func (p Presence) LookingAt(c ConversationID, now time.Time) bool {
	return p.OnlineAt(now) && p.HasFocus && p.SelectedConversation == c
}

// TypingIn tells whether the user is typing in c at now.
func (p Presence) TypingIn(c ConversationID, now time.Time) bool {
	return p.OnlineAt(now) && p.IsTyping && p.SelectedConversation == c
}

// Zone is the user's time zone, else another one by its name, else UTC.
func (u *User) Zone(otherwise string) *time.Location {
	for _, name := range []string{u.TimeZone, otherwise} {
		if z, err := time.LoadLocation(name); err == nil && name != "" {
			return z
		}
	}
	return time.UTC
}
