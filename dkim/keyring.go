package dkim

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
)

// maxKeyRecord bounds a key record: an RSA key of 4096 bits takes about 740.
const maxKeyRecord = 1024

// keyring looks up key records for the library, and remembers what the library
// does not tell. It is safe for concurrent use.
type keyring struct {
	ctx    context.Context
	lookup func(context.Context, string) ([]string, error)

	mu      sync.Mutex
	records map[string]keyRecord
}

// keyRecord is what is remembered of a record: its flags, or why it is refused.
type keyRecord struct {
	flags []string
	err   error
}

func (k keyRecord) has(flag string) bool { return slices.Contains(k.flags, flag) }

// find is the library's LookupTXT.
func (k *keyring) find(name string) ([]string, error) {
	txts, err := k.lookup(k.ctx, toLower(name))
	if err != nil {
		return nil, asNetError(err)
	}
	var r keyRecord
	if len(txts) == 1 {
		r.flags = flagsOf(txts[0])
		if len(txts[0]) > maxKeyRecord {
			r.err = ErrKeySize
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.records[toLower(name)] = r
	if r.err != nil {
		return nil, r.err
	}
	return txts, nil
}

func (k *keyring) record(name string) keyRecord {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.records[toLower(name)]
}

// flagsOf reads t= of a key record (RFC 6376, section 3.6.1).
func flagsOf(record string) []string {
	for tag := range strings.SplitSeq(record, ";") {
		name, value, _ := strings.Cut(tag, "=")
		if strings.Trim(name, " \t\r\n") == "t" {
			return strings.Split(strings.Map(dropSpace, value), ":")
		}
	}
	return nil
}

// asNetError makes any error one of which the library can tell that it is
// temporary: all are, unless they say otherwise.
func asNetError(err error) error {
	var t interface{ Temporary() bool }
	if errors.As(err, &t) && !t.Temporary() {
		return err
	}
	return temporary{err}
}

// temporary is a net.Error, which is what the library looks for.
type temporary struct{ error }

func (t temporary) Unwrap() error { return t.error }
func (temporary) Temporary() bool { return true }
func (temporary) Timeout() bool   { return true }
