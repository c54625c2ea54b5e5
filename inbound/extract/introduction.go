package extract

import (
	"strings"
	"unicode/utf8"
)

// introducedAt looks for the client's introduction above line i, in whatever language: it stands directly above, and
// has our name, our subject, an address or a date in it. It returns where the introduction starts, or i.
func (d *document) introducedAt(i int) int {
	last := d.lastText(0, i)
	for last >= 0 && i-last <= 2*aboveLines && isDrawn(d.lines[last].text) {
		last = d.lastText(0, last) // a quote mark alone, or a line that we drew
	}
	if last < 0 || i-last > 2*aboveLines || d.lines[last].hint&hintSent != 0 {
		return i
	}
	if top, ok := d.fieldsAbove(last); ok {
		return d.markedAbove(d.introAbove(top, 0))
	}
	top := d.paragraph(last)
	for k := last; k >= top; k-- {
		if d.introduces(k, last) {
			return d.markedAbove(d.opener(d.wholeFrom(top, k, last), d.lines[k].depth))
		}
	}
	return i
}

// wholeFrom moves the start k of an introduction up to the line it really begins with, top at most.
func (d *document) wholeFrom(top, k, last int) int {
	for up := k - 1; up >= top; up-- {
		if isMarker(d.lines[up].text) {
			return up
		}
	}
	if !d.namesUs(k, last) {
		for up := k - 1; up >= top && !d.html; up-- {
			if d.namesUs(up, last) {
				k = up // the name is broken over the lines
				break
			}
		}
	}
	for k > top && d.runsOn(top, k-1, last) {
		k--
	}
	return k
}

// opensBracket reports a line with a bracket that is closed on another one.
func opensBracket(s string) bool { return strings.Count(s, "(") > strings.Count(s, ")") }

func isMarker(s string) bool {
	kind, _, _ := markOf(s)
	return kind != markNone || unknownMark(s)
}

// paragraph returns the first of the lines that end at last and can be one introduction.
func (d *document) paragraph(last int) int {
	k := last
	for k > 0 && last-k < attributionLines-1 {
		up := &d.lines[k-1]
		// A mail server that breaks long lines leaves the rest of a marked line without a mark.
		broken := up.depth > d.lines[k].depth && up.depth == d.lines[last].depth+1
		if up.blank() || up.hint&hintSent != 0 || up.depth != d.lines[k].depth && !broken || endsSentence(up.text) && !opensBracket(up.text) || len(up.text) > attributionBytes {
			break
		}
		k--
	}
	return k
}

// runsOn reports that line up belongs to the introduction below it, which was broken into lines.
func (d *document) runsOn(top, up, last int) bool {
	if d.html {
		return false
	}
	var f, g features
	for k := up + 1; k <= last; k++ {
		f.add(d.lines[k].text)
	}
	s := d.lines[up].text
	g.add(s)
	named := d.namesUs(up+1, last)
	if f.first&(opensAttribution|namesDate) != 0 && f.dated() && (f.addr || named) {
		return false // it is whole
	}
	switch {
	case f.words+g.words > attributionWords:
		return false
	case g.day() && !f.day(), g.dated() && !f.dated(), g.addr && !f.addr, !named && d.namesUs(up, last):
		return true
	case strings.HasSuffix(s, ".") && !g.dated() && !g.year:
		return false
	case g.words <= 3 && up > top && utf8.RuneCountInString(d.lines[up-1].raw) >= wrapWidth:
		return true // broken off the line above
	}
	first, _, _ := strings.Cut(d.lines[up+1].text, " ")
	return utf8.RuneCountInString(s)+1+utf8.RuneCountInString(first) >= wrapWidth
}

// markedAbove takes a drawn line, or a marker in whatever language, above an introduction with it.
func (d *document) markedAbove(top int) int {
	if up := d.lastText(0, top); up >= 0 && top-up <= 2 && isMarker(d.lines[up].text) {
		top = up
	}
	return d.drawnAbove(top, 0)
}

// fieldsAbove finds two lines or more of the form "key: value" that end at line last, one of which tells something of
// the mail below. It returns the first of them.
func (d *document) fieldsAbove(last int) (int, bool) {
	top, told := last+1, false
	for k := last; k >= 0 && k > last-aboveLines; k-- {
		l := &d.lines[k]
		if l.colon <= 0 || l.colon > 30 || int(l.colon) >= len(l.text)-1 || strings.ContainsAny(l.text[:l.colon], "(0123456789") || l.hint&hintSent != 0 || len(l.text) > attributionBytes {
			break
		}
		var f features
		f.add(l.text)
		told = told || f.addr || f.dated() || d.namesUs(k, k)
		top = k
	}
	return top, last-top+1 >= 2 && told
}

// introduces reports that the lines from a to b are an introduction.
func (d *document) introduces(a, b int) bool {
	var f features
	size := 0
	for k := a; k <= b; k++ {
		if size += len(d.lines[k].text); size > attributionBytes {
			return false
		}
		f.add(d.lines[k].text)
	}
	begins := a == 0 || d.lines[a-1].blank()
	if f.incomplete() && !(begins && f.addr) || f.stops > 0 {
		return false
	}
	if kind, _, _ := markOf(d.lines[a].text); kind != markNone {
		return true
	}
	named := d.namesUs(a, b)
	closed := endsAttribution(d.lines[b].text)
	return f.words <= attributionWords && (closed && (named || f.addr || f.dated()) || f.dated() && (f.addr || named))
}

// namesUs reports that the lines from a to b hold the name or the subject of a mail of ours.
func (d *document) namesUs(a, b int) bool {
	if d.sent == nil || len(d.sent.names) == 0 {
		return false
	}
	var buf [attributionBytes + 128]byte
	folded := buf[:0]
	for ; a <= b; a++ {
		if len(d.lines[a].text) > attributionBytes || len(folded) > attributionBytes {
			break
		}
		if len(folded) > 0 {
			folded = append(folded, ' ')
		}
		folded = append(folded, fold(folded[len(folded):], d.lines[a].text)...)
	}
	for _, n := range d.sent.names {
		if strings.Contains(string(folded), n) {
			return true
		}
	}
	return false
}
