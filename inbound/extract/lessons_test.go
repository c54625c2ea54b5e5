package extract

import (
	"strings"
	"testing"
)

// TestLessons holds what went wrong in other systems that read replies. The number is the row of the list of lessons.
func TestLessons(t *testing.T) {
	on := "On Mon, Jan 3, 2022 at 4:00 PM Ann <ann@example.com> wrote:"
	htmlIn := func(s string) Input { return Input{HTML: s} }
	long := strings.Repeat("A sentence that the person wrote. ", 40)
	wrapped := func(width int) Input {
		return text("Yes.\n\n" + wrap("On Monday, January 3, 2022 at 4:00 PM, Ann Margaret Lee-Featherstonehaugh via Acme Chat <a-rather-long-address@notifications.example.com> wrote:", width) + "\n\n> Will you?\n")
	}
	ids := `<div>Ja.</div><div id="x_appendonsend"></div><hr><div id="x_divRplyFwdMsg"><b>Von:</b> Ann &lt;ann@example.com&gt;<br><b>Gesendet:</b> Montag, 3. Januar 2022 16:00<br><b>An:</b> Bob<br><b>Betreff:</b> Frage</div><div>Kommst du?</div>`
	run(t, []reading{
		{"42 a quote container around the whole mail", htmlIn(`<div class="gmail_quote"><p>` + long + `</p></div>`), strings.TrimSpace(long), PostingNone, nil},
		{"43 one div holds reply and quotation", htmlIn(`<div>Yes.<br><br>` + on[:len(on)-6] + ` wrote:<br><blockquote>Will you?</blockquote></div>`), "Yes.", PostingTop, nil},
		{"44 a line that ends in a colon", text("Here they are:\n\none\ntwo"), "Here they are:\n\none\ntwo", PostingNone, nil},
		{"45 edited within the quotation", Input{Text: on + "\n> Will you come to the garden on Friday?\n> gladly, and my brother too\n> We begin at eight in the evening.\n", Sent: []Sent{{Text: "Will you come to the garden on Friday?\nWe begin at eight in the evening."}}},
			"gladly, and my brother too", "", confidence(Low)},
		{"46 subject first", text("Yes.\n\nSubject: Question\nFrom: ann@example.com\nTo: bob@example.com\nDate: Mon, 3 Jan 2022 16:00:00 +0000\n\nWill you?"), "Yes.", PostingTop, nil},
		{"46 Zimbra", text("Yes.\n\n----- Original Message -----\nFrom: \"Ann\" <ann@example.com>\nTo: \"Bob\" <bob@example.com>\nSent: Monday, January 3, 2022 4:00:00 PM\nSubject: Question\n\nWill you?"), "Yes.", PostingTop, nil},
		{"46 Polymail", text("Yes.\n\nOn Mon, Jan 3, 2022 at 4:00 PM Ann Lee\n\n<\nmailto:Ann Lee <ann@example.com>\n> wrote:\nWill you?"), "Yes.", PostingTop, nil},
		{"46 Swedish Gmail", text("Ja.\n\nDen 3 januari 2022 16:00 skrev Ann <ann@example.com>:\n\n> Kommer du?"), "Ja.", PostingTop, nil},
		{"47 wrapped at 60", wrapped(60), "Yes.", PostingTop, nil},
		{"47 wrapped at 72", wrapped(72), "Yes.", PostingTop, nil},
		{"47 wrapped at 80", wrapped(80), "Yes.", PostingTop, nil},
		{"48 several headers, quoted ones below", text("Yes.\n\nOn Wed, Dec 9, Ann Lee\n<ann@example.com>\nwrote:\n> Well\n>\n> On Tue, 2022-01-01 at 18:02 +0530, Bob wrote:\n>> Will you?\n"), "Yes.", PostingTop, nil},
		{"48 signature right after the quotation", text("Yes.\n\n" + on + "\n> Will you?\n-- \nBob"), "Yes.", PostingTop, nil},
		{"48 a chevron of the person's own", text("> is greater than <\nas we learned."), "> is greater than <\nas we learned.", "", nil},
		{"48 two dashes in a sentence", text("nisi--ratione\nand -- so on"), "nisi--ratione\nand -- so on", PostingNone, nil},
		{"49 typed below the marker line", text(on + "\n\nYes, I come.\n\n-- REPLY ABOVE THIS LINE --\n\nWill you?"), "Yes, I come.", "", nil},
		{"50 interleaved", text(on + "\n\n> Will you?\n\nYes.\n\n> And Bob?\n\nNo.\n"), "> Will you?\n\nYes.\n\n> And Bob?\n\nNo.", PostingInterleaved, nil},
		{"51 a blockquote of the person's own", htmlIn(`<p>As the poet says:</p><blockquote>A rose is a rose.</blockquote><p>Yes.</p><div class="gmail_quote"><div class="gmail_attr">` + on[:len(on)-7] + `</div><blockquote>Will you?</blockquote></div>`),
			"As the poet says:\n\n> A rose is a rose.\n\nYes.", PostingInterleaved, nil},
		{"52 Outlook on the web, x_ ids, German", htmlIn(ids), "Ja.", PostingTop, nil},
		{"52 new Outlook", htmlIn(`<div class="elementToProof">Yes.</div><div id="mail-editor-reference-message-container"><div><b>From:</b> Ann<br><b>Subject:</b> x</div>Will you?</div>`), "Yes.", PostingTop, nil},
		{"52 Outlook mobile", htmlIn(`<div>Yes.</div><div class="ms-outlook-mobile-signature">Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a></div><hr><div id="divRplyFwdMsg"><b>From:</b> Ann &lt;ann@example.com&gt;<br><b>Sent:</b> Monday, January 3, 2022 4:00:00 PM</div>Will you?`), "Yes.", PostingTop, nil},
		{"53 our own name", Input{Text: "Yes.\n\nAnn via Acme wrote:\nWill you?", Sent: []Sent{{Text: "Something else that was sent to you before.", FromName: "Ann via Acme"}}}, "Yes.", PostingTop, nil},
		{"53 Windows Mail", text("Yes.\n\nSent from Mail for Windows 10\n\nFrom: Ann\nSent: Monday, January 3, 2022 4:00 PM\nTo: bob@example.com\nSubject: Question\n\nWill you?"), "Yes.", PostingTop, nil},
		{"54 Thunderbird's links", htmlIn(`<p>See <a class="moz-txt-link-freetext" href="https://example.com/">https://example.com/</a></p><div class="moz-cite-prefix">On 1/3/22 16:00, Ann wrote:<br></div><blockquote type="cite">Will you?</blockquote>`), "See https://example.com/", PostingTop, nil},
		{"57 a signature only", text("-- \nBob"), "", "", func(t *testing.T, r Result) {
			if r.Signature != "-- \nBob" || !r.QuotationOnly {
				t.Errorf("signature %q", r.Signature)
			}
		}},
		{"71 nested attributions", text(strings.Repeat("On Mon at 4 ", 200) + "wrote:\nYes."), strings.Repeat("On Mon at 4 ", 200) + "wrote:\nYes.", "", nil},
		{"78 Hebrew with marks of direction", text("כן.\n\n\u200f\u202bבתאריך יום ב׳, 3 בינו׳ 2022 ב-16:00 מאת \u202aAnn\u202c\u200f <\u202aann@example.com\u202c\u200f>:\u202c\n\nהאם תבוא?"), "כן.", PostingTop, nil},
	})
}

// TestLesson56 holds that all of the input is in the parts, so that a tenant who does not want the quotation removed has it.
func TestLesson56(t *testing.T) {
	for _, s := range fuzzSeeds {
		r := Extract(text(s))
		if got, want := len(content(r.Text))+len(content(r.Quoted))+len(content(r.Signature)), len(content(s)); got != want {
			t.Errorf("%d bytes of %d of %q", got, want, s)
		}
	}
}

func TestReaction(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"Gmail":            {"👍\n\nAnn reacted via Gmail <https://www.google.com/gmail/about/?utm_source=gmail-in-product&utm_medium=et&utm_campaign=emojireactionemail#app>\n\nOn Mon, Jan 3, 2022 at 4:00 PM Bob <bob@example.com> wrote:\n\n> Will you?", "👍"},
		"Gmail, German":    {"❤️\n\nAnn hat über Gmail <https://www.google.com/gmail/about/?utm_campaign=emojireactionemail#app> reagiert\n\nAm 3. Jan. 2022 um 16:00 schrieb Bob <bob@example.com>:\n\n> Kommst du?", "❤️"},
		"Outlook":          {"[like] Ann Lee reacted to your message:\n________________________________\nFrom: Bob <bob@example.com>\nSent: Monday, January 3, 2022 4:00:00 PM\nTo: Ann <ann@example.com>\nSubject: x\n\nWill you?", "👍"},
		"an emoji":         {"👍", ""},
		"a sentence of it": {"She reacted to your message: well.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := Extract(text(c.in))
			if r.Reaction != c.want || c.want != "" && r.Text != c.want {
				t.Errorf("reaction %q, text %q, want %q", r.Reaction, r.Text, c.want)
			}
		})
	}
}

func TestUnsubscribe(t *testing.T) {
	for s, want := range map[string]bool{
		"STOP": true, "Unsubscribe.": true, "unsubscribe\n\nSent from my iPhone": true, "Abmelden": true, "Se désabonner": true, "退订": true, "отписаться": true,
		"stop\n\nOn Mon, Jan 3, 2022 at 4:00 PM Ann <ann@example.com> wrote:\n> Will you?": true,
		"Stop it, Bob": false, "How do I unsubscribe?": false, "": false,
	} {
		if got := Extract(text(s)).Unsubscribe; got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestSanitise(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"script":       {`<p onclick="x()">a<script>alert(1)</script></p>`, `<p>a</p>`},
		"link":         {`<a href="https://example.com/?a=1&amp;b=2" style="position:fixed">a</a>`, `<a href="https://example.com/?a=1&amp;b=2" rel="noopener nofollow ugc">a</a>`},
		"bad links":    {`<a href="javascript:x">a</a><a href="//example.com">b</a><a href=" data:text/html,x">c</a><a href="/x">d</a>`, `<a>a</a><a>b</a><a>c</a><a>d</a>`},
		"pixel":        {`<p>a<img src="https://example.com/p.gif" width=1></p>`, `<p>a</p>`},
		"own image":    {`<p>a<img src="cid:1@x" alt="&quot;&gt;"></p>`, `<p>a<img src="cid:1@x" alt="&#34;&gt;"></p>`},
		"emoji image":  {`<p>a <img src="https://example.com/e.png" alt="😀"></p>`, `<p>a 😀</p>`},
		"style":        {`<style>p{}</style><p class="x" id="y" style="z">a</p>`, `<p>a</p>`},
		"svg":          {`<p>a</p><svg onload="x"><a href="https://example.com">b</a></svg>`, `<p>a</p>`},
		"mutation":     {`<p>a</p><math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`, `<p>a</p>`},
		"form":         {`<form action="https://example.com"><input name=a><button>b</button>c</form>`, `bc`},
		"quotation":    {`<p>a</p><div class="gmail_quote"><div class="gmail_attr">On Mon Ann wrote:</div><blockquote>b</blockquote></div>`, `<p>a</p>`},
		"formatted":    {`<div><b>a</b> <i>b</i><ul><li>c</li></ul></div>`, `<div><b>a</b> <i>b</i><ul><li>c</li></ul></div>`},
		"text in text": {`<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>`, `<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>`},
	} {
		t.Run(name, func(t *testing.T) {
			if r := Extract(Input{HTML: c.in}); r.HTML != c.want {
				t.Errorf("%s\nbecame\n%s\nwant\n%s", c.in, r.HTML, c.want)
			}
		})
	}
	deep := Extract(Input{HTML: strings.Repeat("<div>", 600) + "Yes &amp; no<br>On Mon, Jan 3, 2022 at 4:00 PM Ann &lt;ann@example.com&gt; wrote:<br>Will you?"})
	if deep.Text != "Yes & no" || deep.HTML != "Yes &amp; no" {
		t.Errorf("nested deeply: text %q, HTML %q", deep.Text, deep.HTML)
	}
}

func TestFlowed(t *testing.T) {
	r := Extract(Input{Flowed: true, Text: "This is one \r\nparagraph.\r\n\r\n>> stuffed \r\n>> quote\r\n\r\nYes.\r\n-- \r\nBob\r\n"})
	if want := "This is one paragraph.\n\n>> stuffed quote\n\nYes."; r.Text != want {
		t.Errorf("%q, want %q", r.Text, want)
	}
	if got := unflow("a \nb", true); got != "ab" {
		t.Errorf("delsp: %q", got)
	}
}

func TestHTMLText(t *testing.T) {
	for in, want := range map[string]string{
		`<p>a</p><p>b</p>`: "a\n\nb", `a<br>b`: "a\nb", `<div>a</div><div><br></div><div>b</div>`: "a\n\nb",
		`<ul><li>a<li>b<ul><li>c</ul></ul>`: "- a\n- b\n  - c", `<ol><li>a<li>b</ol>`: "1. a\n2. b",
		`<a href="https://example.com/x">here</a>`: "here <https://example.com/x>", `<a href="https://example.com/">example.com</a>`: "example.com",
		`<pre>a  b
 c</pre>`: "a  b\n c", `<p class=MsoNormal>a</p><p class=MsoNormal>b</p>`: "a\nb", `a &amp; b&nbsp;c`: "a & b\u00a0c", `<table><tr><td>a</td><td>b</td></tr></table>`: "a b",
		`<p>  a
		b </p>`: "a b", `<blockquote>a<br>b</blockquote>c`: "> a\n> b\nc",
	} {
		if r := Extract(Input{HTML: in}); r.Text != want {
			t.Errorf("%s\nbecame %q, want %q", in, r.Text, want)
		}
	}
}
