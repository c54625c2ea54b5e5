package api

import (
	"fmt"
	"testing"
	"time"
)

// TestVersions: what a list of conversations is, by the version that is asked for.
func TestVersions(t *testing.T) {
	l := newLab(t)
	for _, c := range []string{"old", "mid", "new"} {
		l.do("PUT", "/conversations/"+c, `{"participants":["ann","bob"]}`).is(200)
		for made := time.Now().UnixMilli(); time.Now().UnixMilli() == made; { // creation times are told apart by the millisecond
		}
	}
	l.do("POST", "/conversations/old/messages", `[{"text":"x","sender":"ann","type":"UserMessage"}]`).is(200)
	l.do("DELETE", "/conversations/mid/participants/bob", "").is(200)
	all := func(path, version, want string) {
		t.Helper()
		if got := fmt.Sprint(l.do("GET", path, "", "TalkJS-REST-Version", version).is(200).ids()); got != want {
			t.Errorf("%s in %q: %s, want %s", path, version, got, want)
		}
	}
	for _, v := range []string{"", "2024-01-01", "2021-07-30", "2021-02-09", "2031-01-01", "latest", "2021-7-30", "v1"} {
		all("/conversations", v, "[old new mid]")
		all("/conversations?orderBy=createdAt&orderDirection=ASC", v, "[old mid new]")
	}
	for _, v := range []string{"2021-01-01", "2021-02-08", "2020-01-01"} {
		all("/conversations", v, "[new mid old]")
		all("/conversations?orderBy=lastActivity&orderDirection=ASC", v, "[new mid old]")
		all("/conversations?orderBy=nonsense", v, "[new mid old]")
		all("/conversations?limit=1&startingAfter=new", v, "[mid]")
		all("/users/bob/conversations", v, "[new mid old]")
	}
	all("/users/bob/conversations", "2021-02-09", "[old new mid]")
	all("/users/bob/conversations", "2021-07-30", "[old new]")
	all("/users/bob/conversations", "2024-01-01", "[old new]") // never PUT, but takes part
	all("/users/bob/conversations", "", "[old new]")
	for v, status := range map[string]int{"": 404, "2024-01-01": 404, "2024-06-01": 404, "2023-12-31": 200, "2021-07-30": 200, "2021-01-01": 200} {
		l.do("GET", "/users/nobody/conversations", "", "TalkJS-REST-Version", v).is(status)
	}
	l.do("PUT", "/users/lonely", "").is(200)
	l.do("GET", "/users/lonely/conversations", "").is(200, `{"data":[]}`)
	// Deleting the conversation takes it out of everybody's past.
	l.do("DELETE", "/conversations/mid", "").is(200)
	all("/users/bob/conversations", "2021-02-09", "[old new]")
	// Who comes back takes part again.
	l.do("DELETE", "/conversations/old/participants/bob", "").is(200)
	l.do("PUT", "/conversations/old/participants/bob", "").is(200)
	all("/users/bob/conversations", "", "[old new]")
}
