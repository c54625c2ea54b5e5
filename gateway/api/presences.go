package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/wire"
)

// shownPresence is a user who is online, as POST /presences shows them.
type shownPresence struct {
	Status             string         `json:"status"`
	BackgroundSessions []shownSession `json:"backgroundSessions"`
	Widgets            []shownSession `json:"widgets"`
}

type shownSession struct {
	SessionID              string                  `json:"sessionId"`
	SelectedConversationID *gateway.ConversationID `json:"selectedConversationId"`
	Custom                 map[string]string       `json:"custom"`
	HasFocus               bool                    `json:"hasFocus"`
	IsTyping               bool                    `json:"isTyping"`
}

// presences lists who is online by what they look at. A user has one session
// here; it is a widget (the chat can be seen) or one in the background.
func presences(c *call, _ []string) (any, error) {
	var q chat.PresencesQuery
	if err := c.into(&q); err != nil {
		return nil, err
	}
	online, err := c.Chat.Presences(c.ctx, c.app.ID, q)
	if err != nil {
		return nil, err
	}
	out := make(map[gateway.UserID]shownPresence, len(online))
	for u, p := range online {
		out[u] = showPresence(c.app.ID, u, p)
	}
	return list{out}, nil
}

func showPresence(app gateway.AppID, u gateway.UserID, p gateway.Presence) shownPresence {
	id := sha256.Sum256(fmt.Appendf(nil, "session %q %q", app, u))
	s := shownSession{
		SessionID: hex.EncodeToString(id[:16]), SelectedConversationID: wire.SessionOf(p).CurrentConversationID,
		Custom: map[string]string{}, HasFocus: p.HasFocus, IsTyping: p.IsTyping,
	}
	out := shownPresence{Status: "online", BackgroundSessions: []shownSession{}, Widgets: []shownSession{}}
	if chat.Visible(p) {
		out.Widgets = append(out.Widgets, s)
	} else {
		out.BackgroundSessions = append(out.BackgroundSessions, s)
	}
	return out
}
