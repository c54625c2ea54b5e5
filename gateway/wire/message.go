package wire

import (
	"slices"

	"github.com/replygate/replygate/gateway"
)

// Message is a message as GET shows it.
type Message struct {
	ID                  gateway.MessageID      `json:"id"`
	ConversationID      gateway.ConversationID `json:"conversationId"`
	SenderID            *gateway.UserID        `json:"senderId"`
	Type                gateway.MessageType    `json:"type"`
	Origin              gateway.Origin         `json:"origin"`
	Text                string                 `json:"text"`
	Attachment          *Attachment            `json:"attachment"`
	Location            *[2]float64            `json:"location"`
	Custom              map[string]string      `json:"custom"`
	ReadBy              []gateway.UserID       `json:"readBy"`
	ReferencedMessageID *gateway.MessageID     `json:"referencedMessageId"`
	CreatedAt           int64                  `json:"createdAt"`
	EditedAt            *int64                 `json:"editedAt"`
}

// Attachment is a file as it is shown; Name was added to TalkJS's two keys.
type Attachment struct {
	URL  string `json:"url"`
	Size int64  `json:"size"`
	Name string `json:"name"`
}

// MessageOf shows a message; who has read it follows from the participants.
func MessageOf(m gateway.Message, ps []gateway.Participant, links Links) Message {
	out := Message{
		ID: m.ID, ConversationID: m.Conversation, SenderID: orNull(m.Sender), Type: m.Type, Origin: m.Origin,
		Text: m.Text, Location: m.Location, Custom: orEmpty(m.Custom), ReadBy: ReadBy(m, ps),
		ReferencedMessageID: orNull(m.ReferencedMessage), CreatedAt: millis(m.CreatedAt),
	}
	if m.Attachment != nil {
		a := AttachmentOf(*m.Attachment, links)
		out.Attachment = &a
	}
	if m.EditedAt != nil {
		at := millis(*m.EditedAt)
		out.EditedAt = &at
	}
	return out
}

// AttachmentOf shows a file; one of ours gets its signed link.
func AttachmentOf(a gateway.Attachment, links Links) Attachment {
	out := Attachment{URL: a.URL, Size: a.Size, Name: a.Name}
	if a.Handle != 0 && links.Attachment != nil {
		out.URL = links.Attachment(a.Handle)
	}
	return out
}

// ReadBy lists who has read a message, never its sender, in the participants'
// order; those of an imported message come first, as they were given.
func ReadBy(m gateway.Message, ps []gateway.Participant) []gateway.UserID {
	out := append([]gateway.UserID{}, m.ReadBy...)
	for _, p := range ps {
		if !p.Left && p.User != m.Sender && p.ReadCount >= m.Number && !slices.Contains(m.ReadBy, p.User) {
			out = append(out, p.User)
		}
	}
	return out
}
