package api

import (
	"cmp"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// shownAppKey is a key of the app as its backend sees it.
type shownAppKey struct {
	ID        gateway.KeyID `json:"id"`
	Scope     string        `json:"scope"`
	Test      bool          `json:"test"`
	CreatedAt int64         `json:"createdAt"`
	RevokedAt *int64        `json:"revokedAt"`
	// Secret is shown once, when the key is made.
	Secret string `json:"secret,omitempty"`
}

func showAppKey(k gateway.Key, secret string) shownAppKey {
	out := shownAppKey{ID: k.ID, Scope: scopeName(k.Scope), Test: k.Test, CreatedAt: k.CreatedAt.UnixMilli(), Secret: secret}
	if k.RevokedAt != nil {
		at := k.RevokedAt.UnixMilli()
		out.RevokedAt = &at
	}
	return out
}

func listKeys(c *call, _ []string) (any, error) {
	out := []shownAppKey{}
	for _, k := range c.app.Keys {
		out = append(out, showAppKey(k, ""))
	}
	return list{out}, nil
}

// createKey makes a key; its secret is in this answer and nowhere else.
func createKey(c *call, _ []string) (any, error) {
	var in struct {
		Scope string `json:"scope"`
		Test  bool   `json:"test"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	return c.once(store.AppScope(c.app.ID), func(c *call) (any, error) {
		k, err := c.Apps.CreateScopedKey(c.ctx, c.app.ID, scopeNamed(in.Scope), in.Test)
		if err != nil {
			return nil, err
		}
		return showAppKey(k.Key, k.Secret), nil
	})
}

// scopeNamed is a scope by the name callers write; none is everything.
func scopeNamed(name string) gateway.KeyScope {
	if cmp.Or(name, "admin") == "admin" {
		return gateway.ScopeAll
	}
	return gateway.KeyScope(name)
}

func revokeKey(c *call, ids []string) (any, error) {
	return nil, c.Apps.RevokeKey(c.ctx, c.app.ID, gateway.KeyID(ids[0]))
}
