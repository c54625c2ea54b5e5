package chat

import (
	"context"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// MaxPresenceUsers bounds the users a PresencesQuery names.
const MaxPresenceUsers = 1000

// PresencesQuery narrows a list of those who are online. Null equals absent, but
// for SelectedConversation, where it stands for none.
type PresencesQuery struct {
	// Background lists also those whose chat cannot be seen.
	Background           Field[bool]
	SelectedConversation Field[gateway.ConversationID]
	HasFocus, IsTyping   Field[bool]
	// Users lists only these.
	Users Field[[]gateway.UserID]
}

// UnmarshalJSON reads the body of a POST.
func (q *PresencesQuery) UnmarshalJSON(b []byte) error {
	*q = PresencesQuery{}
	return decode(b, map[string]any{
		"includeBackgroundSessions": &q.Background, "selectedConversationId": &q.SelectedConversation,
		"hasFocus": &q.HasFocus, "isTyping": &q.IsTyping, "userIds": &q.Users,
	})
}

// Visible tells whether somebody who is online can see the chat: it has the
// focus, or shows a conversation.
func Visible(p gateway.Presence) bool { return p.HasFocus || p.SelectedConversation != "" }

func (q PresencesQuery) matches(p gateway.Presence) bool {
	return (q.Background.Value || Visible(p)) &&
		(!q.SelectedConversation.Set || q.SelectedConversation.Value == p.SelectedConversation) &&
		(!q.HasFocus.has() || q.HasFocus.Value == p.HasFocus) &&
		(!q.IsTyping.has() || q.IsTyping.Value == p.IsTyping)
}

// Presences returns those who are online, by user.
func (s *Service) Presences(ctx context.Context, app gateway.AppID, q PresencesQuery) (map[gateway.UserID]gateway.Presence, error) {
	if len(q.Users.Value) > MaxPresenceUsers {
		return nil, gateway.Wrong("userIds", "userIds names at most %d users.", MaxPresenceUsers)
	}
	now := s.now()
	var out map[gateway.UserID]gateway.Presence
	err := s.view(ctx, "list presences", func(rd store.Reader) error {
		out = map[gateway.UserID]gateway.Presence{}
		add := func(u gateway.UserID, p gateway.Presence) {
			if p.OnlineAt(now) && q.matches(p) {
				out[u] = p
			}
		}
		if !q.Users.has() {
			return eachOnline(ctx, rd, store.Range{Prefix: store.AppKey(app)}, now, func(s store.Session, p gateway.Presence) (bool, error) {
				add(s.User, p)
				return true, nil
			})
		}
		for _, u := range q.Users.Value {
			p, _, err := store.Presences.Find(rd, store.UserKey(app, u))
			if err != nil {
				return err
			}
			add(u, p)
		}
		return nil
	})
	return out, err
}
