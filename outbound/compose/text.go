package compose

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// line is one line of a message, taken apart.
type line []span

// span is a piece of a line that looks alike.
type span struct {
	Text string
	URL  string // a link, if not empty
}

// parseText takes a clean text apart; an empty text has no line.
func parseText(text string) []line {
	if text == "" {
		return nil
	}
	var lines []line
	for l := range strings.SplitSeq(text, "\n") {
		lines = append(lines, parseLine(l))
	}
	return lines
}

// parseLine finds the web addresses in a line. Only those with a scheme become
// links, and they show where they lead.
func parseLine(s string) line {
	var l line
	for {
		start := nextLink(s)
		if start < 0 {
			break
		}
		end := start + linkLength(s[start:])
		l = append(appendText(l, s[:start]), span{Text: s[start:end], URL: webURL(s[start:end])})
		s = s[end:]
	}
	return appendText(l, s)
}

func appendText(l line, s string) line {
	if s == "" {
		return l
	}
	return append(l, span{Text: s})
}

// nextLink finds the next "https://" or "http://" that does not stand within a word.
func nextLink(s string) int {
	from := 0
	for {
		i := strings.Index(s[from:], "http")
		if i < 0 {
			return -1
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		rest := s[i+len("http"):]
		if (strings.HasPrefix(rest, "://") || strings.HasPrefix(rest, "s://")) &&
			(i == 0 || !unicode.IsLetter(before) && !unicode.IsDigit(before)) {
			return i
		}
		from = i + len("http")
	}
}

// linkLength is how far a web address goes: to white space, a quote or an angle
// bracket, without the punctuation of the sentence around it.
func linkLength(s string) int {
	n := strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("<>\"«»“”„、。「」（）", r)
	})
	if n < 0 {
		n = len(s)
	}
	open := strings.Count(s[:n], "(") - strings.Count(s[:n], ")")
	for ; n > 0; n-- {
		switch last := s[n-1]; {
		case last == ')' && open < 0:
			open++
		case last == ')' || strings.IndexByte(".,;:!?'*_~]", last) < 0:
			return n
		}
	}
	return n
}

// textWidth is the width of the text part's lines, in columns: short enough
// that a quotation of a quotation is not wrapped, and that quoted-printable
// needs no soft line breaks.
const textWidth = 72

// wrap breaks the lines of s at spaces, and between characters of scripts that
// have none. What cannot be broken, such as a link, stands on its own.
func wrap(s string) string {
	var b strings.Builder
	for i, l := range strings.Split(s, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		wrapLine(&b, l)
	}
	return b.String()
}

func wrapLine(b *strings.Builder, l string) {
	column := 0
	for l != "" {
		spaces := len(l) - len(strings.TrimLeft(l, " "))
		word := nextWord(l[spaces:])
		size := columns(word)
		switch {
		case column > 0 && column+spaces+size > textWidth:
			b.WriteByte('\n')
			column = 0
		case column > 0 || size > 0:
			b.WriteString(l[:spaces])
			column += spaces
		}
		b.WriteString(word)
		column += size
		l = l[spaces+len(word):]
	}
}

// nextWord is the shortest beginning of s after which a line may break.
func nextWord(s string) string {
	last := rune(0)
	for i, r := range s {
		if r == ' ' || i > 0 && breaksBetween(last, r) {
			return s[:i]
		}
		last = r
	}
	return s
}

// breaksBetween tells whether a line of Chinese or Japanese may break between
// two characters: not before a closing mark, not after an opening one.
func breaksBetween(a, b rune) bool {
	if !isIdeographic(a) && !isIdeographic(b) {
		return false
	}
	return !unicode.In(b, unicode.Pe, unicode.Pf, unicode.Po, unicode.Lm, unicode.M) && !unicode.In(a, unicode.Ps, unicode.Pi) && b != '\u200d'
}

func isIdeographic(r rune) bool {
	return r >= 0x2e80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303f
}

// columns is how wide s is shown: two columns for East Asian wide characters
// (UAX #11), none for marks.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r < 0x300:
			n++
		case unicode.In(r, unicode.M, unicode.Cf):
		default:
			n++
			if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
				n++
			}
		}
	}
	return n
}
