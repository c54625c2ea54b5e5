package extract

import "strings"

// quoted reports a line that is marked as quotation, and is not the introduction of one.
func (l *line) quoted() bool {
	return l.hint&hintAbove == 0 && (l.depth > 0 || l.hint&(hintQuote|hintSent) != 0)
}

// quoteEnd returns the end of the run of marked lines that starts at i, with the lines that a client wrapped out of it.
func (d *document) quoteEnd(i int) int {
	end := i + 1
	for j := i + 1; j < len(d.lines); j++ {
		l := &d.lines[j]
		switch {
		case l.quoted():
			end = j + 1
		case l.blank():
			if j-end > 3 {
				return end
			}
		case j == end && d.wrappedOut(j):
		default:
			return end
		}
	}
	return end
}

// wrappedOut reports a lone line between two marked ones that a client broke off the one above: a link, or the rest of
// a long line.
func (d *document) wrappedOut(j int) bool {
	if d.html || j+1 >= len(d.lines) || d.lines[j+1].depth == 0 {
		return false
	}
	l, up := &d.lines[j], &d.lines[j-1]
	if strings.Contains(l.text, "://") && strings.Count(l.text, " ") <= 2 {
		return true
	}
	return len(up.raw) >= 65 && len(l.text) < 30 && !up.blank() && !d.lines[j+1].blank() && lowerFirst(l.text)
}

func lowerFirst(s string) bool { return s != "" && 'a' <= s[0] && s[0] <= 'z' }

// attributedQuote reports that the quotation opens with its attribution inside the marks, as Apple Mail writes it, and
// where that ends.
func (d *document) attributedQuote(i, end int) (intro int, ok bool) {
	i = d.nextText(i, end)
	if i == end {
		return 0, false
	}
	if end, _, ok := d.headerBlock(i); ok {
		return end, true
	}
	for j := i; j < end && j < i+4; j++ {
		if start, s, lang := d.attributionAt(j); s == sureAttribution && start == i {
			if d.lang == "" {
				d.lang = lang
			}
			return j + 1, true
		}
	}
	h := d.lines[i].hint
	return 0, h&(hintClient|hintQuote|hintSent) != 0 && h&hintUserQuote == 0
}
