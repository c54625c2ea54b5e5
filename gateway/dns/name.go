package dns

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	mdns "github.com/miekg/dns"
)

// Limits of RFC 1035, section 2.3.4, in octets.
const (
	maxLabel = 63
	maxName  = 253
)

var errName = errors.New("not a domain name")

// wireName turns any octets with dots into the absolute name in presentation
// form that is asked for: lower case, everything unusual escaped. Names come
// from strangers' mail (an SPF macro may hold what a local part holds), so
// nothing is trusted but the limits of the protocol.
func wireName(name string) (string, error) {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > maxName {
		return "", errName
	}
	var b strings.Builder
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxLabel {
			return "", errName
		}
		for i := range len(label) {
			writeEscaped(&b, lower(label[i]))
		}
		b.WriteByte('.')
	}
	return asAnswered(b.String())
}

// asAnswered writes an escaped name as the library writes the names of answers,
// so that the two can be compared.
func asAnswered(name string) (string, error) {
	if !strings.Contains(name, `\`) {
		return name, nil
	}
	wire := make([]byte, maxName+2)
	if _, err := mdns.PackDomainName(name, wire, 0, nil, false); err != nil {
		return "", errName
	}
	s, _, err := mdns.UnpackDomainName(wire, 0)
	return s, err
}

// writeEscaped writes one octet of a label (RFC 1035, section 5.1).
func writeEscaped(b *strings.Builder, c byte) {
	switch {
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		b.WriteByte(c)
	default:
		fmt.Fprintf(b, `\%03d`, c)
	}
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// plainName is a name out of an answer as people write it: lower case, without
// the final dot. The root itself becomes "".
func plainName(s string) string {
	return strings.TrimSuffix(mdns.CanonicalName(s), ".")
}

// unescape undoes the presentation form of one character string.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\' || i+1 == len(s):
			b.WriteByte(s[i])
		case i+3 < len(s) && isDigit(s[i+1]) && isDigit(s[i+2]) && isDigit(s[i+3]):
			n, _ := strconv.Atoi(s[i+1 : i+4])
			b.WriteByte(byte(n))
			i += 3
		default:
			i++
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// reverseName is the name under which an address has its PTR records (RFC 1035,
// section 3.5; RFC 3596, section 2.5).
func reverseName(ip netip.Addr) (string, error) {
	if !ip.IsValid() {
		return "", errName
	}
	s, err := mdns.ReverseAddr(ip.Unmap().WithZone("").String())
	return strings.TrimSuffix(s, "."), err
}
