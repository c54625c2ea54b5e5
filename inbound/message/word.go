package message

import (
	"strings"
	"unicode/utf8"
)

// decodeWords decodes the encoded words of a field value (RFC 2047) and the
// bare octets between them. Words that stand next to each other in one charset
// are joined before decoding: many programs cut a character in two. The
// fallback is the charset of bare octets that are not UTF-8.
func decodeWords(value, fallback string) string {
	var out strings.Builder
	var run wordRun
	f := finder{s: value, end: -1}
	at := 0
	for {
		w, ok := f.next()
		if !ok {
			break
		}
		between := value[at:w.from]
		// RFC 2047, section 6.2: white space between encoded words is not shown.
		if len(run.octets) == 0 || strings.Trim(between, blanks) != "" {
			run.flush(&out)
			out.WriteString(decodeText([]byte(between), fallback))
		}
		run.add(&out, w)
		at = w.to
	}
	run.flush(&out)
	out.WriteString(decodeText([]byte(value[at:]), fallback))
	return out.String()
}

// wordRun is a row of encoded words in one charset.
type wordRun struct {
	charset string
	octets  []byte
}

func (r *wordRun) add(out *strings.Builder, w word) {
	if r.charset != w.charset {
		r.flush(out)
		r.charset = w.charset
	}
	if w.encoding == 'b' {
		r.octets = append(r.octets, decodeBase64([]byte(w.text))...)
	} else {
		r.octets = appendQ(r.octets, w.text)
	}
}

func (r *wordRun) flush(out *strings.Builder) {
	out.WriteString(decodeText(r.octets, r.charset))
	r.octets = r.octets[:0]
}

// appendQ decodes the Q encoding of RFC 2047, section 4.2.
func appendQ(dst []byte, text string) []byte {
	return unescapeLine(dst, []byte(strings.ReplaceAll(text, "_", " ")))
}

// word is one encoded word at [from, to) of a value.
type word struct {
	charset  string
	encoding byte // 'b' or 'q'
	text     string
	from, to int
}

// maxCharsetLabel bounds what may stand before the encoding of a word.
const maxCharsetLabel = 64

// finder finds encoded words. It remembers where the next "?=" stands, so that
// many beginnings without an end cost no more than their length.
type finder struct {
	s   string
	pos int
	end int // of the last "?=" looked for, or -1
}

func (f *finder) next() (word, bool) {
	for {
		i := strings.Index(f.s[f.pos:], "=?")
		if i < 0 {
			return word{}, false
		}
		from := f.pos + i
		f.pos = from + 2
		w, text, ok := f.open(from)
		if !ok {
			continue
		}
		if f.end < text {
			j := strings.Index(f.s[text:], "?=")
			if j < 0 {
				return word{}, false
			}
			f.end = text + j
		}
		if k := strings.Index(f.s[text:f.end], "=?"); k >= 0 { // another word begins inside: this one has no end
			f.pos = text + k
			continue
		}
		w.text, w.to = f.s[text:f.end], f.end+2
		f.pos = w.to
		return w, true
	}
}

// open reads "=?charset?encoding?" at from.
func (f *finder) open(from int) (w word, text int, ok bool) {
	head := f.s[from+2 : min(len(f.s), from+2+maxCharsetLabel+3)]
	q := strings.IndexByte(head, '?')
	if q <= 0 || q+2 >= len(head) || head[q+2] != '?' {
		return word{}, 0, false
	}
	label, _, _ := strings.Cut(head[:q], "*") // RFC 2231, section 5: a language may follow
	enc := head[q+1] | 0x20
	if enc != 'b' && enc != 'q' {
		return word{}, 0, false
	}
	return word{charset: charsetLabel(label), encoding: enc, from: from}, from + 2 + q + 3, true
}

// clean makes decoded text fit for one line: line breaks and tabs become
// spaces, other controls and the bidirectional controls that can turn a name
// around are dropped.
func clean(s string) string {
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r < ' ' || 0x7f <= r && r < 0xa0 || isBidiControl(r) || r == 0xfeff:
			return -1
		case r == 0x2028 || r == 0x2029:
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// isBidiControl tells the invisible characters of Unicode's bidirectional
// algorithm (UAX 9, section 2).
func isBidiControl(r rune) bool {
	switch {
	case r == 0x061c, r == 0x200e, r == 0x200f, 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069:
		return true
	}
	return false
}
