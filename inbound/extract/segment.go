package extract

import "strings"

// segmentKind is what a run of lines is.
type segmentKind uint8

const (
	segText    segmentKind = iota
	segQuote               // marked lines
	segIntro               // attribution or header lines above marked lines, or above nothing we can tell
	segTail                // a quotation that goes on to the end, with its attribution
	segForward             // a forwarded mail, to the end
)

type segment struct {
	kind       segmentKind
	start, end int
	attributed bool // segQuote: a client's attribution belongs to it
	glued      bool // segQuote: no blank line between it and the text above
	forward    bool // segQuote: a forwarded mail
}

// split is a place where a client says that what follows is somebody else's.
type split struct {
	start, end int // the lines that say it
	class      class
	mark       markKind
	sure       bool
	lang       string
	rule       string
}

// segments cuts the document into runs of lines.
func (d *document) segments() []segment {
	segs := make([]segment, 0, 8)
	text := 0 // start of the current run of text
	above := false
	flush := func(end int) {
		if d.nextText(text, end) < end {
			segs = append(segs, segment{kind: segText, start: text, end: end})
			above = true
		} else if end > text && len(segs) > 0 {
			segs[len(segs)-1].end = end
		}
	}
	forwarded := false
	intro := func() bool { return len(segs) > 0 && segs[len(segs)-1].kind == segIntro }
	for i := 0; i < len(d.lines); {
		l := &d.lines[i]
		if l.code || l.blank() && l.depth == 0 && l.hint == 0 {
			i++
			continue
		}
		if l.quoted() {
			end := d.quoteEnd(i)
			glued := i > text && !d.lines[i-1].blank()
			flush(i)
			q := segment{kind: segQuote, start: i, end: end, glued: glued}
			q.attributed = intro() || d.attributedQuote(i, end)
			q.forward = forwarded
			if kind, _, _ := markOf(d.lines[d.nextText(i, end-1)].text); kind != markNone {
				q.attributed, q.forward = true, kind == markForward
			}
			forwarded = false
			segs = append(segs, q)
			i, text = end, end
			continue
		}
		s, ok := d.splitAt(i, text)
		if !ok {
			i++
			continue
		}
		if d.lang == "" {
			d.lang = s.lang
		}
		flush(s.start)
		next := d.nextText(s.end, len(d.lines))
		d.mark(s.start, s.end, s.class, s.rule)
		switch {
		case s.mark == markForward && (!above || d.points(s.start)):
			d.pointed = true
			return append(segs, segment{kind: segForward, start: s.start, end: len(d.lines)})
		case next < len(d.lines) && d.lines[next].quoted():
			segs = append(segs, segment{kind: segIntro, start: s.start, end: s.end})
			forwarded = s.mark == markForward
		case above || s.mark == markOriginal || next == len(d.lines):
			return append(segs, segment{kind: segTail, start: s.start, end: len(d.lines)})
		default:
			// Nothing above and nothing marked below: what follows may be the answer.
			segs = append(segs, segment{kind: segIntro, start: s.start, end: s.end})
			d.confidence = Low
		}
		i, text = s.end, s.end
	}
	flush(len(d.lines))
	return segs
}

// quoted reports a line that is marked as quotation.
func (l *line) quoted() bool { return l.depth > 0 || l.hint&(hintQuote|hintSent) != 0 }

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

// attributedQuote reports that the quotation opens with its attribution inside the marks, as Apple Mail writes it.
func (d *document) attributedQuote(i, end int) bool {
	for ; i < end && d.lines[i].blank(); i++ {
	}
	if i == end {
		return false
	}
	if d.lines[i].hint&(hintClient|hintQuote|hintSent) != 0 && d.lines[i].hint&hintUserQuote == 0 {
		return true
	}
	if _, _, ok := d.headerBlock(i); ok {
		return true
	}
	for j := i; j < end && j < i+4; j++ {
		if start, s, lang := d.attributionAt(j); s == sureAttribution && start == i {
			if d.lang == "" {
				d.lang = lang
			}
			return true
		}
	}
	return false
}

// splitAt tells whether line i is, or ends, the introduction of a quotation. text is where the current run of text starts.
func (d *document) splitAt(i, text int) (split, bool) {
	l := &d.lines[i]
	if l.hint&(hintTail|hintAttribution|hintAbove) != 0 {
		return d.hintedSplit(i)
	}
	if kind, lang, rest := markOf(l.text); kind != markNone {
		return d.markSplit(i, kind, lang, rest), true
	}
	if end, lang, ok := d.headerBlock(i); ok {
		start := d.drawnAbove(i, text)
		return split{start: d.introAbove(start, text), end: end, class: classHeader, sure: true, lang: lang, rule: "header block"}, true
	}
	if start, s, lang := d.attributionAt(i); s != notAttribution && start >= text {
		if s == sureAttribution || d.quotedBelow(i) {
			return split{start: d.drawnAbove(start, text), end: i + 1, class: classAttribution, sure: s == sureAttribution, lang: lang, rule: "attribution"}, true
		}
	}
	if isRule(l.text) && i+1 < len(d.lines) || unknownMark(l.text) {
		if next := d.nextText(i+1, len(d.lines)); next < len(d.lines) && next <= i+3 && unknownMark(l.text) {
			if _, _, ok := d.headerBlock(next); ok || d.lines[next].quoted() {
				return split{start: i, end: i + 1, class: classMarker, mark: markOriginal, sure: true, rule: "marker between dashes"}, true
			}
		}
	}
	return split{}, false
}

// hintedSplit follows what the HTML, or our memory, says.
func (d *document) hintedSplit(i int) (split, bool) {
	h := d.lines[i].hint & (hintTail | hintAttribution | hintAbove)
	end := i + 1
	for end < len(d.lines) && d.lines[end].hint&h != 0 {
		end++
	}
	s := split{start: i, end: end, class: classAttribution, sure: true, rule: "client's attribution"}
	if h&hintTail != 0 {
		s.mark, s.rule = markOriginal, "below the client's divider"
	}
	if h&hintAbove != 0 {
		s.rule = "stands above what we sent"
	}
	return s, true
}

// markSplit takes a marker line together with the header block below it.
func (d *document) markSplit(i int, kind markKind, lang, rest string) split {
	s := split{start: i, end: i + 1, class: classMarker, mark: kind, sure: true, lang: lang, rule: "marker"}
	if rest != "" {
		return s
	}
	next := d.nextText(i+1, len(d.lines))
	if next < len(d.lines) && next <= i+3 && d.lines[next].depth == d.lines[i].depth {
		if end, _, ok := d.headerBlock(next); ok {
			s.end = end
		}
	}
	return s
}

// drawnAbove takes a drawn line above the introduction with it.
func (d *document) drawnAbove(start, text int) int {
	up := d.lastText(text, start)
	if up >= text && start-up <= 4 && (isRule(d.lines[up].text) || isDelimiter(d.lines[up].text)) && !d.lines[up].code {
		return up
	}
	return start
}

// introAbove takes a line glued to a header block with it if it is half of an attribution: some clients write both.
func (d *document) introAbove(start, text int) int {
	if start-1 < text || start == 0 || d.lines[start-1].blank() {
		return start
	}
	var f features
	f.add(d.lines[start-1].text)
	if f.wrote && f.dated() && f.first&opensAttribution != 0 && f.words < 20 {
		return start - 1
	}
	return start
}
