package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestPresences: who is online, by what is asked; null equals absent but for
// the selected conversation.
func TestPresences(t *testing.T) {
	l := newLab(t)
	for user, p := range map[string]string{
		"reading":      `{"selectedConversationId":"c1"}`,
		"typing":       `{"selectedConversationId":"c1","isTyping":true}`,
		"away":         `{"selectedConversationId":"c1","hasFocus":false}`,
		"inbox":        `{}`,
		"hidden":       `{"hasFocus":false}`,
		"offline":      `{"online":false}`,
		"a/b c\u0000d": `{"selectedConversationId":"c2"}`,
	} {
		l.do("PUT", "/users/"+strings.NewReplacer("/", "%2F", " ", "%20", "\u0000", "%00").Replace(user)+"/presence", p).is(200)
	}
	for body, want := range map[string]string{
		"":                                    "a/b c\u0000d away inbox reading typing",
		"{}":                                  "a/b c\u0000d away inbox reading typing",
		`{"includeBackgroundSessions":true}`:  "a/b c\u0000d away hidden inbox reading typing",
		`{"includeBackgroundSessions":false}`: "a/b c\u0000d away inbox reading typing",
		`{"selectedConversationId":"c1"}`:     "away reading typing",
		`{"selectedConversationId":null}`:     "inbox",
		`{"selectedConversationId":null,"includeBackgroundSessions":true}`: "hidden inbox",
		`{"hasFocus":true,"selectedConversationId":"c1"}`:                  "reading typing",
		`{"hasFocus":false}`: "away",
		`{"isTyping":true}`:  "typing",
		`{"isTyping":false,"selectedConversationId":"c1"}`:  "away reading",
		`{"userIds":["typing","offline","nobody","inbox"]}`: "inbox typing",
		`{"userIds":[]}`: "",
		`{"includeBackgroundSessions":null,"hasFocus":null,"isTyping":null,"userIds":null}`: "a/b c\u0000d away inbox reading typing",
	} {
		var out struct {
			Data map[string]struct {
				Status                      string
				BackgroundSessions, Widgets []json.RawMessage
			}
		}
		l.do("POST", "/presences", body).is(200).into(&out)
		if got := strings.Join(slices.Sorted(maps.Keys(out.Data)), " "); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
		for u, p := range out.Data {
			if hidden := u == "hidden"; p.Status != "online" || len(p.Widgets) == 0 != hidden || len(p.BackgroundSessions) == 0 == hidden {
				t.Errorf("%s: %s is shown as %+v", body, u, p)
			}
		}
	}
	var out struct {
		Data map[string]struct{ Widgets []map[string]any }
	}
	a := l.do("POST", "/presences", `{"userIds":["typing"]}`)
	a.into(&out)
	w := out.Data["typing"].Widgets[0]
	if id, _ := w["sessionId"].(string); len(id) != 32 || w["selectedConversationId"] != "c1" || w["hasFocus"] != true || w["isTyping"] != true || len(w) != 5 {
		t.Errorf("%v", w)
	}
	a.has(`"status":"online","backgroundSessions":[],"widgets":[{"sessionId":"`, `"custom":{}`)
	l.do("POST", "/presences", `{"userIds":["inbox"]}`).has(`"selectedConversationId":null`)
	for body, field := range map[string]string{
		`{"hasFocus":"yes"}`: "hasFocus", `{"isTyping":1}`: "isTyping", `{"userIds":"x"}`: "userIds", `{"selectedConversationId":5}`: "selectedConversationId", `[]`: "body",
	} {
		l.do("POST", "/presences", body).wrong(field)
	}
}
