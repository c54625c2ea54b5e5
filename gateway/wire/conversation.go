package wire

import (
	"encoding/json"
	"fmt"

	"github.com/replygate/replygate/gateway"
)

// Conversation is a conversation as GET shows it.
type Conversation struct {
	ID              gateway.ConversationID         `json:"id"`
	Subject         *string                        `json:"subject"`
	TopicID         *string                        `json:"topicId"`
	PhotoURL        *string                        `json:"photoUrl"`
	WelcomeMessages []string                       `json:"welcomeMessages"`
	Custom          map[string]string              `json:"custom"`
	LastMessage     *Message                       `json:"lastMessage"`
	Participants    map[gateway.UserID]Participant `json:"participants"`
	CreatedAt       int64                          `json:"createdAt"`
	// Ours, and shown only when they say something.
	Muted         bool                 `json:"muted,omitempty"`
	Department    gateway.DepartmentID `json:"department,omitempty"`
	Assignee      gateway.UserID       `json:"assignee,omitempty"`
	HumanTakeover bool                 `json:"humanTakeover,omitempty"`
}

// UserConversation is a conversation as the list of one of its participants
// shows it.
type UserConversation struct {
	Conversation
	IsUnread bool `json:"isUnread"`
}

// ConversationOf shows a conversation with its participants (those who left
// are passed over) and its last message, if any.
func ConversationOf(c gateway.Conversation, ps []gateway.Participant, last *gateway.Message, links Links) Conversation {
	out := Conversation{
		ID: c.ID, Subject: c.Subject, PhotoURL: c.PhotoURL, WelcomeMessages: c.WelcomeMessages,
		Custom: orEmpty(c.Custom), Participants: make(map[gateway.UserID]Participant, len(ps)),
		CreatedAt: millis(c.CreatedAt), Muted: c.Muted,
		Department: c.Department, Assignee: c.Assignee, HumanTakeover: c.HumanTakeover,
	}
	if out.WelcomeMessages == nil {
		out.WelcomeMessages = []string{}
	}
	for _, p := range ps {
		if !p.Left {
			out.Participants[p.User] = ParticipantOf(p)
		}
	}
	if last != nil {
		m := MessageOf(*last, ps, links)
		out.LastMessage = &m
	}
	return out
}

// Participant is exactly these two keys, in this order.
type Participant struct {
	Access gateway.Access `json:"access"`
	Notify Notify         `json:"notify"`
}

// ParticipantOf shows a participant.
func ParticipantOf(p gateway.Participant) Participant {
	return Participant{Access: p.Access, Notify: Notify(p.Notify)}
}

// Notify is gateway.Notify as JSON knows it: true, false or "MentionsOnly".
type Notify gateway.Notify

// MarshalJSON writes true, false or "MentionsOnly".
func (n Notify) MarshalJSON() ([]byte, error) {
	switch gateway.Notify(n) {
	case gateway.NotifyAll, "":
		return []byte("true"), nil
	case gateway.NotifyNone:
		return []byte("false"), nil
	}
	return json.Marshal(string(n))
}

// UnmarshalJSON reads what MarshalJSON writes and refuses everything else.
func (n *Notify) UnmarshalJSON(b []byte) error {
	switch s := string(b); s {
	case "true":
		*n = Notify(gateway.NotifyAll)
	case "false":
		*n = Notify(gateway.NotifyNone)
	case `"` + string(gateway.NotifyMentions) + `"`:
		*n = Notify(gateway.NotifyMentions)
	default:
		return fmt.Errorf(`must be true, false or %q`, gateway.NotifyMentions)
	}
	return nil
}
