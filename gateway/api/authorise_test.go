package api

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

// oracle answers instead of a hook.
type oracle struct {
	answer gateway.Permission
	err    error
}

func (o oracle) Ask(_ context.Context, a gateway.App, q gateway.Question) (gateway.Permission, error) {
	if a.Authorise == nil || q.Conversation != "c1" || q.User != "bob" {
		return gateway.Permission{}, errors.New("asked about something else")
	}
	return o.answer, o.err
}

// TestAuthoriseHook: made, shown, changed, its secret rotated, ended.
func TestAuthoriseHook(t *testing.T) {
	l := newLab(t)
	l.do("GET", "/authorise", "").is(200, `{"url":null,"onFailure":"defer","secrets":[],"createdAt":null}`)
	l.do("POST", "/authorise/secrets", "").is(404)
	l.do("POST", "/authorise/ask", `{"conversationId":"c1","userId":"bob"}`).is(404)
	l.do("PUT", "/authorise", "").wrong("url")
	for _, bad := range []string{`{"url":"nowhere"}`, `{"url":"https://user:pw@x.test/"}`, `{"url":5}`, `{"url":""}`} {
		l.do("PUT", "/authorise", bad).wrong("url")
	}
	l.do("PUT", "/authorise", `{"url":"https://chat.example.com/may","onFailure":"bounce"}`).wrong("onFailure")
	var made struct{ Secret string }
	l.do("PUT", "/authorise", `{"url":"https://chat.example.com/may"}`).is(200).has(`"onFailure":"defer"`).into(&made)
	if !strings.HasPrefix(made.Secret, "whsec_") {
		t.Errorf("made %+v", made)
	}
	a, err := l.apps.App(t.Context(), "shop")
	l.ok(err)
	if got, err := l.apps.AuthoriseSecrets(*a.Authorise); err != nil || len(got) != 1 || got[0] != made.Secret {
		t.Errorf("it signs with %q: %v", got, err)
	}
	if a := l.do("PUT", "/authorise", `{"onFailure":"accept"}`).is(200).has(`"url":"https://chat.example.com/may"`, `"onFailure":"accept"`); strings.Contains(a.body, "whsec_") {
		t.Error(a.body)
	}
	l.do("PUT", "/authorise", `{"url":"https://chat.example.com/other"}`).is(200).has(`"onFailure":"accept"`)
	l.do("POST", "/authorise/secrets", `{"oldValidFor":"8d"}`).wrong("oldValidFor")
	l.do("POST", "/authorise/secrets", `{"oldValidFor":"2h"}`).is(200).has(`"secret":"whsec_`, `"until":1`)
	if a := l.do("GET", "/authorise", "").is(200); strings.Count(a.body, `"until":`) != 2 || strings.Contains(a.body, "whsec_") {
		t.Error(a.body)
	}
	l.do("DELETE", "/authorise/secrets", "").is(200)
	if a := l.do("GET", "/authorise", "").is(200); strings.Count(a.body, `"until":`) != 1 {
		t.Error(a.body)
	}
	ask := func() answer { return l.do("POST", "/authorise/ask", `{"conversationId":"c1","userId":"bob"}`) }
	ask().is(409)
	l.server.Asker = oracle{answer: gateway.Permission{Words: "No"}}
	ask().is(200).has(`"allow":false,"reason":"No","problem":null,"tookMs":`)
	l.server.Asker = oracle{answer: gateway.Permission{Allowed: true}}
	ask().is(200).has(`"allow":true,"reason":null,"problem":null`)
	l.server.Asker = oracle{err: errors.New("answered 500")}
	ask().is(200).has(`"allow":null,"reason":null,"problem":"answered 500"`)
	l.do("DELETE", "/authorise", "").is(200, "{}")
	l.do("DELETE", "/authorise", "").is(200, "{}")
	l.do("GET", "/authorise", "").has(`"url":null`)
}

// TestAuthoriseURLIsChecked: as an endpoint's.
func TestAuthoriseURLIsChecked(t *testing.T) {
	l := newLab(t)
	l.server.URLs = refuseAll{}
	l.do("PUT", "/authorise", `{"url":"https://10.0.0.1/"}`).wrong("url").has("allow_networks")
	l.do("GET", "/authorise", "").has(`"url":null`)
}
