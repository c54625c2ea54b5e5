// Package app makes and changes tenants: an app with its keys, endpoints, roles
// and settings.
//
// It promises that API keys and webhook secrets are stored sealed (keys hashed
// as well) and shown once, that presented secrets are compared in constant
// time, and that settings which make no sense are refused with a sentence per
// field. What happens inside an app is chat's.
package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
)

// Service is the tenants of an installation. It is safe for concurrent use.
type Service struct {
	Store store.Store
	Box   *secret.Box
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// MaxApps bounds what List returns.
const MaxApps = 10_000

// New is what an app is made of. An empty ID is minted.
type New struct {
	ID            gateway.AppID
	Name          string
	DefaultLocale string
	Policy        gateway.AuthPolicy
	Sender        gateway.Sender
	Custom        map[string]string
}

// Create makes an app without keys. An ID that is taken is a gateway.Invalid.
func (s Service) Create(ctx context.Context, in New) (gateway.App, error) {
	v := gateway.Invalid{}
	checkPolicy(v, in.Policy)
	if strings.ContainsAny(string(in.ID), "/\x00") || len(in.ID) > 64 {
		v.Add("id", "An app id has at most 64 octets and no slash.")
	}
	checkName(v, "name", in.Name)
	checkName(v, "sender.name", in.Sender.Name)
	if err := v.Err(); err != nil {
		return gateway.App{}, err
	}
	var made gateway.App
	err := s.Store.Update(ctx, store.AppScope(in.ID), func(tx store.Tx) error {
		made = gateway.App{
			ID: in.ID, Name: in.Name, DefaultLocale: in.DefaultLocale, Policy: in.Policy,
			Sender: in.Sender, Custom: in.Custom, CreatedAt: s.now(),
		}
		if made.ID == "" {
			made.ID = gateway.AppID(tx.NewID("app_"))
		}
		if _, found, err := store.Apps.Find(tx, store.AppKey(made.ID)); err != nil {
			return err
		} else if found {
			return gateway.Wrong("id", "The app %q exists already.", made.ID)
		}
		return store.Apps.Put(tx, store.AppKey(made.ID), made)
	})
	return made, wrap("create app", err)
}

// App returns an app, or gateway.NotFound. Its maps and slices are not to be changed.
func (s Service) App(ctx context.Context, id gateway.AppID) (gateway.App, error) {
	var out gateway.App
	err := s.Store.View(ctx, func(rd store.Reader) (err error) {
		var found bool
		out, found, err = store.FindApp(rd, id)
		if err == nil && !found {
			err = gateway.NotFound{What: "app", ID: string(id)}
		}
		return err
	})
	return out, err
}

// List returns all apps in the order of their ids, at most MaxApps.
func (s Service) List(ctx context.Context) ([]gateway.App, error) {
	var out []gateway.App
	err := s.Store.View(ctx, func(rd store.Reader) error {
		out = nil
		return store.Apps.Scan(rd, store.Range{}, func(_ store.Key, a gateway.App) (bool, error) {
			out = append(out, a)
			return len(out) < MaxApps, nil
		})
	})
	return out, err
}

// Settings changes an app's own settings; nil leaves one as it is.
type Settings struct {
	Name          *string
	DefaultLocale *string
	Policy        *gateway.AuthPolicy
	Sender        *gateway.Sender
	Custom        map[string]*string // merged; nil values remove
	EmailDisabled *bool
	// Limits that are all zero end the app's own.
	Limits *gateway.Limits
}

// PutSettings changes settings.
func (s Service) PutSettings(ctx context.Context, id gateway.AppID, in Settings) (gateway.App, error) {
	v := gateway.Invalid{}
	if in.Policy != nil {
		checkPolicy(v, *in.Policy)
	}
	if in.Name != nil {
		checkName(v, "name", *in.Name)
	}
	if in.Sender != nil {
		checkName(v, "sender.name", in.Sender.Name)
	}
	checkLimits(v, in.Limits)
	if err := v.Err(); err != nil {
		return gateway.App{}, err
	}
	return s.change(ctx, id, func(_ store.Tx, a *gateway.App) error {
		set(&a.Name, in.Name)
		set(&a.DefaultLocale, in.DefaultLocale)
		set(&a.Policy, in.Policy)
		set(&a.Sender, in.Sender)
		set(&a.EmailDisabled, in.EmailDisabled)
		if l := in.Limits; l != nil {
			if a.Limits = l; *l == (gateway.Limits{}) {
				a.Limits = nil
			}
		}
		for k, v := range in.Custom {
			if v == nil {
				delete(a.Custom, k)
				continue
			}
			if a.Custom == nil {
				a.Custom = map[string]string{}
			}
			a.Custom[k] = *v
		}
		return nil
	})
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// maxName bounds names that go into a mail's From, in octets.
const maxName = 200

func checkName(v gateway.Invalid, field, name string) {
	if len(name) > maxName {
		v.Add(field, "A name has at most %d octets.", maxName)
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		v.Add(field, "A name holds no control characters.")
	}
}

func checkLimits(v gateway.Invalid, l *gateway.Limits) {
	if l == nil || *l == (gateway.Limits{}) {
		return
	}
	if !(l.CallsPerSecond >= gateway.MinCallsPerSecond && l.CallsPerSecond <= gateway.MaxCallsPerSecond) {
		v.Add("callsPerSecond", "callsPerSecond is %d to %d.", gateway.MinCallsPerSecond, gateway.MaxCallsPerSecond)
	}
	if l.CallBurst < gateway.MinCallBurst || l.CallBurst > gateway.MaxCallBurst {
		v.Add("callBurst", "callBurst is %d to %d.", gateway.MinCallBurst, gateway.MaxCallBurst)
	}
}

func checkPolicy(v gateway.Invalid, p gateway.AuthPolicy) {
	known := []gateway.AuthPolicy{"", gateway.PolicyVerified, gateway.PolicyStrict, gateway.PolicyTokenFrom, gateway.PolicyToken}
	if !slices.Contains(known, p) {
		v.Add("policy", `A policy is "verified", "strict", "token+from" or "token".`)
	}
}

// change runs fn on an app in its transaction and puts it back.
func (s Service) change(ctx context.Context, id gateway.AppID, fn func(store.Tx, *gateway.App) error) (gateway.App, error) {
	var out gateway.App
	err := s.Store.Update(ctx, store.AppScope(id), func(tx store.Tx) error {
		a, err := load(tx, id)
		if err != nil {
			return err
		}
		was := silent(&a)
		if err := fn(tx, &a); err != nil {
			return err
		}
		out = a
		if err := store.Apps.Put(tx, store.AppKey(id), a); err != nil {
			return err
		}
		if is := silent(&a); is == "" || is == was {
			return nil
		}
		return s.withdraw(tx, id)
	})
	return out, wrap("change app", err)
}

// silent names those whose mail is switched off; empty: nobody's is.
func silent(a *gateway.App) string {
	if a.EmailDisabled {
		return "all"
	}
	var off []string
	for name, r := range a.Roles {
		if r.EmailDisabled {
			off = append(off, name)
		}
	}
	slices.Sort(off)
	if off == nil {
		return ""
	}
	return fmt.Sprintf("%q", off)
}

// withdraw has what people wait for whose mail is off taken back, by the queue:
// they may be many. A pass that is under way begins anew.
func (s Service) withdraw(tx store.Tx, id gateway.AppID) error {
	ref, now := store.DisabledItem(id), s.now()
	if err := tx.Cancel(ref); err != nil {
		return err
	}
	return tx.Enqueue(store.Item{ItemRef: ref, Due: now, EnqueuedAt: now, Payload: []byte{0}})
}

func load(rd store.Reader, id gateway.AppID) (gateway.App, error) {
	a, err := store.Apps.Get(rd, store.AppKey(id))
	if errors.Is(err, store.ErrNotFound) {
		return a, gateway.NotFound{What: "app", ID: string(id)}
	}
	return a, err
}

func (s Service) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// wrap says what was being done; errors about the input stay as they are.
func wrap(what string, err error) error {
	var invalid gateway.Invalid
	var missing gateway.NotFound
	if err == nil || errors.As(err, &invalid) || errors.As(err, &missing) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}
