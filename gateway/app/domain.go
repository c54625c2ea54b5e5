package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
)

// MaxDomains bounds the domains an app has or had.
const MaxDomains = 20

// ErrDomainTaken says that a domain is another app's; whose is not told.
var ErrDomainTaken = errors.New("the domain belongs to another app")

// ErrDomainInUse says that mail is sent from a domain that is to be removed.
var ErrDomainInUse = errors.New("the app's mail is sent from this domain")

// PlainKey is a DKIM key of a domain as PEM.
type PlainKey struct {
	Selector string
	PEM      []byte
}

// ParseDomain is gateway.ParseDomain for a domain of an app; what is none is a
// gateway.Invalid.
func ParseDomain(s string) (string, error) {
	name, err := gateway.ParseDomain(s)
	if err != nil || !strings.Contains(name, ".") {
		return "", gateway.Wrong("domain", "%q is not a mail domain; write it as reply.example.com", s)
	}
	return name, nil
}

// AddDomain gives an app a domain of its own with the keys that sign for it. One
// it has keeps its keys; one of another app is ErrDomainTaken. Its mail is sent
// from it once it is told to by UseDomain.
func (s Service) AddDomain(ctx context.Context, app gateway.AppID, name string, keys []PlainKey) (gateway.Domain, error) {
	name, err := ParseDomain(name)
	if err != nil {
		return gateway.Domain{}, err
	}
	// The claim is made under a lock of all apps, and only then noted with the app;
	// after a crash between the two, the next call notes it.
	var d gateway.Domain
	err = s.Store.Update(ctx, store.SystemScope("domains"), func(tx store.Tx) error {
		a, err := load(tx, app)
		if err != nil {
			return err
		}
		var found bool
		if d, found, err = store.Domains.Find(tx, store.DomainKey(name)); err != nil {
			return err
		}
		switch {
		case found && d.App != app:
			return ErrDomainTaken
		case found:
			return nil
		case !slices.Contains(a.Domains, name) && len(a.Domains) >= MaxDomains:
			return gateway.Wrong("domain", "An app has at most %d domains; those it had count.", MaxDomains)
		}
		d = gateway.Domain{Name: name, App: app, CreatedAt: s.now()}
		for _, k := range keys {
			d.Keys = append(d.Keys, gateway.DomainKey{Selector: k.Selector, Sealed: s.Box.Seal(secret.PurposeDKIM, k.PEM)})
		}
		return store.Domains.Put(tx, store.DomainKey(name), d)
	})
	if err != nil {
		return d, wrapDomain("add domain", err)
	}
	_, err = s.change(ctx, app, func(_ store.Tx, a *gateway.App) error {
		if !slices.Contains(a.Domains, name) {
			a.Domains = append(a.Domains, name)
		}
		return nil
	})
	return d, err
}

// UseDomain has an app's mail sent from one of its domains from now on; "" is the
// installation's. What is queued, and every address there is, stays as it is.
func (s Service) UseDomain(ctx context.Context, app gateway.AppID, name string) error {
	if name != "" {
		if _, err := s.Domain(ctx, app, name); err != nil {
			return err
		}
	}
	_, err := s.change(ctx, app, func(tx store.Tx, a *gateway.App) error {
		if name != "" {
			if d, found, err := store.Domains.Find(tx, store.DomainKey(name)); err != nil || !found || d.App != app {
				return errors.Join(err, gateway.NotFound{What: "domain", ID: name})
			}
		}
		a.Domain = name
		return nil
	})
	return err
}

// RemoveDomain takes a domain from an app; ErrDomainInUse while mail is sent from
// it. Addresses at it keep working for as long as mail to it comes here.
func (s Service) RemoveDomain(ctx context.Context, app gateway.AppID, name string) error {
	d, err := s.Domain(ctx, app, name)
	if err != nil {
		return err
	}
	err = s.Store.Update(ctx, store.SystemScope("domains"), func(tx store.Tx) error {
		a, err := load(tx, app)
		if err != nil {
			return err
		}
		if a.Domain == d.Name {
			return ErrDomainInUse
		}
		return store.Domains.Delete(tx, store.DomainKey(d.Name))
	})
	return wrapDomain("remove domain", err)
}

// Domain returns a domain of an app, or gateway.NotFound, for another app's too.
func (s Service) Domain(ctx context.Context, app gateway.AppID, name string) (gateway.Domain, error) {
	var d gateway.Domain
	folded, err := gateway.ParseDomain(name)
	if err != nil {
		return d, gateway.NotFound{What: "domain", ID: name}
	}
	err = s.Store.View(ctx, func(rd store.Reader) (err error) {
		var found bool
		d, found, err = store.Domains.Find(rd, store.DomainKey(folded))
		if err == nil && (!found || d.App != app) {
			d, err = gateway.Domain{}, gateway.NotFound{What: "domain", ID: name}
		}
		return err
	})
	return d, err
}

// DomainsOf lists an app's domains in the order they were added.
func (s Service) DomainsOf(ctx context.Context, app gateway.AppID) ([]gateway.Domain, error) {
	out := []gateway.Domain{}
	err := s.Store.View(ctx, func(rd store.Reader) error {
		out = out[:0]
		a, err := load(rd, app)
		if err != nil {
			return err
		}
		for _, name := range a.Domains {
			d, found, err := store.Domains.Find(rd, store.DomainKey(name))
			if err != nil {
				return err
			}
			if found && d.App == app {
				out = append(out, d)
			}
		}
		return nil
	})
	return out, err
}

// DomainKeys opens the keys of a domain.
func (s Service) DomainKeys(d gateway.Domain) ([]PlainKey, error) {
	var out []PlainKey
	for _, k := range d.Keys {
		pem, err := s.Box.Open(secret.PurposeDKIM, k.Sealed)
		if err != nil {
			return nil, wrap("open key "+k.Selector+" of "+d.Name, err)
		}
		out = append(out, PlainKey{k.Selector, pem})
	}
	return out, nil
}

func wrapDomain(what string, err error) error {
	if errors.Is(err, ErrDomainTaken) || errors.Is(err, ErrDomainInUse) {
		return err
	}
	return wrap(what, err)
}
