package gateway

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Address is a mailbox as RFC 5321 means it: a local part (without quotes or
// escapes) and a domain in A-label form, lower case. The zero value is no address.
type Address struct {
	LocalPart string
	Domain    string
}

// Limits of RFC 5321, section 4.5.3.1, in octets.
const (
	MaxLocalPart = 64
	MaxDomain    = 255
)

// Errors of ParseAddress. Each is a sentence a person can act on.
var (
	ErrAddressSyntax   = errors.New("is not an e-mail address: write it as name@domain")
	ErrAddressLong     = errors.New("is not an e-mail address: the part before @ may have 64 octets, the domain 255")
	ErrAddressDomain   = errors.New("is not an e-mail address: the domain is not a valid host name")
	ErrAddressNoDomain = errors.New("is not an e-mail address: the domain is missing")
)

// ParseAddress reads one bare address ("ann@example.com", no display name, no
// angle brackets). Quoted local parts are taken apart; controls, white space
// outside quotes, address literals and source routes are refused. The domain
// is folded to lower-case A-labels; the local part keeps its case.
func ParseAddress(s string) (Address, error) {
	at := strings.LastIndexByte(s, '@')
	if at <= 0 {
		return Address{}, ErrAddressSyntax
	}
	if at == len(s)-1 {
		return Address{}, ErrAddressNoDomain
	}
	local, err := parseLocalPart(s[:at])
	if err != nil {
		return Address{}, err
	}
	domain, err := ParseDomain(s[at+1:])
	if err != nil {
		return Address{}, err
	}
	if len(local) > MaxLocalPart || len(domain) > MaxDomain {
		return Address{}, ErrAddressLong
	}
	return Address{LocalPart: local, Domain: domain}, nil
}

func parseLocalPart(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", ErrAddressSyntax
	}
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return unquoteLocalPart(s[1 : len(s)-1])
	}
	if s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return "", ErrAddressSyntax
	}
	for _, r := range s {
		if !isAtomRune(r) && r != '.' {
			return "", ErrAddressSyntax
		}
	}
	return s, nil
}

func unquoteLocalPart(s string) (string, error) {
	var b strings.Builder
	escaped := false
	for _, r := range s {
		switch {
		case r < ' ' || r == 0x7f:
			return "", ErrAddressSyntax
		case escaped:
			b.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '"':
			return "", ErrAddressSyntax
		default:
			b.WriteRune(r)
		}
	}
	if escaped || b.Len() == 0 {
		return "", ErrAddressSyntax
	}
	return b.String(), nil
}

// isAtomRune follows RFC 5322, section 3.2.3 (atext), widened by RFC 6531,
// section 3.3: everything above ASCII that is neither control nor space.
func isAtomRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return !unicode.IsControl(r) && !unicode.IsSpace(r) && r != utf8.RuneError
}

// ParseDomain folds a host name to lower-case A-labels (RFC 5890), and refuses
// address literals, empty labels and a trailing dot.
func ParseDomain(s string) (string, error) {
	if s == "" || strings.HasSuffix(s, ".") {
		return "", ErrAddressDomain
	}
	ascii, err := idna.Lookup.ToASCII(s)
	if err != nil {
		return "", ErrAddressDomain
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", ErrAddressDomain
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return "", ErrAddressDomain
			}
		}
	}
	return ascii, nil
}

// IsZero tells whether a is no address.
func (a Address) IsZero() bool { return a == Address{} }

// String is the form that goes on the wire (RFC 5321, section 4.1.2): the
// local part is quoted where it must be.
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	return quoteLocalPart(a.LocalPart) + "@" + a.Domain
}

func quoteLocalPart(s string) string {
	plain := s != "" && s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
	for _, r := range s {
		plain = plain && (isAtomRune(r) || r == '.')
	}
	if plain {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// IsASCII tells whether a can be named without SMTPUTF8 (RFC 6531).
func (a Address) IsASCII() bool {
	for i := range len(a.LocalPart) {
		if a.LocalPart[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Folded is the key under which addresses are compared and suppressed: ASCII
// letters of the local part in lower case, everything else untouched. Letters
// outside ASCII are never case-folded: the Kelvin sign is not a k.
func (a Address) Folded() Address {
	return Address{LocalPart: lowerASCII(a.LocalPart), Domain: a.Domain}
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// ReversePath is the MAIL FROM of an envelope (RFC 5321, section 4.1.1.2). The
// zero value is the null path "<>".
type ReversePath struct{ Address Address }

// IsNull tells whether p is "<>", as bounces carry it.
func (p ReversePath) IsNull() bool { return p.Address.IsZero() }

// String is the path as it stands on the wire, with its angle brackets.
func (p ReversePath) String() string { return "<" + p.Address.String() + ">" }

// Envelope says for the SMTP transaction where a mail comes from and goes to.
type Envelope struct {
	From ReversePath
	To   []Address
}
