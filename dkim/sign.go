package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Validity is how long a signature holds unless SignOptions says otherwise: a
// notification that is passed on later is a replay.
const Validity = 7 * 24 * time.Hour

// SignOptions say who signs, and when.
type SignOptions struct {
	Keys []Key
	Now  time.Time
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
)

// Sign returns raw with one DKIM-Signature per key on top. The mail must have
// one From and lines that end in CRLF. Its body is hashed once for all keys. The
// same mail, keys and times give the same octets.
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
	names, canonical := coverage(fields)
	if len(canonical) == 0 {
		return nil, fmt.Errorf("sign mail: %w", ErrFrom)
	}
	h := sha256.New()
	relaxedBody(h, body)
	bodyHash := base64.StdEncoding.EncodeToString(h.Sum(nil))
	var out bytes.Buffer
	for _, k := range o.Keys {
		field, err := k.signature(o, names, canonical, bodyHash)
		if err != nil {
			return nil, fmt.Errorf("sign mail as %s: %w", k.Name(), err)
		}
		out.WriteString(field)
	}
	out.Write(raw)
	return out.Bytes(), nil
}

// coverage is what the signatures cover: the names of h=, and the fields in
// relaxed form, in the order in which a verifier takes them (the last one of a
// name first: RFC 6376, section 5.4.2). It is empty unless there is one From.
func coverage(fields []Field) (names []string, canonical []byte) {
	for _, name := range signedFields() {
		count := 0
		for i := len(fields) - 1; i >= 0; i-- {
			if f := fields[i]; f.Is(name) {
				canonical = append(relaxedHeader(canonical, f.Name, f.Value()), '\r', '\n')
				names = append(names, name)
				count++
			}
		}
		names = append(names, name)
		if name == "From" && count != 1 {
			return nil, nil
		}
	}
	return names, canonical
}

// signature makes the DKIM-Signature field (RFC 6376, section 3.7).
func (k Key) signature(o SignOptions, names []string, canonical []byte, bodyHash string) (string, error) {
	if err := k.check(); err != nil {
		return "", err
	}
	var f folder
	f.WriteString("DKIM-Signature:")
	f.column = f.Len()
	f.tag("v", "1")
	f.tag("a", k.Algorithm())
	f.tag("c", "relaxed/relaxed")
	f.tag("d", k.Domain)
	f.tag("s", k.Selector)
	f.tag("t", strconv.FormatInt(o.Now.Unix(), 10))
	f.tag("x", strconv.FormatInt(o.Expires.Unix(), 10))
	f.tag("h", names...)
	f.tag("bh", bodyHash)
	f.WriteString("\r\n\tb=")
	name, value, _ := strings.Cut(f.String(), ":")
	h := sha256.New()
	h.Write(canonical)
	h.Write(relaxedHeader(nil, name, []byte(value)))
	sig, err := k.sign(h.Sum(nil))
	if err != nil {
		return "", err
	}
	pieces := split(base64.StdEncoding.EncodeToString(sig), lineLength-len("\tb="))
	return f.String() + strings.Join(pieces, "\r\n\t") + "\r\n", nil
}

// sign signs a SHA-256 digest. An Ed25519 key takes it as its message (RFC 8463,
// section 3).
func (k Key) sign(digest []byte) ([]byte, error) {
	if _, ok := k.Signer.Public().(ed25519.PublicKey); ok {
		return k.Signer.Sign(rand.Reader, digest, crypto.Hash(0))
	}
	return k.Signer.Sign(rand.Reader, digest, crypto.SHA256)
}

const lineLength = 76

// folder writes tags on lines that stay short (RFC 5322, section 2.1.1).
type folder struct {
	strings.Builder
	column int
}

// tag writes name=value; values are joined by colons, at which lines may break.
func (f *folder) tag(name string, values ...string) {
	for i, v := range values {
		lead, end := "", ":"
		if i == 0 {
			lead = name + "="
		}
		if i == len(values)-1 {
			end = ";"
		}
		piece := lead + v + end
		switch {
		case f.column+len(" ")+len(piece) > lineLength:
			f.WriteString("\r\n\t")
			f.column = 1
		case i == 0:
			f.WriteByte(' ')
			f.column++
		}
		f.WriteString(piece)
		f.column += len(piece)
	}
}

// cleanLines tells whether every CR and LF of a body is part of a CRLF.
func cleanLines(body []byte) bool {
	cr, lf := bytes.Count(body, []byte{'\r'}), bytes.Count(body, []byte{'\n'})
	return cr == lf && cr == bytes.Count(body, []byte("\r\n"))
}
