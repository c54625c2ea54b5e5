package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/atom"
)

// sentIndex is what we sent, in a form in which it is found again although a client has marked, wrapped, re-encoded or
// shortened it: words in a row, words, short lines, links, all hashed. A mail has two variants, its text and its HTML,
// as clients quote either.
type sentIndex struct {
	runs   map[uint64]int32 // shingles: where in spots
	lines  map[uint64]int32 // lines too short for a shingle, and lines without words
	words  map[uint64]bool
	orders [2 * sentMails][]uint64 // the words of each variant in their order
	links  map[uint64]bool         // hosts and paths
	alts   map[uint64]bool         // what stands for a picture
	spots  []spot
	totals [sentMails]int
	n      int
	names  []string // folded From names and subjects
}

// spot is where something stands in a variant: the number of words before its first and its last occurrence. Spots of
// other variants follow by next, which is 0 for the last.
type spot struct {
	first, last int32
	next        int32
	variant     uint8
}

// indexSent indexes the newest mails. It returns nil if there is none.
func indexSent(sent []Sent) *sentIndex {
	if len(sent) == 0 {
		return nil
	}
	x := &sentIndex{
		runs: map[uint64]int32{}, lines: map[uint64]int32{}, words: map[uint64]bool{}, links: map[uint64]bool{}, alts: map[uint64]bool{},
		spots: make([]spot, 1, 256), // none is at 0
	}
	for i := range sent[:min(len(sent), sentMails)] {
		s := &sent[i]
		var d document
		d.scan(clip(s.Text))
		x.addLines(d.lines, i, 2*i)
		if s.HTML != "" {
			p := parsePage(clip(s.HTML))
			x.addLines(p.lines, i, 2*i+1)
			x.addPictures(p)
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

func (x *sentIndex) addLines(lines []line, mail, variant int) {
	var t tokens
	for i := range lines {
		s := lines[i].text
		before := len(t.hash)
		t.add(s, int32(i))
		switch n := len(t.hash) - before; {
		case n > 0 && n <= shortLine:
			x.note(x.lines, lineHash(t.hash[before:]), variant, before)
		case n == 0 && s != "" && len(s) <= maxSign:
			x.note(x.lines, textHash(s), variant, before)
		}
		if strings.Contains(s, "://") {
			x.addLinks(s)
		}
	}
	for i, h := range t.hash {
		x.words[h] = true
		if i+shingle <= len(t.hash) {
			x.note(x.runs, lineHash(t.hash[i:i+shingle]), variant, i)
		}
	}
	x.orders[variant] = t.hash
	x.totals[mail] = max(x.totals[mail], len(t.hash))
}

// addPictures notes the texts that stand for pictures of ours.
func (x *sentIndex) addPictures(p *page) {
	if p.root == nil {
		return
	}
	for n := range p.root.Descendants() {
		if alt := attr(n, "alt"); n.DataAtom == atom.Img && alt != "" {
			x.alts[textHash(alt)] = true
		}
	}
}

// picture reports a line that clients write in the place of a picture of ours: "[image: B]", "[B]".
func (x *sentIndex) picture(s string) bool {
	if s == "" || !isPicture(s) {
		return false
	}
	alt := s[1 : len(s)-1]
	if x.alts[textHash(alt)] {
		return true
	}
	_, alt, named := strings.Cut(alt, ": ")
	return named && x.alts[textHash(alt)]
}

// note remembers that something stands behind so many words of a variant.
func (x *sentIndex) note(in map[uint64]int32, h uint64, variant, at int) {
	head := in[h]
	for i := head; i != 0; i = x.spots[i].next {
		if x.spots[i].variant == uint8(variant) {
			x.spots[i].last = int32(at)
			return
		}
	}
	x.spots = append(x.spots, spot{int32(at), int32(at), head, uint8(variant)})
	in[h] = int32(len(x.spots) - 1)
}

// in returns where something stands in a variant.
func (x *sentIndex) in(head int32, variant uint8) (spot, bool) {
	for i := head; i != 0; i = x.spots[i].next {
		if x.spots[i].variant == variant {
			return x.spots[i], true
		}
	}
	return spot{}, false
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

func textHash(s string) uint64 {
	h := uint64(fnvOffset)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h
}
