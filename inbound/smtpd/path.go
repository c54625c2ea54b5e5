package smtpd

import (
	"strings"
	"unicode/utf8"

	"github.com/replygate/replygate/gateway"
)

// pathArg is the argument of MAIL or RCPT, taken apart.
type pathArg struct {
	path   string   // between the angle brackets
	params []string // "KEY" or "KEY=value", the key in upper case
}

// readPathArg reads "FROM:<path> PARAM=value …" (RFC 5321, sections 4.1.1.2,
// 4.1.1.3 and 4.1.2). White space behind the colon is forgiven, missing
// brackets are not.
func readPathArg(arg, keyword string) (pathArg, bool) {
	if len(arg) < len(keyword) || !strings.EqualFold(arg[:len(keyword)], keyword) {
		return pathArg{}, false
	}
	arg = strings.TrimLeft(arg[len(keyword):], " ")
	end := pathEnd(arg)
	if end < 0 {
		return pathArg{}, false
	}
	p, rest := pathArg{path: arg[1:end]}, arg[end+1:]
	if rest != "" && rest[0] != ' ' {
		return pathArg{}, false
	}
	for field := range strings.FieldsSeq(rest) {
		key, value, has := strings.Cut(field, "=")
		if key == "" || has && (value == "" || strings.Contains(value, "=")) {
			return pathArg{}, false
		}
		key = strings.ToUpper(key)
		if _, twice := p.param(key); twice {
			return pathArg{}, false
		}
		p.params = append(p.params, key+field[len(key):])
	}
	return p, true
}

// pathEnd finds the bracket that closes the path s begins with, -1 without one.
// Brackets within a quoted local part do not count.
func pathEnd(s string) int {
	if s == "" || s[0] != '<' {
		return -1
	}
	quoted := false
	for i := 1; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '>' && !quoted:
			return i
		}
	}
	return -1
}

// param looks a parameter up; has tells a missing one from one without value.
func (p *pathArg) param(key string) (value string, has bool) {
	for _, f := range p.params {
		if k, v, _ := strings.Cut(f, "="); k == key {
			return v, true
		}
	}
	return "", false
}

// command writes the sound command that the engine gets instead.
func (p *pathArg) command(verb string, a gateway.Address) string {
	return strings.TrimRight(verb+"<"+a.String()+"> "+strings.Join(p.params, " "), " ")
}

// splitAddress undoes what the engine did to a path that command has written:
// it took the quotes off, so the last @ is the one before the domain.
func splitAddress(s string) gateway.Address {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return gateway.Address{}
	}
	return gateway.Address{LocalPart: s[:at], Domain: s[at+1:]}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
