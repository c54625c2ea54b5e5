package gateway

import "errors"

// ReversePath is the MAIL FROM of an envelope (RFC 5321, section 4.1.1.2). The
// zero value is the null path "<>".
type ReversePath struct{ Address Address }

// MaxReverseLocalPart is how many octets the local part of a stranger's
// reverse-path may have. Forwarders (SRS) and list managers (VERP) put a whole
// address into it, which may pass MaxLocalPart: RFC 5321, section 4.5.3.1 asks
// receivers to take more than its limits where they can.
const MaxReverseLocalPart = 256

// ErrReversePathLong is ErrAddressLong for a reverse-path.
var ErrReversePathLong = errors.New("is not an e-mail address: the part before @ may have 256 octets, the domain 253")

// ParseReversePath reads what stands between the angle brackets of MAIL FROM:
// nothing, or an address as ParseAddress reads it whose local part may be longer.
func ParseReversePath(s string) (ReversePath, error) {
	if s == "" { // RFC 5321, section 4.5.5: bounces come from <>
		return ReversePath{}, nil
	}
	a, err := parseAddress(s, MaxReverseLocalPart)
	if errors.Is(err, ErrAddressLong) {
		err = ErrReversePathLong
	}
	return ReversePath{a}, err
}

// IsNull tells whether p is "<>", as bounces carry it.
func (p ReversePath) IsNull() bool { return p.Address.IsZero() }

// String is the path as it stands on the wire, with its angle brackets.
func (p ReversePath) String() string { return "<" + p.Address.String() + ">" }

// Envelope says for the SMTP transaction where a mail comes from and goes to.
type Envelope struct {
	From ReversePath
	To   []Address
}
