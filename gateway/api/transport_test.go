package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
)

// TestAlwaysJSON: whatever is asked, the answer is JSON, and never a redirect.
func TestAlwaysJSON(t *testing.T) {
	l := newLab(t)
	for _, path := range []string{
		"/", "/v1", "/v1/", "/v1//", "/v2/shop", "/v1/shop/nonsense", "/v1/shop//users", "/v1/shop/users//", "/v1/shop/users/../users", "/v1/shop/./users",
		"/v1/shop/users/a/b/c/d/e", "/robots.txt", "//v1/shop", "/v1/shop/users;x=1",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "PROPFIND"} {
			if a := l.raw(method, path, l.key, ""); a.status != 404 && a.status != 401 && a.status != 400 {
				t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
			}
		}
	}
	l.raw("PATCH", "/v1/shop/users", l.key, "").is(404)
	l.raw("GET", "/v1/shop", l.key, "").is(200, `{"id":"shop","name":"The shop","defaultLocale":"en-GB","custom":{}}`)
	l.raw("HEAD", "/v1/shop", l.key, "").is(200)
}

// TestTrailingSlash equals none.
func TestTrailingSlash(t *testing.T) {
	l := newLab(t).populate()
	for _, path := range []string{"", "/users", "/users/ann", "/conversations", "/conversations/c1", "/conversations/c1/messages", "/endpoints", "/replies"} {
		a, b := l.do("GET", path, "").is(200), l.do("GET", path+"/", "").is(200)
		if a.body != b.body {
			t.Errorf("%s: %s, with a slash %s", path, a.body, b.body)
		}
	}
}

// TestOpaqueIDs: an id may hold anything, and is decoded once.
func TestOpaqueIDs(t *testing.T) {
	l := newLab(t)
	for _, id := range []string{
		"plain", "550e8400-e29b-41d4-a716-446655440000", "ann@example.com", "42", "with space", "a/b", "a//b/", "/", ".", "..", "../..", "a.b.", "ü", "日本",
		"a%2Fb", "100%", "a+b", "a?b=c", "a#b", "a;b", "a&b", "*", "users", "null", "undefined", "a\tb", `"quoted"`, strings.Repeat("x", 512),
	} {
		u := "/users/" + url.PathEscape(id)
		l.do("PUT", u, `{"name":"N"}`).is(200, "{}")
		var user struct{ ID, Name string }
		l.do("GET", u, "").is(200).into(&user)
		if user.ID != id || user.Name != "N" {
			t.Errorf("%q came back as %q", id, user.ID)
		}
		c := "/conversations/" + url.PathEscape(id)
		l.do("PUT", c, "").is(200, "{}")
		l.do("PUT", c+"/participants/"+url.PathEscape(id), "").is(200, "{}")
		l.do("POST", c+"/messages", fmt.Sprintf(`[{"text":"x","type":"UserMessage","sender":%s}]`, quote(id))).is(200)
		var conv struct {
			ID           string
			Participants map[string]any
			LastMessage  struct{ SenderID string }
		}
		l.do("GET", c, "").is(200).into(&conv)
		if _, in := conv.Participants[id]; conv.ID != id || !in || conv.LastMessage.SenderID != id {
			t.Errorf("%q: %+v", id, conv)
		}
	}
	l.do("PUT", "/users/"+strings.Repeat("x", 513), "").is(400)
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`).Replace(s) + `"`
}

// TestBodies: none is {}, and what is no JSON is told so.
func TestBodies(t *testing.T) {
	l := newLab(t)
	for _, body := range []string{"", "{}", " \n", "{\"unknown\": [1, {\"a\": null}]}", "null"} {
		l.do("PUT", "/users/u", body).is(200, "{}")
		l.do("PUT", "/conversations/c", body).is(200, "{}")
		l.do("GET", "/users/u", body).is(200)
		l.do("PUT", "/conversations/c/participants/u", body).is(200, "{}")
		l.do("PATCH", "/conversations/c/participants/u", body).is(200, "{}")
		l.do("DELETE", "/conversations/c/participants/u", body).is(200, "{}")
		l.do("PUT", "/users/u/presence", body).is(200, "{}")
		l.do("POST", "/conversations/c/notifications", body).is(200, "{}")
	}
	for _, body := range []string{"{", "x", "[]", "1", `"a"`, "{\"name\":}", "{} {}", "\xff"} {
		l.do("PUT", "/users/u", body).is(400)
		l.do("PUT", "/conversations/c", body).is(400)
	}
	for _, body := range []string{"", "{}", `{"text":"x"}`, `"x"`, "[1]", `[[]]`} {
		l.do("POST", "/conversations/c/messages", body).is(400)
	}
	l.do("POST", "/conversations/c/messages", "[]").is(200, "[]")
	l.do("PUT", "/users/u", `{"name":"`+strings.Repeat("x", maxBody)+`"}`).wrong("body")
	l.do("PUT", "/users/u", "", "Content-Type", "text/plain").is(200)
}

// TestLimits: 1 to 100 exactly as asked, 10 by default, nothing else.
func TestLimits(t *testing.T) {
	l := newLab(t)
	for i := range 12 {
		l.do("PUT", fmt.Sprintf("/users/u%02d", i), "").is(200)
		l.do("PUT", fmt.Sprintf("/conversations/c%02d", i), `{"participants":["u00"]}`).is(200)
		l.do("POST", "/conversations/c00/messages", `[{"text":"x","sender":"u00","type":"UserMessage"}]`).is(200)
	}
	for _, path := range []string{"/users", "/conversations", "/users/u00/conversations", "/conversations/c00/messages"} {
		for q, want := range map[string]int{"": 10, "?limit=": 10, "?limit=null": 10, "?limit=undefined": 10, "?limit=1": 1, "?limit=11": 11, "?limit=100": 12, "?startingAfter=null&limit=5": 5, "?startingAfter=&limit=5": 5} {
			if got := len(l.do("GET", path+q, "").is(200).ids()); got != want {
				t.Errorf("%s%s: %d entries, want %d", path, q, got, want)
			}
		}
		for _, q := range []string{"?limit=0", "?limit=101", "?limit=-1", "?limit=x", "?limit=1.5", "?limit=1e2"} {
			l.do("GET", path+q, "").wrong("limit")
		}
		// Pages of every size make up the whole, each entry once.
		whole := l.do("GET", path+"?limit=100", "").ids()
		var walked []string
		for after := ""; ; {
			page := l.do("GET", path+"?limit=5&startingAfter="+url.QueryEscape(after), "").is(200).ids()
			walked = append(walked, page...)
			if len(page) < 5 {
				break
			}
			after = page[len(page)-1]
		}
		if fmt.Sprint(walked) != fmt.Sprint(whole) {
			t.Errorf("%s: in pages %v, whole %v", path, walked, whole)
		}
	}
	for _, path := range []string{"/conversations", "/conversations/c00/messages"} {
		l.do("GET", path+"?startingAfter=nobody", "").wrong("startingAfter")
	}
}

// TestKeys: what opens an app, and what does not.
func TestKeys(t *testing.T) {
	l := newLab(t)
	imported := "sk_test_" + strings.Repeat("imported", 5)
	if _, err := l.apps.ImportKey(t.Context(), "shop", imported, true); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{l.key, imported} {
		l.raw("GET", "/v1/shop", key, "").is(200)
	}
	l.raw("GET", "/v1/shop", "", "", "Authorization", "bearer "+l.key).is(200)
	for name, head := range map[string]string{
		"none": "", "empty": "Bearer ", "another app's": "Bearer " + l.other, "revoked": "Bearer " + l.revoked, "half": "Bearer " + l.key[:len(l.key)-1],
		"longer": "Bearer " + l.key + "x", "other case": "Bearer " + strings.ToUpper(l.key), "Basic": "Basic " + l.key, "bare": l.key, "two": "Bearer " + l.key + " " + l.key,
	} {
		a := l.raw("GET", "/v1/shop", "", "", "Authorization", head).is(401)
		b := l.raw("GET", "/v1/nosuchapp", "", "", "Authorization", head).is(401)
		if a.body != b.body || a.head.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %s, for an unknown app %s", name, a.body, b.body)
		}
	}
	l.raw("GET", "/v1/nosuchapp", l.key, "").is(401)
	if strings.Contains(l.log.String(), l.key) {
		t.Error("the log holds a key")
	}
}

// TestEveryRouteNeedsTheKey walks all routes without a key, with another app's
// and with a revoked one: none does anything.
func TestEveryRouteNeedsTheKey(t *testing.T) {
	l := newLab(t).populate()
	n := 0
	for _, r := range table() {
		path := ""
		for _, part := range r.path {
			if part == "*" {
				part = "c1"
			}
			path += "/" + part
		}
		for _, key := range []string{"", l.other, l.revoked, "garbage"} {
			if a := l.raw(r.method, "/v1/shop"+path, key, `{"name":"x","url":"https://x.test"}`); a.status != http.StatusUnauthorized {
				t.Errorf("%s %s: %d", r.method, path, a.status)
			}
			n++
		}
		// With the right key it is a route.
		if a := l.raw(r.method, "/v1/club"+path, l.other, ""); a.status == http.StatusUnauthorized || strings.Contains(a.body, "no such route") {
			t.Errorf("%s %s with its key: %d %s", r.method, path, a.status, a.body)
		}
	}
	if n < 100 {
		t.Errorf("only %d cases", n)
	}
}

// TestTenantsAreApart: what one app has does not exist for another.
func TestTenantsAreApart(t *testing.T) {
	l := newLab(t).populate()
	id := l.say("Hello")
	for _, path := range []string{"/users/ann", "/conversations/c1", "/conversations/c1/messages", "/conversations/c1/messages/" + id, "/conversations/c1/participants/ann/email"} {
		l.do("GET", path, "").is(200)
		l.raw("GET", "/v1/club"+path, l.other, "").is(404)
	}
	for _, path := range []string{"/users", "/conversations", "/notifications", "/deliveries", "/replies", "/endpoints"} {
		l.raw("GET", "/v1/club"+path, l.other, "").is(200, `{"data":[]}`)
	}
	// The same idempotency key in two apps is two keys.
	l.raw("PUT", "/v1/club/conversations/c1", l.other, `{"participants":["ann"]}`).is(200)
	body := `[{"text":"x","sender":"ann","type":"UserMessage"}]`
	a := l.do("POST", "/conversations/c1/messages", body, "Idempotency-Key", "k").is(200)
	b := l.raw("POST", "/v1/club/conversations/c1/messages", l.other, body, "Idempotency-Key", "k").is(200)
	if a.body == b.body {
		t.Error("two apps share an idempotency key")
	}
}

// TestNothingOfOursIsTold: a failure inside says nothing of our insides.
func TestNothingOfOursIsTold(t *testing.T) {
	l := newLab(t).populate()
	l.engine.Close()
	req, err := http.NewRequestWithContext(t.Context(), "GET", l.url+"/v1/shop/users", nil)
	l.ok(err)
	req.Header.Set("Authorization", "Bearer "+l.key)
	resp, err := http.DefaultClient.Do(req)
	l.ok(err)
	defer resp.Body.Close()
	if resp.StatusCode < 500 || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("answered %d", resp.StatusCode)
	}
}

// TestEndpointsOfTheAPI: made, shown without secret, changed, removed.
func TestEndpointsOfTheAPI(t *testing.T) {
	l := newLab(t)
	var made struct{ ID, Secret string }
	l.do("PUT", "/endpoints/main", `{"url":"https://chat.example.com/hooks","types":["message.sent"]}`).is(200).into(&made)
	if made.ID != "main" || !strings.HasPrefix(made.Secret, app.SecretPrefix) {
		t.Errorf("made %+v", made)
	}
	for _, a := range []answer{l.do("GET", "/endpoints/main", "").is(200), l.do("GET", "/endpoints", "").is(200), l.do("PUT", "/endpoints/main", `{"url":"https://chat.example.com/other"}`).is(200)} {
		if strings.Contains(a.body, made.Secret) || strings.Contains(a.body, "whsec_") {
			t.Errorf("%s shows the secret: %s", a.call, a.body)
		}
	}
	l.do("PUT", "/endpoints/main", `{"url":"ftp://x"}`).wrong("url")
	l.do("PUT", "/endpoints/main", `{"url":"https://user:pass@x.test"}`).wrong("url")
	l.do("PUT", "/endpoints/main", `{"url":"https://x.test","types":["nonsense"]}`).wrong("types")
	l.do("PUT", "/endpoints/main", `{"url":"https://x.test","ordering":"backwards"}`).wrong("ordering")
	l.do("DELETE", "/endpoints/main", "").is(200, "{}")
	l.do("GET", "/endpoints/main", "").is(404)
	l.do("DELETE", "/endpoints/main", "").is(404)
}

// TestRoles: what is set is shown, what is not stays.
func TestRoles(t *testing.T) {
	l := newLab(t)
	l.do("GET", "/roles/default", "").is(200).has(`"emailEnabled":true`, fmt.Sprintf(`"delay":%v`, gateway.DefaultDelay.Seconds()))
	l.do("PUT", "/roles/agent", `{"delay":0.5}`).is(200, "{}")
	l.do("PUT", "/roles/agent", `{"emailEnabled":false}`).is(200, "{}")
	l.do("GET", "/roles/agent", "").is(200).has(`"emailEnabled":false`, `"delay":0.5`)
	l.do("PUT", "/roles/agent", `{"delay":-1}`).is(400)
	l.do("PUT", "/roles/agent", `{"delay":604801}`).is(400)
	l.do("PUT", "/roles/agent", `{"delay":"soon"}`).is(400)
}
