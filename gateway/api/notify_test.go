package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
)

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
