package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestImport: any order of time, listed by time, and nobody is told.
func TestImport(t *testing.T) {
	l := newLab(t).populate()
	live := l.say("Today")
	var events struct{ Data []struct{ ID string } }
	l.do("GET", "/events?limit=100", "").into(&events)
	told := len(events.Data)
	path := "/import/conversations/c1/messages"
	ids := l.do("POST", path, `[
		{"text":"Third","sender":"ann","type":"UserMessage","timestamp":1509132692706,"readBy":["bob","ann","bob"]},
		{"text":"First","sender":"bob","type":"UserMessage","timestamp":1409132622706,"readBy":[],"custom":{"a":"1"}},
		{"text":"Second","sender":"bob","createdAt":1409132622707.0,"readBy":["stranger"]},
		{"text":"Second too","type":"SystemMessage","timestamp":1409132622707,"createdAt":1},
		{"text":"Second again","sender":"ann","type":"UserMessage","timestamp":1409132622707,"attachment":{"url":"https://x.test/f","name":"f","size":1}}
	]`).is(200).posted()
	want := []string{live, ids[0], ids[4], ids[3], ids[2], ids[1]}
	if got := l.do("GET", "/conversations/c1/messages", "").ids(); !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	if got := l.do("GET", "/conversations/c1/messages?limit=2&startingAfter="+ids[4], "").ids(); !slices.Equal(got, want[3:5]) {
		t.Errorf("a page is %v", got)
	}
	l.do("GET", "/conversations/c1/messages/"+ids[0], "").is(200).has(`"origin":"import"`, `"createdAt":1509132692706`, `"readBy":["bob"]`, `"text":"Third"`, `"senderId":"ann"`, `"editedAt":null`)
	l.do("GET", "/conversations/c1/messages/"+ids[1], "").has(`"readBy":[]`, `"custom":{"a":"1"}`)
	l.do("GET", "/conversations/c1", "").has(`"lastMessage":{"id":"` + live)
	l.do("GET", "/events?limit=100", "").into(&events)
	if len(events.Data) != told {
		t.Errorf("importing made %d events", len(events.Data)-told)
	}
	// Importing twice is there twice, but for the same Idempotency-Key.
	one := `[{"text":"x","sender":"ann","timestamp":1}]`
	a := l.do("POST", path, one, "Idempotency-Key", "k").is(200)
	l.do("POST", path, one, "Idempotency-Key", "k").is(200, a.body)
	l.do("POST", path, one).is(200)
	if n := len(l.do("GET", "/conversations/c1/messages", "").ids()); n != 8 {
		t.Errorf("%d messages", n)
	}
	l.do("POST", path, "[]").is(200, "[]")
}

// TestImportedReading: who has read what was imported.
func TestImportedReading(t *testing.T) {
	l := newLab(t).populate()
	unread := func(user string) bool {
		return len(l.do("GET", "/users/"+user+"/conversations?unreadsOnly=true", "").is(200).ids()) == 1
	}
	put := func(readBy string, at int) string {
		return l.do("POST", "/import/conversations/c1/messages", fmt.Sprintf(`[{"text":"x","sender":"ann","timestamp":%d,"readBy":%s}]`, at, readBy)).is(200).posted()[0]
	}
	put(`["bob"]`, 1000)
	if unread("bob") || unread("ann") {
		t.Error("what bob has read is unread")
	}
	last := put(`[]`, 2000)
	if !unread("bob") || unread("ann") {
		t.Error("what bob has not read is read")
	}
	l.do("PATCH", "/users/bob/conversations/c1", `{"readUntil":"`+last+`"}`).is(200)
	if unread("bob") {
		t.Error("bob read it")
	}
}

// TestImportRefused: 400 names what is wrong with which; nothing is kept.
func TestImportRefused(t *testing.T) {
	l := newLab(t).populate()
	one := `{"text":"x","sender":"ann","type":"UserMessage","timestamp":1000}`
	for body, field := range map[string]string{
		`[` + one + `,{"text":"x","sender":"ann","type":"UserMessage"}]`: "[1].timestamp",
		`[{"text":"x","sender":"ann","timestamp":null}]`:                 "[0].timestamp",
		`[{"text":"x","sender":"ann","timestamp":-1}]`:                   "[0].timestamp",
		`[{"text":"x","sender":"ann","timestamp":1e18}]`:                 "[0].timestamp",
		`[{"text":"x","sender":"ann","timestamp":"2020-01-01"}]`:         "timestamp",
		`[{"text":"x","sender":"eve","timestamp":1}]`:                    "[0].sender",
		`[{"text":"x","timestamp":1}]`:                                   "[0].sender",
		`[{"text":"x","sender":"ann","timestamp":1,"type":"Import"}]`:    "[0].type",
		`[{"text":"x","sender":"ann","timestamp":1,"readBy":"bob"}]`:     "readBy",
		`[{"sender":"ann","timestamp":1}]`:                               "[0].text",
		"[" + strings.Repeat(one+",", 10) + one + "]":                    "messages",
		`{}`: "body",
	} {
		a := l.do("POST", "/import/conversations/c1/messages", body)
		if a.status != 400 || !strings.Contains(a.body, field+`":[`) {
			t.Errorf("%.90s: %d %s, want %s named", body, a.status, a.body, field)
		}
	}
	l.do("POST", "/import/conversations/none/messages", "["+one+"]").is(404)
	l.do("POST", "/import/conversation/c1/messages", "["+one+"]").is(404)
	l.do("GET", "/conversations/c1/messages", "").is(200, `{"data":[]}`)
}
