package api

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway/store"
)

// TestMessages: posted, shown with every key, newest first, edited, deleted.
func TestMessages(t *testing.T) {
	l := newLab(t).populate()
	ids := l.do("POST", "/conversations/c1/messages", `[
		{"text":"One","sender":"ann","type":"UserMessage","custom":{"a":"1"}},
		{"text":"Two","type":"SystemMessage","sender":"ann"},
		{"text":"Three","sender":"bob","type":"UserMessage","referencedMessageId":"msg_x","attachment":{"url":"https://x.test/a.png","size":5,"name":"a.png"}},
		{"location":[1.5,2.5],"sender":"ann","type":"UserMessage"}]`).is(200).posted()
	if len(ids) != 4 || !strings.HasPrefix(ids[0], "msg_") {
		t.Fatalf("posted %v", ids)
	}
	list := l.do("GET", "/conversations/c1/messages", "").is(200).ids()
	back := slices.Clone(ids)
	slices.Reverse(back)
	if !slices.Equal(list, back) {
		t.Errorf("listed %v, posted %v", list, ids)
	}
	a := l.do("GET", "/conversations/c1/messages/"+ids[0], "").is(200)
	want := []string{"id", "conversationId", "senderId", "type", "origin", "text", "attachment", "location", "custom", "readBy", "referencedMessageId", "createdAt", "editedAt"}
	if got := keys(t, a.body); len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("keys %v", got)
	}
	a.has(`"origin":"rest"`, `"attachment":null`, `"location":null`, `"custom":{"a":"1"}`, `"readBy":[]`, `"editedAt":null`)
	l.do("GET", "/conversations/c1/messages/"+ids[1], "").has(`"senderId":null`, `"type":"SystemMessage"`)
	l.do("GET", "/conversations/c1/messages/"+ids[2], "").has(`"attachment":{"url":"https://x.test/a.png","size":5,"name":"a.png"}`, `"referencedMessageId":"msg_x"`)
	l.do("GET", "/conversations/c1/messages/"+ids[3], "").has(`"text":""`, `"location":[1.5,2.5]`)

	l.do("PUT", "/conversations/c1/messages/"+ids[0], `{"custom":{"b":"2"}}`).is(200, "{}")
	l.do("GET", "/conversations/c1/messages/"+ids[0], "").has(`"editedAt":null`, `"custom":{"a":"1","b":"2"}`)
	l.do("POST", "/conversations/c1/messages/"+ids[0], `{"text":"Uno"}`).is(200, "{}")
	if a := l.do("GET", "/conversations/c1/messages/"+ids[0], "").has(`"text":"Uno"`); strings.Contains(a.body, `"editedAt":null`) {
		t.Errorf("an edited message: %s", a.body)
	}
	l.do("DELETE", "/conversations/c1/messages/"+ids[3], "").is(200, "{}")
	l.do("DELETE", "/conversations/c1/messages/"+ids[3], "").is(404)
	l.do("GET", "/conversations/c1/messages/"+ids[3], "").is(404)
	l.do("GET", "/conversations/c1", "").has(`"lastMessage":{"id":"` + ids[2])

	l.do("POST", "/conversations/c1/readBy/bob", "").is(200, "{}")
	l.do("GET", "/conversations/c1/messages/"+ids[0], "").has(`"readBy":["bob"]`)
	l.do("GET", "/conversations/c1/messages/"+ids[2], "").has(`"readBy":[]`) // never the sender
}

// TestMessagesRefused: 400 names what is wrong with which; nothing is posted.
func TestMessagesRefused(t *testing.T) {
	l := newLab(t).populate()
	for body, field := range map[string]string{
		`[{"text":"x","type":"UserMessage"}]`:                                                                                               "[0].sender",
		`[{"text":"x","sender":"eve","type":"UserMessage"}]`:                                                                                "[0].sender",
		`[{"text":"x","sender":"ann","type":"UserMessage"},{"text":"y","sender":"zoe","type":"UserMessage"}]`:                               "[1].sender",
		`[{"text":"x","sender":"ann","type":"Message"}]`:                                                                                    "[0].type",
		`[{"sender":"ann","type":"UserMessage"}]`:                                                                                           "[0].text",
		`[{"text":null,"sender":"ann","type":"UserMessage"}]`:                                                                               "[0].text",
		`[{"text":"` + strings.Repeat("x", 65537) + `","sender":"ann","type":"UserMessage"}]`:                                               "[0].text",
		"[" + strings.Repeat(`{"text":"x","sender":"ann","type":"UserMessage"},`, 10) + `{"text":"x","sender":"ann","type":"UserMessage"}]`: "messages",
	} {
		a := l.do("POST", "/conversations/c1/messages", body)
		a.call = a.call[:min(len(a.call), 120)]
		a.wrong(field)
	}
	l.do("POST", "/conversations/c1/messages", `[{"text":5,"sender":"ann"}]`).is(400).has("text")
	l.do("POST", "/conversations/none/messages", `[{"text":"x","sender":"ann","type":"UserMessage"}]`).is(404)
	l.do("GET", "/conversations/none/messages", "").is(404)
	l.do("GET", "/conversations/c1/messages", "").is(200, `{"data":[]}`)
	// Access binds people, not the backend.
	l.do("PATCH", "/conversations/c1/participants/ann", `{"access":"Read"}`).is(200)
	l.say("I may only read")
}

// TestIdempotency: the same call is done once; another one under the same key
// is refused.
func TestIdempotency(t *testing.T) {
	l := newLab(t).populate()
	l.do("PUT", "/conversations/c2", `{"participants":["ann"]}`).is(200)
	one, two := `[{"text":"One","sender":"ann","type":"UserMessage"}]`, `[{"text":"Two","sender":"ann","type":"UserMessage"}]`
	a := l.do("POST", "/conversations/c1/messages", one, "Idempotency-Key", "k1").is(200)
	l.do("POST", "/conversations/c1/messages", one, "Idempotency-Key", "k1").is(200, a.body)
	l.do("POST", "/conversations/c1/messages", two, "Idempotency-Key", "k1").is(422)
	l.do("POST", "/conversations/c2/messages", one, "Idempotency-Key", "k1").is(422) // another call
	l.do("POST", "/conversations/c1/messages", two, "Idempotency-Key", "k2").is(200)
	l.do("POST", "/conversations/c1/messages", one, "Idempotency-Key", strings.Repeat("k", 256)).is(400)
	// A call that failed did nothing, and its key is free.
	l.do("POST", "/conversations/none/messages", one, "Idempotency-Key", "k3").is(404)
	l.do("POST", "/conversations/c1/messages", two, "Idempotency-Key", "k3").is(200)
	if n := len(l.do("GET", "/conversations/c1/messages", "").ids()); n != 3 {
		t.Errorf("%d messages", n)
	}
	// In the message itself.
	m := `[{"text":"x","sender":"ann","type":"UserMessage","idempotencyKey":"m1"},{"text":"y","sender":"ann","type":"UserMessage","idempotencyKey":"m2"}]`
	a = l.do("POST", "/conversations/c1/messages", m).is(200)
	l.do("POST", "/conversations/c1/messages", m).is(200, a.body)
	if n := len(l.do("GET", "/conversations/c1/messages", "").ids()); n != 5 {
		t.Errorf("%d messages", n)
	}
	// A day later the key is forgotten.
	l.update(func(tx store.Tx) error {
		return store.Idempotencies.Scan(tx, store.Range{}, func(k store.Key, v store.Idempotency) (bool, error) {
			v.At = v.At.Add(-25 * time.Hour)
			return true, store.Idempotencies.Put(tx, k, v)
		})
	})
	l.do("POST", "/conversations/c1/messages", two, "Idempotency-Key", "k1").is(200)
}

// TestReading: unread until read, in the list of a user's conversations.
func TestReading(t *testing.T) {
	l := newLab(t).populate()
	first := l.say("One")
	l.say("Two")
	l.do("GET", "/users/bob/conversations", "").is(200).has(`"isUnread":true`)
	l.do("GET", "/users/ann/conversations", "").is(200).has(`"isUnread":false`)
	l.do("PATCH", "/users/bob/conversations/c1", `{"readUntil":"`+first+`"}`).is(200, "{}")
	l.do("GET", "/conversations/c1/messages/"+first, "").has(`"readBy":["bob"]`)
	if got := l.do("GET", "/users/bob/conversations?unreadsOnly=true", "").ids(); len(got) != 1 {
		t.Errorf("unread are %v", got)
	}
	l.do("PATCH", "/users/bob/conversations/c1", `{"unread":false}`).is(200, "{}")
	l.do("GET", "/users/bob/conversations?unreadsOnly=true", "").is(200, `{"data":[]}`)
	l.do("PATCH", "/users/bob/conversations/c1", `{"readUntil":"msg_none"}`).is(404)
	l.do("PATCH", "/users/bob/conversations/none", `{"unread":false}`).is(404)
	l.do("POST", "/conversations/c1/readBy/stranger", "").is(404)
}
