package extract

import "strings"

// class is what a line was taken for.
type class uint8

const (
	classReply class = iota
	classQuote
	classAttribution
	classHeader
	classSignature
	classDevice
	classMarker
)

func (c class) String() string {
	switch c {
	case classQuote:
		return "quote"
	case classAttribution:
		return "attribution"
	case classHeader:
		return "header"
	case classSignature, classDevice:
		return "signature"
	case classMarker:
		return "marker"
	}
	return "reply"
}

// hint is what the HTML around a line, or our memory of what we sent, says about it.
type hint uint8

const (
	hintQuote       hint = 1 << iota // stands in a container that clients use for quotations only
	hintAttribution                  // stands in a container for attribution lines
	hintSignature                    // stands in a container for signatures
	hintTail                         // stands below a divider under which clients put the quotation
	hintUserQuote                    // a quotation the person made with the editor's quote button
	hintClient                       // stands in a container where clients put attribution and quotation together
	hintSent                         // we sent this line
	hintAbove                        // stands directly above what we sent and introduces it
)

// line is one line of the body.
type line struct {
	raw   string // as it stands in the input, without its end
	text  string // without quote marks, invisible characters and outer white space
	depth uint16 // how many quote marks
	colon int16  // where the first colon stands in text, if in its first keyWidth bytes; else -1
	class class
	hint  hint
	code  bool // within a fenced block of code
	rule  string
}

func (l *line) blank() bool { return l.text == "" }

func (l *line) set(c class, rule string) {
	l.class, l.rule = c, rule
}

// findColon notes the first colon.
func (l *line) findColon() {
	l.colon = -1
	s := l.text[:min(len(l.text), keyWidth)]
	if i := strings.IndexByte(s, ':'); i >= 0 {
		l.colon = int16(i)
	} else if i := strings.Index(s, "："); i >= 0 {
		l.colon = int16(i)
	}
}
