package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
)

// ErrUnauthorized says that no live key of the app is the one presented, or
// that there is no such app; which of the two is not told.
var ErrUnauthorized = errors.New("the key is not one of this app")

// Prefixes of generated keys tell live from test at sight.
const (
	livePrefix = "sk_live_"
	testPrefix = "sk_test_"
	runPrefix  = "run_"
)

// Bounds of an app's keys.
const (
	MaxKeys = 50
	// MinImported is the least length of an imported key, in octets: a shorter
	// one can be guessed.
	MinImported = 16
	maxImported = 512
)

// NewKey is a key and its secret, which is shown this once.
type NewKey struct {
	gateway.Key
	Secret string
}

// CreateKey makes a key: 160 random bits behind a prefix.
func (s Service) CreateKey(ctx context.Context, id gateway.AppID, test bool) (NewKey, error) {
	if test {
		return s.addKey(ctx, id, newKey(testPrefix), gateway.Key{Test: true})
	}
	return s.addKey(ctx, id, newKey(livePrefix), gateway.Key{})
}

// CreateRunKey makes a key that may start the notifications of an external
// schedule and nothing else.
func (s Service) CreateRunKey(ctx context.Context, id gateway.AppID) (NewKey, error) {
	return s.addKey(ctx, id, newKey(runPrefix), gateway.Key{Scope: gateway.ScopeRun})
}

func newKey(prefix string) string {
	b := make([]byte, 20)
	rand.Read(b)
	return prefix + strings.ToLower(base32.StdEncoding.EncodeToString(b))
}

// ImportKey takes over a key that exists, so that a backend keeps its own.
// Importing it again returns it as it is.
func (s Service) ImportKey(ctx context.Context, id gateway.AppID, value string, test bool) (NewKey, error) {
	return s.ImportScopedKey(ctx, id, value, gateway.ScopeAll, test)
}

// ImportScopedKey is ImportKey for a key that may do what its scope allows.
func (s Service) ImportScopedKey(ctx context.Context, id gateway.AppID, value string, scope gateway.KeyScope, test bool) (NewKey, error) {
	if _, err := prefixOf(scope, test); err != nil {
		return NewKey{}, err
	}
	if len(value) < MinImported || len(value) > maxImported {
		return NewKey{}, gateway.Wrong("key", "An imported key has %d to %d octets.", MinImported, maxImported)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return NewKey{}, gateway.Wrong("key", "A key holds printable ASCII characters without spaces.")
	}
	return s.addKey(ctx, id, value, gateway.Key{Scope: scope, Test: test})
}

// addKey stores a key with the value and the kind of k.
func (s Service) addKey(ctx context.Context, id gateway.AppID, value string, kind gateway.Key) (NewKey, error) {
	hash := sha256.Sum256([]byte(value))
	var out gateway.Key
	_, err := s.change(ctx, id, func(tx store.Tx, a *gateway.App) error {
		for _, k := range a.Keys {
			if k.RevokedAt == nil && subtle.ConstantTimeCompare(k.Hash, hash[:]) == 1 {
				out = k
				return nil
			}
		}
		if len(a.Keys) >= MaxKeys {
			return gateway.Wrong("key", "An app has at most %d keys; revoked ones count.", MaxKeys)
		}
		out = kind
		out.ID, out.Hash, out.CreatedAt = gateway.KeyID(tx.NewID(gateway.PrefixKey)), hash[:], s.now()
		out.Sealed = s.Box.Seal(secret.PurposeAPIKey, []byte(value))
		a.Keys = append(a.Keys, out)
		return nil
	})
	return NewKey{out, value}, err
}

// RevokeKey ends a key at once. Revoking it again changes nothing; an unknown
// one is gateway.NotFound.
func (s Service) RevokeKey(ctx context.Context, id gateway.AppID, key gateway.KeyID) error {
	_, err := s.change(ctx, id, func(_ store.Tx, a *gateway.App) error {
		for i := range a.Keys {
			if k := &a.Keys[i]; k.ID == key {
				if k.RevokedAt == nil {
					now := s.now()
					k.RevokedAt = &now
				}
				return nil
			}
		}
		return gateway.NotFound{What: "key", ID: string(key)}
	})
	return err
}

// Authenticate returns the app and the key that a presented secret is, or
// ErrUnauthorized. Every live key is compared, in constant time.
func (s Service) Authenticate(ctx context.Context, id gateway.AppID, presented string) (gateway.App, gateway.Key, error) {
	a, err := s.App(ctx, id)
	var missing gateway.NotFound
	if err != nil && !errors.As(err, &missing) {
		return gateway.App{}, gateway.Key{}, err
	}
	hash := sha256.Sum256([]byte(presented))
	found := -1
	for i, k := range a.Keys {
		if subtle.ConstantTimeCompare(k.Hash, hash[:]) == 1 && k.RevokedAt == nil {
			found = i
		}
	}
	if found < 0 {
		return gateway.App{}, gateway.Key{}, ErrUnauthorized
	}
	return a, a.Keys[found], nil
}

// KeyValue is a key of an app as the string it is, for what is keyed with it
// (JWTs, TalkJS's webhook signature).
type KeyValue struct {
	ID    gateway.KeyID
	Value []byte
}

// KeyValues opens the app's live keys, the newest first. Run-only keys are not
// among them: nothing is signed with what stands in a crontab.
func (s Service) KeyValues(a gateway.App) ([]KeyValue, error) {
	var out []KeyValue
	for i := len(a.Keys) - 1; i >= 0; i-- {
		k := a.Keys[i]
		if k.RevokedAt != nil || k.Scope != gateway.ScopeAll {
			continue
		}
		value, err := s.Box.Open(secret.PurposeAPIKey, k.Sealed)
		if err != nil {
			return nil, wrap("open key "+string(k.ID), err)
		}
		out = append(out, KeyValue{k.ID, value})
	}
	return out, nil
}
