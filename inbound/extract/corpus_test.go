package extract

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html/charset"
)

// The share of the public corpus that must come out exactly right, and the other figures of its scorer. They are the
// figures reached: they may only rise.
const (
	floorExact   = 0.948
	floorF1      = 0.976
	floorAsserts = 0.96
	floorHTML    = 0.913
)

// corpusCase is an entry of the corpus' manifest.
type corpusCase struct {
	Source   string              `json:"source"`
	Case     string              `json:"case"`
	File     string              `json:"file"`
	BodyFile string              `json:"body_file"`
	Kind     string              `json:"kind"`
	Expects  string              `json:"expects"`
	Expected string              `json:"expected_file"`
	Asserts  map[string][]string `json:"asserts"`
	DupKey   string              `json:"dup_key"`
	Weak     bool                `json:"weak"`
}

func corpusDir(tb testing.TB) string {
	dir := os.Getenv("REPLYGATE_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	dir = filepath.Join(dir, "corpus")
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err != nil {
		tb.Skip("the corpus is not here: " + err.Error())
	}
	return dir
}

func corpus(tb testing.TB) (dir string, cases []corpusCase) {
	dir = corpusDir(tb)
	raw, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		tb.Fatal(err)
	}
	return dir, cases
}

// input reads a case as the gateway would see it.
func (c *corpusCase) input(tb testing.TB, dir string) Input {
	raw, err := os.ReadFile(filepath.Join(dir, c.File))
	if err != nil {
		tb.Fatal(err)
	}
	switch c.Kind {
	case "html":
		return Input{HTML: strings.ToValidUTF8(string(raw), "\ufffd")}
	case "eml":
		return decode(raw)
	}
	return Input{Text: strings.ToValidUTF8(string(raw), "\ufffd")}
}

// decode reads the text and HTML parts of a mail, as far as the corpus needs it.
func decode(raw []byte) Input {
	var in Input
	m, err := mail.ReadMessage(bytes.NewReader(bytes.TrimLeft(raw, " \t\r\n")))
	if err != nil {
		in.Text = strings.ToValidUTF8(string(raw), "\ufffd")
		return in
	}
	in.Subject, _ = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	body, _ := io.ReadAll(m.Body)
	in.part(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Header.Get("Content-Disposition"), bytes.NewReader(body), 0)
	if in.Text == "" && in.HTML == "" {
		in.Text = strings.ToValidUTF8(string(body), "\ufffd")
	}
	return in
}

func (in *Input) part(contentType, encoding, disposition string, r io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth < 10 {
		parts := multipart.NewReader(r, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err != nil {
				return
			}
			in.part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p.Header.Get("Content-Disposition"), p, depth+1)
		}
	}
	if strings.HasPrefix(disposition, "attachment") {
		return
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	}
	body, _ := io.ReadAll(r)
	if cs := params["charset"]; cs != "" {
		if e, _ := charset.Lookup(cs); e != nil {
			if decoded, err := e.NewDecoder().Bytes(body); err == nil {
				body = decoded
			}
		}
	}
	text := strings.ToValidUTF8(string(body), "\ufffd")
	switch {
	case kind == "text/plain" && in.Text == "":
		in.Text = text
		in.Flowed, in.DelSp = strings.EqualFold(params["format"], "flowed"), strings.EqualFold(params["delsp"], "yes")
	case kind == "text/html" && in.HTML == "":
		in.HTML = text
	}
}

func (c *corpusCase) output(r *Result) string {
	if c.Expects == "reply+signature" {
		return r.Full
	}
	return r.Text
}

// TestCorpus measures as the corpus' own scorer does.
func TestCorpus(t *testing.T) {
	dir, cases := corpus(t)
	out := os.Getenv("EXTRACT_OUT")
	type vote struct{ n, exact, f1 float64 }
	votes := map[[2]string]*vote{}
	var asserts, passed, html, htmlExact float64
	for i := range cases {
		c := &cases[i]
		r := Extract(c.input(t, dir))
		if out != "" {
			c.write(t, out, &r)
		}
		got := normal(c.output(&r))
		if c.Asserts != nil {
			asserts++
			if c.holds(got) {
				passed++
			} else if testing.Verbose() {
				fmt.Printf("ASSERT %s/%s\n", c.Source, c.Case)
			}
		}
		if c.Expected == "" || c.Weak {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, c.Expected))
		if err != nil {
			t.Fatal(err)
		}
		want := normal(string(raw))
		key := [2]string{c.DupKey, want}
		if votes[key] == nil {
			votes[key] = &vote{}
		}
		v := votes[key]
		v.n++
		v.f1 += f1(want, got)
		if got == want {
			v.exact++
		}
		if c.Kind == "html" {
			html++
			if got == want {
				htmlExact++
			}
		}
	}
	var exact, score float64
	for _, v := range votes {
		exact += v.exact / v.n
		score += v.f1 / v.n
	}
	n := float64(len(votes))
	t.Logf("unique cases %d: exact %.2f %%, F1 %.4f; asserts %.0f of %.0f; HTML %.0f of %.0f", len(votes), 100*exact/n, score/n, passed, asserts, htmlExact, html)
	for _, f := range []struct {
		name       string
		got, floor float64
	}{{"exact", exact / n, floorExact}, {"F1", score / n, floorF1}, {"asserts", passed / asserts, floorAsserts}, {"HTML", htmlExact / html, floorHTML}} {
		if f.got < f.floor {
			t.Errorf("%s %.4f fell below %.4f", f.name, f.got, f.floor)
		}
	}
}

func (c *corpusCase) write(t *testing.T, out string, r *Result) {
	base := filepath.Join(out, c.Source, c.Case)
	if err := os.MkdirAll(filepath.Dir(base), 0o777); err != nil {
		t.Fatal(err)
	}
	for ext, s := range map[string]string{".out.txt": r.Text, ".full.txt": r.Full} {
		if err := os.WriteFile(base+ext, []byte(s), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *corpusCase) holds(got string) bool {
	for _, s := range c.Asserts["contains"] {
		if !strings.Contains(got, normal(s)) {
			return false
		}
	}
	for _, s := range c.Asserts["not_contains"] {
		if strings.Contains(got, normal(s)) {
			return false
		}
	}
	for _, s := range c.Asserts["startswith"] {
		if !strings.HasPrefix(got, normal(s)) {
			return false
		}
	}
	for _, s := range c.Asserts["endswith"] {
		if !strings.HasSuffix(got, normal(s)) {
			return false
		}
	}
	return true
}

// normal folds white space as the scorer does.
func normal(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0xfeff, 0x2060, 0xad:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// f1 is the bag-of-words score.
func f1(want, got string) float64 {
	a, b := strings.Fields(want), strings.Fields(got)
	if len(a) == 0 && len(b) == 0 {
		return 1
	}
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	count := map[string]int{}
	for _, w := range a {
		count[w]++
	}
	common := 0
	for _, w := range b {
		if count[w] > 0 {
			count[w]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(a)+len(b))
}
