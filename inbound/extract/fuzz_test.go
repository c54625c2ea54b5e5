package extract

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
)

var fuzzSeeds = []string{
	"Yes.\n\nOn Mon, Jan 3, 2022 at 4:00 PM Ann <ann@example.com> wrote:\n\n> Will you come?\n",
	"On 3 Jan 2022, Ann wrote:\n> one\nyes\n> two\nno\n\n-- \nBob\n",
	"Ja.\r\n\r\nVon: Ann <ann@example.com>\r\nGesendet: Montag, 3. Januar 2022 16:00\r\nAn: Bob\r\nBetreff: Frage\r\n\r\nKommst du?\r\n",
	"FYI\n\n---------- Forwarded message ---------\nFrom: Ann <ann@example.com>\nSubject: x\n\nHello\n",
	"Ok\n\n-----Original Message-----\nFrom: Ann\n\nHello\n",
	"ok\n\nRegards,\nBob\nTel: +44 20 7946 0000\n\nSent from my iPhone\n",
	"<\nann@example.com\n> wrote:\n> a\n", "yes —\nSent from Mailbox\n", "```\n> code\n-- \n```\n",
	"RC> a\nRC> b\nno\n", "RC>:\nRC>", "👍\n", "写道：\n> 好\n", "\u200f>\u200e\u00a0x\n", "> a\n> b\n", "-Bob\n", "/Bob", "---\n---\n", "_____\nfooter\n_____\nx",
	"reply--- On Wed, Apr 4, 2012 at 3:59 PM, me@domain.com wrote:\n> Hi\n",
}

// content is what counts of a text: no white space, no invisible characters.
func content(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f || invisible(r) {
			return -1
		}
		return r
	}, s)
}

// unmarked is the length of the content but for quote marks: a person's words within a quotation lose them.
func unmarked(s string) int { return len(strings.ReplaceAll(content(s), ">", "")) }

// FuzzText holds what the package promises for any text.
func FuzzText(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, text string, known bool) {
		if !utf8.ValidString(text) || len(text) > 1<<14 {
			t.Skip()
		}
		in := Input{Text: text}
		if known {
			in.Sent = []Sent{{Text: "Will you come to the party on Friday? Ann asks.\n\nReply to this mail to answer.", FromName: "Ann", Subject: "Party"}}
		}
		r := Extract(in)
		whole := strings.ReplaceAll(text, "\r\n", "\n")
		lines := map[string]bool{}
		for l := range strings.SplitSeq(whole, "\n") {
			lines[content(l)] = true
		}
		for l := range strings.SplitSeq(r.Text, "\n") {
			if c := content(l); c != "" && !lines[c] && !strings.Contains(content(whole), c) {
				t.Fatalf("the line %q is not in the input", l)
			}
		}
		if got, want := unmarked(r.Text)+unmarked(r.Quoted)+unmarked(r.Signature), unmarked(whole); got != want {
			t.Fatalf("%d bytes of %d are in the parts:\ntext %q\nquoted %q\nsignature %q", got, want, r.Text, r.Quoted, r.Signature)
		}
		if !utf8.ValidString(r.Text) || !utf8.ValidString(r.Quoted) {
			t.Fatal("not UTF-8")
		}
		if r.Text != "" && r.QuotationOnly {
			t.Fatal("text in what is a quotation only")
		}
		if r.Text == "" && content(whole) != "" && !r.QuotationOnly {
			t.Fatal("no text, and not said to be a quotation only")
		}
		again := Extract(Input{Text: r.Text, Sent: in.Sent})
		if content(again.Text) != content(r.Text) {
			t.Fatalf("not idempotent: %q became %q", r.Text, again.Text)
		}
	})
}

// FuzzHTML holds what the package promises for any HTML.
func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		`<div>Yes</div><div class="gmail_quote"><div class="gmail_attr">On Mon Ann wrote:</div><blockquote>Will you?</blockquote></div>`,
		`<p>a<script>b</script><img src=x onerror=y><a href="javascript:z">c</a></p>`, `<blockquote>a</blockquote><svg><style><img src=x>`,
		`<table><tr><td>a<td>b</table><pre> x
 y</pre><ol><li>1<li>2</ol>`, `<div id="x_divRplyFwdMsg">From: a</div>b`, `<a href="https://example.com/">x</a><hr><br>`, "<b><p><i>a</b>c", `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if !utf8.ValidString(body) || len(body) > 1<<14 {
			t.Skip()
		}
		r := Extract(Input{HTML: body})
		harmless(t, r.HTML)
		text := content(strings.Join(pageText(body), "\n"))
		got := len(content(r.Text)) + len(content(r.Quoted)) + len(content(r.Signature))
		if got != len(text) {
			t.Fatalf("%d bytes of %d are in the parts", got, len(text))
		}
	})
}

func pageText(body string) []string {
	var out []string
	p := parsePage(body)
	for i := range p.lines {
		out = append(out, p.lines[i].raw)
	}
	return append(out, p.rest.String())
}

// harmless fails for anything that the allow-list does not know.
func harmless(t *testing.T, s string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(s))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.CommentToken, html.DoctypeToken:
			t.Fatalf("a comment in %q", s)
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			if !allowed[tok.DataAtom] && tok.Data != "br" && tok.Data != "hr" && tok.Data != "img" {
				t.Fatalf("<%s> in %q", tok.Data, s)
			}
			for _, a := range tok.Attr {
				v := strings.ToLower(a.Val)
				switch a.Key {
				case "rel", "alt":
				case "href":
					if !strings.HasPrefix(v, "http://") && !strings.HasPrefix(v, "https://") && !strings.HasPrefix(v, "mailto:") {
						t.Fatalf("link to %q", a.Val)
					}
				case "src":
					if !strings.HasPrefix(v, "cid:") {
						t.Fatalf("image from %q", a.Val)
					}
				default:
					t.Fatalf("attribute %s in %q", a.Key, s)
				}
			}
		}
	}
}

// FuzzUnflow holds that joining flowed lines loses no word.
func FuzzUnflow(f *testing.F) {
	f.Add("> a \n> b\nc \nd\n-- \ne", true)
	f.Fuzz(func(t *testing.T, s string, delSp bool) {
		if !utf8.ValidString(s) {
			t.Skip()
		}
		if got, want := strings.ReplaceAll(content(unflow(s, delSp)), ">", ""), strings.ReplaceAll(content(s), ">", ""); got != want {
			t.Fatalf("%q became %q", want, got)
		}
	})
}
