package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestOddJSON: what is JSON though nobody would write it so, and what only looks
// like it.
func TestOddJSON(t *testing.T) {
	l := newLab(t).populate()
	for _, c := range []struct {
		about, method, path, body string
		status                    int
		get, has                  string
	}{
		{"a key twice: the last counts", "PUT", "/users/u", `{"name":"One","name":"Two"}`, 200, "/users/u", `"name":"Two"`},
		{"a key of other case is another key", "PUT", "/users/u", `{"Name":"Three","NAME":"Four"}`, 200, "/users/u", `"name":"Two"`},
		{"octets that are no UTF-8", "PUT", "/users/u", "{\"name\":\"a\xffb\"}", 200, "/users/u", `"name":"a` + "\ufffd" + `b"`},
		{"half a surrogate pair", "PUT", "/users/u", `{"name":"a\ud83db"}`, 200, "/users/u", `"name":"a` + "\ufffd" + `b"`},
		{"a NUL", "PUT", "/users/u", `{"name":"a\u0000b"}`, 200, "/users/u", `"name":"a\u0000b"`},
		{"line separators", "PUT", "/users/u", "{\"name\":\"a\u2028b\"}", 200, "/users/u", `b"`},
		{"an empty array for an object, as PHP writes it", "PUT", "/users/u", `{"name":"P","custom":{}}`, 200, "/users/u", `"name":"P"`},
		{"an unknown field, deep and large", "PUT", "/users/u", `{"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, 200, "", ""},
		{"deeper than anybody nests", "PUT", "/users/u", `{"x":` + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000) + `}`, 400, "", ""},
		{"deep and without end", "POST", "/conversations/c1/messages", strings.Repeat(`[{"custom":`, 40_000), 400, "", ""},
		{"a number as a sender", "POST", "/conversations/c1/messages", `[{"text":"x","sender":5,"type":"UserMessage"}]`, 400, "", ""},
		{"numbers as participants", "PUT", "/conversations/c9", `{"participants":[1,2]}`, 400, "", ""},
		{"a boolean as a text", "POST", "/conversations/c1/messages", `[{"text":true,"sender":"ann","type":"UserMessage"}]`, 400, "", ""},
		{"a number in custom", "PUT", "/conversations/c9", `{"custom":{"a":1}}`, 400, "", ""},
		{"a participant that is nobody", "PUT", "/conversations/c9", `{"participants":[""]}`, 400, "", ""},
		{"more than one value", "PUT", "/users/u", `{"name":"A"}{"name":"B"}`, 400, "", ""},
		{"a comment", "PUT", "/users/u", `{"name":"A" /* x */}`, 400, "", ""},
		{"a trailing comma", "PUT", "/users/u", `{"name":"A",}`, 400, "", ""},
		{"a number without end", "POST", "/import/conversations/c1/messages", `[{"text":"x","sender":"ann","timestamp":1e999}]`, 400, "", ""},
		{"an id of any kind", "PUT", "/users/u", `{"id":5,"name":"Q"}`, 200, "/users/u", `"id":"u"`},
	} {
		a := l.do(c.method, c.path, c.body)
		if a.status != c.status {
			t.Errorf("%s: %d %s, want %d", c.about, a.status, a.body, c.status)
		}
		if c.get != "" {
			l.do("GET", c.get, "").is(200).has(c.has)
		}
	}
	l.do("GET", "/conversations/c9", "").is(404) // nothing of what was refused
	l.do("GET", "/conversations/c1/messages", "").is(200, `{"data":[]}`)
}

// TestEveryMethod: a path takes its own methods; every other is 404 in JSON, for
// HEAD what GET answers without the body.
func TestEveryMethod(t *testing.T) {
	l := newLab(t).populate()
	l.say("Hello")
	for _, r := range table() {
		path := "/" + strings.Join(r.path, "/")
		path = strings.ReplaceAll(path, "*", "c1")
		for _, method := range []string{"OPTIONS", "CONNECTED", "LINK", "get"} {
			l.do(method, path, "").is(404)
		}
		if r.method == "GET" && !isRun(r.path) {
			get, head := l.do("GET", path, ""), l.do("HEAD", path, "")
			if get.status != head.status || head.body != "" {
				t.Errorf("GET %s: %d, HEAD %d %q", path, get.status, head.status, head.body)
			}
		}
	}
}

// TestOffsetAndStartingAfter: each narrows the list, both together what is behind
// both; the limit is filled as long as there is something.
func TestOffsetAndStartingAfter(t *testing.T) {
	l := newLab(t)
	var at []int64
	for i := range 6 {
		id := fmt.Sprint("c", i)
		l.do("PUT", "/conversations/"+id, `{"participants":["ann"],"custom":{"even":"`+fmt.Sprint(i%2 == 0)+`"}}`).is(200)
		var c struct{ CreatedAt int64 }
		for l.do("GET", "/conversations/"+id, "").into(&c); time.Now().UnixMilli() == c.CreatedAt; { // told apart by the millisecond
		}
		at = append(at, c.CreatedAt)
	}
	for _, base := range []string{"/conversations", "/users/ann/conversations"} {
		for query, want := range map[string]string{
			"":                             "c5 c4 c3 c2 c1 c0",
			fmt.Sprint("offsetTs=", at[3]): "c2 c1 c0",
			"startingAfter=c2":             "c1 c0",
			fmt.Sprint("offsetTs=", at[4], "&startingAfter=c2"):                                          "c1 c0",
			fmt.Sprint("offsetTs=", at[1], "&startingAfter=c4"):                                          "c0",
			fmt.Sprint("orderDirection=ASC&offsetTs=", at[1]):                                            "c2 c3 c4 c5",
			fmt.Sprint("orderDirection=asc&orderBy=createdAt&offsetTs=", at[1], "&startingAfter=c3"):     "c4 c5",
			fmt.Sprint(`filter={"custom":{"even":"true"}}&limit=2&offsetTs=`, at[5]):                     "c4 c2",
			`filter=%7B%22custom%22%3A%7B%22even%22%3A%22true%22%7D%7D&limit=2&startingAfter=c2`:         "c0",
			`filter=%257B%2522custom%2522%253A%257B%2522even%2522%253A%2522false%2522%257D%257D&limit=9`: "c5 c3 c1",
			"lastMessageAfter=1":              "",
			"offsetTs=99999999999999&limit=1": "c5",
		} {
			if got := l.do("GET", base+"?"+query, "").is(200).ids(); !slices.Equal(got, strings.Fields(want)) {
				t.Errorf("%s?%s: %v, want %s", base, query, got, want)
			}
		}
	}
}

// TestParticipantKeys: access, then notify, and nothing else; a conversation that
// everybody left stays, with none.
func TestParticipantKeys(t *testing.T) {
	l := newLab(t).populate()
	l.do("PUT", "/conversations/c1/participants/eve", `{"notify":"MentionsOnly","access":"Read"}`).is(200, "{}")
	const want = `"participants":{"ann":{"access":"ReadWrite","notify":true},"bob":{"access":"ReadWrite","notify":true},"eve":{"access":"Read","notify":"MentionsOnly"}},`
	l.do("GET", "/conversations/c1", "").is(200).has(want)
	l.do("GET", "/conversations", "").is(200).has(want)
	l.do("GET", "/users/ann/conversations", "").is(200).has(want, `"isUnread":false`)
	for _, u := range []string{"ann", "bob", "eve", "eve"} {
		l.do("DELETE", "/conversations/c1/participants/"+u, "").is(200, "{}")
	}
	l.do("GET", "/conversations/c1", "").is(200).has(`"participants":{},`)
	if got := l.do("GET", "/conversations", "").ids(); !slices.Equal(got, []string{"c1"}) {
		t.Errorf("listed %v", got)
	}
}

// TestNulls: a null is as good as nothing where it clears nothing.
func TestNulls(t *testing.T) {
	l := newLab(t).populate()
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/conversations/c1/messages", `[{"text":"x","sender":"ann","type":null,"referencedMessageId":null,"custom":null,"idempotencyKey":null,"attachment":null,"attachmentToken":null,"location":null,"content":null,"answered":null}]`},
		{"POST", "/conversations/c1/messages", `[{"text":"x","type":"SystemMessage","sender":null,"custom":null}]`},
		{"POST", "/import/conversations/c1/messages", `[{"text":"x","sender":"ann","type":"UserMessage","timestamp":5,"createdAt":null,"readBy":null,"custom":null,"attachmentToken":null}]`},
		{"PUT", "/conversations/c1", `{"subject":null,"participants":null,"welcomeMessages":null,"custom":null,"photoUrl":null,"muted":null,"department":null,"assignee":null,"humanTakeover":null}`},
		{"PUT", "/conversations/c1/participants/bob", `{"access":null,"notify":null}`},
		{"PATCH", "/conversations/c1/participants/bob", `{"access":null,"notify":null}`},
		{"PATCH", "/users/bob/conversations/c1", `{"unread":null,"readUntil":null}`},
		{"PUT", "/users/bob", `{"name":null,"email":null,"phone":null,"photoUrl":null,"welcomeMessage":null,"role":null,"configuration":null,"locale":null,"availabilityText":null,"custom":null,"pushTokens":null,"kind":null,"timeZone":null,"quietHours":null}`},
		{"PUT", "/users", `{"bob":{"name":null},"eve":null}`},
		{"PUT", "/users/bob/presence", `{"online":null,"ttl":null,"selectedConversationId":null,"hasFocus":null,"isTyping":null,"user":null}`},
		{"POST", "/presences", `{"includeBackgroundSessions":null,"hasFocus":null,"isTyping":null,"userIds":null}`},
		{"POST", "/conversations/c1/notifications", `null`},
		{"POST", "/batch", `[[1,"GET","/users/ann",null,null],[2,"PUT","/users/ann",null],[3,"GET","/users/ann",{"limit":null},{"api_version":null}]]`},
		{"DELETE", "/conversations/c1/participants/bob", `null`},
	} {
		if a := l.do(c.method, c.path, c.body); a.status != 200 {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, a.status, a.body)
		}
	}
	if a := l.do("POST", "/batch", `[[1,"GET","/users/ann",null,null],[2,"GET","/users/ann",{},{"api_version":null}]]`); strings.Count(a.body, ",200,") != 2 {
		t.Error(a.body)
	}
	l.do("GET", "/conversations/c1", "").has(`"ann":{"access":"ReadWrite","notify":true}`)
}
