package wire_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
)

var (
	at    = time.UnixMilli(1_700_000_000_123).UTC()
	links = wire.Links{Attachment: func(h gateway.Handle) string { return "https://x/a/signed" }}
)

func p[T any](v T) *T { return &v }

// TestShapes holds every key, its order, and what an unset value looks like.
func TestShapes(t *testing.T) {
	people := []gateway.Participant{
		{User: "ann", Access: gateway.ReadWrite, Notify: gateway.NotifyAll, ReadCount: 7},
		{User: "bob", Access: gateway.ReadOnly, Notify: gateway.NotifyMentions, ReadCount: 7},
		{User: "cy", Access: gateway.NoneAccess, Notify: gateway.NotifyNone, ReadCount: 6},
		{User: "gone", Access: gateway.ReadWrite, ReadCount: 9, Left: true},
	}
	full := gateway.Message{
		ID: "msg_1", Conversation: "c1", Sender: "ann", Type: gateway.UserMessage, Origin: gateway.OriginEmail, Text: "hi <b>",
		Attachment: &gateway.Attachment{Name: "a.pdf", Size: 3, Handle: 5, Blob: "00"}, Location: &[2]float64{1.5, -2},
		Custom: map[string]string{"k": "v"}, ReferencedMessage: "msg_0", CreatedAt: at, EditedAt: p(at), Number: 7,
	}
	fullJSON := `{"id":"msg_1","conversationId":"c1","senderId":"ann","type":"UserMessage","origin":"email","text":"hi \u003cb\u003e",` +
		`"attachment":{"url":"https://x/a/signed","size":3,"name":"a.pdf"},"location":[1.5,-2],"custom":{"k":"v"},"readBy":["bob"],` +
		`"referencedMessageId":"msg_0","createdAt":1700000000123,"editedAt":1700000000123}`
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"stub": {wire.UserOf(gateway.User{ID: "u", Stub: true}),
			`{"id":"u","name":"","welcomeMessage":null,"photoUrl":null,"headerPhotoUrl":null,"role":null,"email":null,"phone":null,` +
				`"custom":{},"availabilityText":null,"locale":null,"createdAt":0,"pushTokens":null}`},
		"user": {wire.UserOf(gateway.User{
			ID: "u", Name: "Ann", WelcomeMessage: p("hi"), PhotoURL: p("x"), Role: "buyer", Email: []string{"A@b.c"}, Phone: []string{"1"},
			Custom: map[string]string{"a": "b"}, AvailabilityText: p("soon"), Locale: "fr-FR", CreatedAt: at,
			PushTokens: map[string]bool{"fcm:1": true}, Kind: gateway.KindAgent, TimeZone: "Europe/Paris"}),
			`{"id":"u","name":"Ann","welcomeMessage":"hi","photoUrl":"x","headerPhotoUrl":null,"role":"buyer","email":["A@b.c"],"phone":["1"],` +
				`"custom":{"a":"b"},"availabilityText":"soon","locale":"fr-FR","createdAt":1700000000123,"pushTokens":{"fcm:1":true},` +
				`"kind":"agent","timeZone":"Europe/Paris"}`},
		"empty conversation": {wire.ConversationOf(gateway.Conversation{ID: "c"}, nil, nil, links),
			`{"id":"c","subject":null,"topicId":null,"photoUrl":null,"welcomeMessages":[],"custom":{},"lastMessage":null,"participants":{},"createdAt":0}`},
		"conversation": {wire.ConversationOf(gateway.Conversation{
			ID: "c1", Subject: p("s"), PhotoURL: p("p"), WelcomeMessages: []string{"w"}, Custom: map[string]string{"a": "b"}, CreatedAt: at}, people, &full, links),
			`{"id":"c1","subject":"s","topicId":null,"photoUrl":"p","welcomeMessages":["w"],"custom":{"a":"b"},"lastMessage":` + fullJSON +
				`,"participants":{"ann":{"access":"ReadWrite","notify":true},"bob":{"access":"Read","notify":"MentionsOnly"},` +
				`"cy":{"access":"None","notify":false}},"createdAt":1700000000123}`},
		"a user's conversation": {wire.UserConversation{Conversation: wire.ConversationOf(gateway.Conversation{ID: "c"}, nil, nil, links), IsUnread: true},
			`{"id":"c","subject":null,"topicId":null,"photoUrl":null,"welcomeMessages":[],"custom":{},"lastMessage":null,"participants":{},"createdAt":0,"isUnread":true}`},
		"message": {wire.MessageOf(full, people, links), fullJSON},
		"system message": {wire.MessageOf(gateway.Message{ID: "m", Conversation: "c", Type: gateway.SystemMessage, Origin: gateway.OriginREST, CreatedAt: at, Number: 8}, people, links),
			`{"id":"m","conversationId":"c","senderId":null,"type":"SystemMessage","origin":"rest","text":"","attachment":null,"location":null,` +
				`"custom":{},"readBy":[],"referencedMessageId":null,"createdAt":1700000000123,"editedAt":null}`},
		"session": {wire.SessionOf(gateway.Presence{IsTyping: true}), `{"isTyping":true,"currentConversationId":null}`},
		"skipped notification": {wire.NotificationOf(gateway.Notification{ID: "ntf_1", Conversation: "c", Recipient: "u", State: gateway.NotificationSkipped,
			Reason: gateway.ReasonRead, CreatedAt: at, UpdatedAt: at}),
			`{"id":"ntf_1","conversationId":"c","recipientId":"u","state":"skipped","reason":"read","sentence":"The messages were read before the mail was due.",` +
				`"messageIds":[],"deliveryIds":[],"createdAt":1700000000123,"updatedAt":1700000000123}`},
		"event": {wire.EventOf(gateway.Event{ID: "evt_1", App: "a", Type: gateway.EventMessageSent, CreatedAt: at, Seq: 3, Data: json.RawMessage(`{"x":1}`), Trace: "trc_1"}),
			`{"id":"evt_1","createdAt":1700000000123,"type":"message.sent","appId":"a","seq":3,"data":{"x":1}}`},
		"reply in an event": {wire.MailReplyOf(&gateway.ReplyContent{Text: "t", HTML: "h", Quoted: "q", Signature: "s", Method: "m", Confidence: "high", OtherRecipients: 2},
			gateway.Verdicts{SPF: "pass", DKIM: "none", DMARC: "pass", SPFAligned: true}),
			`{"text":"t","html":"h","quoted":"q","signature":"s","method":"m","confidence":"high",` +
				`"verdicts":{"spf":"pass","spfAligned":true,"dkim":"none","dkimAligned":false,"dmarc":"pass"},"otherRecipients":2}`},
	} {
		got, err := json.Marshal(c.value)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, c.want)
		}
	}
}

func TestNotifyReadsWhatItWrites(t *testing.T) {
	for _, s := range []string{"true", "false", `"MentionsOnly"`} {
		var n wire.Notify
		if err := json.Unmarshal([]byte(s), &n); err != nil {
			t.Fatal(err)
		}
		if back, err := json.Marshal(n); err != nil || string(back) != s {
			t.Errorf("%s: read back as %s, %v", s, back, err)
		}
	}
	for _, s := range []string{`"true"`, "1", `"mentionsonly"`, "{}", "[]"} {
		var n wire.Notify
		if json.Unmarshal([]byte(s), &n) == nil {
			t.Errorf("%s was taken for %q", s, n)
		}
	}
}

// TestLinkIsSigned reads the token out of a link that was minted for a file.
func TestLinkIsSigned(t *testing.T) {
	m := token.NewMinter(secret.Generate())
	url := wire.NewLinks(m, "mail.example", "https://mail.example").Attachment(77)
	value, ok := strings.CutPrefix(url, "https://mail.example"+wire.AttachmentPath)
	if h, valid := m.ReadFor(token.Attachment, value, "mail.example"); !ok || !valid || h != 77 {
		t.Errorf("%s does not stand for the file", url)
	}
	if _, valid := m.ReadFor(token.Reply, value, "mail.example"); valid {
		t.Error("the link of a file reads as a reply address")
	}
}

// TestNoSecretIsShown keeps the reverse-path of a mail out of what is shown.
func TestNoSecretIsShown(t *testing.T) {
	b, err := json.Marshal(wire.DeliveryOf(gateway.Delivery{ID: "dlv_1", Bounce: 123456789, Blob: "secretblob"}))
	if err != nil || strings.Contains(string(b), "123456789") || strings.Contains(string(b), "secretblob") {
		t.Errorf("%v: %s", err, b)
	}
}

func TestBodyIsTheJSON(t *testing.T) {
	prev := uint64(3)
	for _, e := range []wire.Event{
		{ID: "evt_1", CreatedAt: 1, Type: gateway.EventMessageSent, AppID: "shop", Seq: 4, Data: json.RawMessage(`{"a":"null}"}`)},
		{ID: "evt_2", AppID: "a\"b<", PrevSeq: &prev, Data: json.RawMessage(`null`)},
	} {
		want, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.Body(); err != nil || string(got) != string(want) {
			t.Errorf("%s %v, want %s", got, err, want)
		}
	}
}
