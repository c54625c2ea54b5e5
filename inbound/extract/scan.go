package extract

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// keyWidth is how far from the start of a line the colon of a header key may stand.
const keyWidth = 48

// document is a body on its way through the rules.
type document struct {
	lines []line
	rest  string // beyond maxLines
	html  bool   // the lines come from HTML: quotation depth is structure, not typed chevrons
	sent  *sentIndex
	// variant of what we sent that the body quotes
	variant uint8

	lang       string
	confidence string
	method     string
	posting    string
	only       bool // nothing new
	pointed    bool // the person points to the mail he forwards
	headerless int  // no header block starts above this line
}

// scan splits text into lines.
func (d *document) scan(text string) {
	d.lines = make([]line, 0, min(strings.Count(text, "\n"), maxLines)+2)
	fences := 0
	for len(text) > 0 {
		if len(d.lines) >= maxLines {
			d.rest = text
			break
		}
		raw := text
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			raw, text = text[:i], text[i+1:]
		} else {
			text = ""
		}
		if n := len(raw); n > 0 && raw[n-1] == '\r' {
			raw = raw[:n-1]
		}
		if head, tail, ok := splitAtMarker(raw); ok {
			d.lines = append(d.lines, newLine(head))
			raw = tail
		}
		d.lines = append(d.lines, newLine(raw))
		if strings.HasPrefix(d.lines[len(d.lines)-1].text, "```") {
			fences++
		}
	}
	if fences > 1 {
		d.fence(fences)
	}
	d.unchevron()
	d.initials()
	d.dashedDevice()
}

// dashedDevice breaks a line before the dash that a client puts above its own: "yes —\nSent from Mailbox".
func (d *document) dashedDevice() {
	for i := 0; i+1 < len(d.lines); i++ {
		head, ok := strings.CutSuffix(d.lines[i].text, " —")
		if !ok || d.lines[i].depth > 0 {
			continue
		}
		if _, ok := deviceLine(d.lines[i+1].text); !ok {
			continue
		}
		at := strings.LastIndex(d.lines[i].raw, "—")
		tail := newLine(d.lines[i].raw[at:])
		d.lines[i] = newLine(strings.TrimRight(d.lines[i].raw[:at], " "))
		d.lines[i].text = head
		d.lines[i].findColon()
		d.lines = slices.Insert(d.lines, i+1, tail)
		i++
	}
}

// newLine takes the quote marks off raw.
func newLine(raw string) line {
	l := line{raw: raw}
	rest := trimInvisible(raw)
	for {
		switch {
		case strings.HasPrefix(rest, ">"):
			rest = rest[1:]
		case strings.HasPrefix(rest, "&gt;"):
			rest = rest[4:]
		default:
			l.text = rest
			l.findColon()
			return l
		}
		if l.depth < 1<<15 {
			l.depth++
		}
		rest = trimInvisible(rest)
	}
}

// fence marks the lines between pairs of ``` so that no rule looks into code.
func (d *document) fence(fences int) {
	in := false
	for i := range d.lines {
		l := &d.lines[i]
		if strings.HasPrefix(l.text, "```") {
			if fences == 1 && !in {
				return
			}
			in = !in
			fences--
			l.code = true
			continue
		}
		l.code = in
	}
}

// unchevron finds ">" that closes an address and not a quotation: clients wrap "<\nname@host\n> wrote:" as they please.
func (d *document) unchevron() {
	for i := 1; i < len(d.lines); i++ {
		l := &d.lines[i]
		if l.depth != 1 || l.text == "" || !strings.HasSuffix(l.text, ":") || len(l.text) > 40 {
			continue
		}
		p := &d.lines[i-1]
		opened := i > 1 && strings.HasSuffix(d.lines[i-2].text, "<")
		if p.depth > 0 || p.blank() || !opened && strings.LastIndexByte(p.text, '<') <= strings.LastIndexByte(p.text, '>') {
			continue
		}
		l.depth, l.text = 0, trimInvisible(l.raw)
		l.findColon()
	}
}

// initials finds quotations marked with the author's initials ("RC> text"): two lines in a row, and then every line that
// begins so.
func (d *document) initials() {
	marks := map[string]bool{}
	last := ""
	for i := range d.lines {
		p := initialsPrefix(d.lines[i].text)
		if p != "" && p == last && !d.lines[i].code {
			marks[p] = true
		}
		last = p
	}
	if len(marks) == 0 {
		return
	}
	for i := range d.lines {
		l := &d.lines[i]
		if p := initialsPrefix(l.text); p != "" && marks[p] && !l.code {
			l.depth, l.text = l.depth+1, trimInvisible(l.text[len(p):])
			l.findColon()
		}
	}
}

// initialsPrefix returns "RC>" of a line that begins so.
func initialsPrefix(s string) string {
	for i := 0; i < len(s) && i < 5; i++ {
		c := s[i]
		if c == '>' && i > 0 {
			return s[:i+1]
		}
		if c < 'A' || c > 'Z' {
			return ""
		}
	}
	return ""
}

// trimInvisible takes white space and characters without width off both ends.
func trimInvisible(s string) string {
	for len(s) > 0 {
		if c := s[0]; c < utf8.RuneSelf {
			if c > ' ' && c != 0x7f {
				break
			}
			s = s[1:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		if !invisible(r) {
			break
		}
		s = s[n:]
	}
	for len(s) > 0 {
		if c := s[len(s)-1]; c < utf8.RuneSelf {
			if c > ' ' && c != 0x7f {
				break
			}
			s = s[:len(s)-1]
			continue
		}
		r, n := utf8.DecodeLastRuneInString(s)
		if !invisible(r) {
			break
		}
		s = s[:len(s)-n]
	}
	return s
}

// invisible reports spaces outside ASCII, marks of zero width and the marks of writing direction.
func invisible(r rune) bool {
	switch {
	case r == 0xa0, r == 0x1680, r == 0x202f, r == 0x205f, r == 0x3000, r == 0xfeff, r == 0xad, r == 0x180e, r == 0x61c:
		return true
	case 0x2000 <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f, 0x80 <= r && r <= 0x9f:
		return true
	}
	return false
}
