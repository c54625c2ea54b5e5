package dkim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"
)

// Validity is how long a signature holds unless SignOptions says otherwise: a
// notification that is passed on later is a replay.
const Validity = 7 * 24 * time.Hour

// SignOptions say who signs, and for how long.
type SignOptions struct {
	Keys []Key
	// Now is what Validity is counted from. The signing time (t=) is the clock's.
	Now time.Time
	// Expires ends the signatures; zero means Validity after Now.
	Expires time.Time
}

// signedFields are covered by every signature, and once more than they occur:
// one that is added later breaks it (RFC 6376, section 8.15). RFC 8058, section 4
// wants the two List-Unsubscribe fields covered.
func signedFields() []string {
	return []string{
		"From", "To", "Cc", "Subject", "Date", "Reply-To", "Message-ID", "In-Reply-To", "References",
		"MIME-Version", "Content-Type", "Content-Transfer-Encoding",
		"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted",
	}
}

// Errors of Sign.
var (
	ErrNoKey    = errors.New("there is no key to sign with")
	ErrFrom     = errors.New("the mail has not exactly one From")
	ErrLineEnds = errors.New("the mail has a CR or LF of its own")
	ErrRepeated = errors.New("the fields to be signed stand in the mail too often")
)

// Sign returns raw with one DKIM-Signature per key on top, in the order of the
// keys. The mail must have one From and lines that end in CRLF. All keys sign in
// one pass; no line of a signature is longer than 998 octets.
func Sign(raw []byte, o SignOptions) ([]byte, error) {
	if len(o.Keys) == 0 {
		return nil, ErrNoKey
	}
	fields, body, err := ReadHeader(raw)
	if err != nil {
		return nil, fmt.Errorf("sign mail: %w", err)
	}
	if !cleanLines(body) {
		return nil, fmt.Errorf("sign mail: %w", ErrLineEnds)
	}
	if o.Expires.IsZero() {
		o.Expires = o.Now.Add(Validity)
	}
	names, err := coverage(fields)
	if err != nil {
		return nil, fmt.Errorf("sign mail: %w", err)
	}
	mail := [][]byte{raw}
	if body == nil { // the library wants an empty line behind the header
		mail = append(mail, []byte("\r\n"))
	}
	signatures, err := o.sign(mail, names)
	if err != nil {
		return nil, fmt.Errorf("sign mail: %w", err)
	}
	return slices.Concat(signatures, raw), nil
}

// maxCoverage bounds h=, which the library writes on one line: with its name and
// what may stand around it, that line has at most 998 octets (RFC 5322, section
// 2.1.1). The names of a notification have 400.
const maxCoverage = 900

// coverage is what the signatures cover: the names of h=.
func coverage(fields []Field) ([]string, error) {
	var names []string
	for _, name := range signedFields() {
		count := 0
		for _, f := range fields {
			if f.Is(name) {
				count++
			}
		}
		if name == "From" && count != 1 {
			return nil, ErrFrom
		}
		names = append(names, slices.Repeat([]string{name}, count+1)...)
	}
	if len(strings.Join(names, ":")) > maxCoverage {
		return nil, ErrRepeated
	}
	return names, nil
}

// sign has the library sign a mail, which is in pieces, with every key.
func (o *SignOptions) sign(mail [][]byte, names []string) ([]byte, error) {
	var signers []*msgauth.Signer
	var writers []io.Writer
	defer func() { // each has a goroutine that ends with it, whatever went wrong
		for _, s := range signers {
			s.Close()
		}
	}()
	for _, k := range o.Keys {
		s, err := k.signer(names, o.Expires)
		if err != nil {
			return nil, err
		}
		signers, writers = append(signers, s), append(writers, s)
	}
	all := io.MultiWriter(writers...)
	for _, piece := range mail {
		if _, err := all.Write(piece); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	for i, s := range signers {
		if err := s.Close(); err != nil {
			return nil, fmt.Errorf("as %s: %w", o.Keys[i].Name(), err)
		}
		out.WriteString(s.Signature())
	}
	return out.Bytes(), nil
}

// signer begins a signature. The library writes the names it is given as they
// are, and takes keys of any size: check is ours.
func (k Key) signer(names []string, expires time.Time) (*msgauth.Signer, error) {
	err := k.check()
	if err != nil {
		return nil, fmt.Errorf("as %s: %w", k.Name(), err)
	}
	s, err := msgauth.NewSigner(&msgauth.SignOptions{
		Domain: k.Domain, Selector: k.Selector, Signer: k.Signer,
		HeaderCanonicalization: msgauth.CanonicalizationRelaxed,
		BodyCanonicalization:   msgauth.CanonicalizationRelaxed,
		HeaderKeys:             names, Expiration: expires,
	})
	if err != nil {
		return nil, fmt.Errorf("as %s: %w", k.Name(), err)
	}
	return s, nil
}

// cleanLines tells whether every CR and LF of a body is part of a CRLF.
func cleanLines(body []byte) bool {
	cr, lf := bytes.Count(body, []byte{'\r'}), bytes.Count(body, []byte{'\n'})
	return cr == lf && cr == bytes.Count(body, []byte("\r\n"))
}
