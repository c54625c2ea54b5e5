package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

// scopes is the least scope of every route, written down a second time: a route
// that is missing here fails the test.
var scopes = map[string]string{
	"GET ": "read", "PUT ": "admin",
	"GET limits": "read", "GET domains": "read",
	"GET keys": "admin", "POST keys": "admin", "DELETE keys/*": "admin",
	"POST batch": "read", "POST presences": "read", "POST files": "write",
	"GET users": "read", "PUT users": "write", "GET users/*": "read", "PUT users/*": "write",
	"PUT users/*/presence": "write", "GET users/*/sessions": "read", "PATCH users/*/conversations/*": "write",
	"GET conversations": "read", "GET users/*/conversations": "read",
	"GET conversations/*": "read", "PUT conversations/*": "write", "DELETE conversations/*": "write",
	"POST conversations/*/readBy/*": "write", "POST conversations/*/notifications": "write",
	"PUT conversations/*/participants/*": "write", "PATCH conversations/*/participants/*": "write", "DELETE conversations/*/participants/*": "write",
	"GET conversations/*/participants/*/email": "write",
	"GET conversations/*/messages":             "read", "POST conversations/*/messages": "write", "GET conversations/*/messages/*": "read",
	"PUT conversations/*/messages/*": "write", "POST conversations/*/messages/*": "write", "DELETE conversations/*/messages/*": "write",
	"POST import/conversations/*/messages": "write",
	"GET departments":                      "read", "GET departments/*": "read", "PUT departments/*": "write", "DELETE departments/*": "write",
	"GET roles/*": "read", "PUT roles/*": "admin",
	"GET endpoints": "read", "GET endpoints/*": "read", "PUT endpoints/*": "admin", "DELETE endpoints/*": "admin",
	"POST endpoints/*/secrets": "admin", "DELETE endpoints/*/secrets": "admin", "POST endpoints/*/ping": "admin", "POST endpoints/*/replay": "admin",
	"GET endpoints/*/attempts": "read",
	"GET authorise":            "read", "PUT authorise": "admin", "DELETE authorise": "admin",
	"POST authorise/secrets": "admin", "DELETE authorise/secrets": "admin", "POST authorise/ask": "admin",
	"GET events": "read", "GET events/*": "read", "POST events/*/redeliver": "write",
	"GET notifications": "read", "POST notifications": "write", "POST notifications/run": "run", "GET notifications/run": "run",
	"POST render": "read", "POST parse": "read", "GET deliveries": "read", "GET replies": "read", "POST replies/*/approve": "write", "POST replies/*/reject": "write",
	"GET mails": "write", "DELETE mails": "write", "GET mails/*": "write", "GET mails/*/raw": "write",
	"GET suppressions": "read", "GET suppressions/*": "read", "PUT suppressions/*": "write", "DELETE suppressions/*": "write",
}

// may tells whether a key of a scope may do what needs one.
var may = map[string]string{"read": "read write admin", "write": "write admin", "admin": "admin", "run": "run write admin"}

// TestMatrix walks route by scope by app: no 2xx, nor anything but 401, where
// there should be none.
func TestMatrix(t *testing.T) {
	l := newLab(t).populate()
	keys := map[string]string{}
	for _, scope := range []string{"read", "write", "admin", "run"} {
		var made struct{ ID, Secret, Scope string }
		l.do("POST", "/keys", `{"scope":"`+scope+`"}`).is(200).into(&made)
		if keys[scope] = made.Secret; made.Scope != scope {
			t.Errorf("asked for %s, made %s", scope, made.Scope)
		}
	}
	cells, open := 0, 0
	for _, r := range table() {
		name := r.method + " " + strings.Join(r.path, "/")
		least, known := scopes[name]
		if !known {
			t.Errorf("%s: nobody wrote down what scope it takes", name)
			continue
		}
		path := ""
		for _, part := range r.path {
			path += "/" + strings.ReplaceAll(part, "*", "nobody@x.test")
		}
		for scope, key := range keys {
			for _, tenant := range []string{"shop", "club", "nosuchapp"} {
				cells++
				want := tenant == "shop" && strings.Contains(may[least], scope)
				a := l.raw(r.method, "/v1/"+tenant+path, key, `{"online":true}`)
				if got := a.status != http.StatusUnauthorized; got != want {
					t.Errorf("%s of %s with a %s key: %d %s", name, tenant, scope, a.status, a.body)
				}
				if want {
					open++
				}
			}
		}
	}
	t.Logf("%d cells, %d open", cells, open)
	// What a key may not do alone it may not do in a batch.
	a := l.raw("POST", "/v1/shop/batch", keys["read"], `[[1,"GET","/users"],[2,"PUT","/users/x",{"name":"X"}],[3,"POST","/keys",{}]]`).is(200)
	a.has(`[1,200,`, `[2,401,`, `[3,401,`)
	l.do("GET", "/users/x", "").is(404)
	// A run-only key stands in a query; no other does.
	l.raw("GET", "/v1/shop/notifications/run?key="+keys["run"], "", "").is(200)
	l.raw("GET", "/v1/shop/notifications/run?key="+keys["admin"], "", "").is(401)
}

// TestKeyLife: made, listed without secrets, revoked at once.
func TestKeyLife(t *testing.T) {
	l := newLab(t)
	var k struct {
		ID, Secret, Scope string
		Test              bool
	}
	l.do("POST", "/keys", `{"scope":"write","test":true}`).is(200).into(&k)
	if !strings.HasPrefix(k.Secret, "sk_test_") || k.Scope != "write" || !k.Test {
		t.Errorf("%+v", k)
	}
	l.raw("PUT", "/v1/shop/users/u", k.Secret, "").is(200)
	if a := l.do("GET", "/keys", "").is(200).has(k.ID, `"scope":"admin"`, `"scope":"write"`); strings.Contains(a.body, k.Secret) || strings.Contains(a.body, "secret") {
		t.Error(a.body)
	}
	l.do("DELETE", "/keys/"+k.ID, "").is(200, "{}")
	l.raw("GET", "/v1/shop", k.Secret, "").is(401)
	l.do("DELETE", "/keys/none", "").is(404)
	for _, scope := range []string{`"owner"`, `"Read"`, `5`} {
		l.do("POST", "/keys", `{"scope":`+scope+`}`).wrong("scope")
	}
	l.do("POST", "/keys", "").is(200).has(`"scope":"admin"`, `"secret":"sk_live_`)
}

// TestScopesInclude: what includes what.
func TestScopesInclude(t *testing.T) {
	for _, need := range []gateway.KeyScope{gateway.ScopeAll, gateway.ScopeWrite, gateway.ScopeRead, gateway.ScopeRun, "unheard of"} {
		for _, have := range []gateway.KeyScope{gateway.ScopeAll, gateway.ScopeWrite, gateway.ScopeRead, gateway.ScopeRun, "another"} {
			name := scopeName(need)
			if want := strings.Contains(" "+may[name]+" ", " "+scopeName(have)+" ") || have == gateway.ScopeAll; have.Allows(need) != want {
				t.Errorf("%s for %s: %v", fmt.Sprint(have), name, !want)
			}
		}
	}
}

// TestOperatorMakesScopedKeys: by the operator's calls too.
func TestOperatorMakesScopedKeys(t *testing.T) {
	l := newLab(t)
	o := NewOperator(Operator{Apps: l.apps, Chat: l.chat, Store: l.engine, Log: l.server.Log})
	for body, want := range map[string]string{
		"": "admin", `{"scope":"read"}`: "read", `{"scope":"write","test":true}`: "write", `{"run":true}`: "run", `{"value":"an imported key of some length"}`: "400",
		`{"value":"an-imported-key-of-some-length"}`: "admin", `{"scope":"owner"}`: "400",
	} {
		w := httptest.NewRecorder()
		o.ServeHTTP(w, httptest.NewRequest("POST", "/apps/shop/keys", strings.NewReader(body)))
		if got := fmt.Sprint(w.Code); got != want && !strings.Contains(w.Body.String(), `"scope":"`+want+`"`) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}
