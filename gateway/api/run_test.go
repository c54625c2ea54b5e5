package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// runKeyOf makes a run-only key of the shop.
func (l *lab) runKey() string {
	l.Helper()
	k, err := l.apps.CreateRunKey(l.Context(), "shop")
	l.ok(err)
	return k.Secret
}

// TestRunOnlyKey: it starts notifications, by header, query or form, and opens
// nothing else; no other key may stand in a query or a form.
func TestRunOnlyKey(t *testing.T) {
	l := newLab(t)
	run := l.runKey()
	form := "application/x-www-form-urlencoded"
	const path = "/v1/shop/notifications/run"
	for _, a := range []answer{
		l.raw("POST", path, run, "{}"),
		l.raw("POST", path, run, ""),
		l.raw("POST", path+"/", run, `{"anything":1}`),
		l.raw("GET", path, run, ""),
		l.raw("POST", path, l.key, ""),
		l.raw("GET", path+"?key="+run, "", ""),
		l.raw("POST", path+"?key="+run, "", "{}"),
		l.raw("POST", path, "", "key="+run, "Content-Type", form+"; charset=utf-8"),
		l.raw("POST", path, run, "a=b", "Content-Type", form),
	} {
		a.is(200, `{"conversations":0}`)
	}
	for _, a := range []answer{
		l.raw("POST", path, "", ""),
		l.raw("GET", path+"?key=", "", ""),
		l.raw("GET", path+"?key="+l.key, "", ""),
		l.raw("GET", path+"?key="+run+"x", "", ""),
		l.raw("GET", "/v1/club/notifications/run?key="+run, "", ""),
		l.raw("POST", path, "", "key="+l.key, "Content-Type", form),
		l.raw("POST", path, "", "key="+run),
		l.raw("POST", path, "", `{"key":"`+run+`"}`),
		l.raw("GET", "/v1/shop?key="+run, "", ""),
		l.raw("GET", "/v1/shop/users?key="+run, "", ""),
	} {
		a.is(401)
	}
	for _, rt := range table() {
		target := "/v1/shop/" + strings.ReplaceAll(strings.Join(rt.path, "/"), "*", "x")
		if target == path {
			continue
		}
		l.raw(rt.method, target, run, "{}").is(401)
	}
	a, err := l.apps.App(t.Context(), "shop")
	l.ok(err)
	values, err := l.apps.KeyValues(a)
	l.ok(err)
	if slices.ContainsFunc(values, func(v app.KeyValue) bool { return string(v.Value) == run }) {
		t.Error("webhooks would be signed with the run-only key")
	}
}

// TestRunStarts: what waits for the schedule is due, and a HEAD starts nothing.
func TestRunStarts(t *testing.T) {
	l := newLab(t)
	run := l.runKey()
	l.do("PUT", "/roles/default", `{"schedule":"external"}`).is(200)
	l.do("PUT", "/conversations/c", `{"participants":["ann","bob"]}`).is(200)
	l.do("POST", "/conversations/c/messages", `[{"text":"hello","sender":"ann","type":"UserMessage"}]`).is(200)
	free := func() uint64 {
		var c gateway.Conversation
		l.ok(l.engine.View(t.Context(), func(rd store.Reader) (err error) {
			c, err = chat.LoadConversation(rd, "shop", "c")
			return err
		}))
		return c.Ran
	}
	l.raw("HEAD", "/v1/shop/notifications/run?key="+run, "", "").is(200)
	if free() != 0 {
		t.Error("a HEAD started notifications")
	}
	l.raw("GET", "/v1/shop/notifications/run?key="+run, "", "").is(200, `{"conversations":1}`)
	if free() != 1 {
		t.Error("a GET with the key started nothing")
	}
}

// TestKeyIsNotLogged: whatever goes wrong, the key in a query is not told.
func TestKeyIsNotLogged(t *testing.T) {
	l := newLab(t)
	run := l.runKey()
	l.ok(l.engine.Close())
	resp, err := http.Get(l.url + "/v1/shop/notifications/run?key=" + url.QueryEscape(run))
	l.ok(err)
	resp.Body.Close()
	if resp.StatusCode != 500 || l.log.Len() == 0 || strings.Contains(l.log.String(), run) {
		t.Errorf("%d, logged %s", resp.StatusCode, l.log)
	}
}
