package compose

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// textWidth is the width of the text part's lines, in columns: short enough
// that a quotation of a quotation is not wrapped, and that quoted-printable
// needs no soft line breaks.
const textWidth = 72

// wrap breaks the lines of s at spaces, and between characters of scripts that
// have none. What cannot be broken, such as a link, stands on its own.
func wrap(s string) string { return wrapTo(s, textWidth) }

func wrapTo(s string, width int) string {
	var b strings.Builder
	for i, l := range strings.Split(s, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		wrapLine(&b, l, width)
	}
	return b.String()
}

func wrapLine(b *strings.Builder, l string, width int) {
	column := 0
	for l != "" {
		spaces := len(l) - len(strings.TrimLeft(l, " "))
		word := nextWord(l[spaces:])
		size := columns(word)
		switch {
		case column > 0 && column+spaces+size > width:
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
