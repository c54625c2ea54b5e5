// Package token mints and reads every signed address and link: reply, bounce
// (VERP), unsubscribe, confirm, attachment, open, click, preferences. It is
// pure: it checks a token without any look-up; what a handle stands for is a
// row of the store.
//
// A token is 40 characters of lower-case base32:
//
//	purpose (1)  key id (1)  handle, 60 bits (12)  MAC, 128 bits (26)
//
// The MAC is HMAC-SHA-256, cut to 128 bits, over purpose, key id, handle and
// the domain the address is at, so that a token of one purpose or domain never
// stands in for another. Upper-case letters read as lower-case ones, since
// local parts are folded on the way; nothing else about a token is flexible.
//
// Tokens are secrets: never log one (Mask shows enough to find it again).
package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
)

// Purpose is what a token is for; it is its first character.
type Purpose byte

// The purposes.
const (
	Reply       Purpose = 'r'
	Bounce      Purpose = 'b'
	Unsubscribe Purpose = 'u'
	Confirm     Purpose = 'c'
	Attachment  Purpose = 'a'
	Open        Purpose = 'o'
	Click       Purpose = 'k'
	Preferences Purpose = 'p'
)

const purposes = "rbucaokp"

// Length is the number of characters of a token.
const Length = 40

const (
	handleLen = 12
	macLen    = 26
	macBytes  = 16
)

var encoding = base32.NewEncoding(secret.Alphabet).WithPadding(base32.NoPadding)

// Minter mints and reads tokens. It is immutable and safe for concurrent use.
type Minter struct {
	current byte
	keys    map[byte][]byte
}

// NewMinter makes the minter of an installation's keys: it mints with the
// current one, and reads those of every key still in the file.
func NewMinter(k *secret.Keys) *Minter {
	m := &Minter{current: k.Current(), keys: map[byte][]byte{}}
	k.Each(func(id byte) { m.keys[id] = k.Derive(id, "token") })
	return m
}

// Mint returns the token for a handle at a domain (A-labels, lower case).
func (m *Minter) Mint(p Purpose, h gateway.Handle, domain string) string {
	return m.mint(p, m.current, h, domain)
}

// Address returns the signed address of a handle at a domain.
func (m *Minter) Address(p Purpose, h gateway.Handle, domain string) gateway.Address {
	return gateway.Address{LocalPart: m.Mint(p, h, domain), Domain: domain}
}

// Read checks a token that came in at a domain and returns what it carries; ok
// is false for everything that this installation did not mint for that domain.
// It takes the same time whichever character is wrong.
func (m *Minter) Read(s, domain string) (p Purpose, h gateway.Handle, ok bool) {
	if len(s) != Length {
		return 0, 0, false
	}
	s = lower(s)
	known := strings.IndexByte(purposes, s[0]) >= 0 && m.keys[s[1]] != nil
	h, valid := decodeHandle(s[2 : 2+handleLen])
	id := s[1]
	if !known {
		id = m.current // keep the time the same
	}
	want := m.mint(Purpose(s[0]), id, h, domain)
	same := subtle.ConstantTimeCompare([]byte(want), []byte(s)) == 1
	if !known || !valid || !same {
		return 0, 0, false
	}
	return Purpose(s[0]), h, true
}

// ReadFor is Read for one purpose only.
func (m *Minter) ReadFor(p Purpose, s, domain string) (gateway.Handle, bool) {
	got, h, ok := m.Read(s, domain)
	return h, ok && got == p
}

// Looks tells whether s has the shape of a token, whoever made it: what is to
// be kept out of logs and quotations.
func Looks(s string) bool {
	if len(s) != Length {
		return false
	}
	for i := range len(s) {
		if strings.IndexByte(secret.Alphabet, s[i]|0x20) < 0 && (s[i] < '2' || s[i] > '7') {
			return false
		}
	}
	return strings.IndexByte(purposes, s[0]|0x20) >= 0
}

// Mask shortens a token to six characters for a log line.
func Mask(s string) string {
	if len(s) <= 6 {
		return "…"
	}
	return s[:6] + "…"
}

func (m *Minter) mint(p Purpose, id byte, h gateway.Handle, domain string) string {
	var out [Length]byte
	out[0], out[1] = byte(p), id
	encodeHandle(out[2:2+handleLen], h)
	mac := hmac.New(sha256.New, m.keys[id])
	mac.Write(out[:2+handleLen])
	mac.Write([]byte{0})
	mac.Write([]byte(domain))
	encoding.Encode(out[2+handleLen:], mac.Sum(nil)[:macBytes])
	return string(out[:])
}

func encodeHandle(out []byte, h gateway.Handle) {
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = secret.Alphabet[h&31]
		h >>= 5
	}
}

func decodeHandle(s string) (h gateway.Handle, ok bool) {
	ok = true
	for i := range len(s) {
		v := strings.IndexByte(secret.Alphabet, s[i])
		if v < 0 {
			ok, v = false, 0
		}
		h = h<<5 | gateway.Handle(v)
	}
	return h, ok && h != 0
}

func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
