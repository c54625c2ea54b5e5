package compose

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var showDir = flag.String("show", "", "write the mails that docs/mail shows into this directory")

// shows are the mails whose pictures stand in docs/mail.
func shows() map[string]Notification {
	all := variants()
	conversation := all["ordinary"]
	conversation.Messages[2].SenderPhoto = "https://market.example.com/img/ann.svg"
	conversation.Messages[3].SenderPhoto = conversation.Messages[2].SenderPhoto
	return map[string]Notification{
		"conversation": conversation, "rich": all["rich"], "arabic": all["arabic"], "japanese": all["japanese"], "readonly": all["readonly"],
		"busy": busy(), "hebrew": designs()["busy, from right to left, for readers"],
	}
}

// TestShow writes the mails of docs/mail when asked to, and holds that they are
// small.
func TestShow(t *testing.T) {
	for name, n := range shows() {
		m := compose(t, n)
		if len(m.HTML) > MaxHTML*2/3 {
			t.Errorf("%s has %d octets", name, len(m.HTML))
		}
		if *showDir == "" {
			continue
		}
		for ext, part := range map[string]string{".html": m.HTML, ".txt": m.Text} {
			if err := os.WriteFile(filepath.Join(*showDir, name+ext), []byte(part), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// rich is a mail with everything a message can hold.
func rich() Notification {
	n := ordinary()
	n.SenderNames, n.Earlier = []string{"Ann Archer", "Ben"}, 0
	n.People = n.SenderNames
	photo := "https://market.example.com/img/ann.svg"
	n.Messages = []Message{
		{SenderID: "carla", SenderName: "Carla Conti", Own: true, Text: "What does it weigh, and are the tyres tubeless?", At: noon.Add(-time.Hour)},
		{
			SenderID: "ann", SenderName: "Ann Archer", SenderPhoto: photo, At: noon.Add(-50 * time.Minute),
			Quote: &Quote{SenderName: "Carla Conti", Own: true, Text: "What does it weigh, and are the tyres *tubeless*?"},
			Text: "*12.4 kg* with the rack :bike: and ~tubeless~ _tubed_, sorry. <@ben|Ben> measured it, see <https://market.example.com/ads/4711|the advertisement>.\n" +
				"- new chain and `11-34` cassette\n- `Schwalbe 35-622` tyres\n```\nframe   54 cm\nreach   382 mm\nstack   571 mm\n```\nAnything else? :smile:",
		},
		{
			SenderID: "ann", SenderName: "Ann Archer", SenderPhoto: photo, At: noon.Add(-49 * time.Minute),
			Attachment: &File{Name: "bicycle.jpg", URL: "https://market.example.com/img/bicycle.svg", Size: 184_000, Image: true},
		},
		{
			SenderID: "ben", SenderName: "Ben", At: noon.Add(-10 * time.Minute),
			Attachment: &File{Name: "happy face", URL: "https://market.example.com/img/sticker.svg", Image: true, Sticker: true},
		},
	}
	return n
}
