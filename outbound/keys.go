package outbound

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
)

// rings holds the opened keys of apps' own domains, which take long to read. Its
// zero value is ready for use.
type rings struct {
	mu sync.Mutex
	by map[string]ring
}

type ring struct {
	sealed []gateway.DomainKey
	keys   []dkim.Key
}

// keysOf are the keys that sign mail from a domain: the installation's, or those
// of the app's own.
func (n *Notifier) keysOf(ctx context.Context, app gateway.AppID, domain string) ([]dkim.Key, error) {
	if domain == n.Domain {
		return n.Keys, nil
	}
	var d gateway.Domain
	err := n.Store.View(ctx, func(rd store.Reader) (err error) {
		d, err = store.Domains.Get(rd, store.DomainKey(domain))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keys of %s: %s", domain, err) // trouble: without a signature nothing is sent
	}
	if d.App != app || len(d.Keys) == 0 {
		return nil, fmt.Errorf("keys of %s: the domain is not the app's, or has none", domain)
	}
	return n.rings.open(n.Box, d)
}

func (r *rings) open(box *secret.Box, d gateway.Domain) ([]dkim.Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	same := func(a, b gateway.DomainKey) bool { return a.Selector == b.Selector && bytes.Equal(a.Sealed, b.Sealed) }
	if known, ok := r.by[d.Name]; ok && slices.EqualFunc(known.sealed, d.Keys, same) {
		return known.keys, nil
	}
	var keys []dkim.Key
	for _, k := range d.Keys {
		pem, err := box.Open(secret.PurposeDKIM, k.Sealed)
		if err != nil {
			return nil, fmt.Errorf("key %s of %s: %w", k.Selector, d.Name, err)
		}
		key, err := dkim.ParsePEM(d.Name, k.Selector, pem)
		if err != nil {
			return nil, fmt.Errorf("key %s of %s: %w", k.Selector, d.Name, err)
		}
		keys = append(keys, key)
	}
	if r.by == nil {
		r.by = map[string]ring{}
	}
	r.by[d.Name] = ring{d.Keys, keys}
	return keys, nil
}
