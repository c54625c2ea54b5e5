package compose

import (
	"fmt"
	"html"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWrap(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"short":         {"Hello", "Hello"},
		"lines stay":    {"a\n\nb", "a\n\nb"},
		"at a space":    {strings.Repeat("word ", 20), strings.Repeat("word ", 13) + "word\n" + strings.TrimSpace(strings.Repeat("word ", 6))},
		"long word":     {"see " + strings.Repeat("x", 100) + " there", "see\n" + strings.Repeat("x", 100) + "\nthere"},
		"indent stays":  {"  - item", "  - item"},
		"Chinese":       {strings.Repeat("中", 40), strings.Repeat("中", 36) + "\n" + strings.Repeat("中", 4)},
		"not before 。":  {strings.Repeat("中", 36) + "。好", strings.Repeat("中", 35) + "\n中。好"},
		"marks count 0": {strings.Repeat("e\u0301", 72), strings.Repeat("e\u0301", 72)},
	} {
		if got := wrap(c.in); strings.TrimRight(got, " ") != c.want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestLinks(t *testing.T) {
	for in, want := range map[string][]span{
		"no link":                        {{Text: "no link"}},
		"":                               nil,
		"see https://x.example/a?b=c#d.": {{Text: "see "}, {Text: "https://x.example/a?b=c#d", URL: "https://x.example/a?b=c#d"}, {Text: "."}},
		"(http://x.example/a_(b))":       {{Text: "("}, {Text: "http://x.example/a_(b)", URL: "http://x.example/a_(b)"}, {Text: ")"}},
		"https://x.example/ü":            {{Text: "https://x.example/ü", URL: "https://x.example/%C3%BC"}},
		"xhttps://x.example":             {{Text: "xhttps://x.example"}},
		"https://":                       {{Text: "https"}, {Text: "://"}},
		"javascript://x.example":         {{Text: "javascript://x.example"}},
		"http://u:p@x.example/":          {{Text: "http://u:p@x.example/"}},
	} {
		if got := parseLine(in, nil); joined(got) != joined(want) || hrefs(got) != hrefs(want) {
			t.Errorf("%q: got %v", in, got)
		}
	}
}

func joined(l []span) string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.Text)
	}
	return b.String()
}

func hrefs(l []span) string {
	var all []string
	for _, s := range l {
		if s.URL != "" {
			all = append(all, s.URL)
		}
	}
	return strings.Join(all, " ")
}

func TestClean(t *testing.T) {
	for _, c := range []struct{ in, line, text string }{
		{"a\r\nb", "a b", "a\nb"},
		{"a\x00\x1b[31m\u0085b", "a [31m b", "a[31mb"},
		{"\u202egpj.exe\u202c", "gpj.exe", "gpj.exe\u202c"},
		{"\u2066x\u2069\u200f", "x", "\u2066x\u2069\u200f"},
		{"a\u2028b\u2029c", "a b c", "a\nb\n\nc"},
		{"\xffa\xc3", "a", "a"},
		{"a \t b", "a b", "a      b"},
		{"\n\n a\n\n\n\n\nb \n", "a b", " a\n\n\nb"},
		{"👩‍👩‍👧", "👩‍👩‍👧", "👩‍👩‍👧"},
		{"می\u200cخواهم", "می\u200cخواهم", "می\u200cخواهم"},
	} {
		if got := cleanLine(c.in, 64); got != c.line {
			t.Errorf("line %q: got %q", c.in, got)
		}
		if got := cleanText(c.in); got != c.text {
			t.Errorf("text %q: got %q", c.in, got)
		}
	}
	if got := cleanLine(strings.Repeat("e\u0301", 60), 10); utf8.RuneCountInString(got) > 10 || !strings.HasSuffix(got, "e…") && !strings.HasSuffix(got, "…") {
		t.Errorf("cut to %q", got)
	}
}

func TestDirection(t *testing.T) {
	for in, want := range map[string]string{
		"hello": "ltr", "مرحبا": "rtl", "שלום": "rtl", "OK, שלום לכולם": "rtl", "The word שלום": "ltr", "123 😀": "fallback", "": "fallback", "привет": "ltr",
	} {
		if got := direction(in, "fallback"); got != want {
			t.Errorf("%q: got %s", in, got)
		}
	}
}

func TestLanguage(t *testing.T) {
	for tag, want := range map[string]string{
		"": "en", "de": "de", "de-AT": "de", "pt_BR": "pt", "zh-Hant-TW": "zh-hant", "zh-TW": "zh-hant", "zh-CN": "zh", "iw": "he", "AR-eg": "ar", "tlh": "en", "-": "en", "\r\n": "en",
	} {
		if _, got, _ := language(tag); got != want {
			t.Errorf("%q: got %s, want %s", tag, got, want)
		}
	}
	if len(locales) < 12 {
		t.Errorf("only %d languages", len(locales))
	}
	for tag, w := range locales {
		v := reflect.ValueOf(*w)
		for i := range v.NumField() {
			name, s := v.Type().Field(i).Name, v.Field(i).String()
			if s == "" {
				t.Errorf("%s: %s is missing", tag, name)
			}
			verbs := map[string]int{"Via": 2, "Conversation": 1, "Earlier": 1, "People": 1, "Why": 1}[name]
			if strings.Count(s, "%") != verbs {
				t.Errorf("%s: %s has not %d verbs: %q", tag, name, verbs, s)
			}
		}
		if strings.Count(w.Earlier, "%d") != 1 || strings.Count(w.Why, "%s") != 1 || !strings.Contains(w.Time, "15:04 MST") {
			t.Errorf("%s: wrong verbs, or no time with its zone", tag)
		}
	}
}

// TestSize holds every message to the room there is, and counts what was left out.
func TestSize(t *testing.T) {
	long := strings.Repeat("a", 850)
	for name, spoil := range map[string]func(*Notification){
		"one long text": func(n *Notification) {
			n.Messages = []Message{{SenderName: "Ann", Text: strings.Repeat("word ", 20_000)}}
		},
		"one long line": func(n *Notification) { n.Messages = []Message{{SenderName: "Ann", Text: strings.Repeat("<&", 50_000)}} },
		"one of Chinese": func(n *Notification) {
			n.Messages = []Message{{SenderName: "王", Text: strings.Repeat("中", 50_000)}}
		},
		"many lines": func(n *Notification) {
			n.Messages = []Message{{SenderName: "Ann", Text: strings.Repeat("a\n", 50_000)}}
		},
		"ten thousand lines with markup": func(n *Notification) {
			n.Messages = []Message{{SenderName: "Ann", Text: strings.Repeat("- *a* _b_ `c` :wave: <@ann>\n", 10_000)}}
		},
		"code of ten thousand lines": func(n *Notification) {
			n.Messages = []Message{{SenderName: "Ann", Text: "```\n" + strings.Repeat("<x>\n", 10_000) + "```"}}
		},
		"many links": func(n *Notification) {
			n.Messages = []Message{{SenderName: "Ann", Text: strings.Repeat("https://x.y/&&& ", 9_000)}}
		},
		"many long links": func(n *Notification) {
			n.Messages = []Message{{SenderName: "Ann", Text: strings.Repeat("https://x.y/"+long+" ", 900)}}
		},
		"one odd link": func(n *Notification) {
			n.Messages = []Message{{SenderName: "Ann", Text: "http://x.y/" + strings.Repeat(")", 60_000)}}
		},
		"many messages": func(n *Notification) {
			n.Messages = nil
			for range 1000 {
				n.Messages = append(n.Messages, Message{SenderName: "Ann", Text: "Hello", At: noon})
			}
		},
		"all at its longest":              func(n *Notification) { longest(n, strings.Repeat("a", 850)) },
		"all at its longest, escaped":     func(n *Notification) { longest(n, strings.Repeat("&", 850)) },
		"all at its longest, in brackets": func(n *Notification) { longest(n, strings.Repeat("(", 850)) },
		"all at its longest, a template's subject": func(n *Notification) {
			longest(n, strings.Repeat("&", 850))
			n.Subject, n.Template.Subject = "", strings.Repeat("\"", 500)
		},
		"all at its longest, in many languages": func(n *Notification) {
			longest(n, "x")
			for i := range n.Messages {
				n.Messages[i].SenderName, n.Messages[i].SenderPhoto, n.Messages[i].Text = strings.Repeat(fmt.Sprint("名", i), 40), "", "名"
			}
			n.Messages = append(n.Messages, n.Messages...)
		},
		"all at its longest, one left": func(n *Notification) { longest(n, strings.Repeat("&", 850)); n.Messages = n.Messages[:1] },
	} {
		t.Run(name, func(t *testing.T) {
			n := ordinary()
			spoil(&n)
			m := compose(t, n)
			if len(m.HTML) > MaxHTML || len(m.HTML) < 5000 {
				t.Errorf("the HTML part has %d octets", len(m.HTML))
			}
			if !strings.HasSuffix(strings.TrimSpace(m.HTML), "</html>") || strings.Count(m.HTML, "<pre") != strings.Count(m.HTML, "</pre>") {
				t.Error("the HTML part is cut")
			}
			if m.Omitted >= len(n.Messages) {
				t.Errorf("nothing is shown: %d of %d omitted", m.Omitted, len(n.Messages))
			}
			t.Logf("HTML %d, text %d, raw %d octets, omitted %d of %d", len(m.HTML), len(m.Text), len(m.Raw), m.Omitted, len(n.Messages))
		})
	}
}

// longest gives every string its greatest length, and more.
func longest(n *Notification, tail string) {
	link := "https://x.example/?" + tail
	n.ConversationURL, n.UnsubscribeURL = link, link
	n.Subject, n.Via, n.Locale = strings.Repeat("\"😀", 200), strings.Repeat("\"😀", 200), "ru"
	m := Message{
		SenderName: strings.Repeat("'😀", 99), SenderPhoto: link, Text: strings.Repeat("'😀 https://x.y/& ", 4000), At: noon,
		Location:   &[2]float64{-12.3456789, -123.456789},
		Attachment: &File{Name: strings.Repeat("'😀", 99), URL: link, Size: 1 << 40, Image: true},
	}
	other := m
	other.Own = true
	n.Messages = []Message{m, other, m, other, m, other, m}
	for range 9 {
		n.People = append(n.People, strings.Repeat("\"😀", 99))
	}
}

// TestWhoCanReply: the mail says what is true of replying.
func TestWhoCanReply(t *testing.T) {
	all := variants()
	for tag, w := range locales {
		for name, want := range map[string]string{"plain": w.Reply, "readonly": w.ReadOnly, "off": w.NoReply} {
			n := all[name]
			n.Locale = tag
			m := compose(t, n)
			unwrapped := strings.NewReplacer("\n", "", " ", "", "\u00a0", "").Replace
			for part, text := range map[string]string{"text": m.Text, "html": html.UnescapeString(m.HTML)} {
				if !strings.Contains(unwrapped(text), unwrapped(want)) {
					t.Errorf("%s: the %s part of %s does not say %q", tag, part, name, want)
				}
				if name != "plain" && strings.Contains(unwrapped(text), unwrapped(w.Forward)) {
					t.Errorf("%s: the %s part of %s speaks of forwarding", tag, part, name)
				}
			}
		}
	}
}

func TestTextLines(t *testing.T) {
	for name, n := range variants() {
		for l := range strings.SplitSeq(compose(t, n).Text, "\n") {
			if columns(l) > 76 && !strings.HasPrefix(l, "https://") {
				t.Errorf("%s: %q is wider than 76 columns", name, l)
			}
			if strings.TrimRight(l, " ") != l {
				t.Errorf("%s: %q ends with a space", name, l)
			}
		}
	}
}

func BenchmarkCompose(b *testing.B) {
	for _, name := range []string{"plain", "ordinary", "japanese"} {
		n := variants()[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Compose(n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestFileName: what kind of file it is can be told of a name that is cut.
func TestFileName(t *testing.T) {
	long := strings.Repeat("ü ", 50)
	for in, want := range map[string]string{
		"a.pdf":                 "a.pdf",
		"a\r\nb\u202efdp.exe":   "a bfdp.exe",
		long + "z.jpg":          strings.Repeat("ü ", 29) + "ü….jpg",
		long + ".a very long 1": strings.Repeat("ü ", 31) + "ü…",
		"":                      "",
	} {
		if got := fileName(in); got != want || utf8.RuneCountInString(got) > maxName {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// TestPeople: who takes part is said in every language, in both parts, in one
// line, and bounded.
func TestPeople(t *testing.T) {
	for tag, w := range locales {
		if strings.Count(w.People, "%s") != 1 {
			t.Errorf("%s: %q", tag, w.People)
		}
		n := ordinary()
		if m := compose(t, n); strings.Contains(m.Text+m.HTML, "In this conversation") {
			t.Error("nobody was named, and it is said who takes part")
		}
		n.Locale, n.MorePeople = tag, 4
		n.People = []string{"Ann\r\nBcc: x", "<b>", "", "Dora", "\u202eEve", "Fay", "Gus", "Hal"}
		m := compose(t, n)
		want := fmt.Sprintf(w.People, strings.Join([]string{"Ann Bcc: x", "<b>", w.Someone, "Dora", "Eve", "Fay", w.You}, ", ")+" +6")
		unwrapped := strings.NewReplacer("\n", "", " ", "").Replace
		for part, text := range map[string]string{"text": m.Text, "html": html.UnescapeString(m.HTML)} {
			if !strings.Contains(unwrapped(text), unwrapped(want)) {
				t.Errorf("%s: the %s part does not say %q", tag, part, want)
			}
		}
	}
}
