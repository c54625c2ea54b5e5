package compose

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// supportBoard is a template as Support Board's users have it.
const supportBoard = `<p>Hello {recipient_name}!</p>
<table><tr><td><img src="{sender_profile_image}" width="40" alt="{sender_name}"></td><td><b>{sender_name}</b></td></tr></table>
<p>{message}</p>
<p>{attachments}</p>
<p><a href="{conversation_link}">Conversation #{conversation_id}</a></p>
<style>p{color:#333} .x {message_x: 1}</style>`

// templated is an ordinary mail with a template.
func templated(t Template) Notification {
	n := ordinary()
	n.ConversationID, n.NeutralPhoto = "4711", "https://chat.example.com/person.png"
	n.RecipientCustom, n.ConversationCustom = map[string]string{"plan": "gold"}, map[string]string{"ad": "blue bike"}
	n.Template = t
	return n
}

func TestMergeFields(t *testing.T) {
	n := templated(Template{
		HTML:    supportBoard,
		Text:    "Hello {recipient_name},\n{sender_name} wrote:\n\n{message}\n\n{attachments}\n{conversation_link} #{conversation_id} {photo}",
		Subject: "{sender_name} wrote to you, {recipient_name}",
	})
	n.Messages[2].Text = "Tom & \"Jerry\" <b>\nsecond line"
	m := compose(t, n)
	if m.TemplateErr != nil {
		t.Fatal(m.TemplateErr)
	}
	for _, want := range []string{
		"<p>Hello Carla Conti!</p>", `<img src="https://chat.example.com/person.png" width="40" alt="Ann Archer, Ben">`, "<b>Ann Archer, Ben</b>",
		"<b>Ann Archer</b><br>Tom &amp; &#34;Jerry&#34; &lt;b&gt;<br>second line", "<br><br><b>Ben</b><br>I could bring it",
		`<a class="link" href="https://chat.example.com/a/0123456789abcdef" style="color:#2457c5">workshop bill.pdf</a> (245 kB)<br><a`,
		`<a href="https://market.example.com/inbox/4711">Conversation #4711</a>`, "<style>p{color:#333} .x {message_x: 1}</style>",
		n.UnsubscribeURL, "<!DOCTYPE html>", `<html lang="en" dir="ltr">`,
	} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the HTML part lacks %s\n%s", want, m.HTML)
		}
	}
	if strings.Contains(m.HTML, "Is the bicycle still for sale") {
		t.Error("the recipient's own words are in {message}")
	}
	for _, want := range []string{
		"Hello Carla Conti,\nAnn Archer, Ben wrote:\n\nAnn Archer:\nTom & \"Jerry\" <b>\nsecond line\n\nAnn Archer:\nHere is the bill",
		"workshop bill.pdf (245 kB)\nhttps://chat.example.com/a/0123456789abcdef\n52.51628, 13.37771\nhttps://www.openstreetmap.org/",
		"https://market.example.com/inbox/4711 #4711 {photo}\n\nUnsubscribe:\n" + n.UnsubscribeURL + "\n",
	} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the text part lacks %q\n%s", want, m.Text)
		}
	}
	if m.Subject != "Ann Archer, Ben wrote to you, Carla Conti" {
		t.Errorf("the subject is %q", m.Subject)
	}
}

func TestMergeFieldsEmpty(t *testing.T) {
	n := templated(Template{HTML: supportBoard, Text: "{message}{conversation_link}{attachments}", Subject: "{attachments}"})
	n.ConversationURL, n.Messages = "", []Message{{Text: "Hello"}}
	m := compose(t, n)
	if m.TemplateErr != nil || !strings.Contains(m.HTML, `<a href="">`) || !strings.HasPrefix(m.Text, "Hello\n\nUnsub") || m.Subject != n.Subject {
		t.Errorf("%v, %q, %q\n%s", m.TemplateErr, m.Subject, m.Text, m.HTML)
	}
}

func TestTemplateLanguage(t *testing.T) {
	n := templated(Template{
		HTML: `<html lang="{{.Locale}}"><head><!--[if mso]><xml>{{.App}}</xml><![endif]--></head><body>
<!-- a remark -->{{if gt .Earlier 2}}{{.Earlier}} more. {{end}}{{range $i, $m := .Messages}}{{if $i}}<hr>{{end}}
{{- if .System}}<i>{{.HTML}}</i>{{else if .Own}}me{{else}}<b style="color:{{.Sender.Color}}">{{.Sender.Name | upper}}</b> {{date "15:04" .At}}: {{.HTML}}
{{- with .File}} [{{.Name}}, {{.Size}}]{{end}}{{with .Location}} @{{.Text}}{{end}}{{end}}{{end}}
{{.Recipient.Custom.plan}}/{{.Recipient.Custom.nothing}}/{{.Conversation.Custom.ad | truncate 5}} {{printf "%03d" (len .Messages)}} {{print .MayReply}}
<!--[if !mso]><!--><a href="{{.UnsubscribeURL}}">leave</a><!--<![endif]--></BODY></html>`,
		Text: `{{range .Messages}}{{.Time}} {{.Text}}
{{end}}{{.Words.notice}} {{.UnsubscribeURL}}`,
	})
	m := compose(t, n)
	if m.TemplateErr != nil {
		t.Fatal(m.TemplateErr)
	}
	for _, want := range []string{
		"<!--[if mso]><xml>Bicycle Market</xml><![endif]-->", "<body>\n4 more. me<hr><i>Ben joined the conversation</i><hr>",
		"ANN ARCHER</b> 11:00: Yes, it is!", "[workshop bill.pdf, 245 kB]", "@52.51628", "gold//blue… 005 true",
		`<!--[if !mso]><!--><a href="` + n.UnsubscribeURL + `">leave</a><!--<![endif]--></BODY></html>`,
	} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("the HTML part lacks %s\n%s", want, m.HTML)
		}
	}
	if strings.Contains(m.HTML, "remark") || strings.Count(m.HTML, n.UnsubscribeURL) != 1 || strings.Count(m.Text, n.UnsubscribeURL) != 1 {
		t.Errorf("%s\n%s", m.HTML, m.Text)
	}
}

// TestUnsubscribeAppended: before the end of the body, and in the app's words.
func TestUnsubscribeAppended(t *testing.T) {
	n := templated(Template{HTML: "<html><body>Hello</body></html>", Text: "Hello"})
	n.UnsubscribeText = "No more of <this>"
	n.UnsubscribeURL += "?a=1&b=2"
	m := compose(t, n)
	if !strings.Contains(m.HTML, `b=2" style="color:#5f6878">No more of &lt;this&gt;</a></p>`+"\n</body></html>") {
		t.Error(m.HTML)
	}
	if !strings.HasSuffix(m.Text, "Hello\n\nNo more of <this>:\n"+n.UnsubscribeURL+"\n") {
		t.Error(m.Text)
	}
	n.Template = Template{}
	if m := compose(t, n); !strings.Contains(m.HTML, "No more of &lt;this&gt;") || !strings.Contains(m.Text, "No more of <this>:") {
		t.Error("the default mail has not the app's words")
	}
}

// TestBrokenTemplate: the mail goes out with our own design, part by part, and
// says what was wrong.
func TestBrokenTemplate(t *testing.T) {
	var c Composer
	want := compose(t, ordinary())
	for _, b := range broken {
		n := ordinary()
		n.Template = Template{HTML: b.source, Text: b.source, Subject: b.source}
		for range 2 { // the second time from what is kept
			m, err := c.Compose(n)
			if err != nil {
				t.Fatal(err)
			}
			var te *TemplateError
			if m.TemplateErr == nil || !errors.As(m.TemplateErr, &te) || te.Line < 1 || te.Column < 1 {
				// What fails for want of a field fails where the field is asked for.
				if !strings.Contains(b.source, "MayReply") {
					t.Errorf("%.60q: the error is %v", b.source, m.TemplateErr)
				}
				continue
			}
			if m.HTML != want.HTML || m.Text != want.Text || m.Subject != want.Subject {
				t.Errorf("%.60q: not the default mail", b.source)
			}
		}
	}
	n := templated(Template{HTML: "{{.Nothing}}", Text: "Hello {recipient_name}"})
	m := compose(t, n)
	if m.HTML != want.HTML || !strings.HasPrefix(m.Text, "Hello Carla Conti\n") || m.TemplateErr == nil {
		t.Error("one broken part takes another with it")
	}
}

// TestTemplatesAtOnce: one parsed template serves mails at the same time, each
// with its own words.
func TestTemplatesAtOnce(t *testing.T) {
	var c Composer
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				n := templated(Template{HTML: "<p>{recipient_name}: {message}", Text: "{recipient_name}: {message}"})
				n.RecipientName = fmt.Sprintf("Person %d", i)
				n.Messages = []Message{{Text: fmt.Sprintf("Message *%d*", i)}}
				m, err := c.Compose(n)
				if err != nil || m.TemplateErr != nil {
					t.Errorf("%v, %v", err, m.TemplateErr)
					return
				}
				if !strings.HasPrefix(m.Text, fmt.Sprintf("Person %d: Message *%d*\n", i, i)) || !strings.Contains(m.HTML, fmt.Sprintf("<p>Person %d: Message <b>%d</b>", i, i)) {
					t.Errorf("got %s", m.Text)
				}
			}
		})
	}
	wg.Wait()
	if len(c.programs.programs) != 2 {
		t.Errorf("%d templates are kept", len(c.programs.programs))
	}
	for i := range 2 * maxPrograms {
		c.programs.get(partSource{PartText, fmt.Sprint(i)})
	}
	if got := len(c.programs.programs); got > maxPrograms {
		t.Errorf("%d templates are kept", got)
	}
}

// FuzzTemplate: no template stops a mail, breaks its wire form or runs long.
func FuzzTemplate(f *testing.F) {
	for _, b := range broken {
		if len(b.source) < 2000 {
			f.Add(b.source)
		}
	}
	f.Add(supportBoard)
	f.Add("{{range $i, $m := .Messages}}{{if $i}}<hr>{{end}}<p title=\"{sender_name}\">{{$m.HTML}}</p>{{else}}x{{end}}<!--[if mso]>{message}<![endif]-->")
	f.Add("<script>{message}</script><style>{message}</style><a href={message}><textarea>{message}")
	f.Fuzz(func(t *testing.T, source string) {
		n := templated(Template{HTML: source, Text: source, Subject: source})
		start := time.Now()
		ps := Validate(n.Template)
		m := compose(t, n)
		if took := time.Since(start); took > time.Minute {
			t.Fatalf("took %v", took)
		}
		for _, p := range ps {
			if p.Line < 1 || p.Column < 1 || p.Reason == "" {
				t.Fatalf("problem %+v", p)
			}
		}
		if err := onWire(m.Raw); err != nil {
			t.Fatal(err)
		}
		if len(m.HTML) > MaxCustom+4096 || !strings.Contains(m.Text, n.UnsubscribeURL) {
			t.Fatalf("%d octets of HTML, text %q", len(m.HTML), m.Text)
		}
	})
}

func BenchmarkTemplate(b *testing.B) {
	n := templated(Template{HTML: supportBoard, Text: "{{range .Messages}}{{.Sender.Name}}: {{.Text}}\n{{end}}"})
	b.Run("kept", func(b *testing.B) {
		var c Composer
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Compose(n); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parsed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Compose(n); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestDocs: the templates of the documentation are sound.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	for i, block := range strings.Split(string(page), "```") {
		kind, source, _ := strings.Cut(block, "\n")
		if i%2 == 0 || kind == "json" {
			continue
		}
		examples++
		tm := Template{Text: source}
		if kind == "html" {
			tm = Template{HTML: source}
		}
		if ps := Validate(tm); ps != nil {
			t.Errorf("%v in\n%s", ps, source)
		}
	}
	if examples != 3 {
		t.Errorf("%d examples", examples)
	}
}
