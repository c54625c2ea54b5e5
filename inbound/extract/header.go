package extract

import (
	"math/bits"
	"strings"
)

const (
	headerGap   = 2 // blank lines between two fields
	headerWrap  = 3 // lines a field may go on for
	headerLines = 40
)

// headerAt tells which header field a line is.
func (l *line) headerAt() (headerKind, string) {
	if l.colon <= 0 {
		return 0, ""
	}
	var buf [keyWidth * 2]byte
	key := fold(buf[:], l.text[:l.colon])
	return lex.keys[string(key)], lex.keyLang[string(key)]
}

// headerBlock reads a block of header fields that starts at line i. It returns the first line after it.
func (d *document) headerBlock(i int) (end int, lang string, ok bool) {
	if i < d.headerless {
		return 0, "", false // a part of what was not a block is none either
	}
	kind, lang := d.lines[i].headerAt()
	if kind == 0 {
		return 0, "", false
	}
	if d.crowdedHeader(i) {
		return i + 1, lang, true
	}
	depth := d.lines[i].depth
	kinds := kind
	addr := strings.IndexByte(d.lines[i].text, '@') > 0
	end = i + 1
	for end < len(d.lines) && end < i+headerLines {
		next, blanks := end, 0
		for next < len(d.lines) && d.lines[next].blank() && blanks < headerGap+1 {
			next, blanks = next+1, blanks+1
		}
		j, k := d.nextField(next, depth, blanks > 0)
		if k == 0 || blanks > headerGap || blanks > 0 && kinds&k != 0 {
			break
		}
		for n := next; n <= j; n++ {
			addr = addr || strings.IndexByte(d.lines[n].text, '@') > 0
		}
		kinds |= k
		end = j + 1
	}
	if !convincing(kinds, addr, d.timed(i, end)) && (kinds&headerFrom == 0 || end < i+2 || d.introAbove(i, 0) == i) {
		d.headerless = end
		return 0, "", false
	}
	return end, lang, true
}

// nextField finds the next field from line i on, over the lines that the field before may be wrapped to.
func (d *document) nextField(i int, depth uint16, afterBlank bool) (int, headerKind) {
	for j := i; j < len(d.lines) && j <= i+headerWrap; j++ {
		l := &d.lines[j]
		if l.depth != depth || l.blank() {
			return 0, 0
		}
		if k, _ := l.headerAt(); k != 0 {
			return j, k
		}
		if afterBlank {
			return 0, 0
		}
	}
	return 0, 0
}

// convincing tells a header block from a person's "From: Paris, To: London".
func convincing(kinds headerKind, addr, timed bool) bool {
	n := bits.OnesCount8(uint8(kinds))
	switch {
	case n >= 3 && kinds&headerSubject != 0:
		return true
	case n >= 3 && timed && kinds&headerFrom != 0 && kinds&headerSent != 0:
		return true
	case n >= 2 && addr && kinds&(headerFrom|headerSent) != 0:
		return true
	case n >= 2 && kinds&headerFrom != 0 && kinds&headerSubject != 0:
		return true
	}
	return false
}

// timed reports a date with the time of the day.
func (d *document) timed(a, b int) bool {
	for ; a < b; a++ {
		if len(d.lines[a].text) > attributionBytes {
			continue
		}
		var f features
		f.add(d.lines[a].text)
		if f.time && (f.date || f.year || f.month) {
			return true
		}
	}
	return false
}

// crowdedHeader reports a whole header block on one line.
func (d *document) crowdedHeader(i int) bool {
	s := d.lines[i].text
	if len(s) > attributionBytes {
		return false
	}
	var kinds headerKind
	n := 0
	var buf [keyWidth * 2]byte
	for at := 0; ; {
		c := strings.IndexByte(s[at:], ':')
		if c < 0 {
			break
		}
		at += c
		k := lex.keys[string(fold(buf[:], lastWord(s[:at])))]
		if k != 0 && kinds&k == 0 {
			kinds |= k
			n++
		}
		at++
	}
	return kinds&headerFrom != 0 && (n >= 3 || n == 2 && kinds&headerSent != 0 && strings.IndexByte(s, '@') > 0)
}

// lastWord returns the letters at the end of s.
func lastWord(s string) string {
	s = strings.TrimRight(s, " *")
	i := len(s)
	for i > 0 && len(s)-i < keyWidth {
		c := s[i-1]
		if c >= 0x80 || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			i--
			continue
		}
		break
	}
	return s[i:]
}
