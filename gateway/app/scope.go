package app

import (
	"context"

	"github.com/replygate/replygate/gateway"
)

// CreateScopedKey makes a key that may do what its scope allows: everything
// (gateway.ScopeAll), gateway.ScopeWrite, ScopeRead or ScopeRun. test marks it as
// one for trying things out.
func (s Service) CreateScopedKey(ctx context.Context, id gateway.AppID, scope gateway.KeyScope, test bool) (NewKey, error) {
	prefix := livePrefix
	switch scope {
	case gateway.ScopeAll, gateway.ScopeWrite, gateway.ScopeRead:
		if test {
			prefix = testPrefix
		}
	case gateway.ScopeRun:
		prefix = runPrefix
	default:
		return NewKey{}, gateway.Wrong("scope", `scope is "admin", "write", "read" or "run".`)
	}
	return s.addKey(ctx, id, newKey(prefix), gateway.Key{Scope: scope, Test: test})
}
