package extract

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// composed are mails as the gateway composes them: the golden mails of the composer, so that what it changes is seen here.
var composed = []struct{ name, from, subject string }{
	{"ordinary", "Ann Archer, Ben via Bicycle Market", "Blue touring bicycle, 54 cm"},
	{"german", "Jörg Müller, Ann +2 via Bicycle Market", "Größe 54, blau – Übergabe am Samstag"},
	{"japanese", "佐藤（Bicycle Market）", "Bicycle Market での会話"},
	{"arabic", "ليلى عبر Bicycle Market", "دراجة زرقاء"},
	{"plain", "Ann Archer via Bicycle Market", "Blue touring bicycle, 54 cm"},
	{"picture", "Ann Archer, Ben via Bicycle Market", "Blue touring bicycle, 54 cm"},
}

const composedAddress = "r0aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj@chat.example.com"

func composedMail(tb testing.TB, name string) Sent {
	tb.Helper()
	for _, c := range composed {
		if c.name != name {
			continue
		}
		s := Sent{FromName: c.from, Subject: c.subject}
		for ext, to := range map[string]*string{".txt": &s.Text, ".html": &s.HTML} {
			raw, err := os.ReadFile(filepath.Join("..", "..", "outbound", "compose", "testdata", name+ext))
			if err != nil {
				tb.Fatal(err)
			}
			*to = string(raw)
		}
		return s
	}
	tb.Fatalf("no mail %q", name)
	return Sent{}
}

var linkIn = regexp.MustCompile(`https?://[^\s>)\]"]+`)

// treatments are what happens to a text between our sending it and its coming back quoted, but for marks and lines.
var treatments = map[string]func(string) string{
	"as it was": func(s string) string { return s },
	"links rewritten": func(s string) string {
		return linkIn.ReplaceAllStringFunc(s, func(l string) string {
			return "https://eur01.safelinks.protection.outlook.com/?url=" + url.QueryEscape(l) + "&data=05%7C02%7C%7C638&sdata=Ab%2Fc%3D&reserved=0"
		})
	},
	"links in brackets":    func(s string) string { return linkIn.ReplaceAllString(s, "<$0>") },
	"links dropped":        func(s string) string { return linkIn.ReplaceAllString(s, "") },
	"links in parentheses": func(s string) string { return linkIn.ReplaceAllString(s, "( $0 )") },
	"blank lines gone":     func(s string) string { return regexp.MustCompile(`\n+`).ReplaceAllString(s, "\n") },
	"blank lines doubled":  func(s string) string { return strings.ReplaceAll(s, "\n", "\n\n") },
	"spaces without break": func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") },
	"other quotes and dashes": func(s string) string {
		return strings.NewReplacer(`"`, "“", "'", "’", " - ", " – ", "...", "…").Replace(s)
	},
	"stars for bold": func(s string) string {
		return regexp.MustCompile(`(?m)^(\S[^\n]*) - `).ReplaceAllString(s, "*$1* - ")
	},
	"symbols lost": func(s string) string {
		return strings.Map(func(r rune) rune {
			if r > 0xffff {
				return '?'
			}
			return r
		}, s)
	},
}

// breaks are how lines are broken anew before or after they are marked.
var breaks = map[string]func(string) string{
	"as they were": func(s string) string { return s },
	"at 34":        func(s string) string { return eachLine(s, 34) },
	"at 50":        func(s string) string { return eachLine(s, 50) },
	"at 67":        func(s string) string { return eachLine(s, 67) },
	"paragraphs on one line": func(s string) string {
		var out []string
		for _, p := range regexp.MustCompile(`\n\n+`).Split(s, -1) {
			out = append(out, strings.ReplaceAll(p, "\n", " "))
		}
		return strings.Join(out, "\n\n")
	},
	"all on one line": func(s string) string { return strings.Join(strings.Fields(s), " ") },
}

// eachLine breaks lines at spaces, and within words that are longer.
func eachLine(s string, width int) string {
	var out []string
	for l := range strings.SplitSeq(s, "\n") {
		if utf8.RuneCountInString(l) <= width {
			out = append(out, l)
			continue
		}
		w := wrap(l, width)
		for l := range strings.SplitSeq(w, "\n") {
			r := []rune(l)
			for len(r) > width && !strings.Contains(l, "://") {
				out = append(out, string(r[:width]))
				r = r[width:]
			}
			out = append(out, string(r))
		}
	}
	return strings.Join(out, "\n")
}

var marks = map[string]string{"no mark": "", "> ": "> ", ">": ">", "| ": "| ", "spaces": "    ", "tab": "\t", ": ": ": ", "* ": "* ", "# ": "# ", "AA> ": "AA> ", "｜": "｜", "» ": "» "}

// introductions are what stands above; {f} is our name, {a} the address, {s} the subject.
var introductions = map[string]string{
	"Welsh":             "Ar Gwe, 20 Tach 2026 am 12:00, ysgrifennodd {f} <{a}>:",
	"no date":           "{f} <{a}> ysgrifennodd:",
	"name alone":        "{f}:",
	"address alone":     "<{a}>:",
	"date and name":     "2026-11-20 12:00 {f}:",
	"header block":      "Oddi wrth: {f} <{a}>\nAnfonwyd: 20 Tachwedd 2026 12:00\nAt: Carla Conti <carla@example.net>\nPwnc: {s}",
	"bold header block": "*Oddi wrth:* {f} <{a}>\n*Anfonwyd:* 20 Tachwedd 2026 12:00\n*At:* Carla Conti <carla@example.net>\n*Pwnc:* {s}",
	"marker":            "---- Neges wreiddiol ----\nOddi wrth: {f} <{a}>\nAnfonwyd: 20 Tachwedd 2026 12:00\nAt: carla@example.net\nPwnc: {s}",
	"rule":              "________________________________\nOddi wrth: {f} <{a}>\nAnfonwyd: 20 Tachwedd 2026 12:00\nAt: carla@example.net\nPwnc: {s}",
	"nothing":           "",
}

func (s *Sent) introduce(tmpl string) string {
	return strings.NewReplacer("{f}", s.FromName, "{a}", composedAddress, "{s}", s.Subject).Replace(tmpl)
}

func prefixed(s, mark string) string {
	if mark == "" {
		return s
	}
	return mark + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n"+mark)
}

var composedAnswers = []string{
	"Yes, gladly.", "👍", "Ja, am Samstag um zehn.\n\nBringen Sie das Licht mit?", "はい、土曜日に伺います。", "نعم، شكرا",
	"See you on Saturday, 20 Nov 2026.\n\n- one\n- two\n\nWhere do you live?", "ok",
}

// mangled is one way in which a composed mail comes back.
type mangled struct {
	sent                      Sent
	name, quote, intro, words string
	mark                      string
	marked                    bool
}

// mangle calls f for every combination, or for one in a share of them.
func mangle(t *testing.T, share int, f func(m mangled)) {
	t.Helper()
	n := 0
	for _, c := range composed {
		sent := composedMail(t, c.name)
		for _, tn := range slices.Sorted(maps.Keys(treatments)) {
			for _, bn := range slices.Sorted(maps.Keys(breaks)) {
				for _, mn := range slices.Sorted(maps.Keys(marks)) {
					for _, in := range slices.Sorted(maps.Keys(introductions)) {
						for _, brokenAfter := range []bool{false, true} {
							mark := marks[mn]
							if brokenAfter && (mark == "" || mark == "AA> ") {
								continue // initials within a line are words
							}
							if n++; n%share != 0 {
								continue
							}
							body := treatments[tn](strings.TrimRight(sent.Text, "\n"))
							if brokenAfter {
								body = breaks[bn](prefixed(body, mark))
							} else {
								body = prefixed(breaks[bn](body), mark)
							}
							f(mangled{
								sent, fmt.Sprintf("%s/%s/%s/%s/%s/%v", c.name, tn, bn, mn, in, brokenAfter), body, sent.introduce(introductions[in]),
								composedAnswers[n%len(composedAnswers)], mark, strings.Contains(mark, ">"),
							})
						}
					}
				}
			}
		}
	}
}

func (m *mangled) introduced() string {
	if m.intro == "" {
		return m.quote
	}
	return m.intro + "\n\n" + m.quote
}

func (m *mangled) check(t *testing.T, text, want string) {
	t.Helper()
	r := Extract(Input{Text: text, Sent: []Sent{m.sent}})
	if r.Text != want {
		t.Errorf("%s: of\n%s\ncame\n%s\n--------\nwant\n%s", m.name, text, r.Text, want)
	}
}

// share is which part of the combinations is run: one in share. REPLYGATE_LONG runs many more.
func share() int {
	if os.Getenv("REPLYGATE_LONG") != "" {
		return 3
	}
	return 101
}

func TestComposedTop(t *testing.T) {
	mangle(t, share(), func(m mangled) { m.check(t, m.words+"\n\n"+m.introduced()+"\n", m.words) })
}

func TestComposedBottom(t *testing.T) {
	mangle(t, share(), func(m mangled) { m.check(t, m.introduced()+"\n\n"+m.words+"\n", m.words) })
}

// TestComposedBoth holds that nothing is lost where a person writes above and below: what stands between is his question.
func TestComposedBoth(t *testing.T) {
	mangle(t, 3*share(), func(m mangled) {
		r := Extract(Input{Text: "First of all: thank you.\n\n" + m.introduced() + "\n\n" + m.words + "\n", Sent: []Sent{m.sent}})
		if !strings.HasPrefix(r.Text, "First of all: thank you.\n") || !strings.HasSuffix(r.Text, "\n"+m.words) || m.intro != "" && strings.Contains(r.Text, m.intro) {
			t.Errorf("%s: came\n%s", m.name, r.Text)
		}
	})
}

// TestComposedBetween holds that answers within the quotation stay, with the lines before them.
func TestComposedBetween(t *testing.T) {
	mangle(t, share(), func(m mangled) {
		lines := strings.Split(m.quote, "\n")
		var gaps []int // between lines, where a person would put an answer
		for i := 2; i < len(lines)-3; i++ {
			if strings.TrimLeft(lines[i], " >|:#*｜»\tA") == "" && strings.Contains(lines[i-1], " ") {
				gaps = append(gaps, i)
			}
		}
		if len(gaps) < 2 {
			return
		}
		one, two := gaps[0], gaps[len(gaps)/2]
		if two == one || !strings.ContainsFunc(strings.Join(lines[one:two], ""), unicode.IsLetter) {
			return
		}
		first, second := strings.Join(lines[:one], "\n"), strings.Join(lines[one:two], "\n")
		text := first + "\n\n" + m.words + "\n\n" + second + "\n\nAnd this is the second answer.\n\n" + strings.Join(lines[two:], "\n")
		if m.intro != "" {
			text = m.intro + "\n\n" + text
		}
		r := Extract(Input{Text: text, Sent: []Sent{m.sent}})
		if !strings.Contains("\n"+r.Text, "\n"+m.words+"\n") || !strings.HasSuffix(r.Text, "\n\nAnd this is the second answer.") {
			t.Errorf("%s: words are lost: of\n%s\ncame\n%s", m.name, text, r.Text)
		}
		if usual := m.marked || m.mark == "" || m.mark == "    "; usual && !strings.HasPrefix(content(r.Text), content(first)) {
			t.Errorf("%s: the question is lost: of\n%s\ncame\n%s", m.name, text, r.Text)
		}
	})
}

// TestComposedPart has only a part of the mail quoted.
func TestComposedPart(t *testing.T) {
	mangle(t, share(), func(m mangled) {
		lines := strings.Split(m.quote, "\n")
		n := len(lines)
		for _, part := range [][]string{lines[:n/2], lines[n/2:], lines[n/3 : 2*n/3+1]} {
			words := 0
			for _, l := range part {
				if strings.Count(l, " ") > 3 || !isASCII(l) {
					words++
				}
			}
			if words < 2 || m.intro == "" && !m.marked || !strings.HasPrefix(part[0], strings.TrimSpace(m.mark)) {
				continue // nothing tells it from what the person repeats on purpose, or it begins within a line
			}
			cut := m
			cut.quote = strings.Join(part, "\n")
			cut.check(t, m.words+"\n\n"+cut.introduced()+"\n", m.words)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// TestComposedTwice quotes an answer that quotes our mail.
func TestComposedTwice(t *testing.T) {
	mangle(t, share(), func(m mangled) {
		if m.intro == "" {
			return
		}
		own := "On 21 Nov 2026, at 08:00, Carla Conti <carla@example.net> wrote:"
		for _, text := range []string{
			m.words + "\n\n" + own + "\n\n" + prefixed("My first answer was another.\n\n"+m.introduced(), "> "),
			m.words + "\n\n________________________________\nFrom: Carla Conti\nSent: 21 November 2026 08:00\nTo: chat@chat.example.com\nSubject: Re: " + m.sent.Subject + "\n\nMy first answer was another.\n\n" + m.introduced(),
		} {
			m.check(t, text+"\n", m.words)
		}
	})
}

// TestComposedRed has the person write at the ends of our own lines, and between them: "see my answers in red".
func TestComposedRed(t *testing.T) {
	sent := composedMail(t, "ordinary")
	page := sent.HTML
	for _, c := range [][2]string{
		{"Is the bicycle still for sale?</", `Is the bicycle still for sale? <span style="color:red">Which one do you mean?</span></`},
		{"and I would add the lights.</p>", `and I would add the lights.</p><p style="color:red">That is kind of you</p>`},
		{"and I would add the lights.</div>", `and I would add the lights.</div><div style="color:red">That is kind of you</div>`},
	} {
		page = strings.Replace(page, c[0], c[1], 1)
	}
	headers := `<div style="border-top:solid"><p class=MsoNormal><b>Von:</b> Ann Archer, Ben via Bicycle Market &lt;chat@chat.example.com&gt;<br><b>Gesendet:</b> Freitag, 20. November 2026 13:00<br><b>An:</b> Carla<br><b>Betreff:</b> Blue touring bicycle, 54 cm</p></div>`
	typed := "Is the bicycle still for sale? Which one do you mean?"
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"Outlook, told":      {`<p class=MsoNormal>See my answers in red.</p>` + headers + page, []string{"See my answers in red.", typed, "That is kind of you"}},
		"Outlook, not told":  {`<p class=MsoNormal>Thanks!</p>` + headers + page, []string{"Thanks!", typed}},
		"Outlook, only that": {headers + page, []string{typed, "That is kind of you"}},
		"Gmail":              {`<div>Unten</div><div class="gmail_quote"><div class="gmail_attr">Ann:</div><blockquote class="gmail_quote">` + page + `</blockquote></div>`, []string{"Unten", "> " + typed, "That is kind of you"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := Extract(Input{HTML: c.body, Sent: []Sent{sent}})
			at := 0
			for _, w := range c.want {
				i := strings.Index(r.Text[at:], w)
				if i < 0 {
					t.Fatalf("%q is not in its place in\n%s", w, r.Text)
				}
				at += i + len(w)
			}
			if strings.Contains(r.Text, "Reply to this mail") || r.Posting != PostingInterleaved {
				t.Errorf("text\n%s\nposting %s", r.Text, r.Posting)
			}
			if !strings.Contains(r.HTML, "Which one do you mean?") {
				t.Errorf("HTML %s", r.HTML)
			}
		})
	}
	text := strings.Replace(sent.Text, "Is the bicycle still for sale?", typed, 1)
	r := Extract(Input{Text: "See below.\n\nAnn Archer, Ben via Bicycle Market:\n\n" + prefixed(text, "> "), Sent: []Sent{sent}})
	if r.Text != "See below.\n\n> "+typed {
		t.Errorf("text\n%s", r.Text)
	}
}
