package compose

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

// Lengths, in characters, above which names and subjects are cut.
const (
	maxName    = 64
	maxSubject = 150
)

// cleanLine makes one line of a name or subject: controls (C0, C1) and line
// ends become spaces, marks that turn the direction of writing are dropped,
// spaces are joined, and it is cut to length characters.
func cleanLine(s string, length int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case isBidiControl(r), r == '\ufeff', r == utf8.RuneError:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return cut(strings.Join(strings.Fields(s), " "), length)
}

// cleanText keeps the lines of a message; other controls and the overrides of
// writing direction are dropped, line ends become LF, three empty lines one.
func cleanText(s string) string {
	s = lineEnds.Replace(strings.ToValidUTF8(s, ""))
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' || r == '\u202d' || r == '\u202e' || r == '\ufeff' || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	lines := strings.Split(s, "\n")
	kept, empty := lines[:0], 0
	for _, l := range lines {
		l = strings.TrimRight(l, " \u00a0")
		if l != "" {
			empty = 0
		} else if empty++; empty > 2 {
			continue
		}
		kept = append(kept, l)
	}
	return strings.Trim(strings.Join(kept, "\n"), "\n")
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n", "\t", "    ")

// isBidiControl follows UAX #9, section 2: embeddings, overrides, isolates and
// marks.
func isBidiControl(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }

// cut shortens s to n characters, the last being an ellipsis, and does not
// leave half of a joined character.
func cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	runes := []rune(s)[:n-1]
	for len(runes) > 0 && (unicode.Is(unicode.M, runes[len(runes)-1]) || runes[len(runes)-1] == '\u200d' || runes[len(runes)-1] == ' ') {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// direction is "rtl" when most strong letters of s are written from right to
// left, else "ltr"; without any strong letter it is fallback.
func direction(s, fallback string) string {
	ltr, rtl := 0, 0
	for _, r := range s {
		if r < utf8.RuneSelf {
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				ltr++
			}
			continue
		}
		p, _ := bidi.LookupRune(r)
		switch p.Class() {
		case bidi.L:
			ltr++
		case bidi.R, bidi.AL:
			rtl++
		}
	}
	switch {
	case ltr == 0 && rtl == 0:
		return fallback
	case rtl > ltr:
		return "rtl"
	}
	return "ltr"
}

// safeURL is s when it is an absolute http or https URL of printable ASCII that
// can stand in a header, between angle brackets and in an attribute; else "".
func safeURL(s string) string {
	if len(s) > maxURL || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>\"\\^`{|}", r) }) {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return s
}

// ValidLink tells whether Compose takes s as a link.
func ValidLink(s string) bool { return safeURL(s) != "" }

// maxURL leaves room for a field name on a line of 998 octets (RFC 5322, section 2.1.1).
const maxURL = 900

// webURL is safeURL for links that people and backends write, who leave letters
// outside ASCII and spaces as they are.
func webURL(s string) string {
	if safe := safeURL(s); safe != "" {
		return safe
	}
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return ""
	}
	return safeURL(u.String())
}

// httpsURL is for what a mail client loads by itself.
func httpsURL(s string) string {
	if u := webURL(s); strings.HasPrefix(u, "https://") {
		return u
	}
	return ""
}
