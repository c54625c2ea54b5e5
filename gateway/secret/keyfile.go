// Package secret holds the installation's master keys and seals what must not
// be readable in a stolen database: raw and composed mail, API keys, webhook
// secrets.
//
// A key file is text: one line per key, "<id> <32 bytes in base64>", the newest
// first; lines that begin with # are comments. The id is one character of the
// lower-case base32 alphabet (a-z, 2-7) and stands inside every signed address,
// so a key is retired by adding a line above it, and dropped by deleting its
// line once its addresses may die. Reading and writing the file is the caller's.
package secret

import (
	"bufio"
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Alphabet is RFC 4648's base32 alphabet in lower case, out of which key ids
// and signed addresses are made.
const Alphabet = "abcdefghijklmnopqrstuvwxyz234567"

const keySize = 32

// Keys are the master keys of an installation. They are immutable and safe for
// concurrent use.
type Keys struct {
	ids     []byte // the newest first
	masters map[byte][]byte
}

// Generate makes one fresh key with the id "a".
func Generate() *Keys {
	k := make([]byte, keySize)
	rand.Read(k)
	return &Keys{ids: []byte{'a'}, masters: map[byte][]byte{'a': k}}
}

// Parse reads a key file; an error names the line.
func Parse(file []byte) (*Keys, error) {
	k := &Keys{masters: map[byte][]byte{}}
	lines := bufio.NewScanner(bytes.NewReader(file))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if err := k.add(line); err != nil {
			return nil, fmt.Errorf("key file, line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if len(k.ids) == 0 {
		return nil, errors.New("key file: holds no key")
	}
	return k, nil
}

func (k *Keys) add(line string) error {
	f := strings.Fields(line)
	if len(f) != 2 || len(f[0]) != 1 || !strings.Contains(Alphabet, f[0]) {
		return errors.New("write a key as one character of a-z, 2-7, a space, and 32 bytes in base64")
	}
	master, err := base64.StdEncoding.DecodeString(f[1])
	if err != nil || len(master) != keySize {
		return errors.New("the key is not 32 bytes in base64")
	}
	id := f[0][0]
	if k.masters[id] != nil {
		return fmt.Errorf("the id %q is used twice", f[0])
	}
	k.ids = append(k.ids, id)
	k.masters[id] = master
	return nil
}

// Format writes the key file that Parse reads.
func (k *Keys) Format() []byte {
	var b bytes.Buffer
	b.WriteString("# Replygate master keys, the newest first. Keep this file secret and backed up:\n" +
		"# without it reply addresses die and stored mail cannot be read.\n")
	for _, id := range k.ids {
		fmt.Fprintf(&b, "%c %s\n", id, base64.StdEncoding.EncodeToString(k.masters[id]))
	}
	return b.Bytes()
}

// Current is the id of the key that new addresses and seals are made with.
func (k *Keys) Current() byte { return k.ids[0] }

// Derive returns 32 bytes for one use of the key named id, or nil when that
// key was dropped. Different uses never share bytes (RFC 5869).
func (k *Keys) Derive(id byte, use string) []byte {
	master := k.masters[id]
	if master == nil {
		return nil
	}
	out, err := hkdf.Key(sha256.New, master, nil, "replygate "+use, keySize)
	if err != nil {
		panic(err) // only for absurd lengths
	}
	return out
}

// Each calls fn for the id of every key, the newest first.
func (k *Keys) Each(fn func(id byte)) {
	for _, id := range k.ids {
		fn(id)
	}
}
