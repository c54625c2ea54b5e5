package mailauth

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
)

// Errors of readAuthor: why a mail names no single author.
var (
	ErrNoFrom      = errors.New("the mail has no From")
	ErrManyFrom    = errors.New("the mail has more than one From")
	ErrFromSyntax  = errors.New("the From is not well-formed")
	ErrManyAuthors = errors.New("the From does not name exactly one mailbox")
)

// Limits in octets: of the From field, of which RFC 5322 lets one line have 998,
// and of the address in it, whose limits are those of gateway.Address once quotes
// are taken off and the domain is folded.
const (
	maxFrom = 4096
	maxSpec = 1024
)

// readAuthor returns the author of a mail: it must have exactly one From, and
// that exactly one mailbox. Whatever readers are known to see differently (group
// syntax, routes, the obsolete forms, two addresses) is an error.
func readAuthor(fields []dkim.Field) (gateway.Address, error) {
	var from *dkim.Field
	for i := range fields {
		if !fields[i].Is("From") {
			continue
		}
		if from != nil {
			return gateway.Address{}, ErrManyFrom
		}
		from = &fields[i]
	}
	switch {
	case from == nil:
		return gateway.Address{}, ErrNoFrom
	case from.Spaced || len(from.Raw) > maxFrom:
		return gateway.Address{}, ErrFromSyntax
	}
	return parseMailbox(from.Value())
}

// parseMailbox reads the one mailbox of a From (RFC 5322, section 3.4, without
// its obsolete forms; UTF-8 as RFC 6532 allows).
func parseMailbox(value []byte) (gateway.Address, error) {
	p := mailbox{rest: bytes.TrimSuffix(value, []byte("\r\n"))}
	spec, err := p.parse()
	if err != nil {
		return gateway.Address{}, err
	}
	if len(spec) > maxSpec || !utf8.ValidString(spec) {
		return gateway.Address{}, ErrFromSyntax
	}
	a, err := gateway.ParseAddress(spec)
	if err != nil {
		return gateway.Address{}, fmt.Errorf("%w: %w", ErrFromSyntax, err)
	}
	return a, nil
}

// mailbox is a parser of one mailbox. It reads each octet once.
type mailbox struct {
	rest []byte
}

// token is a piece of a From: a word (an atom with dots), a quoted string, or one
// of the specials.
type token struct {
	kind byte // 'w', '"', the special itself, or 0 at the end
	text string
	// glued: no white space or comment stands before it.
	glued bool
}

// parse returns the addr-spec. There are two forms: "ann@example.com" alone, and
// words followed by "<ann@example.com>".
func (p *mailbox) parse() (string, error) {
	var before []token
	for {
		t, err := p.next()
		if err != nil {
			return "", err
		}
		switch t.kind {
		case 'w', '"', '@':
			before = append(before, t)
		case '<':
			return p.angle(before)
		case 0:
			return p.bare(before)
		case ',', ';', ':', '>':
			return "", ErrManyAuthors
		default:
			return "", ErrFromSyntax
		}
	}
}

// bare reads a From without angle brackets.
func (p *mailbox) bare(tokens []token) (string, error) {
	if len(tokens) != 3 {
		return "", ErrManyAuthors
	}
	return addrSpec(tokens)
}

// angle reads what follows the opening bracket. The display name before it must
// not hold an @ outside quotes, where some readers see another address, unless it
// is the same address again.
func (p *mailbox) angle(name []token) (string, error) {
	var tokens []token
	for range 4 {
		t, err := p.next()
		if err != nil {
			return "", err
		}
		tokens = append(tokens, t)
	}
	if tokens[3].kind != '>' {
		return "", ErrFromSyntax
	}
	if end, err := p.next(); err != nil || end.kind != 0 {
		return "", errors.Join(ErrManyAuthors, err)
	}
	spec, err := addrSpec(tokens[:3])
	if err != nil || !hasAt(name) {
		return spec, err
	}
	if again, err := p.bare(name); err != nil || again != spec {
		return "", ErrManyAuthors
	}
	return spec, nil
}

func hasAt(tokens []token) bool {
	return slices.ContainsFunc(tokens, func(t token) bool { return t.kind == '@' })
}

// addrSpec joins local part, @ and domain, which must stand together.
func addrSpec(t []token) (string, error) {
	local, at, domain := t[0], t[1], t[2]
	if local.kind != 'w' && local.kind != '"' || at.kind != '@' || domain.kind != 'w' || !at.glued || !domain.glued {
		return "", ErrFromSyntax
	}
	if strings.Contains(local.text, "=?") { // RFC 2047, section 5: never in an addr-spec
		return "", ErrFromSyntax
	}
	return local.text + "@" + domain.text, nil
}

// next skips white space and comments, and reads a token.
func (p *mailbox) next() (token, error) {
	before := len(p.rest)
	if err := p.skip(); err != nil {
		return token{}, err
	}
	glued := len(p.rest) == before
	if len(p.rest) == 0 {
		return token{glued: glued}, nil
	}
	c := p.rest[0]
	switch c {
	case '"':
		text, err := p.quoted()
		return token{'"', text, glued}, err
	case '<', '>', '@', ',', ';', ':', '[', ']', '\\', ')':
		p.rest = p.rest[1:]
		return token{c, "", glued}, nil
	}
	n := bytes.IndexAny(p.rest, "\"<>@,;:[]\\() \t\r\n")
	if n < 0 {
		n = len(p.rest)
	}
	text := string(p.rest[:n])
	p.rest = p.rest[n:]
	for i := range n {
		if text[i] < ' ' || text[i] == 0x7f {
			return token{}, ErrFromSyntax
		}
	}
	return token{'w', text, glued}, nil
}

// skip skips folding white space and comments, which may nest (RFC 5322, section
// 3.2.2).
func (p *mailbox) skip() error {
	depth := 0
	for len(p.rest) > 0 {
		c := p.rest[0]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth == 0:
			return nil
		case c == '\\' && len(p.rest) > 1:
			p.rest = p.rest[1:]
		}
		p.rest = p.rest[1:]
	}
	if depth > 0 {
		return ErrFromSyntax
	}
	return nil
}

// quoted reads a quoted string and keeps its quotes. White space in it may be
// folded.
func (p *mailbox) quoted() (string, error) {
	for i := 1; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '\\':
			i++
		case '"':
			text := string(p.rest[:i+1])
			p.rest = p.rest[i+1:]
			return text, nil
		}
	}
	return "", ErrFromSyntax
}
