package extract

import (
	"strings"
	"unicode/utf8"
)

// markKind is what a line such as "-----Original Message-----" announces.
type markKind uint8

const (
	markNone markKind = iota
	markOriginal
	markForward
)

// isRule reports a line drawn with one sort of punctuation, three characters or more.
func isRule(s string) bool {
	if len(s) < 3 {
		return false
	}
	first, n := utf8.DecodeRuneInString(s)
	if !drawsRule(first) {
		return false
	}
	count := 1
	for _, r := range s[n:] {
		if r == ' ' {
			continue
		}
		if r != first {
			return false
		}
		count++
	}
	return count >= 3
}

func drawsRule(r rune) bool {
	switch r {
	case '-', '_', '=', '*', '~', '#', '+', '.', '—', '–', '─', '━', '═', '⸻', '﹣', '＿', '⁃', '‐', '‑', '‒', '―':
		return true
	}
	return false
}

// dashes counts the characters of a drawn line at the start of s, in bytes.
func dashes(s string) int {
	n := 0
	for n < len(s) {
		switch c := s[n]; {
		case c == '-' || c == '_' || c == '=' || c == '*' || c == '~':
			n++
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[n:])
			if !isDash(r) {
				return n
			}
			n += size
		default:
			return n
		}
	}
	return n
}

// isDash knows the dashes outside ASCII that clients draw markers with; Proton Mail takes U+2010.
func isDash(r rune) bool {
	switch r {
	case '‐', '‑', '‒', '–', '—', '―', '─', '━':
		return true
	}
	return false
}

// markOf tells whether s is a marker line, and what stands behind the marker on the same line.
func markOf(s string) (kind markKind, lang, rest string) {
	if len(s) < 6 {
		return markNone, "", ""
	}
	if replyAbove(s) {
		return markOriginal, "", ""
	}
	n := dashes(s)
	if n < 2 {
		return bareMark(s)
	}
	inner := s[n:]
	if len(inner) > 160 {
		inner = inner[:160]
	}
	end := strings.Index(inner, "--")
	for _, alt := range [...]string{"__", "==", "**", "——", "‐‐"} {
		if end < 0 {
			end = strings.Index(inner, alt)
		}
	}
	if end < 0 {
		return markNone, "", ""
	}
	var buf [96]byte
	phrase := fold(buf[:], inner[:end])
	if lang, ok := lex.forwarded[string(phrase)]; ok {
		return markForward, lang, behind(s[n+end:])
	}
	if lang, ok := lex.original[string(phrase)]; ok {
		return markOriginal, lang, behind(s[n+end:])
	}
	// Lotus Notes: "-----Forwarded by John Doe/ACME on 05/05/2010 02:00PM -----"
	if strings.HasPrefix(string(phrase), "forwarded by ") {
		return markForward, "en", ""
	}
	return markNone, "", ""
}

// wrappedMark knows a marker whose closing dashes were wrapped to the next line.
func (d *document) wrappedMark(i int) (markKind, string) {
	l := &d.lines[i]
	if i+1 == len(d.lines) || len(l.text) > 90 || dashes(l.text) < 4 {
		return markNone, ""
	}
	next := &d.lines[i+1]
	if next.depth != l.depth || !isRule(next.text) || len(next.text) > 90 {
		return markNone, ""
	}
	kind, lang, _ := markOf(l.text + " " + next.text)
	return kind, lang
}

// replyAbove knows the line that notification mails begin with: "## Please reply above this line ##".
func replyAbove(s string) bool {
	if c := s[0]; len(s) > 100 || c != '-' && c != '#' && c != '=' && c != '*' && c != '_' && c != '<' && c != '[' && c != '(' {
		return false
	}
	var buf [128]byte
	phrase := string(fold(buf[:], s))
	for _, p := range [...]string{"above this line", "über dieser linie", "oberhalb dieser linie", "oberhalb dieser zeile", "au dessus de cette ligne",
		"encima de esta línea", "sopra questa linea", "sopra questa riga", "boven deze lijn", "boven deze regel", "acima desta linha", "ovanför denna rad", "ovenfor denne linje", "powyżej tej linii", "выше этой строки", "выше этой линии"} {
		if strings.Contains(phrase, p) {
			return true
		}
	}
	return false
}

// behind drops the closing dashes.
func behind(s string) string { return trimInvisible(s[dashes(s):]) }

// bareMark knows the markers without dashes: "Begin forwarded message:".
func bareMark(s string) (markKind, string, string) {
	if len(s) > 90 || s[len(s)-1] != ':' && !strings.HasSuffix(s, "：") {
		return markNone, "", ""
	}
	var buf [96]byte
	phrase := fold(buf[:], s)
	if lang, ok := lex.forwarded[string(phrase)]; ok {
		return markForward, lang, ""
	}
	if lang, ok := lex.original[string(phrase)]; ok && strings.IndexByte(string(phrase), ' ') > 0 {
		return markOriginal, lang, ""
	}
	return markNone, "", ""
}

// unknownMark reports "---- words ----" in a language we do not know, drawn with at least four dashes on either side.
func unknownMark(s string) bool {
	n := dashes(s)
	if n < 4 || n == len(s) {
		return false
	}
	inner := s[n:]
	end := strings.Index(inner, "----")
	return end > 3 && end < 60 && dashes(inner[end:]) == len(inner)-end
}

// splitAtMarker cuts a line in two where the client forgot the line break before the marker ("yes--- On Wed, … wrote:")
// or behind the attribution ("On Wed, … wrote:Hello").
func splitAtMarker(raw string) (head, tail string, ok bool) {
	if i := strings.Index(raw, "wrote:"); i > 0 && i < attributionBytes {
		head, tail = raw[:i+6], raw[i+6:]
		var f features
		f.add(head)
		if trimInvisible(tail) != "" && f.first&opensAttribution != 0 && f.wroteLast && f.dated() && f.words < 20 && (f.addr || f.time) {
			return head, tail, true
		}
	}
	i := strings.Index(raw, "---")
	if i <= 0 || len(raw)-i > 400 {
		return "", "", false
	}
	head, tail = raw[:i], raw[i:]
	trimmed := trimInvisible(head)
	if trimmed == "" || trimmed[0] == '>' {
		return "", "", false
	}
	if kind, _, _ := markOf(tail); kind != markNone {
		return head, tail, true
	}
	line := trimInvisible(tail)
	if end := line[len(line)-1]; end != ':' && end != '-' {
		return "", "", false
	}
	var f features
	f.add(line[dashes(line):])
	if f.first&opensAttribution != 0 && f.wrote && f.dated() {
		return head, tail, true
	}
	return "", "", false
}
