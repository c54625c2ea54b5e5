package extract

// split is a place where a client says that what follows is somebody else's.
type split struct {
	start, end int // the lines that say it
	class      class
	mark       markKind
	sure       bool // no doubt about it
	lang       string
	rule       string
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
	if kind, lang := d.wrappedMark(i); kind != markNone {
		s := d.markSplit(i+1, kind, lang, "")
		s.start = i
		return s, true
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
	if unknownMark(l.text) && d.introducesMail(i+1) {
		return split{start: i, end: i + 1, class: classMarker, mark: markOriginal, rule: "marker between dashes"}, true
	}
	return split{}, false
}

// introducesMail reports that a quotation, a header block or the sender's address stands at line i or right below.
func (d *document) introducesMail(i int) bool {
	next := d.nextText(i, len(d.lines))
	if next == len(d.lines) || next > i+2 {
		return false
	}
	if _, _, ok := d.headerBlock(next); ok || d.lines[next].quoted() {
		return true
	}
	if len(d.lines[next].text) > attributionBytes {
		return false
	}
	var f features
	f.add(d.lines[next].text)
	return f.addr && f.stops == 0 && f.words <= attributionWords
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
