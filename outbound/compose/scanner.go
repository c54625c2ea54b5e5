package compose

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner takes one line apart: first into tokens, then the marks among them
// are paired.
type scanner struct {
	s      string
	names  map[string]string
	tokens []token
	plain  int // where the text begins that no token holds yet
	noTick bool
}

// token is a span, or a run of a mark that may open or close a style.
type token struct {
	span
	mark                 byte // 0: a span
	canOpen, canClose    bool
	startsHere, endsHere bool // once paired
}

func parseLine(s string, names map[string]string) []span {
	sc := scanner{s: s, names: names}
	for i := 0; i < len(s); {
		n := sc.next(i)
		i += max(n, 1)
	}
	sc.flush(len(s))
	if len(sc.tokens) == 0 {
		return nil
	}
	sc.pair()
	return sc.spans()
}

// flush makes a token of the plain text that ends at i.
func (sc *scanner) flush(i int) {
	if sc.plain < i {
		sc.tokens = append(sc.tokens, token{span: span{Text: sc.s[sc.plain:i]}})
	}
	sc.plain = i
}

// add puts spans in place of n octets from i.
func (sc *scanner) add(i, n int, spans ...span) int {
	sc.flush(i)
	for _, sp := range spans {
		sc.tokens = append(sc.tokens, token{span: sp})
	}
	sc.plain = i + n
	return n
}

// next reads what stands at i and returns its length, 0 if it is plain text.
func (sc *scanner) next(i int) int {
	rest := sc.s[i:]
	switch rest[0] {
	case '*', '_', '~':
		return sc.run(i)
	case '`':
		return sc.code(i)
	case '<':
		if sp, n := angle(rest, sc.names); n > 0 {
			return sc.add(i, n, sp)
		}
	case 'h':
		if isWord(sc.before(i)) {
			return 0
		}
		if sp, n := bareLink(rest); n > 0 {
			return sc.add(i, n, sp)
		}
	case ':':
		if characters, n := shortcode(rest); n > 0 && !sc.withinWord(i, i+n) {
			return sc.add(i, n, span{Text: characters})
		}
	}
	return 0
}

func (sc *scanner) before(i int) rune {
	r, _ := utf8.DecodeLastRuneInString(sc.s[:i])
	return r
}

func (sc *scanner) after(i int) rune {
	r, _ := utf8.DecodeRuneInString(sc.s[i:])
	return r
}

// withinWord tells shortcodes from "10:100:00" and "a:b:c"; words of scripts
// that put no spaces between them do not count.
func (sc *scanner) withinWord(from, to int) bool {
	before, after := sc.before(from), sc.after(to)
	return unicode.IsDigit(before) || isWord(before) && isWord(after) && before < utf8.RuneSelf && after < utf8.RuneSelf
}

// isWord tells whether r is of a word; no rune at all is not.
func isWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// run reads a run of one mark. Two of * or ~ do what one does, as in Markdown;
// longer runs, and two of _, are text.
func (sc *scanner) run(i int) int {
	c, n := sc.s[i], 1
	for i+n < len(sc.s) && sc.s[i+n] == c {
		n++
	}
	if n > 2 || n == 2 && c == '_' {
		return n
	}
	before, after := sc.before(i), sc.after(i+n)
	canOpen := !isWord(before) && i+n < len(sc.s) && after != ' '
	canClose := i > 0 && before != ' ' && !isWord(after)
	if !canOpen && !canClose {
		return n
	}
	sc.flush(i)
	sc.tokens = append(sc.tokens, token{span: span{Text: sc.s[i : i+n]}, mark: c, canOpen: canOpen, canClose: canClose})
	sc.plain = i + n
	return n
}

// code reads `code` or ```code```. Once a closing tick was looked for in vain,
// no other is looked for.
func (sc *scanner) code(i int) int {
	rest := sc.s[i:]
	for _, tick := range []string{fence, "`"} {
		if sc.noTick || !strings.HasPrefix(rest, tick) {
			continue
		}
		size := strings.Index(rest[len(tick):], tick)
		if size < 0 && tick == "`" {
			sc.noTick = true
		}
		if size <= 0 || strings.TrimSpace(rest[len(tick):][:size]) == "" {
			continue
		}
		inner := rest[len(tick):][:size]
		return sc.add(i, size+2*len(tick), span{Text: tick, Style: styleMark}, span{Text: inner, Style: styleCode}, span{Text: tick, Style: styleMark})
	}
	return 0
}

// pair finds for each closing mark the mark that opened it. At most one mark of
// a kind is open; what was opened within and not closed stays text.
func (sc *scanner) pair() {
	var open []int
	find := func(t token) int {
		for at := len(open) - 1; at >= 0; at-- {
			if o := sc.tokens[open[at]]; o.mark == t.mark && len(o.Text) == len(t.Text) {
				return at
			}
		}
		return -1
	}
	for i := range sc.tokens {
		t := &sc.tokens[i]
		if t.mark == 0 {
			continue
		}
		at := find(*t)
		switch {
		case t.canClose && at >= 0 && open[at] < i-1:
			sc.tokens[open[at]].startsHere, t.endsHere = true, true
			open = open[:at]
		case t.canOpen:
			if at >= 0 {
				open = append(open[:at], open[at+1:]...)
			}
			open = append(open, i)
		}
	}
}

// spans gives every token its style, and joins what looks alike.
func (sc *scanner) spans() []span {
	var out []span
	var text strings.Builder // of the span being joined
	current, last := style(0), span{}
	flush := func() {
		if last.Text = text.String(); last.Text != "" {
			out = append(out, last)
		}
		text.Reset()
	}
	for i, t := range sc.tokens {
		sp := t.span
		switch {
		case t.startsHere:
			current |= styleOf(t.mark)
			sp.Style = styleMark
		case t.endsHere:
			current &^= styleOf(t.mark)
			sp.Style = styleMark
		case sp.Style != styleMark:
			sp.Style |= current
		}
		if i > 0 && (last.URL != "" || sp.URL != "" || last.Style != sp.Style) {
			flush()
		}
		last = sp
		text.WriteString(sp.Text)
	}
	flush()
	return out
}

func styleOf(mark byte) style {
	switch mark {
	case '*':
		return styleBold
	case '_':
		return styleItalic
	}
	return styleStrike
}
