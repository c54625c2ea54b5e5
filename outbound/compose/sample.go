package compose

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// samples are mails to try a template on: one with everything there can be, and
// one with next to nothing.
func samples() []Notification {
	at := time.Date(2026, time.January, 2, 15, 4, 0, 0, time.UTC)
	from := gateway.Address{LocalPart: "chat", Domain: "mail.example.com"}
	text := "Hello *Carla*, see https://example.com/ :wave:\nIs it still for sale?"
	custom := map[string]string{"key": "value"}
	message := Message{
		ID: "msg_1", SenderID: "ann", SenderName: "Ann Archer", SenderPhoto: "https://example.com/ann.jpg", Text: text, At: at, Custom: custom,
		Quote:      &Quote{SenderName: "Ben", Text: "Where is it?"},
		Attachment: &File{Name: "bicycle.jpg", URL: "https://example.com/bicycle.jpg", Size: 120_000, Image: true},
		Location:   &[2]float64{52.5, 13.4},
	}
	other, own, system, sticker := message, message, message, message
	other.SenderID, other.SenderName, other.SenderPhoto = "ben", "Ben", ""
	own.Own = true
	system.System, system.SenderID, system.SenderName = true, "", ""
	sticker.Text, sticker.Attachment = "", &File{Name: "cat", URL: "https://example.com/cat.png", Image: true, Sticker: true}
	return []Notification{
		{
			From: from, ReplyTo: from, MayReply: true, Via: "Market", SenderNames: []string{"Ann Archer", "Ben"},
			To: from, RecipientID: "carla", RecipientName: "Carla Conti", RecipientCustom: custom,
			ConversationID: "4711", ConversationCustom: custom, Subject: "Blue bicycle",
			Messages: []Message{own, system, message, other, sticker}, Earlier: 12,
			ConversationURL: "https://example.com/inbox/4711", UnsubscribeURL: "https://mail.example.com/u/token",
			NeutralPhoto: "https://mail.example.com/person.png", Date: at,
		},
		{From: from, To: from, Messages: []Message{{Text: "Hello"}}, Date: at},
	}
}
