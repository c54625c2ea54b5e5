package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/mailbox"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
	"github.com/replygate/replygate/storage/bolt"
)

// lab is the API on a real engine behind a real HTTP server, with two tenants.
type lab struct {
	*testing.T
	url    string
	server *Server
	// stopping ends calls that wait.
	stopping chan struct{}
	dir      string // of the database
	links    wire.Links
	engine   *bolt.Engine
	apps     app.Service
	chat     *chat.Service
	log      *bytes.Buffer
	key      string // of the app "shop"
	other    string // of the app "club"
	revoked  string // of the shop
}

func newLab(t *testing.T) *lab {
	t.Helper()
	keys := secret.Generate()
	tokens := token.NewMinter(keys)
	l := &lab{T: t, dir: t.TempDir(), apps: app.Service{Box: secret.NewBox(keys)}, log: &bytes.Buffer{}}
	l.links = wire.NewLinks(tokens, "reply.example.com", "https://pages.example.com")
	l.chat = &chat.Service{Tokens: tokens, Domain: "reply.example.com", Links: l.links}
	l.start()
	for _, id := range []gateway.AppID{"shop", "club"} {
		_, err := l.apps.Create(t.Context(), app.New{ID: id, Name: "The " + string(id), DefaultLocale: "en-GB"})
		l.ok(err)
	}
	make := func(id gateway.AppID) (string, gateway.KeyID) {
		k, err := l.apps.CreateKey(t.Context(), id, false)
		l.ok(err)
		return k.Secret, k.ID
	}
	l.key, _ = make("shop")
	l.other, _ = make("club")
	gone, id := make("shop")
	l.revoked = gone
	l.ok(l.apps.RevokeKey(t.Context(), "shop", id))
	return l
}

// start opens the database and serves it; again after a stop of the engine.
func (l *lab) start() {
	l.Helper()
	engine, err := bolt.Open(filepath.Join(l.dir, "db"), bolt.Options{})
	l.ok(err)
	l.Cleanup(func() { engine.Close() })
	talk := *l.chat
	talk.Store = engine
	l.engine, l.apps.Store, l.chat, l.stopping = engine, engine, &talk, make(chan struct{})
	l.server = New(Server{Chat: l.chat, Apps: l.apps, Store: engine, Links: l.links, Log: slog.New(slog.NewJSONHandler(l.log, nil)), Stopping: l.stopping,
		Mailbox: Mailbox{Mails: mailbox.Service{Store: engine, Box: l.apps.Box}, Reader: apart{}},
	})
	srv := httptest.NewServer(l.server)
	l.Cleanup(srv.Close)
	l.url = srv.URL
}

func (l *lab) ok(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// answer is what came back.
type answer struct {
	t      *testing.T
	call   string
	status int
	head   http.Header
	body   string
}

// raw makes a call without any manners.
func (l *lab) raw(method, target, key, body string, head ...string) answer {
	l.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, l.url, strings.NewReader(body))
	l.ok(err)
	path, query, _ := strings.Cut(target, "?")
	req.URL.Opaque, req.URL.RawQuery = strings.TrimPrefix(l.url, "http:")+path, query // as written
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(head); i += 2 {
		req.Header.Set(head[i], head[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	l.ok(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	l.ok(err)
	return answer{l.T, method + " " + target + " " + body, resp.StatusCode, resp.Header, string(b)}.sane()
}

// do makes a call of the shop.
func (l *lab) do(method, path, body string, head ...string) answer {
	l.Helper()
	return l.raw(method, "/v1/shop"+path, l.key, body, head...)
}

// sane holds what is true of every answer.
func (a answer) sane() answer {
	a.t.Helper()
	if got := a.head.Get("Content-Type"); got != "application/json" {
		a.t.Errorf("%s: Content-Type %q", a.call, got)
	}
	var v any
	if err := json.Unmarshal([]byte(a.body), &v); a.body == "" || v == nil || err != nil {
		if !strings.HasPrefix(a.call, "HEAD ") {
			a.t.Errorf("%s: the body is %q", a.call, a.body)
		}
	}
	switch a.status {
	case 200, 400, 401, 404, 409, 422:
	default:
		a.t.Errorf("%s: status %d %s", a.call, a.status, a.body)
	}
	if a.status != 200 && a.body != "" {
		var p problem
		if json.Unmarshal([]byte(a.body), &p) != nil || p.ErrorCode == "" || len(p.Reasons) == 0 {
			a.t.Errorf("%s: the error is %s", a.call, a.body)
		}
		for field, sentences := range p.Reasons {
			if field == "" || len(sentences) == 0 || sentences[0] == "" {
				a.t.Errorf("%s: the reasons are %s", a.call, a.body)
			}
		}
	}
	return a
}

// is holds the status, and the body if one is given.
func (a answer) is(status int, body ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Errorf("%s: %d %s, want %d", a.call, a.status, a.body, status)
	}
	if len(body) > 0 && a.body != body[0] {
		a.t.Errorf("%s: %s, want %s", a.call, a.body, body[0])
	}
	return a
}

// has holds that the body contains something.
func (a answer) has(parts ...string) answer {
	a.t.Helper()
	for _, p := range parts {
		if !strings.Contains(a.body, p) {
			a.t.Errorf("%s: %s has no %s", a.call, a.body, p)
		}
	}
	return a
}

// wrong holds a 400 that names a field.
func (a answer) wrong(field string) answer {
	a.t.Helper()
	return a.is(400).has(`"` + field + `":[`)
}

// into reads the body.
func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		a.t.Fatalf("%s: %s: %v", a.call, a.body, err)
	}
}

// ids are those of a list, in order.
func (a answer) ids() []string {
	a.t.Helper()
	var list struct {
		Data []struct{ ID string }
	}
	a.into(&list)
	var out []string
	for _, e := range list.Data {
		out = append(out, e.ID)
	}
	return out
}

// posted are the ids of a bare array.
func (a answer) posted() []string {
	a.t.Helper()
	var list []struct{ ID string }
	a.into(&list)
	var out []string
	for _, e := range list {
		out = append(out, e.ID)
	}
	return out
}

// populate makes ann, bob and their conversation c1.
func (l *lab) populate() *lab {
	l.Helper()
	l.do("PUT", "/users/ann", `{"name":"Ann","email":"ann@people.test"}`).is(200)
	l.do("PUT", "/users/bob", `{"name":"Bob","email":["bob@people.test"]}`).is(200)
	l.do("PUT", "/conversations/c1", `{"subject":"Order","participants":["ann","bob"]}`).is(200, "{}")
	return l
}

// say posts a message of ann's.
func (l *lab) say(text string) string {
	l.Helper()
	b, err := json.Marshal([]map[string]string{{"text": text, "sender": "ann", "type": "UserMessage"}})
	l.ok(err)
	return l.do("POST", "/conversations/c1/messages", string(b)).is(200).posted()[0]
}

// update changes rows beside the API.
func (l *lab) update(fn func(store.Tx) error) {
	l.Helper()
	l.ok(l.engine.Update(context.Background(), store.AppScope("shop"), fn))
}
