package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
)

// Bounds of an app's endpoints.
const (
	MaxEndpoints = 20
	// MaxSecrets is how many secrets of an endpoint are alive while rotating.
	MaxSecrets = 4
	// SecretOverlap is for how long a replaced secret signs too, if nobody says
	// otherwise; MaxSecretOverlap bounds what may be said.
	SecretOverlap    = 24 * time.Hour
	MaxSecretOverlap = 7 * 24 * time.Hour
	secretSize       = 32
	maxURL           = 2048
)

// SecretPrefix begins every webhook secret, as Standard Webhooks has it.
const SecretPrefix = "whsec_"

// EndpointSettings is what a caller says of an endpoint.
type EndpointSettings struct {
	URL      string
	Types    []gateway.EventType // empty: all
	Disabled bool
	Strict   bool
}

// PutEndpoint makes or changes an endpoint; an empty id makes one. made is the
// secret of a new endpoint, which is shown this once, and empty otherwise.
// Whether the URL may be reached is asked when it is. Enabling an endpoint that
// was disabled for its failures begins their count anew.
func (s Service) PutEndpoint(ctx context.Context, app gateway.AppID, id gateway.EndpointID, in EndpointSettings) (ep gateway.Endpoint, made string, err error) {
	if err := in.check(); err != nil {
		return ep, "", err
	}
	if len(id) > 64 {
		return ep, "", gateway.Wrong("id", "An endpoint id has at most 64 octets.")
	}
	_, err = s.change(ctx, app, func(tx store.Tx, a *gateway.App) error {
		made = ""
		i := find(a, id)
		if i < 0 {
			if len(a.Endpoints) >= MaxEndpoints {
				return gateway.Wrong("id", "An app has at most %d endpoints.", MaxEndpoints)
			}
			if id == "" {
				id = gateway.EndpointID(tx.NewID(gateway.PrefixEndpoint))
			}
			made = newSecret()
			a.Endpoints = append(a.Endpoints, gateway.Endpoint{ID: id, Secrets: []gateway.EndpointSecret{s.seal(made)}, CreatedAt: s.now()})
			i = len(a.Endpoints) - 1
		}
		e := &a.Endpoints[i]
		e.URL, e.Types, e.Strict = in.URL, in.Types, in.Strict
		switch {
		case !in.Disabled:
			e.Disabled, e.DisabledBy = false, ""
		case !e.Disabled:
			e.Disabled, e.DisabledBy = true, gateway.DisabledByCaller
		}
		ep = *e
		if e.Disabled {
			return nil
		}
		return store.Troubles.Delete(tx, store.AppKey(app).String(string(id)))
	})
	return ep, made, err
}

// Endpoint returns an endpoint, or gateway.NotFound.
func (s Service) Endpoint(ctx context.Context, app gateway.AppID, id gateway.EndpointID) (gateway.Endpoint, error) {
	a, err := s.App(ctx, app)
	if err != nil {
		return gateway.Endpoint{}, err
	}
	if i := find(&a, id); i >= 0 {
		return a.Endpoints[i], nil
	}
	return gateway.Endpoint{}, gateway.NotFound{What: "endpoint", ID: string(id)}
}

// DeleteEndpoint removes an endpoint, or says gateway.NotFound. What is queued
// for it is dropped when its turn comes.
func (s Service) DeleteEndpoint(ctx context.Context, app gateway.AppID, id gateway.EndpointID) error {
	_, err := s.change(ctx, app, func(_ store.Tx, a *gateway.App) error {
		i := find(a, id)
		if i < 0 {
			return gateway.NotFound{What: "endpoint", ID: string(id)}
		}
		a.Endpoints = slices.Delete(a.Endpoints, i, i+1)
		return nil
	})
	return err
}

// RotateSecret gives an endpoint a new secret, which signs first from now on, and
// returns it. Those before sign too for the overlap, 0 to MaxSecretOverlap; the
// oldest beyond MaxSecrets are forgotten.
func (s Service) RotateSecret(ctx context.Context, app gateway.AppID, id gateway.EndpointID, overlap time.Duration) (string, error) {
	if err := checkOverlap(overlap); err != nil {
		return "", err
	}
	value := newSecret()
	return value, s.changeSecrets(ctx, app, id, func(old []gateway.EndpointSecret) []gateway.EndpointSecret {
		return s.rotated(old, value, overlap)
	})
}

func checkOverlap(overlap time.Duration) error {
	if overlap < 0 || overlap > MaxSecretOverlap {
		return gateway.Wrong("oldValidFor", "A replaced secret stays valid for 0 s to 7 days.")
	}
	return nil
}

// rotated puts a secret before the old ones, which end after the overlap.
func (s Service) rotated(old []gateway.EndpointSecret, value string, overlap time.Duration) []gateway.EndpointSecret {
	now := s.now()
	out := []gateway.EndpointSecret{s.seal(value)}
	for _, o := range old {
		if end := now.Add(overlap); o.Until.IsZero() || o.Until.After(end) {
			o.Until = end
		}
		out = append(out, o)
	}
	return live(out, now)
}

func newestOnly(all []gateway.EndpointSecret) []gateway.EndpointSecret { return all[:min(len(all), 1)] }

// DropOldSecrets leaves an endpoint its newest secret only.
func (s Service) DropOldSecrets(ctx context.Context, app gateway.AppID, id gateway.EndpointID) error {
	return s.changeSecrets(ctx, app, id, newestOnly)
}

func live(all []gateway.EndpointSecret, now time.Time) []gateway.EndpointSecret {
	out := (&gateway.Endpoint{Secrets: all}).Live(now)
	return out[:min(len(out), MaxSecrets)]
}

func (s Service) changeSecrets(ctx context.Context, app gateway.AppID, id gateway.EndpointID, fn func([]gateway.EndpointSecret) []gateway.EndpointSecret) error {
	_, err := s.change(ctx, app, func(_ store.Tx, a *gateway.App) error {
		i := find(a, id)
		if i < 0 {
			return gateway.NotFound{What: "endpoint", ID: string(id)}
		}
		a.Endpoints[i].Secrets = fn(a.Endpoints[i].Secrets)
		return nil
	})
	return err
}

// EndpointSecrets opens an endpoint's live secrets ("whsec_…"), the newest first.
func (s Service) EndpointSecrets(ep gateway.Endpoint) ([]string, error) {
	var out []string
	for _, sealed := range ep.Live(s.now()) {
		plain, err := s.Box.Open(secret.PurposeWebhook, sealed.Sealed)
		if err != nil {
			return nil, wrap("open secret of endpoint "+string(ep.ID), err)
		}
		out = append(out, string(plain))
	}
	return out, nil
}

func (s Service) seal(value string) gateway.EndpointSecret {
	return gateway.EndpointSecret{Sealed: s.Box.Seal(secret.PurposeWebhook, []byte(value)), CreatedAt: s.now()}
}

func newSecret() string {
	b := make([]byte, secretSize)
	rand.Read(b)
	return SecretPrefix + base64.StdEncoding.EncodeToString(b)
}

func find(a *gateway.App, id gateway.EndpointID) int {
	return slices.IndexFunc(a.Endpoints, func(e gateway.Endpoint) bool { return e.ID == id && id != "" })
}

func (in EndpointSettings) check() error {
	v := gateway.Invalid{}
	u, err := url.Parse(in.URL)
	switch {
	case err != nil || len(in.URL) > maxURL || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		v.Add("url", "Write the whole address of the receiver, as https://backend.example.com/webhooks.")
	case u.User != nil:
		v.Add("url", "The address holds no user name or password; every event is signed instead.")
	case u.Fragment != "":
		v.Add("url", "The address has no fragment.")
	}
	for i, t := range in.Types {
		if !t.Known() {
			v.Add("types", "types[%d]: there is no event type %q.", i, t)
		}
	}
	return v.Err()
}
