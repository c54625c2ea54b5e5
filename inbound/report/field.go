package report

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/replygate/replygate/gateway"
)

// Bounds of what is read of a report.
const (
	maxPart  = 256 << 10 // octets of one part
	maxValue = 1000      // octets of one field
	maxGroup = MaxRecipients + 1
)

// group is a block of fields by lower-case name. Of several of one name the
// values are kept in order.
type group map[string][]string

func (g group) get(name string) string {
	if v := g[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// readGroups reads blocks of header-like fields that are parted by empty lines
// (RFC 3464, section 2.1).
func readGroups(data []byte) []group {
	var groups []group
	g := group{}
	last := ""
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) == 0 {
			if len(g) > 0 {
				groups = append(groups, g)
			}
			if len(groups) >= maxGroup {
				return groups
			}
			g, last = group{}, ""
			continue
		}
		last = g.add(line, last)
	}
	if len(g) > 0 {
		groups = append(groups, g)
	}
	return groups
}

// add takes one line and returns the name of the field it belongs to.
func (g group) add(line []byte, last string) string {
	if line[0] == ' ' || line[0] == '\t' {
		if v := g[last]; len(v) > 0 && len(v[len(v)-1]) < maxValue {
			v[len(v)-1] = oneLine(v[len(v)-1] + " " + string(line[:min(len(line), maxValue)]))
		}
		return last
	}
	name, value, ok := strings.Cut(string(line[:min(len(line), 2*maxValue)]), ":")
	if !ok {
		return last
	}
	name = strings.ToLower(strings.TrimSpace(name))
	if len(g[name]) < MaxRecipients {
		g[name] = append(g[name], oneLine(value))
	}
	return name
}

// oneLine drops control characters and what is no UTF-8, folds white space and
// cuts at maxValue.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxValue {
		s = s[:maxValue]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}

// address reads "rfc822; ann@example.com" (RFC 3464, section 2.1.2).
func address(value string) gateway.Address {
	if kind, rest, ok := strings.Cut(value, ";"); ok && !strings.Contains(kind, "@") {
		value = rest
	}
	value = strings.Trim(strings.TrimSpace(value), "<>")
	a, err := gateway.ParseAddress(value)
	if err != nil {
		return gateway.Address{}
	}
	return a
}

// untyped drops the type in front of a value: "smtp; 550 …", "dns; mx.example".
func untyped(value string) string {
	if kind, rest, ok := strings.Cut(value, ";"); ok && !strings.ContainsAny(kind, " ") {
		return strings.TrimSpace(rest)
	}
	return value
}

// messageID finds the Message-ID in the header that data begins with.
func messageID(data []byte) string { return bare(headerField(data, "message-id")) }

// headerField finds a field, by its lower-case name, in the header that data
// begins with.
func headerField(data []byte, name string) string {
	data = bytes.TrimLeft(data, "\r\n")
	for _, end := range []string{"\n\n", "\n\r\n"} {
		if i := bytes.Index(data, []byte(end)); i >= 0 {
			data = data[:i]
		}
	}
	groups := readGroups(data)
	if len(groups) == 0 {
		return ""
	}
	return groups[0].get(name)
}

// bare strips the angle brackets of a message identifier.
func bare(id string) string {
	if _, rest, ok := strings.Cut(id, "<"); ok {
		id, _, _ = strings.Cut(rest, ">")
	}
	return strings.Join(strings.Fields(id), "")
}
