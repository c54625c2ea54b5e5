package mailauth

import (
	"bytes"
	"strings"

	"github.com/replygate/replygate/gateway"
)

// resultsField is the name of the field that tells of mail authentication.
const resultsField = "Authentication-Results"

// Strip takes the Authentication-Results fields out of a mail that claim to be of
// the server with this name, since a reader would take them for its own (RFC 8601,
// section 5); so it does with those that name no server readably. What is left is
// returned in pieces of raw, in their order: fields of other servers, and all else,
// stand as they came. Any octets will do for a mail. Time is linear.
func Strip(raw []byte, authservID string) (kept [][]byte) {
	begin, at := 0, 0 // of the piece to keep, and of the field that is looked at
	for at < len(raw) && !emptyLine(raw[at:]) {
		end := at + fieldLen(raw[at:])
		if value, ok := resultsValue(raw[at:end]); ok && claims(value, authservID) {
			if begin < at {
				kept = append(kept, raw[begin:at])
			}
			begin = end
		}
		at = end
	}
	return append(kept, raw[begin:])
}

func emptyLine(b []byte) bool { return b[0] == '\n' || bytes.HasPrefix(b, []byte("\r\n")) }

// fieldLen is the length of the first field with its folded lines.
func fieldLen(b []byte) int {
	n := 0
	for {
		i := bytes.IndexByte(b[n:], '\n')
		if i < 0 {
			return len(b)
		}
		n += i + 1
		if n == len(b) || b[n] != ' ' && b[n] != '\t' {
			return n
		}
	}
}

// resultsValue is what stands behind the colon of an Authentication-Results field.
func resultsValue(field []byte) ([]byte, bool) {
	if len(field) < len(resultsField) || !strings.EqualFold(string(field[:len(resultsField)]), resultsField) {
		return nil, false
	}
	rest := bytes.TrimLeft(field[len(resultsField):], " \t") // RFC 5322, section 4.5
	if len(rest) == 0 || rest[0] != ':' {
		return nil, false
	}
	return rest[1:], true
}

// claims tells whether a value begins with the name of a server, or with what
// cannot be read as one.
func claims(value []byte, authservID string) bool {
	rest, ok := skipCFWS(value)
	if !ok {
		return true
	}
	name, ok := serverName(rest)
	if !ok || strings.EqualFold(name, authservID) {
		return true
	}
	domain, err := gateway.ParseDomain(strings.TrimSuffix(name, "."))
	return err == nil && domain == authservID
}

// serverName reads the authserv-id: a value of RFC 2045, section 5.1, plain or
// quoted (RFC 8601, section 2.2).
func serverName(b []byte) (string, bool) {
	if len(b) == 0 || b[0] != '"' {
		i := bytes.IndexAny(b, " \t\r\n;(")
		if i < 0 {
			i = len(b)
		}
		return string(b[:i]), i > 0
	}
	var name strings.Builder
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == '"':
			return name.String(), true
		case b[i] == '\\' && i+1 < len(b):
			i++
			name.WriteByte(b[i])
		case b[i] != '\r' && b[i] != '\n': // folding
			name.WriteByte(b[i])
		}
	}
	return "", false
}

// skipCFWS skips white space and comments (RFC 5322, section 3.2.2); false says
// that a comment does not end.
func skipCFWS(b []byte) ([]byte, bool) {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '(':
			depth++
		case depth > 0 && c == ')':
			depth--
		case depth > 0 && c == '\\':
			i++
		case depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n':
			return b[i:], true
		}
	}
	return nil, depth == 0
}
