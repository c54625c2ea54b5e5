package api

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
)

const operatorKey = "op_0123456789abcdef0123456789abcdef"

// remote serves the operator's API over HTTP.
func (l *lab) remote(key string) func(method, path, bearer, body string) answer {
	h := Operator{Apps: l.apps, Chat: l.chat, Store: l.engine, Domains: registry{}, Log: l.server.Log}.Remote(key)
	return func(method, path, bearer, body string) answer {
		l.Helper()
		w, r := httptest.NewRecorder(), httptest.NewRequest(method, path, strings.NewReader(body))
		if bearer != "" {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		h.ServeHTTP(w, r)
		return answer{l.T, method + " " + path + " " + body, w.Code, w.Header(), w.Body.String()}.sane()
	}
}

// TestOperatorMatrix walks the operator's routes by whose key it is: nobody's but
// the operator's opens one, and that one opens nothing of an app's.
func TestOperatorMatrix(t *testing.T) {
	l := newLab(t).populate()
	bearers := map[string]string{"no key": "", "a wrong one": "x", "half of it": operatorKey[:20], "another app's": l.other, "a revoked one": l.revoked}
	for _, scope := range []string{"read", "write", "admin", "run"} {
		var made struct{ Secret string }
		l.do("POST", "/keys", `{"scope":"`+scope+`"}`).is(200).into(&made)
		bearers[scope] = made.Secret
	}
	call, closed := l.remote(operatorKey), l.remote("")
	cells := 0
	for _, r := range (Operator{}).table() {
		path := OperatorPath
		for i, part := range r.path {
			switch {
			case part == "*" && i == 1:
				part = "shop"
			case part == "*":
				part = "nothing"
			}
			path += "/" + part
		}
		for name, bearer := range bearers {
			call(r.method, path, bearer, "{}").is(http.StatusUnauthorized)
			closed(r.method, path, bearer, "{}").is(http.StatusUnauthorized)
			cells += 2
			_ = name
		}
		closed(r.method, path, operatorKey, "{}").is(http.StatusUnauthorized)
		if a := call(r.method, path, operatorKey, "{}"); a.status == http.StatusUnauthorized {
			t.Errorf("%s: the operator may not", a.call)
		}
		cells += 2
	}
	for _, path := range []string{"", "/", "/apps/", "/nothing", "/../v1/shop", "//apps"} {
		call("GET", OperatorPath+path, l.key, "").is(http.StatusUnauthorized)
	}
	l.raw("GET", "/v1/shop", operatorKey, "").is(http.StatusUnauthorized)
	l.raw("GET", "/v1/operator/apps", operatorKey, "").is(http.StatusUnauthorized)
	t.Logf("%d cells", cells)
}

// TestOperatorDocument: every route of the operator's is described, and answers as
// it is.
func TestOperatorDocument(t *testing.T) {
	l := newLab(t)
	stands := l.furnish()
	call := l.remote(operatorKey)
	var d apiDocument
	call("GET", "/operator/openapi.json", "", "").is(200).into(&d)
	routes := map[string]bool{}
	for _, r := range (Operator{}).table() {
		routes[r.method+" "+strings.Join(r.path, "/")] = true
	}
	stands["appId"], stands["domain"] = "shop", "reply.shop.example"
	call("PUT", "/operator/apps/shop/domains/reply.shop.example", operatorKey, "").is(200)
	for _, o := range inOrder(d.operations()) {
		if name := o.method + " " + o.pattern(); !routes[name] {
			t.Errorf("%s is no route", name)
		} else {
			delete(routes, name)
		}
		path, body := o.path, ""
		for param, value := range stands {
			path = strings.ReplaceAll(path, "{"+param+"}", value)
		}
		schema := dig(o.op, "responses", "200", "content", "application/json", "schema").(object)
		s := schemas{components: d.Components.Schemas}
		if s.check(o.path, schema, dig(o.op, "responses", "200", "content", "application/json", "example")); len(s.wrong) > 0 {
			t.Error(s.wrong)
		}
		if ex := dig(o.op, "requestBody", "content", "application/json", "example"); ex != nil {
			b, err := json.Marshal(ex)
			l.ok(err)
			body = string(b)
		}
		if o.method == "DELETE" && strings.HasSuffix(path, stands["domain"]) {
			call("PUT", OperatorPath+path, operatorKey, `{"use":false}`).is(200)
		}
		a := call(o.method, OperatorPath+path, operatorKey, body).is(200)
		l.fits(d, o.method+" "+o.path, schema, a)
		l.fits(d, o.path, d.Components.Schemas["Problem"].(object), call(o.method, OperatorPath+path, "", body).is(401))
	}
	for r := range routes {
		t.Errorf("%s is not in the document", r)
	}
}

// TestOperatorMakesApps, changes them, and limits them.
func TestOperatorMakesApps(t *testing.T) {
	l := newLab(t)
	call := l.remote(operatorKey)
	var made struct {
		ID   string
		Keys []struct{ ID, Secret string }
	}
	call("POST", "/operator/apps", operatorKey, `{"name":"New","policy":"strict"}`).is(200).has(`"policy":"strict"`).into(&made)
	if !strings.HasPrefix(made.ID, "app_") || len(made.Keys) != 1 {
		t.Fatalf("%+v", made)
	}
	l.raw("GET", "/v1/"+made.ID, made.Keys[0].Secret, "").is(200).has(`"name":"New"`)
	call("POST", "/operator/apps", operatorKey, `{"id":"`+made.ID+`","name":"Again"}`).wrong("id")
	var key struct{ ID, Secret string }
	at := "/operator/apps/" + made.ID
	call("POST", at+"/keys", operatorKey, `{"scope":"read","test":true}`).is(200).into(&key)
	l.raw("GET", "/v1/"+made.ID, key.Secret, "").is(200)
	l.raw("PUT", "/v1/"+made.ID, key.Secret, "{}").is(401)
	call("POST", at+"/keys", operatorKey, `{"scope":"write","value":"brought-along-from-elsewhere"}`).is(200).has(`"scope":"write"`)
	l.raw("GET", "/v1/"+made.ID, "brought-along-from-elsewhere", "").is(200)
	if a := call("GET", at+"/keys", operatorKey, "").is(200); len(a.ids()) != 3 || strings.Contains(a.body, "secret") {
		t.Error(a.body)
	}
	call("DELETE", at+"/keys/"+key.ID, operatorKey, "").is(200)
	l.raw("GET", "/v1/"+made.ID, key.Secret, "").is(401)
	call("GET", "/operator/apps/nosuchapp", operatorKey, "").is(404)

	call("PUT", at, operatorKey, `{"limits":{"callsPerSecond":0.5,"callBurst":1}}`).wrong("callsPerSecond").wrong("callBurst")
	call("PUT", at, operatorKey, `{"limits":"many"}`).wrong("limits")
	call("PUT", at, operatorKey, `{"policy":"any"}`).wrong("policy")
	call("PUT", at, operatorKey, `{"limits":{"callsPerSecond":1,"callBurst":600},"name":"Other"}`).is(200).has(`"limits":{"callsPerSecond":1,"callBurst":600}`, `"name":"Other"`)
	l.raw("GET", "/v1/"+made.ID+"/limits", made.Keys[0].Secret, "").is(200).has(`"app":{"callsPerSecond":1,"callBurst":600}`, `"key":{"callsPerSecond":5000,"callBurst":10000}`, `"keys":{"most":50,"used":3}`)
	call("PUT", at, operatorKey, `{"limits":null}`).is(200).has(`"limits":null`)
	call("PUT", at, operatorKey, `{"emailEnabled":false}`).is(200).has(`"emailEnabled":false`)
	if !strings.Contains(l.log.String(), "the operator changed something") || strings.Contains(l.log.String(), operatorKey) {
		t.Error("the log does not say what the operator did, or says too much")
	}
}

// TestAppLimit: an app's own limit counts all of its keys, and nobody else's.
func TestAppLimit(t *testing.T) {
	l := newLab(t)
	_, err := l.apps.PutSettings(t.Context(), "shop", settingsOf(gateway.Limits{CallsPerSecond: 1, CallBurst: gateway.MinCallBurst}))
	l.ok(err)
	second, err := l.apps.CreateKey(t.Context(), "shop", false)
	l.ok(err)
	call := func(key, app string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/"+app, nil)
		r.Header.Set("Authorization", "Bearer "+key)
		l.server.ServeHTTP(w, r)
		return w
	}
	n := 0
	for call(l.key, "shop").Code == http.StatusOK {
		if n++; n > 10*gateway.MinCallBurst {
			t.Fatal("there is no limit")
		}
	}
	if n < gateway.MinCallBurst {
		t.Errorf("only %d calls", n)
	}
	refused := 0
	for range 3 { // one may have come back
		if w := call(second.Secret, "shop"); w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "1" {
			refused++
		}
	}
	if refused == 0 {
		t.Error("another key of the app has calls of its own")
	}
	if w := call(l.other, "club"); w.Code != http.StatusOK {
		t.Errorf("another app pays for it: %d", w.Code)
	}
}

func settingsOf(l gateway.Limits) app.Settings { return app.Settings{Limits: &l} }
