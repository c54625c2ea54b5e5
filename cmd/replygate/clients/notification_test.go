package clients

import (
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/inbound/extract"
	"github.com/replygate/replygate/outbound/compose"
)

const (
	domain   = "chat.example.com"
	own      = "carla@example.net"
	ownName  = "Carla Conti"
	fileLink = "https://chat.example.com/f/f0aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func address(s string) gateway.Address {
	a, err := gateway.ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

// notification is what all scenarios share, as outbound fills it in.
func notification(senders []string, messages ...compose.Message) compose.Notification {
	return compose.Notification{
		From: address("chat@" + domain), SenderNames: senders, Via: "Bicycle Market",
		To: address(own), RecipientName: ownName,
		ReplyTo: address("r0aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj@" + domain), MayReply: true,
		Subject: "Blue touring bicycle, 54 cm", Messages: messages,
		ConversationURL: "https://market.example.com/inbox/4711",
		UnsubscribeURL:  "https://chat.example.com/u/u0aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj",
		UnsubscribeMail: address("u0aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj@" + domain),
		MessageID:       compose.MessageID(domain, "dlv_06f0abcdefghjkmnpqrstvwxyz"),
		ThreadRoot:      compose.ThreadRoot(domain, "app", "4711", "1"),
		ListID:          "market." + domain, ListName: "Bicycle Market", LoopDomain: domain, Date: noon,
	}
}

// scenarios are what the product told the person.
func scenarios() map[string]compose.Notification {
	said := func(who, text string, minutes int) compose.Message {
		return compose.Message{SenderName: who, Text: text, At: noon.Add(time.Duration(minutes) * time.Minute)}
	}
	carla := said(ownName, "Is the bicycle still for sale?", -180)
	carla.Own = true
	system := compose.Message{System: true, Text: "Ben joined the conversation", At: noon.Add(-2 * time.Hour)}
	bill := said("Ann Archer", "Here is the bill of the workshop:", -59)
	bill.Attachment = &compose.File{Name: "workshop bill.pdf", URL: fileLink, Size: 245_300}
	photo := said("Ben", "", -9)
	photo.SenderPhoto = "https://market.example.com/ben.jpg"
	photo.Attachment = &compose.File{Name: "bicycle.jpg", URL: "https://market.example.com/bicycle.jpg", Size: 1_234_567, Image: true}
	place := said("Ben", "I could bring it on Saturday 🚲 if you like.", -10)
	place.Location = &[2]float64{52.51628, 13.37771}

	several := notification([]string{"Ann Archer", "Ben"}, carla, system,
		said("Ann Archer", "Yes, it is! You can see it here:\nhttps://market.example.com/ads/4711?tab=photos&size=xl.\n\nThe brakes are new, the tyres have about two thousand kilometres behind them, and I would add the lights, the old bottle holder and a pump to it without asking for more money.", -60),
		bill, place, photo)
	several.Earlier = 4

	rtl := notification([]string{"ליאת כהן", "ليلى"},
		said("ליאת כהן", "שלום קרלה, האופניים עדיין למכירה? אפשר לבוא לראות אותם בסוף השבוע, אם זה נוח לך.\nhttps://market.example.com/ads/4711", -30),
		said("ليلى", "مرحبا، وأنا أيضا أود أن أراها يوم السبت إن أمكن. كم السعر؟", -20))
	rtl.Subject = "אופניים כחולים"

	cjk := notification([]string{"佐藤 花子", "王小明", "김민수"},
		said("佐藤 花子", "こんにちは。自転車はまだ販売中ですか。週末に見に行くことができますので、よろしければ住所を教えてください。ブレーキは新しいですか。", -30),
		said("王小明", "你好，我也想看看这辆自行车。星期六上午十点方便吗？", -20),
		said("김민수", "안녕하세요, 토요일에 같이 보러 가도 될까요?", -10))
	cjk.Subject = "青い自転車、54 cm"

	tricky := notification([]string{"Ann Archer"},
		said("Ann Archer", "> Is it still for sale?\n\nYes.\n\n-- \nAnn Archer\nFrom: the bicycle shop\nTo: everybody who asked\n\nOn Monday Ben wrote: I take it. But he never came.\n\n- brakes: new\n- tyres: so so\n- price: 240 €\n\n________________________________\nSent from my bicycle", -30))

	long := notification([]string{"Jörg Müller", "Ann", "Ben", "Çelik"},
		said("Jörg Müller", "Schöne Grüße aus Köln! Das Fahrrad steht im Keller, und der Schlüssel zum Keller hängt neben der Tür, gleich hinter dem Vorhang, den meine Großmutter genäht hat.\n\nWenn Sie klingeln, bitte lange klingeln, denn im Hof hört man nichts.", -300),
		said("Ann", "ok", -200), said("Ben", "👍", -100),
		said("Çelik", "Perhaps we should all meet at the workshop then, because the workshop has the right tools, the right light and, most of all, the right coffee; and if it rains we can stay inside.", -5))
	long.Subject = "Größe 54, blau – Übergabe am Samstag"

	weigh := said(ownName, "What does it weigh, and are the tyres tubeless?", -60)
	weigh.Own = true
	list := said("Ann Archer", "*12.4 kg* with the rack 🚲 and ~tubeless~ _tubed_, sorry. See the <https://market.example.com/ads/4711|advertisement>.\n- new chain and `11-34` cassette\n- `Schwalbe 35-622` tyres\n```\nframe   54 cm\nreach   382 mm\n```\nAnything else? 😄", -50)
	list.Quote = &compose.Quote{SenderName: ownName, Own: true, Text: weigh.Text}
	sticker := said("Ben", "", -10)
	sticker.Attachment = &compose.File{Name: "happy face", URL: "https://market.example.com/img/sticker.png", Image: true, Sticker: true}
	rich := notification([]string{"Ann Archer", "Ben"}, weigh, list, photo, sticker)

	return map[string]compose.Notification{
		"rich":    rich,
		"one":     notification([]string{"Ann Archer"}, said("Ann Archer", "Hello Carla, would Saturday at ten suit you?", 0)),
		"terse":   notification([]string{"Ann Archer"}, said("Ann Archer", "Ok?", 0)),
		"several": several, "rtl": rtl, "cjk": cjk, "tricky": tricky, "long": long,
	}
}

// scenarioNames are in the order in which they are dealt out.
var scenarioNames = []string{"one", "several", "rtl", "cjk", "tricky", "long", "terse", "rich"}

// sent is one mail the product made.
type sent struct {
	mail     compose.Mail
	original *original
}

// remembered is what the product keeps of the mail.
func (s *sent) remembered() extract.Sent {
	return extract.Sent{Text: s.mail.Text, HTML: compose.Quotable(s.mail.HTML), FromName: s.mail.FromName, Subject: s.mail.Subject}
}

// compositions makes every scenario in a locale of the product, once.
type compositions map[[2]string]*sent

func (c compositions) get(t *testing.T, scenario, locale string) *sent {
	t.Helper()
	k := [2]string{scenario, locale}
	if c[k] == nil {
		n := scenarios()[scenario]
		n.Locale = locale
		m, err := compose.Compose(n)
		if err != nil {
			t.Fatal(err)
		}
		o, err := receive(m.Raw)
		if err != nil {
			t.Fatal(err)
		}
		c[k] = &sent{m, o}
	}
	return c[k]
}
