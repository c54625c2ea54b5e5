package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// keys are the keys of a JSON object, in order.
func keys(t *testing.T, object string) (out []string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(object))
	depth := 0
	for key := false; ; {
		tok, err := d.Token()
		if err != nil {
			return out
		}
		switch v := tok.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				depth++
			} else {
				depth--
			}
			key = depth == 1
		case string:
			if depth == 1 && key {
				out = append(out, v)
				key = false
				continue
			}
			key = depth == 1
		default:
			key = depth == 1
		}
	}
}

// TestUserShape: every key always.
func TestUserShape(t *testing.T) {
	l := newLab(t)
	l.do("PUT", "/users/u", "").is(200, "{}")
	a := l.do("GET", "/users/u", "").is(200)
	want := []string{"id", "name", "welcomeMessage", "photoUrl", "headerPhotoUrl", "role", "email", "phone", "custom", "availabilityText", "locale", "createdAt", "pushTokens"}
	if got := keys(t, a.body); len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("keys %v", got)
	}
	a.has(`"custom":{}`, `"email":null`, `"role":null`, `"photoUrl":null`)
	var u struct{ CreatedAt int64 }
	a.into(&u)
	if at := time.UnixMilli(u.CreatedAt); time.Since(at) > time.Minute || time.Until(at) > time.Minute {
		t.Errorf("createdAt is %v", at)
	}
}

// TestUsersMerge: absent stays, null clears, custom merges.
func TestUsersMerge(t *testing.T) {
	l := newLab(t)
	put := func(body string) { l.Helper(); l.do("PUT", "/users/u", body).is(200, "{}") }
	has := func(parts ...string) { l.Helper(); l.do("GET", "/users/u", "").is(200).has(parts...) }
	l.do("GET", "/users/u", "").is(404)
	put(`{"name":"Ann","email":"Ann@Example.com","phone":["+1"],"role":"guest","locale":"xx","photoUrl":"not a url","welcomeMessage":"Hi","availabilityText":"now","custom":{"a":"1","b":"2"},"pushTokens":{"fcm:x":true}}`)
	has(`"name":"Ann"`, `"email":["Ann@Example.com"]`, `"phone":["+1"]`, `"role":"guest"`, `"locale":"xx"`, `"photoUrl":"not a url"`, `"custom":{"a":"1","b":"2"}`, `"pushTokens":{"fcm:x":true}`)
	put(`{"custom":{"a":null,"c":"3"}}`)
	has(`"name":"Ann"`, `"custom":{"b":"2","c":"3"}`)
	put(`{"custom":null,"email":[null,"","  ","a@x.test"],"role":"","phone":null,"photoUrl":null,"pushTokens":null}`)
	has(`"custom":{}`, `"email":["a@x.test"]`, `"role":null`, `"phone":null`, `"photoUrl":null`, `"pushTokens":null`)
	put(`{"email":null,"configuration":"staff"}`)
	has(`"email":null`, `"role":"staff"`)
	put(`{"configuration":"old","role":"new"}`)
	has(`"role":"new"`)
	l.do("PUT", "/users/u", `{"email":["good@x.test","bad"]}`).wrong("email[1]")
	l.do("PUT", "/users/u", `{"email":"bad"}`).wrong("email[0]")
	for field, value := range map[string]string{"name": "5", "email": "5", "custom": `"x"`, "photoUrl": "[]", "role": "{}", "phone": "true", "pushTokens": "1", "locale": "1"} {
		l.do("PUT", "/users/u", `{"`+field+`":`+value+`}`).wrong(field)
	}
	l.do("PUT", "/users/u", `{"kind":"robot"}`).wrong("kind")
	l.do("PUT", "/users/u", `{"timeZone":"Mars/Olympus"}`).wrong("timeZone")
	has(`"email":null`) // nothing of what was refused
}

// TestUserBatch: all or nothing, and what is wrong is told by user.
func TestUserBatch(t *testing.T) {
	l := newLab(t)
	l.do("PUT", "/users", `{"a":{"name":"A"},"b":{"email":"bad"},"c d":{"kind":"x"}}`).is(400).has(`"b":[`, `"c d":[`)
	l.do("GET", "/users/a", "").is(404)
	l.do("PUT", "/users", `{"a":{"name":5},"b":{}}`).is(400).has(`"a":[`)
	l.do("PUT", "/users", `{"a":{"name":"A"},"b/c":{}}`).is(200, "{}")
	l.do("GET", "/users/a", "").is(200)
	l.do("GET", "/users/b%2Fc", "").is(200)
	batch := func(n int) string {
		var parts []string
		for i := range n {
			parts = append(parts, fmt.Sprintf(`"u%03d":{}`, i))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	l.do("PUT", "/users", batch(100)).is(200, "{}")
	l.do("PUT", "/users", batch(101)).is(400)
	l.do("PUT", "/users", "").is(200, "{}")
}

// TestStubs: people who were only named do not exist, and can be talked to.
func TestStubs(t *testing.T) {
	l := newLab(t)
	l.do("PUT", "/conversations/c", `{"participants":["x","y"]}`).is(200)
	l.do("GET", "/users/x", "").is(404)
	l.do("GET", "/users", "").is(200, `{"data":[]}`)
	l.do("POST", "/conversations/c/messages", `[{"text":"Hi","sender":"x","type":"UserMessage"}]`).is(200)
	l.do("GET", "/users/x/sessions", "").is(200, "[]")
	l.do("PUT", "/users/x", `{"name":"X"}`).is(200)
	l.do("GET", "/users/x", "").is(200).has(`"name":"X"`)
}

// TestConversations: made, merged, shown, left, deleted.
func TestConversations(t *testing.T) {
	l := newLab(t)
	l.do("GET", "/conversations/c", "").is(404)
	l.do("DELETE", "/conversations/c", "").is(404)
	l.do("PUT", "/conversations/c", "").is(200, "{}")
	a := l.do("GET", "/conversations/c", "").is(200)
	want := []string{"id", "subject", "topicId", "photoUrl", "welcomeMessages", "custom", "lastMessage", "participants", "createdAt"}
	if got := keys(t, a.body); len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("keys %v", got)
	}
	a.has(`"subject":null`, `"topicId":null`, `"welcomeMessages":[]`, `"custom":{}`, `"lastMessage":null`, `"participants":{}`)
	l.do("PUT", "/conversations/c", `{"subject":"S","welcomeMessages":["Hi"],"custom":{"a":"1"},"photoUrl":"p","participants":["ann","bob"]}`).is(200)
	l.do("PATCH", "/conversations/c/participants/ann", `{"access":"Read","notify":"MentionsOnly"}`).is(200, "{}")
	l.do("PUT", "/conversations/c", `{"participants":["ann","eve"],"subject":null,"custom":{"b":"2"}}`).is(200)
	l.do("GET", "/conversations/c", "").has(
		`"participants":{"ann":{"access":"Read","notify":"MentionsOnly"},"bob":{"access":"ReadWrite","notify":true},"eve":{"access":"ReadWrite","notify":true}}`,
		`"subject":null`, `"custom":{"a":"1","b":"2"}`, `"welcomeMessages":["Hi"]`)
	for field, value := range map[string]string{"subject": "5", "participants": `"ann"`, "welcomeMessages": `"x"`, "custom": "[]"} {
		l.do("PUT", "/conversations/c", `{"`+field+`":`+value+`}`).wrong(field)
	}
	l.do("DELETE", "/conversations/c", "").is(200, "{}")
	l.do("GET", "/conversations/c", "").is(404)
	l.do("PUT", "/conversations/c", "").is(200)
	l.do("GET", "/conversations/c", "").has(`"participants":{}`, `"lastMessage":null`)
}

// TestParticipants: joining, changing, leaving, and the reply address of each.
func TestParticipants(t *testing.T) {
	l := newLab(t).populate()
	p := "/conversations/c1/participants/bob"
	email := func() string {
		var e struct{ EmailAddress string }
		l.do("GET", p+"/email", "").is(200).into(&e)
		return e.EmailAddress
	}
	first := email()
	if !strings.HasSuffix(first, "@reply.example.com") || len(first) != 40+len("@reply.example.com") || email() != first {
		t.Errorf("the reply address is %q, then %q", first, email())
	}
	l.do("PUT", p, `{"access":"Read","notify":false}`).is(200, "{}")
	l.do("PUT", p, `{"access":"Write"}`).is(200, "{}") // overwrites both
	l.do("GET", "/conversations/c1", "").has(`"bob":{"access":"ReadWrite","notify":true}`)
	l.do("PATCH", p, `{"notify":false}`).is(200, "{}")
	l.do("GET", "/conversations/c1", "").has(`"bob":{"access":"ReadWrite","notify":false}`)
	if email() != first {
		t.Error("the address changed without cause")
	}
	l.do("PUT", p, `{"access":"None"}`).wrong("access")
	l.do("PATCH", p, `{"access":"None"}`).is(200, "{}")
	l.do("GET", p+"/email", "").is(404)
	l.do("PATCH", p, `{"access":"ReadWrite"}`).is(200, "{}")
	if email() == first {
		t.Error("a dead address came back")
	}
	l.do("PUT", p, `{"access":"Full"}`).wrong("access")
	l.do("PUT", p, `{"notify":"Sometimes"}`).wrong("notify")
	l.do("PUT", p, `{"notify":1}`).wrong("notify")
	l.do("PATCH", "/conversations/c1/participants/nobody", `{"access":"Read"}`).is(404)
	l.do("PUT", "/conversations/none/participants/bob", "").is(404)
	l.do("GET", "/conversations/none/participants/bob/email", "").is(404)
	for range 2 {
		l.do("DELETE", p, "").is(200, "{}")
	}
	l.do("GET", "/conversations/c1", "").has(`"participants":{"ann":{"access":"ReadWrite","notify":`)
	l.do("GET", "/users/bob/conversations", "").is(200, `{"data":[]}`)
	l.do("DELETE", "/conversations/c1/participants/ann", "").is(200)
	l.do("GET", "/conversations/c1", "").is(200).has(`"participants":{}`)
}
