package app

import (
	"context"

	"github.com/replygate/replygate/gateway"
)

// CreateScopedKey makes a key that may do what its scope allows: everything
// (gateway.ScopeAll), gateway.ScopeWrite, ScopeRead or ScopeRun. test marks it as
// one for trying things out.
func (s Service) CreateScopedKey(ctx context.Context, id gateway.AppID, scope gateway.KeyScope, test bool) (NewKey, error) {
	prefix, err := prefixOf(scope, test)
	if err != nil {
		return NewKey{}, err
	}
	return s.addKey(ctx, id, newKey(prefix), gateway.Key{Scope: scope, Test: test})
}

// prefixOf is what a key of a kind begins with; a scope there is not is
// gateway.Invalid.
func prefixOf(scope gateway.KeyScope, test bool) (string, error) {
	switch scope {
	case gateway.ScopeAll, gateway.ScopeWrite, gateway.ScopeRead:
		if test {
			return testPrefix, nil
		}
		return livePrefix, nil
	case gateway.ScopeRun:
		return runPrefix, nil
	}
	return "", gateway.Wrong("scope", `scope is "admin", "write", "read" or "run".`)
}
