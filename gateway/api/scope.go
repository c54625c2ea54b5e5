package api

import (
	"net/http"
	"slices"

	"github.com/replygate/replygate/gateway"
)

// need is the scope a key must have for a method on a path below /v1/{appId}.
// Reading needs "read" and everything else "write", but for what is listed; what
// makes an app what it is needs a key without bounds.
func need(method string, path []string) gateway.KeyScope {
	reads := method == http.MethodGet || method == http.MethodHead
	switch {
	case isRun(path):
		return gateway.ScopeRun
	case path[0] == "keys":
		return gateway.ScopeAll
	case reads && len(path) == 5 && path[4] == "email":
		return gateway.ScopeWrite // a reply address is a secret that posts
	case path[0] == "mails":
		return gateway.ScopeWrite // and stands in every mail
	case reads, len(path) == 1 && method == http.MethodPost && slices.Contains(asking, path[0]):
		return gateway.ScopeRead
	case slices.Contains(settings, path[0]):
		return gateway.ScopeAll
	}
	return gateway.ScopeWrite
}

var (
	// asking are the POSTs that change nothing; those of a batch are asked for
	// themselves.
	asking = []string{"batch", "presences", "render", "parse"}
	// settings are what an app is made of; "" is the app itself.
	settings = []string{"", "roles", "endpoints", "authorise"}
)

// permit says 401 when the key's scope does not allow the call: clients of this
// API know no 403.
func (c *call) permit(method string, path []string) error {
	if len(path) == 0 {
		path = []string{""}
	}
	n := need(method, path)
	if c.key.Scope.Allows(n) {
		return nil
	}
	return fail(http.StatusUnauthorized, "UNAUTHORIZED", "authorization",
		"This key may not do this: it takes a key of scope "+scopeName(n)+", and this one has scope "+scopeName(c.key.Scope)+".")
}

// scopeName is a scope as callers write it.
func scopeName(s gateway.KeyScope) string {
	if s == gateway.ScopeAll {
		return "admin"
	}
	return string(s)
}
