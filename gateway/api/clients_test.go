package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// The tests of this file make calls as backends do that were written for
// TalkJS: client libraries and scripts in Node, Python, PHP, Ruby, Java, C# and
// Go, each with habits of its own.

// TestClientHabits: one table of what such clients send, and what they count on.
func TestClientHabits(t *testing.T) {
	l := newLab(t).populate()
	first := l.say("First")
	for _, c := range []struct {
		habit, method, path, body string
		head                      []string
		status                    int
		has                       []string
	}{
		{habit: "a Node library reads body.data, or else body", method: "GET", path: "/conversations/c1/messages?limit=100", status: 200, has: []string{`{"data":[{"id":"` + first}},
		{habit: "it writes absent options into the query", method: "GET", path: "/users/bob/conversations?limit=undefined&unreadsOnly=undefined&startingAfter=undefined&lastMessageAfter=undefined&lastMessageBefore=undefined", status: 200, has: []string{`"id":"c1"`}},
		{habit: "and so for users", method: "GET", path: "/users?limit=100&isOnline=undefined&startingAfter=undefined", status: 200, has: []string{`"id":"ann"`}},
		{habit: "it encodes a filter twice", method: "GET", path: "/conversations?filter=%257B%2522custom%2522%253A%257B%2522a%2522%253A%2522b%2522%257D%257D", status: 200, has: []string{`{"data":[]}`}},
		{habit: "it lists with a body of messages on a GET", method: "GET", path: "/conversations/c1/messages", body: `[{"text":"x","type":"SystemMessage"}]`, status: 200, has: []string{`"data"`}},
		{habit: "it edits by POST", method: "POST", path: "/conversations/c1/messages/" + first, body: `{"custom":{"a":"b"}}`, status: 200, has: []string{"{}"}},
		{habit: "it forces a notification with any object", method: "POST", path: "/conversations/c1/notifications", body: `{"template":"x","nested":{"a":[1]}}`, status: 200},

		{habit: "Ruby sends {} with every GET", method: "GET", path: "/conversations/c1", body: "{}", status: 200, has: []string{`"id":"c1"`}},
		{habit: "and with every DELETE", method: "DELETE", path: "/conversations/c1/participants/nobody", body: "{}", status: 200, has: []string{"{}"}},
		{habit: "PHP joins with a JSON content type and no body", method: "PUT", path: "/conversations/c1/participants/carl", status: 200, has: []string{"{}"}},
		{habit: "PHP deletes so", method: "DELETE", path: "/conversations/c1/participants/carl", status: 200, has: []string{"{}"}},
		{habit: "PHP marks read so", method: "POST", path: "/conversations/c1/readBy/bob", status: 200, has: []string{"{}"}},
		{habit: "PHP's empty map of a system message is an object", method: "POST", path: "/conversations/c1/messages", body: `[{"type":"SystemMessage","text":"x","custom":{}}]`, status: 200},
		{habit: "PHP sends a form's content type by default", method: "PUT", path: "/users/php", body: `{"name":"P"}`, head: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 200},
		{habit: "Python's requests name the charset", method: "PUT", path: "/users/py", body: `{"id":"py","name":"P","email":"p@people.test","role":"default"}`, head: []string{"Content-Type", "application/json; charset=utf-8"}, status: 200},
		{habit: "axios accepts any text", method: "GET", path: "/users/ann", head: []string{"Accept", "application/json, text/plain, */*"}, status: 200, has: []string{`"name":"Ann"`}},
		{habit: "C# accepts nothing in particular and says close", method: "GET", path: "/conversations/c1", head: []string{"Connection", "close"}, status: 200},
		{habit: "C# sends nulls for what it has not", method: "PUT", path: "/users/cs", body: `{"name":"C","email":null,"phone":null,"photoUrl":null,"welcomeMessage":null,"role":null,"custom":null,"locale":null}`, status: 200},
		{habit: "Java deletes with a JSON content type and no body", method: "DELETE", path: "/conversations/none", status: 404, has: []string{`"errorCode":"NOT_FOUND"`}},
		{habit: "Go marshals every field of presences as null", method: "POST", path: "/presences", body: `{"includeBackgroundSessions":null,"hasFocus":null,"isTyping":null,"userIds":null}`, status: 200, has: []string{`{"data":{}}`}},
		{habit: "a dashboard asks for backgrounds too", method: "POST", path: "/presences", body: `{"includeBackgroundSessions":true}`, status: 200, has: []string{`{"data":{}}`}},
		{habit: "old code says configuration", method: "PUT", path: "/users/old", body: `{"name":"O","configuration":"buyer"}`, status: 200},
		{habit: "a shop sends a header photo, which is ours to ignore", method: "PUT", path: "/users/shop", body: `{"id":"shop","name":"S","headerPhotoUrl":"x","origin":"web"}`, status: 200},
		{habit: "a plug-in asks for the version of a day", method: "GET", path: "/users/ghost/conversations", head: []string{"TalkJS-REST-Version", "2021-07-30"}, status: 200, has: []string{`{"data":[]}`}},
		{habit: "a clean-up lists thirty", method: "GET", path: "/conversations?limit=30", status: 200, has: []string{`"id":"c1"`}},
		{habit: "a bot answers with a key of its own", method: "POST", path: "/conversations/c1/messages", body: `[{"text":"hello","sender":"bob","type":"UserMessage","idempotencyKey":"0c5b2444-70a0-4932-980c-b4dc0d3f02b5"}]`, status: 200, has: []string{`[{"id":"msg_`}},
		{habit: "a bot takes writing away while it thinks", method: "PATCH", path: "/conversations/c1/participants/ann", body: `{"access":"Read"}`, status: 200},
		{habit: "and gives it back", method: "PATCH", path: "/conversations/c1/participants/ann", body: `{"access":"ReadWrite"}`, status: 200},
		{habit: "mistaken code calls a message's type system", method: "POST", path: "/conversations/c1/messages", body: `[{"text":"x","sender":"ann","type":"system"}]`, status: 400, has: []string{`[0].type`}},
		{habit: "mistaken code sends one message bare", method: "POST", path: "/conversations/c1/messages", body: `{"text":"x","sender":"ann","type":"UserMessage"}`, status: 400},
		{habit: "mistaken code makes users by POST", method: "POST", path: "/users/new", body: `{"name":"N"}`, status: 404},
	} {
		a := l.do(c.method, c.path, c.body, c.head...)
		if a.status != c.status {
			t.Errorf("%s: %d %s, want %d", c.habit, a.status, a.body, c.status)
		}
		a.has(c.has...)
	}
	l.do("GET", "/users/old", "").has(`"role":"buyer"`)
	l.do("GET", "/users/py", "").has(`"email":["p@people.test"]`)
	l.do("GET", "/users/cs", "").has(`"email":null`, `"custom":{}`)
}

// TestWholeLife is a client library's own test against the service, in the order
// of a conversation's life, with the strict comparisons it makes.
func TestWholeLife(t *testing.T) {
	l := newLab(t)
	conv := "/conversations/conversation_4f"
	get := func() (c struct {
		ID, PhotoURL, Subject string
		TopicID               *string
		WelcomeMessages       []string
		Custom                map[string]string
		Participants          json.RawMessage
		CreatedAt             int64
		LastMessage           *struct{ Text string }
	}) {
		t.Helper()
		l.do("GET", conv, "").is(200).into(&c)
		return c
	}
	l.do("PUT", conv, `{"participants":["my_user"],"subject":"An amazing conversation","welcomeMessages":["Hello","World"],"photoUrl":"photo_url"}`).is(200, "{}")
	if c := get(); c.ID != "conversation_4f" || c.TopicID != nil || c.PhotoURL != "photo_url" || !slices.Equal(c.WelcomeMessages, []string{"Hello", "World"}) || len(c.Custom) != 0 ||
		string(c.Participants) != `{"my_user":{"access":"ReadWrite","notify":true}}` || c.LastMessage != nil || c.CreatedAt < time.Now().Add(-time.Minute).UnixMilli() {
		t.Errorf("made: %+v", c)
	}
	l.do("PUT", conv, `{"subject":"An amazing conversation!","welcomeMessages":["Hello","World!"],"photoUrl":"another","custom":{"test":"x"}}`).is(200)
	if c := get(); c.Subject != "An amazing conversation!" || c.WelcomeMessages[1] != "World!" || c.Custom["test"] != "x" {
		t.Errorf("merged: %+v", c)
	}
	if !slices.Contains(l.do("GET", "/conversations?limit=50", "").ids(), "conversation_4f") {
		t.Error("not listed")
	}
	l.do("DELETE", conv+"/participants/my_user", "").is(200)
	if c := get(); string(c.Participants) != "{}" {
		t.Errorf("left: %s", c.Participants)
	}
	l.do("PUT", conv+"/participants/my_user", "").is(200)
	l.do("PATCH", conv+"/participants/my_user", `{"notify":false,"access":"Read"}`).is(200)
	if c := get(); string(c.Participants) != `{"my_user":{"access":"Read","notify":false}}` {
		t.Errorf("changed: %s", c.Participants)
	}
	l.do("GET", conv+"/messages", "").is(200, `{"data":[]}`)
	l.do("POST", conv+"/messages", `[{"type":"SystemMessage","text":"An amazing system message","custom":{"foo":"bar"}}]`).is(200)
	l.do("GET", conv+"/messages", "").has(`"senderId":null`, `"readBy":[]`, `"origin":"rest"`, `"location":null`, `"custom":{"foo":"bar"}`, `"attachment":null`)
	l.do("POST", conv+"/messages", `[{"type":"UserMessage","text":"An amazing user message","sender":"my_user"}]`).is(200) // though it may only read
	var list struct {
		Data []struct{ Text, Type, SenderID string }
	}
	l.do("GET", conv+"/messages", "").into(&list)
	if len(list.Data) != 2 || list.Data[0].Text != "An amazing user message" || list.Data[0].SenderID != "my_user" || list.Data[1].Type != "SystemMessage" {
		t.Errorf("messages: %+v", list)
	}
	l.do("DELETE", conv, "").is(200, "{}")
	l.do("GET", conv, "").is(404)
}

// TestExporter pages through everything as exporters do: until a page is shorter
// than its limit.
func TestExporter(t *testing.T) {
	l := newLab(t)
	users := []string{}
	for i := range 23 {
		id := fmt.Sprintf("user %d/ü@x.test", i)
		users = append(users, id)
		l.do("PUT", "/users/"+strings.NewReplacer("/", "%2F", " ", "%20", "ü", "%C3%BC").Replace(id), `{"name":"N"}`).is(200)
	}
	var got []string
	for after := ""; ; {
		page := l.do("GET", "/users?limit=10&startingAfter="+strings.NewReplacer("/", "%2F", " ", "+", "@", "%40").Replace(after), "").is(200).ids()
		got = append(got, page...)
		if len(page) < 10 {
			break
		}
		after = page[len(page)-1]
	}
	slices.Sort(got)
	slices.Sort(users)
	if !slices.Equal(got, users) {
		t.Errorf("exported %d of %d users: %v", len(got), len(users), got)
	}
}

// TestIDsInQueries: an exporter goes on behind the last id of a page, escaped as
// it may be.
func TestIDsInQueries(t *testing.T) {
	l := newLab(t)
	for _, id := range []string{"a;b", "100%", "a%zz", "a=b", "a+b c", "a&b", `{"a":1}`} {
		l.do("PUT", "/conversations/"+url.PathEscape(id), "").is(200)
	}
	whole := l.do("GET", "/conversations?limit=100&orderBy=createdAt", "").ids()
	for i, id := range whole {
		forms := []string{url.QueryEscape(id)}
		if !strings.ContainsAny(id, "+& ") { // which mean something else
			forms = append(forms, id)
		}
		for _, form := range forms {
			a := l.do("GET", "/conversations?orderBy=createdAt&startingAfter="+form+"&limit=100", "").is(200)
			if got := a.ids(); !slices.Equal(got, whole[i+1:]) {
				t.Errorf("after %s (%s): %v, want %v", id, form, got, whole[i+1:])
			}
		}
	}
}

// TestRawRequests are requests as they stand on the wire, with oddities that
// libraries smooth over.
func TestRawRequests(t *testing.T) {
	l := newLab(t).populate()
	srv := httptest.NewUnstartedServer(l.server)
	srv.Listener = Listener(srv.Listener)
	srv.Start()
	defer srv.Close()
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"lower-case scheme and header names": {"GET /v1/shop HTTP/1.1\r\nhost: x\r\nauthorization: bearer KEY\r\n\r\n", 200},
		"two spaces in the header":           {"GET /v1/shop HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer  KEY\r\n\r\n", 200},
		"the whole URL as target":            {"GET http://x/v1/shop HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\n\r\n", 200},
		"HTTP/1.0":                           {"GET /v1/shop HTTP/1.0\r\nAuthorization: Bearer KEY\r\n\r\n", 200},
		"a chunked body":                     {"PUT /v1/shop/users/u HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"name\":\"N\"}\r\n0\r\n\r\n", 200},
		"a PUT without length or body":       {"PUT /v1/shop/users/u HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Type: application/json\r\n\r\n", 200},
		"a DELETE with a body":               {"DELETE /v1/shop/conversations/c1/participants/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Length: 2\r\n\r\n{}", 200},
		"a GET with an array":                {"GET /v1/shop/conversations/c1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Length: 2\r\n\r\n[]", 200},
		"expecting 100-continue":             {"PUT /v1/shop/users/u HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", 200},
		"a byte-order mark":                  {"PUT /v1/shop/users/u HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Length: 15\r\n\r\n\xef\xbb\xbf{\"name\":\"N\"}", 200},
		"a path that is not escaped":         {"GET /v1/shop/users/100% HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\n\r\n", 400},
		"an escape that is none":             {"GET /v1/shop/%zz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\n\r\n", 400},
		"a space in the path":                {"GET /v1/shop/users/a b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\n\r\n", 400},
		"no host":                            {"GET /v1/shop HTTP/1.1\r\nAuthorization: Bearer KEY\r\n\r\n", 400},
		"no HTTP":                            {"hello\r\n\r\n", 400},
		"a header that is none":              {"GET /v1/shop HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400},
		"headers without end":                {"GET /v1/shop HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 2<<20) + "\r\n\r\n", 400},
		"an unheard-of transfer encoding":    {"PUT /v1/shop/users/u HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
		"a length and chunks":                {"PUT /v1/shop/users/u HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Length: x\r\n\r\n{}", 400},
		"a body of five megabytes":           {"PUT /v1/shop/users/u HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Length: 5242880\r\n\r\n" + strings.Repeat(" ", 5<<20), 400},
		"a compressed body":                  {"PUT /v1/shop/users/u HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08", 400},
		"a query that is not escaped":        {"GET /v1/shop/users?startingAfter=100%&limit=5;6 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\n\r\n", 400},
		"the key in Basic":                   {"GET /v1/shop HTTP/1.1\r\nHost: x\r\nAuthorization: Basic S0VZOg==\r\n\r\n", 401},
	} {
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		l.ok(err)
		l.ok(conn.SetDeadline(time.Now().Add(time.Minute)))
		if _, err := conn.Write([]byte(strings.Replace(c.request, "KEY", l.key, 1))); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		resp, err := http.ReadResponse(in, nil)
		for err == nil && resp.StatusCode == http.StatusContinue {
			resp, err = http.ReadResponse(in, nil)
		}
		if err != nil || resp.StatusCode != c.status || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v, %v", name, resp, err)
			continue
		}
		if body, err := io.ReadAll(resp.Body); err != nil || !json.Valid(body) || c.status != 200 && !bytes.Contains(body, []byte(`"reasons":{"`)) {
			t.Errorf("%s: %q, %v", name, body, err)
		}
		conn.Close()
	}
}
