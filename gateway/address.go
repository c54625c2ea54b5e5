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

// Limits in octets: RFC 5321, section 4.5.3.1.1, and what the 255 octets of a
// name in DNS leave of its text (RFC 1035, section 2.3.4).
const (
	MaxLocalPart = 64
	MaxDomain    = 253
)

// maxDomainRead bounds a domain before it is folded, the cost of which grows with
// the square of its length. No name of MaxDomain octets is longer in Unicode.
const maxDomainRead = 1024

// Errors of ParseAddress. Each is a sentence a person can act on.
var (
	ErrAddressSyntax   = errors.New("is not an e-mail address: write it as name@domain")
	ErrAddressLong     = errors.New("is not an e-mail address: the part before @ may have 64 octets, the domain 253")
	ErrAddressDomain   = errors.New("is not an e-mail address: the domain is not a valid host name")
	ErrAddressNoDomain = errors.New("is not an e-mail address: the domain is missing")
)

// ParseAddress reads one bare address ("ann@example.com", no display name, no
// angle brackets). Quoted local parts are taken apart; controls, white space
// outside quotes, address literals and source routes are refused. Dots may stand
// anywhere in a local part: there are providers with mailboxes such as
// "a..b@example.com", which RFC 5321, section 4.1.2 wants quoted, as String does.
// The domain is folded to lower-case A-labels; the local part keeps its case.
func ParseAddress(s string) (Address, error) {
	return parseAddress(s, MaxLocalPart)
}

// parseAddress is ParseAddress with another limit of the local part.
func parseAddress(s string, maxLocalPart int) (Address, error) {
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
	if len(local) > maxLocalPart {
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
// address literals, empty labels, a trailing dot and what DNS cannot hold.
func ParseDomain(s string) (string, error) {
	if len(s) > maxDomainRead {
		return "", ErrAddressLong
	}
	if s == "" || !utf8.ValidString(s) {
		return "", ErrAddressDomain
	}
	ascii, err := domainProfile().ToASCII(s)
	if err != nil {
		return "", ErrAddressDomain
	}
	if len(ascii) > MaxDomain {
		return "", ErrAddressLong
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if !isLabel(label) {
			return "", ErrAddressDomain
		}
	}
	return ascii, nil
}

// domainProfile is idna.Lookup (RFC 5891, section 5), but for hyphens: hosts such
// as "r3---sn.example" exist. isLabel says where they may not stand.
func domainProfile() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.CheckHyphens(false))
}

// isLabel tells whether s is a label of a host name (RFC 1123, section 2.1), and,
// if it is an A-label, stands for a U-label: RFC 5891, section 4.2.3.1 has a rule
// for hyphens of their own.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	if !strings.HasPrefix(s, "xn--") {
		return true
	}
	again, err := idna.Lookup.ToASCII(s)
	return err == nil && again == s
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
