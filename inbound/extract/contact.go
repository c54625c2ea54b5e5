package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const contactWidth = 72

// contact finds a block of contact details at the end: a paragraph that opens with a name, holds telephone numbers,
// addresses or links, and is followed by nothing but more of the kind and a disclaimer.
func (d *document) contact(first, end int) int {
	details := 0 // from the paragraph looked at to the end
	start := end
	like := false // a line of this paragraph is what such blocks are made of
	last := d.lastText(first, end)
	for i := last; i > first; i-- {
		l := &d.lines[i]
		if l.code || l.depth > 0 {
			break
		}
		if l.blank() {
			like = false
			continue
		}
		detail := isDetail(l.text)
		like = like || detail || len(l.text) > contactWidth || opensContact(l.text) || isRule(l.text) || isPicture(l.text)
		if detail {
			details++
		} else if details > 0 && len(l.text) > contactWidth {
			break
		}
		if !d.lines[i-1].blank() {
			continue
		}
		if !like {
			break // a paragraph that was written in answer
		}
		if details < 2 || !opensContact(l.text) || !d.detailed(i, end) {
			continue
		}
		if above := d.lastText(first, i); above >= first && announces(d.lines[above].text) {
			continue
		}
		start = i
	}
	if start < end {
		d.mark(start, end, classSignature, "contact details")
	}
	return start
}

// detailed reports that the paragraph that starts at i has two lines and a detail of its own.
func (d *document) detailed(i, end int) bool {
	lines, details := 0, 0
	for ; i < end && !d.lines[i].blank(); i++ {
		lines++
		if isDetail(d.lines[i].text) {
			details++
		}
	}
	return lines >= 2 && details >= 1
}

// isPicture reports what clients put into the text for an image: "[image: logo]", "[cid:image001.png@01D8]".
func isPicture(s string) bool { return s[0] == '[' && strings.HasSuffix(s, "]") }

// opensContact reports a line with a name, and perhaps a position beside it: "*Ann Lee* | *Owner*".
func opensContact(s string) bool {
	if len(s) > contactWidth || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, ",") || strings.HasSuffix(s, ":") {
		return false
	}
	s = strings.TrimLeft(s, "*_ ")
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) && !unicode.IsLower(r) && strings.Count(s, " ") <= 8
}

// isDetail reports a line with a telephone number, an address, a link or a registration number and little else.
func isDetail(s string) bool {
	if len(s) > contactWidth+20 {
		return false
	}
	digits, letters := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == ':' && i > 0 && i+1 < len(s) && isDigit(s[i-1]) && isDigit(s[i+1]):
			return false // a time
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c >= 0x80:
			letters++
		}
	}
	words := strings.Count(s, " ") + 1
	switch {
	case digits >= 7 && letters <= 24:
		return true
	case words <= 4 && (strings.Contains(s, "www.") || strings.Contains(s, "://") || strings.IndexByte(s, '@') > 0):
		return true
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// announces reports a line that ends in a colon which is not that of ":+1:".
func announces(s string) bool { return strings.HasSuffix(s, ":") && s[0] != ':' }
