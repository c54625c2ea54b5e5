package compose

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
)

var update = flag.Bool("update", false, "write the golden files anew")

func addr(s string) gateway.Address {
	a, err := gateway.ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// ordinary is a mail as most are.
func ordinary() Notification {
	const domain = "chat.example.com"
	return Notification{
		From: addr("chat@" + domain), SenderNames: []string{"Ann Archer", "Ben"}, Via: "Bicycle Market",
		To: addr("carla@example.net"), RecipientName: "Carla Conti",
		ReplyTo: addr("r0aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj@" + domain), MayReply: true,
		Subject: "Blue touring bicycle, 54 cm", Locale: "en",
		Messages: []Message{
			{SenderName: "Carla Conti", Own: true, Text: "Is the bicycle still for sale?", At: noon.Add(-3 * time.Hour)},
			{System: true, Text: "Ben joined the conversation", At: noon.Add(-2 * time.Hour)},
			{SenderName: "Ann Archer", Text: "Yes, it is! You can see it here:\nhttps://market.example.com/ads/4711?tab=photos&size=xl.\n\nThe brakes are new, the tyres have about two thousand kilometres behind them, and I would add the lights.", At: noon.Add(-time.Hour)},
			{SenderName: "Ann Archer", Text: "Here is the bill of the workshop:", Attachment: &File{Name: "workshop bill.pdf", URL: "https://chat.example.com/a/0123456789abcdef", Size: 245_300}, At: noon.Add(-59 * time.Minute)},
			{SenderName: "Ben", Text: "I could bring it on Saturday 🚲 if you like.", Location: &[2]float64{52.51628, 13.37771}, At: noon.Add(-10 * time.Minute)},
		},
		Earlier: 4, ConversationURL: "https://market.example.com/inbox/4711",
		UnsubscribeURL: "https://chat.example.com/u/u0aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj", UnsubscribeMail: addr("u0aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj@" + domain),
		MessageID: MessageID(domain, "dlv_06f0abcdefghjkmnpqrstvwxyz"), ThreadRoot: ThreadRoot(domain, "app", "4711", "1"),
		InReplyTo: "previous.mail@" + domain, References: []string{"first.mail@" + domain, "previous.mail@" + domain},
		ListID: "market." + domain, ListName: "Bicycle Market", LoopDomain: domain, Date: noon,
	}
}

// variants are the golden mails.
func variants() map[string]Notification {
	plain := ordinary()
	plain.Messages = []Message{{SenderName: "Ann Archer", Text: "Hello Carla, are you there?", At: noon}}
	plain.SenderNames, plain.Earlier, plain.ConversationURL, plain.InReplyTo, plain.References = plain.SenderNames[:1], 0, "", "", nil

	readOnly := plain
	readOnly.MayReply = false

	off := plain
	off.ReplyTo = gateway.Address{}

	german := ordinary()
	german.Locale, german.Subject, german.SenderNames = "de-AT", "Größe 54, blau – Übergabe am Samstag", []string{"Jörg Müller", "Ann", "Ben", "Çelik"}
	german.Messages = []Message{{SenderName: "Jörg Müller", Text: "Schöne Grüße aus Köln!\n\n\n\n\nBis später", At: noon}}

	arabic := plain
	arabic.Locale, arabic.Subject, arabic.SenderNames = "ar", "دراجة زرقاء", []string{"ليلى"}
	arabic.Messages = []Message{
		{SenderName: "ليلى", Text: "مرحبا، هل ما زالت الدراجة معروضة للبيع؟\nhttps://market.example.com/ads/4711", At: noon},
		{SenderName: "Ann", Text: "Yes, it is.", At: noon.Add(time.Minute)},
	}

	japanese := plain
	japanese.Locale, japanese.Subject, japanese.SenderNames = "ja", "", []string{"佐藤"}
	japanese.Messages = []Message{{SenderName: "佐藤", Text: "こんにちは。自転車はまだ販売中ですか。週末に見に行くことができますので、よろしければ住所を教えてください。ブレーキは新しいですか。", At: noon}}

	picture := ordinary()
	picture.Messages = append(picture.Messages[2:3:3], Message{
		SenderName: "Ann Archer", SenderPhoto: "https://market.example.com/ann.jpg", At: noon,
		Attachment: &File{Name: "bicycle.jpg", URL: "https://market.example.com/bicycle.jpg", Size: 1_234_567, Image: true},
	})
	return map[string]Notification{
		"ordinary": ordinary(), "plain": plain, "readonly": readOnly, "off": off,
		"german": german, "arabic": arabic, "japanese": japanese, "picture": picture, "rich": rich(),
	}
}

func TestGolden(t *testing.T) {
	for name, n := range variants() {
		t.Run(name, func(t *testing.T) {
			m, err := Compose(n)
			if err != nil {
				t.Fatal(err)
			}
			for ext, got := range map[string]string{".eml": string(m.Raw), ".txt": m.Text, ".html": m.HTML} {
				golden(t, name+ext, got)
			}
			if again, _ := Compose(n); !bytes.Equal(again.Raw, m.Raw) {
				t.Error("the same notification made another mail")
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; see what changed with go test -update and git diff", name)
	}
}
