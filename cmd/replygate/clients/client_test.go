package clients

import (
	"html"
	"strings"
)

// reply is what a person answers, and to what.
type reply struct {
	o     *original
	l     *language
	words string
	t     treatment
}

// client is the shape of one mail client's replies. A client with quote writes
// HTML and makes its text part of it unless it has plain; one without writes
// text only.
type client struct {
	name string

	open, close string                                     // around the HTML
	block       func(words string) string                  // the person's words as HTML
	gap         string                                     // between the words and the quotation
	quote       func(r *reply, inner, below string) string // what introduces the quotation, the quotation, and what is typed below it
	sign        func(r *reply) string                      // the line the client signs with, as HTML
	treat       treatment                                  // what it does to the HTML it quotes
	flat        flattening                                 // how it makes the text part
	rule        func(l *language) string                   // what an <hr> becomes in the text part
	htmlOnly    bool                                       // it sends no text part

	plain  func(r *reply) (intro, quotation string) // a text part made from the original's
	wraps  int                                      // hard line length of the person's words in the text part
	flowed bool                                     // RFC 3676
	delsp  bool
	bottom bool // people write below the quotation with it
	within bool // people write between the quoted lines with it
}

// line fills a language's line for the HTML part, with the address as a link if
// linked.
func (r *reply) line(s string, linked bool) string {
	o := *r.o
	o.fromName = html.EscapeString(o.fromName)
	addr := html.EscapeString(o.fromAddr)
	if linked {
		addr = `<a href="mailto:` + addr + `">` + addr + `</a>`
	}
	o.fromAddr = addr
	s = strings.NewReplacer("<{a}>", "&lt;{a}&gt;", "<\u202a{a}", "&lt;\u202a{a}", "\u200f>:", "\u200f&gt;:", "\u200f <", "\u200f &lt;").Replace(s)
	return r.l.fill(s, &o)
}

// text fills a language's line for the text part.
func (r *reply) text(s string) string { return r.l.fill(s, r.o) }

// row is one row of a header block.
type row struct{ key, value string }

// Rows of a header block, in the order clients name them.
const (
	from = iota
	sentAt
	to
	subject
)

// header is a header block in the person's language: the rows in the order
// given. A client that speaks only English is given english.
func (r *reply) header(l *language, order ...int) []row {
	keys := l.keys
	values := [4]string{
		r.o.fromName + " <" + r.o.fromAddr + ">", l.fill(l.sent, r.o), r.o.toName + " <" + r.o.toAddr + ">", r.o.subject,
	}
	colon := l.colon
	if colon == "" {
		colon = ": "
	}
	var rows []row
	for _, i := range order {
		rows = append(rows, row{keys[i] + colon, values[i]})
	}
	return rows
}

// bold writes a header block with bold keys, one row a line.
func bold(rows []row) string {
	var b strings.Builder
	for i, r := range rows {
		if i > 0 {
			b.WriteString("<br>\n")
		}
		b.WriteString("<b>" + strings.TrimSuffix(r.key, " ") + "</b> " + html.EscapeString(r.value))
	}
	return b.String()
}

// listed writes a header block with a separator between the rows.
func listed(rows []row, before, after string) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(before + html.EscapeString(r.key+r.value) + after)
	}
	return b.String()
}

// textHeader writes a header block as text.
func textHeader(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(r.key + r.value + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Ways to put the person's words into HTML.

// divs: one <div> a line, <div><br></div> for an empty one.
func divs(words string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(words, "\n") {
		b.WriteString("<div>" + typed(l, "<br>") + "</div>")
	}
	return b.String()
}

// gmailDivs: the first line stands free.
func gmailDivs(words string) string {
	first, rest, more := strings.Cut(words, "\n")
	s := `<div dir="ltr">` + typed(first, "<br>")
	if more {
		s += divs(rest)
	}
	return s + "</div>"
}

func autoDivs(words string) string {
	return strings.ReplaceAll(divs(words), "<div>", `<div dir="auto">`)
}

// breaks: lines that end with <br>.
func breaks(words string) string {
	lines := strings.Split(words, "\n")
	for i, l := range lines {
		lines[i] = typed(l, "")
	}
	return strings.Join(lines, "<br>\n")
}

func brokenLine(words string) string { return breaks(words) + "<br>" }

// paragraphs: <p>, with <br> within.
func paragraphs(words string) string {
	var b strings.Builder
	for p := range strings.SplitSeq(words, "\n\n") {
		b.WriteString("<p>" + breaks(p) + "</p>\n")
	}
	return b.String()
}

// word: one MsoNormal a line, as Outlook for Windows and Word write.
func word(words string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(words, "\n") {
		b.WriteString(`<p class="MsoNormal"><span style="font-size:11.0pt">` + typed(l, "") + `<o:p>` + emptyAs(l, "&nbsp;") + `</o:p></span></p>` + "\n")
	}
	return b.String()
}

func wrapped(before, after string, f func(string) string) func(string) string {
	return func(words string) string { return before + f(words) + after }
}

// typed is a line of the person in HTML; clients make links of addresses.
func typed(l, empty string) string {
	if l == "" {
		return empty
	}
	fields := strings.Split(l, " ")
	for i, f := range fields {
		fields[i] = html.EscapeString(f)
		if strings.HasPrefix(f, "https://") {
			fields[i] = `<a href="` + fields[i] + `">` + fields[i] + `</a>`
		}
	}
	return strings.Join(fields, " ")
}

func emptyAs(l, s string) string {
	if l == "" {
		return s
	}
	return ""
}

func always(s string) func(*reply) string { return func(*reply) string { return s } }

// Ways to quote text.

// marked puts a mark before every line.
func marked(text, mark string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case l == "":
			b.WriteString(strings.TrimRight(mark, " "))
		case l[0] == '>':
			b.WriteString(strings.TrimRight(mark, " ") + l)
		default:
			b.WriteString(mark + l)
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}
