package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentIndex is what we sent, in a form in which it is found again although a client has marked, wrapped, re-encoded or
// shortened it: sets of words in a row, of words, and of short lines, all hashed.
type sentIndex struct {
	runs   map[uint64]place // shingles
	words  map[uint64]bool
	lines  map[uint64]bool // lines too short for a shingle
	totals [sentMails]int
	n      int
	seen   int      // words
	names  []string // folded From names and subjects
}

// place is where a shingle stands.
type place struct {
	mails uint8 // the mails it is in
	at    int32 // where it was first seen
}

// indexSent indexes the newest mails. It returns nil if there is none.
func indexSent(sent []Sent) *sentIndex {
	if len(sent) == 0 {
		return nil
	}
	x := &sentIndex{runs: map[uint64]place{}, words: map[uint64]bool{}, lines: map[uint64]bool{}}
	for i := range sent[:min(len(sent), sentMails)] {
		s := &sent[i]
		var d document
		d.scan(clip(s.Text))
		x.addLines(d.lines, i)
		if s.HTML != "" {
			x.addLines(parsePage(clip(s.HTML)).lines, i)
		}
		x.addName(s.FromName)
		x.addName(s.Subject)
		x.n++
	}
	return x
}

func clip(s string) string { return s[:min(len(s), sentBytes)] }

func (x *sentIndex) addName(s string) {
	var buf [256]byte
	if name := string(fold(buf[:], s)); len(name) > 2 {
		x.names = append(x.names, name)
	}
}

func (x *sentIndex) addLines(lines []line, mail int) {
	var t tokens
	for i := range lines {
		before := len(t.hash)
		t.add(lines[i].text, int32(i))
		if n := len(t.hash) - before; n > 0 && n <= shingle+2 {
			x.lines[lineHash(t.hash[before:])] = true
		}
	}
	for i, h := range t.hash {
		x.words[h] = true
		if i+shingle <= len(t.hash) {
			h := lineHash(t.hash[i : i+shingle])
			p, seen := x.runs[h]
			if !seen {
				p.at = int32(x.seen + i)
			}
			p.mails |= 1 << mail
			x.runs[h] = p
		}
	}
	x.totals[mail] = max(x.totals[mail], len(t.hash))
	x.seen += len(t.hash)
}

// tokens are the words of lines, hashed.
type tokens struct {
	hash []uint64
	line []int32
}

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// add takes the words of a line. Links are passed over, as mail servers rewrite them; each character of a script
// without spaces is a word.
func (t *tokens) add(s string, line int32) {
	h, open := uint64(fnvOffset), false
	end := func() {
		if open {
			t.hash, t.line = append(t.hash, h), append(t.line, line)
		}
		h, open = fnvOffset, false
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			switch {
			case c == 'h' && !open && (strings.HasPrefix(s[i:], "http://") || strings.HasPrefix(s[i:], "https://")):
				for i < len(s) && s[i] != ' ' && s[i] != '>' && s[i] != ')' && s[i] != ']' {
					i++
				}
				continue
			case 'A' <= c && c <= 'Z':
				h, open = (h^uint64(c+'a'-'A'))*fnvPrime, true
			case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
				h, open = (h^uint64(c))*fnvPrime, true
			case c == '\'':
			default:
				end()
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case r >= 0x0e00 && unspacedRune(r):
			end()
			h, open = (h^uint64(r))*fnvPrime, true
			end()
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			h, open = (h^uint64(unicode.ToLower(r)))*fnvPrime, true
		case invisible(r) && r != 0xa0 && r != 0x3000 && r != 0x202f, r == '’':
		default:
			end()
		}
	}
	end()
}

func unspacedRune(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

func lineHash(words []uint64) uint64 {
	h := uint64(fnvOffset)
	for _, w := range words {
		h = (h ^ w) * fnvPrime
		h ^= h >> 29
	}
	return h
}
