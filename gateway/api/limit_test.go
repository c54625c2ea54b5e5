package api

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
)

func TestLimiter(t *testing.T) {
	l := newLimiter(Limit{PerSecond: 10, Burst: 1}) // raised to what clients need
	now := time.Now()
	take := func(k string) bool { return l.take(bucketKey{"shop", gateway.KeyID(k)}, l.Limit, now) }
	for i := range gateway.MinCallBurst {
		if !take("a") {
			t.Fatalf("call %d of the burst was put off", i+1)
		}
	}
	if take("a") {
		t.Error("more than the burst at once")
	}
	if !take("b") {
		t.Error("another key pays for it")
	}
	now = now.Add(time.Second)
	n := 0
	for take("a") {
		n++
	}
	if n != 10 {
		t.Errorf("%d calls a second, want 10", n)
	}
	now = now.Add(-time.Hour)
	if take("a") {
		t.Error("a clock that is set back gives calls")
	}
	now = now.Add(2 * time.Hour)
	take("c")
	if len(l.buckets) != 1 {
		t.Errorf("%d buckets are held, want that of the key in use", len(l.buckets))
	}
	if d := newLimiter(Limit{}); d.Limit != DefaultLimit || d.Burst < gateway.MinCallBurst {
		t.Errorf("%+v", d.Limit)
	}
}

// TestTooMany: 429 with Retry-After, for this key alone, in a batch for each call.
func TestTooMany(t *testing.T) {
	l := newLab(t)
	s := New(Server{Chat: l.chat, Apps: l.apps, Store: l.engine, Log: l.server.Log, Limit: Limit{PerSecond: 1, Burst: gateway.MinCallBurst}})
	call := func(key, method, path string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(method, path, nil)
		r.Header.Set("Authorization", "Bearer "+key)
		s.ServeHTTP(w, r)
		return w
	}
	first := 0
	var w *httptest.ResponseRecorder
	for i := range gateway.MinCallBurst + 60 {
		if w = call(l.key, "GET", "/v1/shop"); w.Code != http.StatusOK {
			first = i
			break
		}
	}
	if first < gateway.MinCallBurst || w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" {
		t.Fatalf("call %d: %d, Retry-After %q", first+1, w.Code, w.Header().Get("Retry-After"))
	}
	answer{t, "the call too many", 400, w.Header(), w.Body.String()}.sane().has("RATE_LIMIT_EXCEEDED")
	if w := call(l.other, "GET", "/v1/club"); w.Code != http.StatusOK {
		t.Errorf("another app: %d", w.Code)
	}
	if w := call("wrong", "GET", "/v1/shop"); w.Code != http.StatusUnauthorized {
		t.Errorf("a wrong key: %d", w.Code)
	}
	k, err := l.apps.CreateKey(t.Context(), "shop", false)
	l.ok(err)
	if w := call(k.Secret, "GET", "/v1/shop"); w.Code != http.StatusOK {
		t.Errorf("another key of the app: %d", w.Code)
	}
}
