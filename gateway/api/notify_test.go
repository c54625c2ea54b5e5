package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
)

// TestRoleSettings: GET shows every key; PUT merges, null resets.
func TestRoleSettings(t *testing.T) {
	l := newLab(t)
	defaults := `{"context":"missed","conversationCap":null,"conversationUrl":null,"dailyCap":null,"delay":120,"delayFrom":"message",` +
		`"emailEnabled":true,"inlineImages":false,"linkAgentsOnly":false,"maxDefer":600,"maxShown":50,"minInterval":0,"policy":"grouped",` +
		`"push":false,"quietHours":null,"replyEnabled":true,"schedule":"built-in","senderAddress":null,"senderName":null,"sms":false,` +
		`"templates":{},"tracking":{"clicks":false,"opens":false},"unsubscribeText":null}`
	l.do("GET", "/roles/seller", "").is(200).into(new(any))
	same := func(want string) {
		t.Helper()
		var got, wanted map[string]any
		l.do("GET", "/roles/seller", "").is(200).into(&got)
		answer{t: t, call: "want", body: want}.into(&wanted)
		if fmt.Sprint(got) != fmt.Sprint(wanted) {
			t.Errorf("shown %v\nwant %v", got, wanted)
		}
	}
	same(defaults)
	set := `{"context":"whole","conversationCap":2,"conversationUrl":"https://a.example/{conversation.id}","dailyCap":9,"delay":300,"delayFrom":"offline",` +
		`"emailEnabled":false,"inlineImages":true,"linkAgentsOnly":true,"maxDefer":0,"maxShown":12,"minInterval":5400,"policy":"once_per_absence",` +
		`"push":true,"quietHours":{"from":"22:00","to":"07:30"},"replyEnabled":false,"schedule":"external","senderAddress":"team","senderName":"The Team","sms":true,` +
		`"templates":{"de":{"html":"<p>{message}</p>","text":"{message}","subject":""}},"tracking":{"clicks":true,"opens":true},"unsubscribeText":"No more"}`
	l.do("PUT", "/roles/seller", set).is(200, "{}")
	same(set)
	l.do("PUT", "/roles/seller", `{}`).is(200)
	l.do("PUT", "/roles/seller", `{"nobodyKnows":1}`).is(200)
	same(set)
	l.do("PUT", "/roles/seller", `{"templates":{"pt_BR":{"html":"x"}},"tracking":{"opens":false}}`).is(200)
	l.do("GET", "/roles/seller", "").has(`"pt-br":{"html":"x"`, `"de":{"html":`, `"clicks":true`, `"opens":false`)
	l.do("PUT", "/roles/seller", `{"templates":{"de":null}}`).is(200)
	if got := l.do("GET", "/roles/seller", ""); strings.Contains(got.body, `"de"`) {
		t.Errorf("removed and there: %s", got.body)
	}
	var all []string
	for _, s := range roleSettings() {
		all = append(all, fmt.Sprintf("%q:null", s.name))
	}
	l.do("PUT", "/roles/seller", "{"+strings.Join(all, ",")+"}").is(200)
	same(defaults)
}

func TestRoleDurations(t *testing.T) {
	l := newLab(t)
	for in, want := range map[string]string{
		`0`: `0`, `90`: `90`, `1.5`: `1.5`, `"90s"`: `90`, `"5m"`: `300`, `"2h"`: `7200`, `"7d"`: `604800`, `"1h30m"`: `5400`, `"45"`: `45`, `null`: `120`,
	} {
		l.do("PUT", "/roles/x", `{"delay":`+in+`}`).is(200)
		l.do("GET", "/roles/x", "").has(`"delay":` + want + `,`)
	}
}

// TestRoleWrong: a 400 names the field, and changes nothing.
func TestRoleWrong(t *testing.T) {
	l := newLab(t)
	for body, field := range map[string]string{
		`{"delay":-1}`: "delay", `{"delay":604801}`: "delay", `{"delay":"soon"}`: "delay", `{"delay":true}`: "delay", `{"delay":"8d"}`: "delay", `{"delay":1e300}`: "delay", `{"delay":"NaN"}`: "delay",
		`{"maxDefer":601}`: "maxDefer", `{"minInterval":-5}`: "minInterval", `{"delayFrom":"now"}`: "delayFrom", `{"context":"some"}`: "context",
		`{"policy":"never"}`: "policy", `{"schedule":"cron"}`: "schedule", `{"maxShown":0}`: "maxShown", `{"maxShown":51}`: "maxShown", `{"dailyCap":-1}`: "dailyCap",
		`{"conversationCap":1.5}`: "conversationCap", `{"emailEnabled":"yes"}`: "emailEnabled", `{"senderName":"a\nBcc: x"}`: "senderName", `{"senderName":7}`: "senderName",
		`{"senderAddress":"a@b"}`: "senderAddress", `{"senderAddress":"a b"}`: "senderAddress", `{"conversationUrl":"javascript:x"}`: "conversationUrl",
		`{"conversationUrl":"https://a.example/{who}"}`: "conversationUrl", `{"unsubscribeText":"a\nb"}`: "unsubscribeText", `{"templates":[]}`: "templates",
		`{"templates":{"not a tag":{}}}`: "templates", `{"templates":{"en":{"html":"` + strings.Repeat("x", 70<<10) + `"}}}`: "templates",
		`{"quietHours":{"from":"22:00"}}`: "quietHours", `{"quietHours":{"from":"22:00","to":"24:30"}}`: "quietHours", `{"quietHours":"night"}`: "quietHours",
		`{"quietHours":{"from":"22:00","to":"07:00","timeZone":"Mars"}}`: "quietHours", `{"tracking":1}`: "tracking",
	} {
		l.do("PUT", "/roles/x", body).wrong(field)
	}
	l.do("PUT", "/roles/x", `{"delay":5,"policy":"never","sms":3}`).is(400).has(`"sms"`)
	l.do("GET", "/roles/x", "").has(`"delay":120`)
	l.do("PUT", "/roles/x", `[]`).is(400)
	l.do("PUT", "/users/u", `{"quietHours":{"from":"x","to":"y"}}`).wrong("quietHours")
	l.do("PUT", "/users/u", `{"quietHours":{"from":"21:00","to":"06:00"}}`).is(200)
	l.do("GET", "/users/u", "").has(`"quietHours":{"from":"21:00","to":"06:00"}`)
}

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

func TestDepartmentRoutes(t *testing.T) {
	l := newLab(t)
	l.do("GET", "/departments/sales", "").is(404)
	l.do("PUT", "/departments/sales", `{"name":"Sales","agents":["a1","a2"]}`).is(200, "{}")
	l.do("PUT", "/departments/sales", `{"name":null}`).is(200)
	l.do("GET", "/departments/sales", "").is(200, `{"id":"sales","name":"","agents":["a1","a2"]}`)
	l.do("GET", "/departments", "").is(200, `{"data":[{"id":"sales","name":"","agents":["a1","a2"]}]}`)
	l.do("PUT", "/departments/sales", `{"agents":"a1"}`).wrong("agents")
	l.do("PUT", "/conversations/c", `{"department":"sales","assignee":"a1","humanTakeover":true,"muted":true}`).is(200)
	l.do("GET", "/conversations/c", "").has(`"department":"sales"`, `"assignee":"a1"`, `"humanTakeover":true`, `"muted":true`)
	l.do("PUT", "/conversations/c", `{"department":null,"assignee":null,"humanTakeover":null,"muted":null}`).is(200)
	if got := l.do("GET", "/conversations/c", ""); strings.Contains(got.body, "assignee") || strings.Contains(got.body, "muted") {
		t.Errorf("cleared, and shown: %s", got.body)
	}
	l.do("DELETE", "/departments/sales", "").is(200, "{}")
	l.do("DELETE", "/departments/sales", "").is(404)
}

// TestAppSwitch: mail off for the whole app.
func TestAppSwitch(t *testing.T) {
	l := newLab(t)
	l.do("PUT", "", `{"emailEnabled":false,"custom":{"k":"v"}}`).is(200, "{}")
	l.do("GET", "", "").is(200, `{"id":"shop","name":"The shop","defaultLocale":"en-GB","custom":{"k":"v"},"emailEnabled":false}`)
	l.do("PUT", "", `{"emailEnabled":true,"custom":{"k":null}}`).is(200)
	l.do("GET", "", "").is(200, `{"id":"shop","name":"The shop","defaultLocale":"en-GB","custom":{}}`)
	l.do("PUT", "", `{"emailEnabled":1}`).wrong("emailEnabled")
}

// TestWhyNoMail: GET /notifications answers by recipient, conversation, state
// and reason, in pages.
func TestWhyNoMail(t *testing.T) {
	l := newLab(t)
	l.do("PUT", "/conversations/c", `{"participants":["ann","bob","cy"]}`).is(200)
	for range 3 {
		l.do("POST", "/conversations/c/messages", `[{"text":"hello","sender":"ann","type":"UserMessage"}]`).is(200)
		l.ok(l.engine.Update(t.Context(), store.ConversationScope("shop", "c"), func(tx store.Tx) error {
			p, err := chat.LoadPending(tx, "shop", "c")
			if err != nil {
				return err
			}
			for _, in := range p.Inputs {
				d := chat.Decided{Recipient: in.User.ID, Decision: notify.Decide(in, time.Now().Add(time.Hour))}
				if _, err := l.chat.RecordNotification(tx, time.Now(), "shop", "c", d); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	all := l.do("GET", "/notifications?recipientId=bob", "").is(200).has(`"reason":"no_address","sentence":"The user has no usable e-mail address."`).ids()
	if len(all) != 3 {
		t.Fatalf("bob has %d", len(all))
	}
	first := l.do("GET", "/notifications?recipientId=bob&limit=2", "").ids()
	rest := l.do("GET", "/notifications?recipientId=bob&limit=2&startingAfter="+first[1], "").ids()
	if !slices.Equal(append(first, rest...), all) {
		t.Errorf("pages %v and %v of %v", first, rest, all)
	}
	for query, want := range map[string]int{
		"":                             6,
		"state=skipped":                6,
		"state=triggered":              0,
		"reason=no_address":            6,
		"conversationId=c&limit=100":   6,
		"conversationId=d":             0,
		"recipientId=ann":              0,
		"recipientId=cy&state=skipped": 3,
		"recipientId=cy&reason=muted":  0,
		"recipientId=undefined":        6,
	} {
		if got := l.do("GET", "/notifications?"+query, "").is(200).ids(); len(got) != want {
			t.Errorf("%s: %d, want %d", query, len(got), want)
		}
	}
	l.do("GET", "/notifications?recipientId=bob&limit=0", "").wrong("limit")
}

// shower is a Renderer that shows what it was asked.
type shower struct{}

func (shower) Render(_ context.Context, a gateway.AppID, c gateway.ConversationID, u gateway.UserID) (Rendered, error) {
	if c == "gone" {
		return Rendered{}, gateway.NotFound{What: "conversation", ID: string(c)}
	}
	return Rendered{Decision: RenderedDecision{Act: "wait"}, Mail: &RenderedMail{To: []string{}, Subject: fmt.Sprint(a, c, u)}}, nil
}

func (shower) CheckTemplate(t gateway.Template) []string {
	if strings.Contains(t.HTML, "{{") {
		return []string{"html, line 3, column 1: never closed"}
	}
	return nil
}

func TestRender(t *testing.T) {
	l := newLab(t)
	srv := httptest.NewServer(New(Server{Chat: l.chat, Apps: l.apps, Store: l.engine, Log: slog.New(slog.DiscardHandler), Renderer: shower{}, Templates: shower{}}))
	t.Cleanup(srv.Close)
	l.url = srv.URL
	l.do("POST", "/render", `{"conversationId":"c","recipientId":"bob"}`).is(200, `{"decision":{"act":"wait","reason":null,"sentence":null,"until":null},`+
		`"mail":{"from":"","to":[],"replyTo":null,"subject":"shopcbob","text":"","html":"","raw":""}}`)
	l.do("POST", "/render", `{"recipientId":"bob"}`).wrong("conversationId")
	l.do("POST", "/render", `{"conversationId":"c"}`).wrong("recipientId")
	l.do("POST", "/render", `{"conversationId":"gone","recipientId":"bob"}`).is(404)
	l.do("PUT", "/roles/x", `{"templates":{"en":{"html":"{{"}}}`).wrong("templates").has("line 3")
	l.do("GET", "/roles/x", "").has(`"templates":{}`)
}

func TestListsOfConversations(t *testing.T) {
	l := newLab(t)
	for _, c := range []string{"c1", "c2", "c3"} {
		l.do("PUT", "/conversations/"+c, `{"participants":["ann"],"custom":{"n":"`+c+`"}}`).is(200)
		l.do("POST", "/conversations/"+c+"/messages", `[{"text":"hello","sender":"ann","type":"UserMessage"}]`).is(200)
	}
	filter := url.QueryEscape(`{"custom":{"n":"c2"}}`)
	for _, base := range []string{"/conversations", "/users/ann/conversations"} {
		for query, want := range map[string]int{
			"":                                   3,
			"?filter=" + filter:                  1,
			"?filter=" + url.QueryEscape(filter): 1,
			"?lastMessageAfter=1&lastMessageBefore=99999999999999":   3,
			"?lastMessageBefore=1":                                   0,
			"?offsetTs=1":                                            0,
			"?orderBy=createdAt&orderDirection=ASC&startingAfter=c1": 2,
			"?orderBy=&orderDirection=null&filter=undefined":         3,
		} {
			if got := l.do("GET", base+query, "").is(200).ids(); len(got) != want {
				t.Errorf("%s%s: %v", base, query, got)
			}
		}
		for query, field := range map[string]string{
			"?orderBy=name": "orderBy", "?orderDirection=UP": "orderDirection", "?filter=x": "filter", "?offsetTs=soon": "offsetTs",
		} {
			l.do("GET", base+query, "").wrong(field)
		}
	}
}
