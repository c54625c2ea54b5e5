package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	attributionLines = 5   // how many lines an attribution may be wrapped over
	attributionBytes = 420 // how long it may be
	attributionWords = 34
)

// features are what can be seen in the words of a line that may be an attribution ("On Monday, Ann wrote:") without
// knowing its language: a date, an address, the verb, what it opens with.
type features struct {
	words, numbers int
	first          wordFlag // of the first word
	firstDigit     bool
	firstUpper     bool
	firstLower     bool
	quoteFirst     bool // opens with a quotation mark
	angleFirst     bool // opens with "<" or a lone ">": the rest of an address
	wrote          bool
	wroteLast      bool // the verb is the last word
	lang           string
	month          bool
	year, time     bool
	date           bool // digits joined by "/", "." or "-"
	addr           bool
	angle          int // "<" not closed
	closedFirst    bool
	stops          int // sentences ended
	mine           bool
}

func (f *features) dated() bool {
	return f.date || f.year && f.numbers > 1 || f.time || f.month && f.numbers > 0
}

// add looks at one line.
func (f *features) add(s string) {
	if strings.IndexByte(s, 0xe2) >= 0 && strings.ContainsAny(s, directionMarks) {
		s = strings.Map(dropDirection, s)
	}
	start := f.words == 0 && f.numbers == 0 && !f.quoteFirst && !f.angleFirst
	if start && s != "" {
		switch {
		case s[0] == '"' || s[0] == '\'' || strings.HasPrefix(s, "“") || strings.HasPrefix(s, "„") || strings.HasPrefix(s, "«") || strings.HasPrefix(s, "&quot;"):
			f.quoteFirst = true
		case s[0] == '<' || s[0] == '>' || s[0] == '(' || strings.HasPrefix(s, "&lt;"):
			f.angleFirst = true
		}
	}
	glued := false
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '@':
			if i > 0 && i+1 < len(s) && s[i-1] > ' ' && s[i+1] > ' ' {
				f.addr = true
			}
			i++
		case c == '<':
			f.angle++
			i++
		case c == '>':
			if f.angle == 0 {
				f.closedFirst = true
			} else {
				f.angle--
			}
			i++
		case c == '&':
			if strings.HasPrefix(s[i:], "&lt;") {
				f.angle++
				i += 4
			} else if strings.HasPrefix(s[i:], "&gt;") {
				if f.angle == 0 {
					f.closedFirst = true
				} else {
					f.angle--
				}
				i += 4
			} else if strings.HasPrefix(s[i:], "&quot;") {
				i += 6
			} else {
				i++
			}
		case '0' <= c && c <= '9':
			i = f.number(s, i)
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf:
			n, hasGlued := f.word(s, i)
			if n == i {
				_, size := utf8.DecodeRuneInString(s[i:])
				n += size
			}
			glued = glued || hasGlued
			i = n
		case c == '?' || c == '!':
			f.stops++
			i++
		default:
			i++
		}
	}
	if glued {
		f.gluedWords(s)
	}
}

// directionMarks are the marks of writing direction that clients put between the parts of a date.
const directionMarks = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

func dropDirection(r rune) rune {
	if strings.ContainsRune(directionMarks, r) {
		return -1
	}
	return r
}

// number reads digits and what joins them, at i.
func (f *features) number(s string, i int) int {
	if f.words == 0 && f.numbers == 0 {
		f.firstDigit = true
	}
	start, groups, joined := i, 1, byte(0)
	for i < len(s) {
		c := s[i]
		if '0' <= c && c <= '9' {
			i++
			continue
		}
		if (c == ':' || c == '/' || c == '.' || c == '-') && i+1 < len(s) && '0' <= s[i+1] && s[i+1] <= '9' {
			if c == ':' || c == '.' && groups == 1 && i-start <= 2 && looksLikeTime(s[start:], i-start) {
				f.time = true
			}
			joined = c
			groups++
			i++
			continue
		}
		break
	}
	f.numbers++
	f.wroteLast = false
	switch {
	case groups >= 3 && joined != 0:
		f.date = true
	case groups == 1 && i-start == 4 && (s[start] == '1' && s[start+1] == '9' || s[start] == '2' && s[start+1] == '0'):
		f.year = true
	}
	return i
}

// looksLikeTime reports "17.50" and not "3.5" or "11.04.2022".
func looksLikeTime(s string, dot int) bool {
	if len(s) < dot+3 || s[dot+2] < '0' || s[dot+2] > '9' {
		return false
	}
	return len(s) == dot+3 || s[dot+3] < '0' && s[dot+3] != '.' || s[dot+3] > '9'
}

// word reads the word at i and looks it up. It reports whether it belongs to a script without spaces.
func (f *features) word(s string, i int) (end int, glued bool) {
	var buf [40]byte
	n := 0
	first := rune(0)
	for end = i; end < len(s); {
		c := s[end]
		if c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				if first == 0 {
					first = rune(c)
				}
				c += 'a' - 'A'
			} else if c < 'a' || c > 'z' {
				break
			}
			if first == 0 {
				first = rune(c)
			}
			if n < len(buf) {
				buf[n] = c
				n++
			}
			end++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[end:])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			if r == '’' && n > 0 && end+size < len(s) {
				end += size
				continue
			}
			break
		}
		if first == 0 {
			first = r
		}
		if r >= 0x0e00 {
			glued = true
			if isDateSign(r) && f.numbers > 0 {
				f.date = true
			}
		}
		if n+4 <= len(buf) {
			n += utf8.EncodeRune(buf[n:n+4], unicode.ToLower(r))
		}
		end += size
	}
	if end == i {
		return end, false
	}
	flags := lex.words[string(buf[:n])]
	if f.words == 0 && f.numbers == 0 {
		f.first = flags
		f.firstUpper = unicode.IsUpper(first) || !unicode.IsLower(first)
		f.firstLower = unicode.IsLower(first)
	}
	f.words++
	f.wroteLast = false
	if flags&meansWrote != 0 {
		f.wrote, f.wroteLast = true, true
		f.lang = lex.wordLang[string(buf[:n])]
	}
	if flags&namesDate != 0 {
		f.month = true
	}
	return end, glued
}

// isDateSign knows the signs for year, month and day that stand behind a number.
func isDateSign(r rune) bool {
	switch r {
	case '年', '月', '日', '년', '월', '일':
		return true
	}
	return false
}

// gluedWords looks for the words of scripts without spaces.
func (f *features) gluedWords(s string) {
	for _, w := range lex.glued {
		switch w.flag {
		case meansWrote:
			if !f.wrote && strings.Contains(s, w.text) {
				f.wrote, f.lang = true, w.lang
			}
		case opensAttribution:
			if f.words <= 2 && strings.HasPrefix(s, w.text) {
				f.first |= opensAttribution
			}
		}
	}
}

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
		if got == weakAttribution && closed && d.sent != nil && d.namesUs(d.lines[k].text) {
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
