package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// language is what one language's mail clients write around a quotation.
// Every field is a list separated by "|", lower case, without punctuation.
type language struct {
	code      string
	open      string // words an attribution line opens with: "On", "Am", "Le"
	wrote     string // words of its verb: "wrote", "schrieb", "écrit"
	dates     string // months and weekdays, where no four-digit year helps
	from      string // keys of a header block
	sent      string
	to        string
	cc        string
	subject   string
	original  string // "Original Message", between dashes
	forwarded string // "Forwarded message"
	device    string // "sent", as in "Sent from my iPhone"
	closing   string // "Kind regards"
	stop      string // an answer that asks for no more mail
	mine      string // "I wrote": the person quotes himself
}

// wordFlag says what a word may be in some language.
type wordFlag uint16

const (
	opensAttribution wordFlag = 1 << iota
	meansWrote
	namesDate
	meansSent
	namesDevice
	meansFrom
	meansFetch
	pointsBelow
)

// headerKind is the field a header key stands for.
type headerKind uint8

const (
	headerFrom headerKind = 1 << iota
	headerSent
	headerTo
	headerCc
	headerSubject
)

// lexicon is the languages turned into look-up tables. It is built once and only read afterwards.
type lexicon struct {
	words     map[string]wordFlag
	wordLang  map[string]string
	keys      map[string]headerKind
	keyLang   map[string]string
	original  map[string]string
	forwarded map[string]string
	closings  map[string]string
	stops     map[string]string
	mine      []string
	glued     []gluedWord // for scripts that put no space between words
}

type gluedWord struct {
	text string
	flag wordFlag
	lang string
}

var lex = newLexicon(languages)

func newLexicon(all []language) *lexicon {
	x := &lexicon{
		words: map[string]wordFlag{}, wordLang: map[string]string{},
		keys: map[string]headerKind{}, keyLang: map[string]string{},
		original: map[string]string{}, forwarded: map[string]string{},
		closings: map[string]string{}, stops: map[string]string{},
	}
	for _, w := range strings.Split(deviceNames, "|") {
		x.words[w] |= namesDevice
	}
	for _, w := range strings.Split(fetchWords, "|") {
		x.words[w] |= meansFetch
	}
	for _, w := range strings.Split(pointers, "|") {
		x.words[w] |= pointsBelow
	}
	for i := range all {
		x.add(&all[i])
	}
	return x
}

func (x *lexicon) add(l *language) {
	each := func(list string, f func(string)) {
		for s := range strings.SplitSeq(list, "|") {
			if s != "" {
				f(s)
			}
		}
	}
	word := func(flag wordFlag) func(string) {
		return func(s string) {
			if unspaced(s) {
				x.glued = append(x.glued, gluedWord{s, flag, l.code})
				return
			}
			x.words[s] |= flag
			if flag&(meansWrote|meansSent) != 0 && x.wordLang[s] == "" {
				x.wordLang[s] = l.code
			}
		}
	}
	key := func(k headerKind) func(string) {
		return func(s string) {
			if _, taken := x.keys[s]; !taken {
				x.keys[s], x.keyLang[s] = k, l.code
			}
		}
	}
	phrase := func(m map[string]string) func(string) {
		return func(s string) {
			if _, taken := m[s]; !taken {
				m[s] = l.code
			}
		}
	}
	each(l.open, word(opensAttribution))
	each(l.wrote, word(meansWrote))
	each(l.dates, word(namesDate))
	each(l.device, word(meansSent))
	each(l.from, key(headerFrom))
	each(l.sent, key(headerSent))
	each(l.to, key(headerTo))
	each(l.cc, key(headerCc))
	each(l.subject, key(headerSubject))
	each(l.original, phrase(x.original))
	each(l.forwarded, phrase(x.forwarded))
	each(l.closing, phrase(x.closings))
	each(l.stop, phrase(x.stops))
	each(l.mine, func(s string) { x.mine = append(x.mine, s) })
}

// unspaced reports a word of a script written without spaces between words.
func unspaced(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}

// fold writes s in lower case, with the spaces folded and the punctuation of
// mail clients' decorations (stars, quotes, dashes, colons) left out, into buf.
func fold(buf []byte, s string) []byte {
	buf = buf[:0]
	space := false
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case 'A' <= c && c <= 'Z':
				c += 'a' - 'A'
				fallthrough
			case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
				if space && len(buf) > 0 {
					buf = append(buf, ' ')
				}
				space = false
				buf = append(buf, c)
			case c == '\'':
			default:
				space = true
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			if space && len(buf) > 0 {
				buf = append(buf, ' ')
			}
			space = false
			buf = utf8.AppendRune(buf, unicode.ToLower(r))
		case invisible(r), r == '’':
		default:
			space = true
		}
	}
	return buf
}
