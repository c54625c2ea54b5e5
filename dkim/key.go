package dkim

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Bits of RSA keys: what Generate makes, and the least that may sign (RFC 8301,
// section 3.2).
const (
	rsaBits    = 2048
	minRSABits = 1024
)

// Key signs for a domain under a selector. Signer is an RSA or an Ed25519 key;
// it may stand for one that lives elsewhere, and must be safe for concurrent use.
type Key struct {
	Domain   string // in lower-case A-labels
	Selector string
	Signer   crypto.Signer
}

// GenerateRSA makes an RSA key of 2048 bits, which every receiver can verify.
func GenerateRSA(domain, selector string) (Key, error) {
	k, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return Key{}, fmt.Errorf("generate RSA key: %w", err)
	}
	return Key{domain, selector, k}, nil
}

// GenerateEd25519 makes an Ed25519 key (RFC 8463). Not every receiver knows them:
// sign with an RSA key beside it.
func GenerateEd25519(domain, selector string) (Key, error) {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("generate Ed25519 key: %w", err)
	}
	return Key{domain, selector, k}, nil
}

// GeneratePair makes the keys that mail is signed with: RSA, which every receiver
// can verify, and Ed25519. Their selectors are "r" and "e" before the suffix.
func GeneratePair(domain, suffix string) ([]Key, error) {
	r, err := GenerateRSA(domain, "r"+suffix)
	if err != nil {
		return nil, err
	}
	e, err := GenerateEd25519(domain, "e"+suffix)
	if err != nil {
		return nil, err
	}
	return []Key{r, e}, nil
}

const pemType = "PRIVATE KEY"

// PEM writes the private key as PKCS #8 (RFC 5958) in PEM. It fails for a key
// that lives elsewhere.
func (k Key) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.Signer)
	if err != nil {
		return nil, fmt.Errorf("write key %s: %w", k.Name(), err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), nil
}

// ParsePEM reads a private key as PEM writes it; an RSA key may also be PKCS #1
// ("RSA PRIVATE KEY"), as other tools write it.
func ParsePEM(domain, selector string, data []byte) (Key, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return Key{}, errors.New("read DKIM key: no PEM block found")
	}
	var parsed any
	var err error
	switch block.Type {
	case pemType:
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		err = fmt.Errorf("a block of type %q is not a private key", block.Type)
	}
	if err != nil {
		return Key{}, fmt.Errorf("read DKIM key: %w", err)
	}
	signer, ok := parsed.(crypto.Signer)
	k := Key{domain, selector, signer}
	if !ok || k.check() != nil {
		return Key{}, fmt.Errorf("read DKIM key: %w", errors.Join(k.check(), errKind(ok)))
	}
	return k, nil
}

func errKind(ok bool) error {
	if ok {
		return nil
	}
	return errors.New("this kind of key cannot sign")
}

// Algorithm is the a= tag of the key's signatures, or "" for a key that cannot
// sign.
func (k Key) Algorithm() string {
	if k.Signer == nil {
		return ""
	}
	switch k.Signer.Public().(type) {
	case *rsa.PublicKey:
		return "rsa-sha256"
	case ed25519.PublicKey:
		return "ed25519-sha256"
	}
	return ""
}

// check tells whether the key can sign, and its names can stand in a header.
func (k Key) check() error {
	if !isHostName(k.Domain) || !isHostName(k.Selector) {
		return fmt.Errorf("%q under %q cannot be named in DNS", k.Selector, k.Domain)
	}
	if k.Algorithm() == "" {
		return errors.New("only RSA and Ed25519 keys sign mail")
	}
	if pub, ok := k.Signer.Public().(*rsa.PublicKey); ok && pub.N.BitLen() < minRSABits {
		return fmt.Errorf("an RSA key of %d bits is too weak", pub.N.BitLen())
	}
	return nil
}

// isHostName accepts what RFC 6376, section 3.5 lets stand in d= and s=.
func isHostName(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			c := lower(label[i])
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// Name is the DNS name of the key's record (RFC 6376, section 3.6.2.1).
func (k Key) Name() string { return recordName(k.Selector, k.Domain) }

func recordName(selector, domain string) string { return selector + "._domainkey." + domain }

// Record is a TXT record to publish.
type Record struct {
	Name string
	// Strings are the value in pieces of at most 255 octets (RFC 1035, section
	// 3.3.14), which readers join.
	Strings []string
}

// Record is what must stand in DNS before the key is used.
func (k Key) Record() (Record, error) {
	if err := k.check(); err != nil {
		return Record{}, fmt.Errorf("make DKIM record: %w", err)
	}
	kind, public := "ed25519", []byte(nil)
	switch pub := k.Signer.Public().(type) {
	case ed25519.PublicKey: // RFC 8463, section 4.2: the bare key
		public = pub
	default:
		var err error
		kind = "rsa"
		if public, err = x509.MarshalPKIXPublicKey(pub); err != nil {
			return Record{}, fmt.Errorf("make DKIM record: %w", err)
		}
	}
	value := "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(public)
	return Record{Name: k.Name(), Strings: split(value, 255)}, nil
}

func split(s string, size int) []string {
	var out []string
	for len(s) > size {
		out, s = append(out, s[:size]), s[size:]
	}
	return append(out, s)
}

// Value is the record's value in one piece.
func (r Record) Value() string { return strings.Join(r.Strings, "") }

// String is the record as a line of a zone file.
func (r Record) String() string {
	return r.Name + `. IN TXT ( "` + strings.Join(r.Strings, `" "`) + `" )`
}
