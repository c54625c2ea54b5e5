package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// features are what can be seen in the words of a line that may be an attribution ("On Monday, Ann wrote:") without
// knowing its language: a date, an address, the verb, what it opens with.
type features struct {
	words, numbers int
	first          wordFlag // of the first word
	firstDigit     bool
	firstUpper     bool
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
}

func (f *features) dated() bool {
	return f.date || f.year && f.numbers > 1 || f.time || f.month && f.numbers > 0
}

// day reports a date, and not only a time.
func (f *features) day() bool { return f.date || f.year && f.numbers > 1 || f.month && f.numbers > 0 }

// add looks at one line.
func (f *features) add(s string) {
	if strings.IndexByte(s, 0xe2) >= 0 && strings.ContainsAny(s, directionMarks) {
		s = strings.Map(dropDirection, s)
	}
	if f.words == 0 && f.numbers == 0 && !f.quoteFirst && !f.angleFirst {
		f.begin(s)
	}
	glued := false
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			i = f.number(s, i)
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf:
			n, unspaced := f.word(s, i)
			if n == i {
				_, size := utf8.DecodeRuneInString(s[i:])
				n += size
			}
			glued = glued || unspaced
			i = n
		default:
			i += f.sign(s, i)
		}
	}
	if glued {
		f.gluedWords(s)
	}
}

// begin notes what the first line opens with.
func (f *features) begin(s string) {
	for _, q := range [...]string{`"`, "'", "“", "„", "«", "&quot;"} {
		if strings.HasPrefix(s, q) {
			f.quoteFirst = true
			return
		}
	}
	for _, q := range [...]string{"<", ">", "(", "&lt;"} {
		if strings.HasPrefix(s, q) {
			f.angleFirst = true
			return
		}
	}
}

// sign reads the punctuation at i, as entities too, and returns its length.
func (f *features) sign(s string, i int) int {
	switch s[i] {
	case '@':
		if i > 0 && i+1 < len(s) && s[i-1] > ' ' && s[i+1] > ' ' {
			f.addr = true
		}
	case '<':
		f.angle++
	case '>':
		f.close()
	case '?', '!':
		f.stops++
	case '&':
		switch rest := s[i:]; {
		case strings.HasPrefix(rest, "&lt;"):
			f.angle++
			return len("&lt;")
		case strings.HasPrefix(rest, "&gt;"):
			f.close()
			return len("&gt;")
		case strings.HasPrefix(rest, "&quot;"):
			return len("&quot;")
		}
	}
	return 1
}

// close counts a closing angle bracket.
func (f *features) close() {
	if f.angle == 0 {
		f.closedFirst = true
		return
	}
	f.angle--
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
	n, end, first, glued := f.letters(buf[:], s, i)
	if end == i {
		return end, false
	}
	flags := lex.words[string(buf[:n])]
	if f.words == 0 && f.numbers == 0 {
		f.first = flags
		f.firstUpper = !unicode.IsLower(first)
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

// letters copies the letters at i into buf, in lower case. It returns how many bytes it copied, where the word ends, its
// first letter, and whether its script has no spaces.
func (f *features) letters(buf []byte, s string, i int) (n, end int, first rune, glued bool) {
	for end = i; end < len(s); {
		r, size := rune(s[end]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[end:])
		}
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsMark(r))
		if !letter {
			if r == '’' && n > 0 && end+size < len(s) {
				end += size
				continue
			}
			break
		}
		if first == 0 {
			first = r
		}
		switch {
		case r < utf8.RuneSelf:
			if n < len(buf) {
				buf[n] = byte(r) | 0x20
				n++
			}
		case n+utf8.UTFMax <= len(buf):
			n += utf8.EncodeRune(buf[n:n+utf8.UTFMax], unicode.ToLower(r))
		}
		if r >= 0x0e00 {
			glued = true
			f.date = f.date || f.numbers > 0 && isDateSign(r)
		}
		end += size
	}
	return n, end, first, glued
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
