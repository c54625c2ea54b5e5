package extract

import "strings"

const (
	attributionLines = 5   // how many lines an attribution may be wrapped over
	attributionBytes = 420 // how long it may be
	attributionWords = 34
)

// strength says how sure an attribution is.
type strength uint8

const (
	notAttribution  strength = iota
	weakAttribution          // only if marked lines follow
	sureAttribution
)

// attributionAt tells whether the lines that end at i are an attribution, and where it starts.
func (d *document) attributionAt(i int) (start int, s strength, lang string) {
	l := &d.lines[i]
	closed := endsAttribution(l.text)
	if !closed && !d.quotedBelow(i) {
		return 0, notAttribution, ""
	}
	if len(l.text) > attributionBytes {
		return 0, notAttribution, ""
	}
	size, best := 0, notAttribution
	depth := l.depth
	for k := i; k >= 0 && k > i-attributionLines; k-- {
		t := &d.lines[k]
		size += len(t.text)
		if size > attributionBytes || t.depth != depth && !t.blank() || t.code {
			break
		}
		if t.blank() {
			continue
		}
		if k < i && endsSentence(t.text) {
			break
		}
		var f features
		for n := k; n <= i; n++ {
			f.add(d.lines[n].text)
		}
		got := f.judge(closed, d.lines[k].text)
		if got == weakAttribution && closed && d.sent != nil && d.namesUs(k, i) {
			got = sureAttribution // "Ann via Acme wrote:" can be nobody but us
		}
		if got > best {
			start, best, lang = k, got, f.lang
		}
		if best == sureAttribution {
			start = d.opener(start, depth)
			break
		}
		if k > 0 && d.lines[k-1].blank() && !f.incomplete() {
			break
		}
	}
	if best == sureAttribution && !closed && !d.quotedBelow(i) {
		return 0, notAttribution, ""
	}
	if best != notAttribution && d.firstPerson(start, i) {
		return 0, notAttribution, ""
	}
	return start, best, lang
}

// opener moves the start up by one line where the rest has been wrapped away from "On Monday, …".
func (d *document) opener(start int, depth uint16) int {
	if start == 0 {
		return start
	}
	up := &d.lines[start-1]
	if up.blank() || up.depth != depth || len(up.text) > 100 || endsSentence(up.text) || strings.HasSuffix(up.text, ".") {
		return start
	}
	var f, g features
	f.add(d.lines[start].text)
	g.add(up.text)
	whole := f.date || f.year
	opens := g.first&opensAttribution != 0 && g.dated() && g.words < 12 && !whole
	begins := start == 1 || d.lines[start-2].blank()
	half := g.words < 14 && (!whole && g.dated() && (g.date || g.year) || g.addr && !f.addr)
	if opens || begins && start > 1 && half {
		return start - 1
	}
	return start
}

// incomplete reports the tail of an address or a lone verb, whose beginning must stand further up.
func (f *features) incomplete() bool {
	return f.angleFirst || f.closedFirst || f.words <= 1 && f.numbers == 0
}

// judge weighs the features of a span of lines.
func (f *features) judge(closed bool, top string) strength {
	if f.words > attributionWords || f.incomplete() || f.stops > 0 {
		return notAttribution
	}
	dated := f.dated()
	dashed := dashes(top) >= 2
	opens := f.first&(opensAttribution|namesDate) != 0 || f.firstDigit || f.quoteFirst || dashed
	switch {
	case f.wrote && dated && (opens || f.addr && f.words <= 20):
		return sureAttribution
	case f.wrote && f.addr && f.words <= 14:
		return sureAttribution
	case f.addr && dated && (opens || f.firstUpper) && f.words <= 24:
		if closed {
			return sureAttribution
		}
		return weakAttribution
	case f.wrote && dashed && f.words <= 10:
		return sureAttribution
	case f.wrote && dated && f.firstUpper && f.words <= 16:
		return weakAttribution
	case f.wrote && f.words <= 8 && closed:
		return weakAttribution
	case opens && dated && closed && f.words <= 16:
		return weakAttribution
	}
	return notAttribution
}

// endsAttribution reports the ends an attribution can have: a colon, or the dashes of "---- Ann wrote ----".
func endsAttribution(s string) bool {
	s = strings.TrimRight(s, "*_ ")
	if s == "" {
		return false
	}
	switch s[len(s)-1] {
	case ':', '-':
		return true
	}
	return strings.HasSuffix(s, "：") || strings.HasSuffix(s, ":‬") || strings.HasSuffix(s, "wrote")
}

// endsSentence reports a line that ends what it says.
func endsSentence(s string) bool {
	if s == "" {
		return false
	}
	switch s[len(s)-1] {
	case '!', '?', ':':
		return true
	}
	return false
}

// quotedBelow reports that the line after i is marked as quoted, at most two blank lines down.
func (d *document) quotedBelow(i int) bool {
	depth := d.lines[i].depth
	for j := i + 1; j < len(d.lines) && j <= i+3; j++ {
		l := &d.lines[j]
		if l.depth > depth {
			return true
		}
		if !l.blank() {
			return false
		}
	}
	return false
}

// firstPerson reports "I wrote": the person tells what he wrote himself.
func (d *document) firstPerson(start, end int) bool {
	var buf [512]byte
	for k := start; k <= end; k++ {
		s := string(fold(buf[:], d.lines[k].text))
		for _, m := range lex.mine {
			if i := strings.Index(s, m); i >= 0 && (i == 0 || s[i-1] == ' ') {
				return true
			}
		}
	}
	return false
}
