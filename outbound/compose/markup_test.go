package compose

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway/gatewaytest"
)

// markup makes the HTML of a text short to read in a table.
func markup(text string) string {
	out, _, _ := linesHTML(parseText(cleanText(text), map[string]string{"ann": "Ann Archer"}), 1<<20)
	s := styles.ReplaceAllString(string(out), "")
	return strings.NewReplacer(` class="link"`, "", ` class="pill"`, "", ` dir="ltr"`, "", "\u00a0", "_").Replace(s)
}

var styles = regexp.MustCompile(` style="[^"]*"`)

func TestMarkup(t *testing.T) {
	for in, want := range map[string]string{
		"*bold* _italic_ ~strike~ `code`":            "<b>bold</b> <i>italic</i> <s>strike</s> <code>code</code>",
		"_*both*_ and *_both_*":                      "<b><i>both</i></b> and <b><i>both</i></b>",
		"*bold _and italic_ words*":                  "<b>bold </b><b><i>and italic</i></b><b> words</b>",
		"**bold** ~~gone~~":                          "<b>bold</b> <s>gone</s>",
		"this_ doesn't _change":                      "this_ doesn&#39;t _change",
		"snake_case_name and 2*3*4":                  "snake_case_name and 2*3*4",
		"* alone, * spaced *":                        "•_alone, * spaced *",
		"*open":                                      "*open",
		"close*":                                     "close*",
		"*a _b* c_":                                  "<b>a _b</b> c_",
		"*not\nover lines*":                          "*not<br>over lines*",
		"**":                                         "**",
		"*a*b* and _a_b_":                            "<b>a*b</b> and <i>a_b</i>",
		"*a *b*":                                     "*a <b>b</b>",
		"_a *b _c* d_":                               "_a <b>b _c</b> d_",
		"~*a*~ *~b~*":                                "<b><s>a</s></b> <b><s>b</s></b>",
		"*_~`all`~_*":                                "<b><i><s><code>all</code></s></i></b>",
		"`a*b*c_d_` *x*":                             "<code>a*b*c_d_</code> <b>x</b>",
		"*a `*` b*":                                  "<b>a </b><b><code>*</code></b><b> b</b>",
		"https://x.example/a_b_c?d=*e*&f=~g~":        `<a href="https://x.example/a_b_c?d=*e*&amp;f=~g">https://x.example/a_b_c?d=*e*&amp;f=~g</a>~`,
		"_https://x.example/a_b_":                    `<i><a href="https://x.example/a_b">https://x.example/a_b</a></i>`,
		"(https://x.example/a_(b)), yes":             `(<a href="https://x.example/a_(b)">https://x.example/a_(b)</a>), yes`,
		"__init__ and MAX_* or */2":                  "__init__ and MAX_* or */2",
		"*مرحبا* _שלום_":                             "<b>مرحبا</b> <i>שלום</i>",
		"*👨‍👩‍👧* 👍🏽_ok_":                             "<b>👨‍👩‍👧</b> 👍🏽<i>ok</i>",
		"*日本語*。":                                     "<b>日本語</b>。",
		"____ name ____":                             "____ name ____",
		"(*in brackets*), \"_quoted_\".":             "(<b>in brackets</b>), &#34;<i>quoted</i>&#34;.",
		"`*not bold*` and `open":                     "<code>*not bold*</code> and `open",
		"```one line```":                             "<code>one line</code>",
		"a\n```\nx := <y>\n\nz\n```\nb":              "a<pre>x := &lt;y&gt;\n\nz</pre>b",
		"```\nall code\n```":                         "<pre>all code</pre>",
		"```\nnot closed *b*":                        "```<br>not closed <b>b</b>",
		"``` `` `":                                   "``` `` `",
		"- one\n- two\n+ three":                      "•_one<br>•_two<br>•_three",
		"-no list":                                   "-no list",
		"see <https://x.example/a|here>.":            `see <a href="https://x.example/a">here</a>.`,
		"<https://x.example/a?b=1&c=2>":              `<a href="https://x.example/a?b=1&amp;c=2">https://x.example/a?b=1&amp;c=2</a>`,
		"*<https://x.example/|here>*":                `<b><a href="https://x.example/">here</a></b>`,
		"<mailto:a@x.example|write>":                 `<a href="mailto:a@x.example">write</a>`,
		"<mailto:a@x.example?bcc=b@y.example|write>": `<a href="mailto:a@x.example">write</a>`,
		"<@ann|Ann> and <@ann> and <@b>":             "<span>@Ann</span> and <span>@Ann Archer</span> and <span>@b</span>",
		"<actionbutton://order?x=1|Order>":           "Order",
		"1 < 2 > 0 <b>x</b> <3":                      "1 &lt; 2 &gt; 0 &lt;b&gt;x&lt;/b&gt; &lt;3",
		// Where a link leads is not to be hidden behind another address, nor may
		// it be anything but the web and mail.
		"<https://evil.example/|https://bank.example>":  `<a href="https://evil.example/">https://evil.example/</a>`,
		"<https://evil.example/|www.bank.example>":      `<a href="https://evil.example/">https://evil.example/</a>`,
		"<https://evil.example/|Your bank.example/in>":  `<a href="https://evil.example/">https://evil.example/</a>`,
		"<mailto:x@evil.example|boss@bank.example>":     `<a href="mailto:x@evil.example">x@evil.example</a>`,
		"<javascript:alert(1)|here>":                    "&lt;javascript:alert(1)|here&gt;",
		"<data:text/html,x|here>":                       "&lt;data:text/html,x|here&gt;",
		"<https://x.example/\"onload=\"alert(1)|here>":  `<a href="https://x.example/%22onload=%22alert%281%29">here</a>`,
		"<https://u:p@x.example/|here>":                 "https://u:p@x.example/",
		"<@ann|</span><script>>":                        "&lt;@ann|&lt;/span&gt;&lt;script&gt;&gt;",
		"<https://x.example/|<https://y.example/|here>": `&lt;<a href="https://x.example/%7C">https://x.example/|</a><a href="https://y.example/">here</a>`,
	} {
		if got := markup(in); got != want {
			t.Errorf("%q\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestMarkupAsText(t *testing.T) {
	for in, want := range map[string]string{
		"*bold* _it_ ~no~ `c`":             "*bold* _it_ ~no~ `c`",
		"see <https://x.example/a|here>.":  "see here <https://x.example/a>.",
		"<https://x.example/a>":            "https://x.example/a",
		"https://x.example/ü":              "https://x.example/ü",
		"<mailto:a@x.example|write> us":    "write <a@x.example> us",
		"<@ann> :wave:":                    "@Ann Archer 👋",
		"a\n```\nif x {\n    y\n}\n```\nb": "a\n    if x {\n        y\n    }\nb",
		"- " + strings.Repeat("word ", 20): "- " + strings.TrimSpace(strings.Repeat("word ", 14)) + "\n  " + strings.TrimSpace(strings.Repeat("word ", 6)),
		"> quoted\n*a*":                    "> quoted\n*a*",
	} {
		got := linesText(parseText(cleanText(in), map[string]string{"ann": "Ann Archer"}))
		if strings.ReplaceAll(got, " \n", "\n") != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
}

// TestMarkupIsLinear: a text costs what its pieces cost.
func TestMarkupIsLinear(t *testing.T) {
	gatewaytest.SkipUnderRace(t)
	for _, piece := range []string{"*", "_a ", "*a _b ~c ", "`", "```", "```\n", "`a", "<", "<a", "<https://", "<@", ":", ":a", ":smile:", "http", "http://x", "https://x.y ", "**", "*a*", "- \n", "<a|b>", "\n", "ا*"} {
		t.Run(piece, func(t *testing.T) {
			gatewaytest.Linear(t, maxText, func(size int) func() {
				text := strings.Repeat(piece, size/len(piece))
				return func() { linesHTML(parseText(text, nil), 1<<30) }
			})
		})
	}
}

// FuzzMarkup: whatever somebody writes, the HTML part holds no tag but ours, all
// its words and no more, and the text part all of it.
func FuzzMarkup(f *testing.F) {
	f.Add("*bold* _italic_ ~strike~ `code` <https://x.example/|here> <@ann|Ann> :smile:", 1000)
	f.Add("```\n<script>\n```\n*a _b* c_ **d** <mailto:a@b.example|x>", 200)
	f.Add("*_~`<>:*_~`<>:```\n- x", 50)
	f.Add("<https://x.example/\"><script>|<b>", 10)
	f.Add("\xff*\u202e*\x00`\r`", 3)
	ours := regexp.MustCompile(`</?(?:b|i|s|code|pre|span|a|br)(?: (?:class|dir|style|href)="[^"<>]*")*>`)
	f.Fuzz(func(t *testing.T, text string, room int) {
		room = max(200, min(room, 1<<20))
		lines := parseText(cleanText(text[:min(len(text), maxText)]), nil)
		out, kept, whole := linesHTML(lines, room)
		if len(out) > room+len(blockOpen)+len(blockClose)+len(ellipsis)+len(lineBreak) {
			t.Fatalf("%d octets in room for %d", len(out), room)
		}
		rest := ours.ReplaceAllString(string(out), "")
		if strings.ContainsAny(rest, "<>\"") {
			t.Fatalf("what is no markup of ours is not escaped: %q", rest)
		}
		if whole {
			var want strings.Builder
			for _, l := range kept {
				for _, s := range l.Spans {
					if s.Style != styleMark {
						want.WriteString(s.Text)
					}
				}
			}
			got := strings.NewReplacer("\n", "", bullet, "").Replace(html.UnescapeString(rest))
			if got != strings.NewReplacer("\n", "", bullet, "").Replace(html.UnescapeString(want.String())) && got != strings.NewReplacer("\n", "", bullet, "").Replace(want.String()) {
				t.Fatalf("got %q, want %q", got, want.String())
			}
		}
		linesText(kept)
	})
}
