package wire

import "github.com/replygate/replygate/gateway"

// User is a user as GET shows it. The keys after pushTokens are ours, and shown
// only when they say something.
type User struct {
	ID               gateway.UserID    `json:"id"`
	Name             string            `json:"name"`
	WelcomeMessage   *string           `json:"welcomeMessage"`
	PhotoURL         *string           `json:"photoUrl"`
	HeaderPhotoURL   *string           `json:"headerPhotoUrl"`
	Role             *string           `json:"role"`
	Email            []string          `json:"email"`
	Phone            []string          `json:"phone"`
	Custom           map[string]string `json:"custom"`
	AvailabilityText *string           `json:"availabilityText"`
	Locale           *string           `json:"locale"`
	CreatedAt        int64             `json:"createdAt"`
	PushTokens       map[string]bool   `json:"pushTokens"`
	Kind             gateway.Kind      `json:"kind,omitempty"`
	TimeZone         string            `json:"timeZone,omitempty"`
	QuietHours       *QuietHours       `json:"quietHours,omitempty"`
}

// UserOf shows a user; a stub has an id and nothing else.
func UserOf(u gateway.User) User {
	kind := u.Kind
	if kind == gateway.KindUser {
		kind = ""
	}
	return User{
		ID: u.ID, Name: u.Name, WelcomeMessage: u.WelcomeMessage, PhotoURL: u.PhotoURL,
		Role: orNull(u.Role), Email: u.Email, Phone: u.Phone, Custom: orEmpty(u.Custom),
		AvailabilityText: u.AvailabilityText, Locale: orNull(u.Locale), CreatedAt: millis(u.CreatedAt),
		PushTokens: u.PushTokens, Kind: kind, TimeZone: u.TimeZone,
		QuietHours: (*QuietHours)(u.QuietHours),
	}
}

// Session is one entry of a user's sessions.
type Session struct {
	IsTyping              bool                    `json:"isTyping"`
	CurrentConversationID *gateway.ConversationID `json:"currentConversationId"`
}

// SessionOf shows the session of a user who is online.
func SessionOf(p gateway.Presence) Session {
	return Session{IsTyping: p.IsTyping, CurrentConversationID: orNull(p.SelectedConversation)}
}
