package clients

import (
	"flag"
	"fmt"
	"go/format"
	"hash/fnv"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/replygate/replygate/inbound/extract"
	"github.com/replygate/replygate/inbound/message"
)

var update = flag.Bool("update", false, "write the table of known failures anew")

// locales are the product's own languages a reply may answer, besides the person's.
var locales = []string{"", "en", "de", "ar", "ja", "ru"}

// universal are answers that are the same in every language; they are dealt out
// among those of the language.
var universal = []string{
	"👍",
	"Ok",
	"https://maps.example.org/place?id=17&zoom=3",
	"1. 10:00\n2. 11:30\n\n- A\n- B\n\n240 €",
}

// trial is one reply.
type trial struct {
	client   *client
	language *language
	style    *style
	scenario string
	locale   string
	words    string
	encoding string
}

func (k trial) class() string { return k.client.name + " / " + k.style.name }

func (k trial) String() string {
	return fmt.Sprintf("%s / %s / %s / %s in %q / %s / %q", k.client.name, k.style.name, k.language.tag, k.scenario, k.locale, k.encoding, k.words[:min(12, len(k.words))])
}

// pick deals n things out to trials, evenly and always the same.
func pick(n int, parts ...string) int {
	h := fnv.New32a()
	h.Write([]byte(strings.Join(parts, "\x00")))
	return int(h.Sum32()>>8) % n
}

// share is the part of the combinations that is always run: one in share.
const share = 10

// trials are the combinations to run: every client in every language and style
// with every scenario, or a fixed share of them with one scenario each.
func trials(langs []language, all bool) []trial {
	var out []trial
	clients := slices.Concat(webClients, appClients)
	for ci := range clients {
		for li := range langs {
			for si := range styles {
				c, l, s := &clients[ci], &langs[li], &styles[si]
				if !s.fits(c) {
					continue
				}
				if !all && pick(share, c.name, s.name, l.tag, "share") != 0 {
					continue
				}
				for n, scenario := range scenarioNames {
					if !all && n != pick(len(scenarioNames), c.name, l.tag, s.name) {
						continue
					}
					k := trial{client: c, language: l, style: s, scenario: scenario}
					k.locale = locales[pick(len(locales), c.name, s.name, l.tag, scenario, "locale")]
					if k.locale == "" {
						k.locale = l.tag
					}
					words := append([]string{l.short, l.long, l.short, l.long}, universal...)
					k.words = words[pick(len(words), c.name, l.tag, s.name, scenario, "words")]
					k.encoding = encodings[pick(len(encodings), c.name, l.tag, s.name, scenario, "encoding")]
					out = append(out, k)
				}
			}
		}
	}
	return out
}

// run lets the person answer and returns what the product makes of it.
func (k trial) run(t *testing.T, made compositions) (w written, raw []byte, r extract.Result) {
	t.Helper()
	s := made.get(t, k.scenario, k.locale)
	w = k.style.write(k.client, &reply{o: s.original, l: k.language, words: k.words})
	raw = w.raw(s.original, k.encoding)
	m, err := message.Parse(raw)
	if err != nil {
		t.Fatalf("%s: %v", k, err)
	}
	in := extract.Input{
		Text: m.Text, HTML: m.HTML, Flowed: m.TextFlowed, DelSp: m.TextDelSp, Subject: m.Subject,
		Redact: extract.Redact{MailDomains: []string{domain}, LinkHosts: []string{domain}},
	}
	other := made.get(t, scenarioNames[pick(len(scenarioNames), k.client.name, k.language.tag, k.words)], k.locale)
	in.Sent = []extract.Sent{s.remembered(), other.remembered()}
	if pick(2, k.client.name, k.style.name, k.language.tag) == 0 {
		in.Sent[0], in.Sent[1] = in.Sent[1], in.Sent[0]
	}
	return w, raw, extract.Extract(in)
}

// TestReplies holds that the person's words come out exactly.
func TestReplies(t *testing.T) {
	measure(t, languages, "first languages")
}

// TestBreadth holds that the tables are as wide as they claim, and complete.
func TestBreadth(t *testing.T) {
	names := map[string]bool{}
	for _, c := range slices.Concat(webClients, appClients) {
		names[c.name] = true
		if c.quote == nil && c.plain == nil || c.quote != nil && c.block == nil {
			t.Errorf("%s does not write replies", c.name)
		}
	}
	tags := map[string]bool{}
	for _, l := range slices.Concat(languages, heldBack) {
		tags[l.tag] = true
		if l.gmail == "" || l.sent == "" || l.original == "" || l.iphone == "" || l.short == "" || l.long == "" || slices.Contains(l.keys[:], "") {
			t.Errorf("%s is not complete", l.tag)
		}
	}
	if len(names) != len(webClients)+len(appClients) || len(names) < 25 {
		t.Errorf("%d clients", len(names))
	}
	if len(tags) != len(languages)+len(heldBack) || len(tags) < 30 {
		t.Errorf("%d languages", len(tags))
	}
}

// measure lets people answer and compares.
//
// REPLYGATE_LONG runs all combinations; REPLYGATE_CLIENTS only those whose name
// contains it, and shows the mails that fail.
func measure(t *testing.T, langs []language, name string) {
	long := os.Getenv("REPLYGATE_LONG") != ""
	if long {
		name += ", long"
	}
	known := knownFailures[name]
	made := compositions{}
	failures := map[string]int{}
	failed, total := 0, 0
	only := os.Getenv("REPLYGATE_CLIENTS")
	for _, k := range trials(langs, long) {
		if !strings.Contains(k.String(), only) {
			continue
		}
		w, raw, r := k.run(t, made)
		total++
		if got, want := tidy(r.Text), tidy(w.want); got != want && got != tidy(w.typed) {
			failed++
			failures[k.class()]++
			if n := failures[k.class()]; n == known[k.class()]+1 || only != "" && n < 4 {
				t.Errorf("%s\n got %q\nwant %q\nmethod %s, confidence %s, posting %s", k, got, want, r.Method, r.Confidence, r.Posting)
				if only != "" {
					t.Logf("%s", raw)
				}
			}
		}
	}
	t.Logf("%d clients × %d languages × %d styles: %d replies, %d exact (%.2f %%)",
		len(webClients)+len(appClients), len(langs), len(styles), total, total-failed, 100*float64(total-failed)/float64(max(total, 1)))
	for _, class := range slices.Sorted(maps.Keys(failures)) {
		t.Logf("%4d %s", failures[class], class)
	}
	if *update && only == "" {
		knownFailures[name] = failures
		writeKnown(t)
		return
	}
	for class, n := range known {
		if only == "" && failures[class] < n {
			t.Errorf("%s: %d known failures, %d left: lower the count", class, n, failures[class])
		}
	}
}

// writeKnown writes the table of known failures anew.
func writeKnown(t *testing.T) {
	var b strings.Builder
	b.WriteString(knownHead)
	for _, name := range slices.Sorted(maps.Keys(knownFailures)) {
		fmt.Fprintf(&b, "\t%q: {\n", name)
		for _, class := range slices.Sorted(maps.Keys(knownFailures[name])) {
			fmt.Fprintf(&b, "\t\t%q: %d,\n", class, knownFailures[name][class])
		}
		b.WriteString("\t},\n")
	}
	b.WriteString("}\n")
	source, err := format.Source([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("known_test.go", source, 0o644); err != nil {
		t.Fatal(err)
	}
}

const knownHead = `package clients

// knownFailures counts, for each run and by client and style, the replies that
// do not come out exactly. It must only shrink: a class that fails more often or
// is not listed fails the test, and so does one that is listed and fails less
// often. Written by go test -update.
var knownFailures = map[string]map[string]int{
`

// tidy folds what clients do with white space: no-break spaces, spaces at the
// end of lines, and more than one empty line.
func tidy(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\u00a0", " "), "\n")
	var out []string
	for _, l := range lines {
		l = strings.TrimRight(l, " \t\r")
		if l == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, l)
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n")
}
