package api

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway/event"
)

// TestOperatorSeesEndpointsAndEvents of any app, and can do with them what the app
// can; it does not wait.
func TestOperatorSeesEndpointsAndEvents(t *testing.T) {
	l := newLab(t)
	o := NewOperator(Operator{Apps: l.apps, Chat: l.chat, Store: l.engine, Log: slog.New(slog.NewTextHandler(&bytes.Buffer{}, nil))})
	do := func(method, path, body string) answer {
		t.Helper()
		w := httptest.NewRecorder()
		o.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		b, err := io.ReadAll(w.Result().Body)
		l.ok(err)
		return answer{t, method + " " + path, w.Code, http.Header(w.Result().Header), string(b)}
	}
	do("PUT", "/apps/shop/endpoints/a", `{"url":"https://chat.example.com/a"}`).is(200).has(`"secret":"whsec_`)
	do("GET", "/apps/shop/endpoints/a", "").is(200).has(`"replay":null`)
	do("GET", "/apps/club/endpoints/a", "").is(404)
	do("GET", "/apps/none/endpoints", "").is(404)
	do("GET", "/apps/shop/endpoints", "").is(200).has(`"id":"a"`)
	do("POST", "/apps/shop/endpoints/a/secrets", `{"oldValidFor":0}`).is(200).has(`"secret":"whsec_`)
	do("DELETE", "/apps/shop/endpoints/a/secrets", "").is(200, "{}")
	do("POST", "/apps/shop/endpoints/a/ping", "").is(200).has(`"eventId":"evt_`)
	id := l.record("message.sent")[0]
	l.tells(id, "a", event.Dead)
	do("GET", "/apps/shop/events?wait=30&types=message.sent", "").is(200).has(id)
	do("GET", "/apps/shop/events?wait=30&types=message.deleted", "").is(200).has(`"data":[]`)
	do("GET", "/apps/shop/events?status=dead", "").is(200).has(id)
	do("GET", "/apps/shop/events/"+id, "").is(200).has(`"state":"dead"`)
	do("GET", "/apps/shop/endpoints/a/attempts", "").is(200).has(id)
	do("POST", "/apps/shop/events/"+id+"/redeliver", "").is(200, `{"endpointIds":["a"]}`)
	do("POST", "/apps/shop/endpoints/a/replay", `{"status":"missing"}`).is(200).has(`"status":"missing"`)
	do("DELETE", "/apps/shop/endpoints/a", "").is(200, "{}")
	do("GET", "/apps/shop/endpoints/a", "").is(404)
}
