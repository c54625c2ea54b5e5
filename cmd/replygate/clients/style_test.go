package clients

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/replygate/replygate/inbound/extract"
)

// written is what the client sends, and what the person typed of it.
type written struct {
	text, html string
	flowed     bool
	delsp      bool
	// want is how the client puts the words into the part that is read; typed is
	// how the person typed them, where that may come out, too: before wrapping.
	want, typed string
}

// style is a way to answer, or what happens to the answer on its way.
type style struct {
	name  string
	fits  func(c *client) bool
	write func(c *client, r *reply) written
}

func everybody(*client) bool { return true }

func twoParts(c *client) bool { return c.quote != nil && !c.htmlOnly }

func hasText(c *client) bool { return !c.htmlOnly }

func quotesText(c *client) bool { return c.plain != nil }

var styles = []style{
	{"top", everybody, top},
	{"bottom", func(c *client) bool { return c.bottom }, bottom},
	{"between", func(c *client) bool { return c.within }, between},
	{"html only", twoParts, func(c *client, r *reply) written {
		w := top(c, r)
		w.text, w.want = "", r.words
		return w
	}},
	{"text only", twoParts, func(c *client, r *reply) written {
		w := top(c, r)
		w.html = ""
		return w
	}},
	{"answer to the answer", everybody, again},
	{"shortened quotation", everybody, shortened},
	{"one paragraph left", quotesText, oneParagraph},
	{"safe links", everybody, rewriting(safeLink)},
	{"urldefense", everybody, rewriting(urlDefense)},
	{"wrapped at 60", hasText, refilled(60)},
	{"wrapped at 72", hasText, refilled(72)},
	{"wrapped at 76", hasText, refilled(76)},
	{"wrapped at 80", hasText, refilled(80)},
	{"broken at 72", hasText, broken(72)},
	{"broken at 76", hasText, broken(76)},
}

// make writes the mail with the words above (or below) the quotation.
func (c *client) make(r *reply, below bool) written {
	var w written
	w.flowed, w.delsp = c.flowed, c.delsp
	if c.quote != nil {
		w.html = c.page(r, below)
		if !c.htmlOnly && c.plain == nil {
			w.text = c.flattened(r.l, w.html)
		}
	}
	if c.plain != nil {
		w.text = c.paper(r, below)
	}
	w.want, w.typed = r.words, r.words
	if c.wraps > 0 && !c.flowed && w.text != "" {
		w.want = wrapAll(r.words, c.wraps)
	}
	return w
}

func (c *client) page(r *reply, below bool) string {
	t := c.treat
	t.rewrite, t.shortened = r.t.rewrite, r.t.shortened
	sign := ""
	if c.sign != nil {
		sign = c.sign(r)
	}
	if below {
		return c.open + c.quote(r, r.o.inner(t), c.gap+c.block(r.words)+sign) + c.close
	}
	return c.open + c.block(r.words) + sign + c.gap + c.quote(r, r.o.inner(t), "") + c.close
}

func (c *client) flattened(l *language, page string) string {
	rule := "\u2014"
	if c.rule != nil {
		rule = c.rule(l)
	}
	page = strings.ReplaceAll(page, "<hr ", "<div>"+rule+"</div><hr ")
	return c.flat.text(page)
}

// paper is the text part of a client that quotes text as text.
func (c *client) paper(r *reply, below bool) string {
	words := r.words
	if c.wraps > 0 && !c.flowed {
		words = wrapAll(words, c.wraps)
	}
	intro, quotation := c.plain(r)
	if below {
		return intro + "\n" + quotation + "\n\n" + words + "\n"
	}
	return words + "\n\n" + intro + "\n" + quotation + "\n"
}

func top(c *client, r *reply) written { return c.make(r, false) }

func bottom(c *client, r *reply) written { return c.make(r, true) }

// between answers two of the quoted paragraphs, each below it, and deletes the
// rest in every second mail. Where there is only one, that is answering below.
func between(c *client, r *reply) written {
	intro, quotation := c.plain(r)
	lines := strings.Split(quotation, "\n")
	first, last := answerable(lines)
	if first == last {
		return bottom(c, r)
	}
	a, b := r.words, r.l.short+" 2"
	if c.wraps > 0 && !c.flowed {
		a, b = wrapAll(a, c.wraps), wrapAll(b, c.wraps)
	}
	head := strings.Join(lines[:first], "\n") + "\n\n" + a + "\n\n" + strings.Join(lines[first:last], "\n") + "\n\n" + b + "\n"
	want := strings.TrimLeft(head, "\n")
	rest := "\n" + strings.Join(lines[last:], "\n") + "\n"
	if len(r.words)%2 == 0 {
		rest = ""
	}
	want = strings.NewReplacer(fileLink, extract.RedactedMarker).Replace(want)
	return written{text: intro + "\n" + head + rest, flowed: c.flowed, delsp: c.delsp, want: want, typed: want}
}

// answerable finds the lines below which answers are written: the end of the
// first and of the last message.
func answerable(lines []string) (first, last int) {
	content := func(l string) string { return strings.TrimLeft(l, "> ") }
	end := len(lines)
	for i, l := range lines {
		if content(l) == "* * *" {
			end = i
			break
		}
	}
	for end > 0 && content(lines[end-1]) == "" {
		end--
	}
	paragraphs := 0
	for i := 0; i < end; i++ {
		if content(lines[i]) != "" && (i+1 == len(lines) || content(lines[i+1]) == "") {
			if paragraphs++; paragraphs == 2 {
				return i + 1, end
			}
		}
	}
	return end, end
}

// again answers one's own answer: the mail quotes the earlier one, which quotes
// the notification.
func again(c *client, r *reply) written {
	before := *r
	o := *r.o
	o.day = "19"
	before.o, before.words = &o, r.l.long
	if before.words == r.words {
		before.words = r.l.short
	}
	first := c.make(&before, false)
	r.o = &original{
		fromName: r.o.toName, fromAddr: r.o.toAddr, toName: r.o.fromName, toAddr: r.o.fromAddr,
		subject: "Re: " + r.o.subject, day: "20", text: strings.TrimRight(first.text, "\n"), html: first.html,
	}
	return c.make(r, false)
}

// shortened quotes only part of the notification.
func shortened(c *client, r *reply) written {
	r.t.shortened = true
	o := *r.o
	lines := strings.Split(o.text, "\n")
	if end, _ := answerable(lines); end > 0 {
		lines = lines[:end]
	}
	o.text = strings.Join(lines, "\n")
	r.o = &o
	return c.make(r, false)
}

// oneParagraph quotes nothing but the first thing that was said, in plain text.
func oneParagraph(c *client, r *reply) written {
	o := *r.o
	lines := strings.Split(o.text, "\n")
	first, _ := answerable(lines)
	begin := first
	for begin > 0 && lines[begin-1] != "" {
		begin--
	}
	o.text = strings.Join(lines[begin:first], "\n")
	r.o = &o
	w := c.make(r, false)
	w.html = ""
	return w
}

// rewriting answers a notification whose links a gateway rewrote.
func rewriting(f func(string) string) func(c *client, r *reply) written {
	return func(c *client, r *reply) written {
		r.t.rewrite = f
		o := *r.o
		fields := strings.Split(o.text, "\n")
		for i, l := range fields {
			if strings.HasPrefix(l, "https://") {
				fields[i] = f(l)
			}
		}
		o.text = strings.Join(fields, "\n")
		r.o = &o
		return c.make(r, false)
	}
}

// safeLink is the form Microsoft Defender gives links; the documents of
// "Safe Links in Microsoft Defender for Office 365" show it.
func safeLink(s string) string {
	if !strings.HasPrefix(s, "http") {
		return s
	}
	return "https://eur01.safelinks.protection.outlook.com/?url=" + url.QueryEscape(s) + "&data=05%7C02%7C" + hex.EncodeToString([]byte(own)) + "%7C0%7C638&reserved=0"
}

// urlDefense is Proofpoint's third form.
func urlDefense(s string) string {
	if !strings.HasPrefix(s, "http") {
		return s
	}
	return fmt.Sprintf("https://urldefense.com/v3/__%s__;!!NLFGqXoFfo8MMQ!%s$", s, "rX2qaQ")
}

// refilled wraps the text part as a relay or a client does that knows what a
// quotation is: the mark stands on every line.
func refilled(width int) func(c *client, r *reply) written {
	return rewrapped(width, func(mark, l string) []string {
		out := wrap(l, width-len(mark))
		for i := range out {
			out[i] = mark + out[i]
		}
		return out
	})
}

// broken wraps it as one does that does not: what is left stands without a mark.
func broken(width int) func(c *client, r *reply) written {
	return rewrapped(width, func(mark, l string) []string { return wrap(mark+l, width) })
}

func rewrapped(width int, f func(mark, l string) []string) func(c *client, r *reply) written {
	return func(c *client, r *reply) written {
		w := c.make(r, false)
		w.flowed, w.delsp = false, false
		var out []string
		for l := range strings.SplitSeq(w.text, "\n") {
			rest := strings.TrimLeft(l, "> ")
			out = append(out, f(l[:len(l)-len(rest)], rest)...)
		}
		w.text = strings.Join(out, "\n")
		w.want = wrapAll(w.want, width)
		return w
	}
}
