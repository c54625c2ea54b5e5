package message

import (
	"strings"

	"github.com/replygate/replygate/gateway"
)

// maxAddresses bounds the mailboxes kept of one field.
const maxAddresses = 1000

// parseAddresses reads address lists (RFC 5322, section 3.4) for what they
// name: display names and comments are dropped, groups opened, what is no
// address is left out. It is for telling who else got the mail, never for
// telling who wrote it.
func parseAddresses(fields []string) []gateway.Address {
	var out []gateway.Address
	for _, f := range fields {
		l := list{s: f}
		for len(out) < maxAddresses {
			entry, ok := l.next()
			if !ok {
				break
			}
			if a, err := gateway.ParseAddress(strings.TrimSpace(entry)); err == nil {
				out = append(out, a)
			}
		}
	}
	return out
}

// list walks an address list.
type list struct {
	s   string
	pos int
}

// next returns the next entry: what stands in its angle brackets, or all of it
// but comments if it has none.
func (l *list) next() (string, bool) {
	if l.pos >= len(l.s) {
		return "", false
	}
	var plain, angle strings.Builder
	into, seen := &plain, false
	for l.pos < len(l.s) {
		c := l.s[l.pos]
		switch {
		case c == '"':
			l.quoted(into)
			continue
		case c == '(':
			l.comment()
			continue
		case c == '<' && !seen:
			into, seen = &angle, true
		case c == '>' && into == &angle:
			into = &plain
		case (c == ',' || c == ';') && into == &plain:
			l.pos++
			return pick(plain, angle, seen), true
		case c == ':' && into == &plain: // the name of a group
			plain.Reset()
		default:
			into.WriteByte(c)
		}
		l.pos++
	}
	return pick(plain, angle, seen), true
}

func pick(plain, angle strings.Builder, seen bool) string {
	if seen {
		return angle.String()
	}
	return plain.String()
}

// quoted copies a quoted string with its quotes.
func (l *list) quoted(into *strings.Builder) {
	start := l.pos
	for l.pos++; l.pos < len(l.s) && l.s[l.pos] != '"'; l.pos++ {
		if l.s[l.pos] == '\\' {
			l.pos++
		}
	}
	l.pos = min(l.pos+1, len(l.s))
	into.WriteString(l.s[start:l.pos])
}

// comment passes over a comment and those inside it (RFC 5322, section 3.2.2).
func (l *list) comment() {
	depth := 0
	for ; l.pos < len(l.s); l.pos++ {
		switch l.s[l.pos] {
		case '\\':
			l.pos++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.pos++
				return
			}
		}
	}
}
