package secret

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrSealed says that sealed bytes cannot be opened: another key file, a
// dropped key, or damage.
var ErrSealed = errors.New("sealed data does not open with this key file")

// Box seals bytes with the current key and opens those of every key that is
// still in the file. It is safe for concurrent use.
//
// The seal is XChaCha20-Poly1305 under a nonce that is an HMAC of the bytes, so
// equal bytes of one purpose make equal seals (attachments are stored once) and
// a nonce is never used for two different texts.
type Box struct {
	current byte
	keys    map[byte]boxKey
}

type boxKey struct {
	aead  cipher.AEAD
	nonce []byte
}

// NewBox makes the box of k.
func NewBox(k *Keys) *Box {
	b := &Box{current: k.Current(), keys: map[byte]boxKey{}}
	k.Each(func(id byte) {
		aead, err := chacha20poly1305.NewX(k.Derive(id, "seal"))
		if err != nil {
			panic(err) // the derived key has the right size
		}
		b.keys[id] = boxKey{aead, k.Derive(id, "seal nonce")}
	})
	return b
}

// Seal returns plain sealed for a purpose ("mail", "api key", …); only the same
// purpose opens it.
func (b *Box) Seal(purpose string, plain []byte) []byte {
	k := b.keys[b.current]
	mac := hmac.New(sha256.New, k.nonce)
	fmt.Fprintf(mac, "%d %s", len(purpose), purpose)
	mac.Write(plain)
	nonce := mac.Sum(nil)[:chacha20poly1305.NonceSizeX]
	out := make([]byte, 0, 1+len(nonce)+len(plain)+chacha20poly1305.Overhead)
	out = append(append(out, b.current), nonce...)
	return k.aead.Seal(out, nonce, plain, []byte(purpose))
}

// Open returns what was sealed for the purpose, or ErrSealed.
func (b *Box) Open(purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) < 1+chacha20poly1305.NonceSizeX {
		return nil, ErrSealed
	}
	k, ok := b.keys[sealed[0]]
	if !ok {
		return nil, ErrSealed
	}
	nonce, body := sealed[1:1+chacha20poly1305.NonceSizeX], sealed[1+chacha20poly1305.NonceSizeX:]
	plain, err := k.aead.Open(nil, nonce, body, []byte(purpose))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
