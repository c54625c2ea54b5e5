package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
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

// TestPresence: who is here, and what they look at.
func TestPresence(t *testing.T) {
	l := newLab(t).populate()
	l.do("GET", "/users/ann/sessions", "").is(200, "[]")
	l.do("PUT", "/users/ann/presence", `{"online":true,"selectedConversationId":"c1","isTyping":true,"user":{"name":"Anna"}}`).is(200, "{}")
	l.do("GET", "/users/ann/sessions", "").is(200, `[{"isTyping":true,"currentConversationId":"c1"}]`)
	l.do("GET", "/users/ann", "").has(`"name":"Anna"`)
	l.do("PUT", "/users/ann/presence", `{"selectedConversationId":null,"isTyping":false}`).is(200)
	l.do("GET", "/users/ann/sessions", "").is(200, `[{"isTyping":false,"currentConversationId":null}]`)
	if got := l.do("GET", "/users?isOnline=true", "").is(200).ids(); !slices.Equal(got, []string{"ann"}) {
		t.Errorf("online are %v", got)
	}
	l.do("PUT", "/users/ann/presence", `{"online":false}`).is(200)
	l.do("GET", "/users/ann/sessions", "").is(200, "[]")
	l.do("GET", "/users?isOnline=true", "").is(200, `{"data":[]}`)
	for _, ttl := range []string{"0", "-1", "86401", `"x"`} {
		l.do("PUT", "/users/ann/presence", `{"ttl":`+ttl+`}`).wrong("ttl")
	}
	l.do("PUT", "/users/ann/presence", `{"user":{"email":"bad"}}`).is(400)
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

// TestRecords: the lists of what was decided, sent and received.
func TestRecords(t *testing.T) {
	l := newLab(t).populate()
	now := time.Now()
	l.update(func(tx store.Tx) error {
		for i, st := range []gateway.ReplyState{gateway.ReplyPosted, gateway.ReplyHeld, gateway.ReplyRejected, gateway.ReplyHeld} {
			r := gateway.Reply{
				ID: gateway.ReplyID(fmt.Sprintf("rpl_%d", i)), Conversation: "c1", Participant: "bob", State: st, ReceivedAt: now, UpdatedAt: now,
				MessageID: fmt.Sprintf("%d@x.test", i), Content: &gateway.ReplyContent{Text: fmt.Sprint("Words ", i)}, Digest: fmt.Sprint(i),
			}
			if err := store.Replies.Put(tx, store.AppKey("shop").String(string(r.ID)), r); err != nil {
				return err
			}
			d := gateway.Delivery{ID: gateway.DeliveryID(fmt.Sprintf("dlv_%d", i)), Recipient: "bob", State: gateway.DeliverySent, Bounce: 12345, Blob: "secretblob", Conversation: "c1"}
			n := gateway.Notification{ID: gateway.NotificationID(fmt.Sprintf("ntf_%d", i)), Recipient: "bob", Conversation: "c1", State: gateway.NotificationSkipped, Reason: gateway.ReasonRead}
			if err := store.Mails.Put(tx, store.AppKey("shop").String(string(d.ID)), d); err != nil {
				return err
			}
			if err := store.Decisions.Put(tx, store.AppKey("shop").String(string(n.ID)), n); err != nil {
				return err
			}
			at := store.UserKey("shop", "bob").String(string(n.ID))
			if err := store.DecisionsOf.Put(tx, at, store.DecisionPlace{Notification: n.ID}); err != nil {
				return err
			}
		}
		return nil
	})
	for path, want := range map[string]string{
		"/replies": "[rpl_3 rpl_2 rpl_1 rpl_0]", "/replies?state=held": "[rpl_3 rpl_1]", "/replies?limit=1": "[rpl_3]", "/replies?startingAfter=rpl_2": "[rpl_1 rpl_0]",
		"/replies?conversationId=c2": "[]", "/deliveries": "[dlv_3 dlv_2 dlv_1 dlv_0]", "/deliveries?state=queued": "[]", "/deliveries?recipientId=ann": "[]",
		"/notifications?recipientId=bob&limit=2": "[ntf_3 ntf_2]", "/notifications?conversationId=null": "[ntf_3 ntf_2 ntf_1 ntf_0]",
	} {
		a := l.do("GET", path, "").is(200)
		if got := fmt.Sprint(a.ids()); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
		if strings.Contains(a.body, "secretblob") || strings.Contains(a.body, "12345") {
			t.Errorf("%s tells secrets: %s", path, a.body)
		}
	}
	l.do("GET", "/notifications?limit=1", "").has(`"reason":"read"`, `"sentence":"The messages were read`)

	l.do("GET", "/conversations/c1/participants/bob/email", "").is(200) // a live address
	l.do("POST", "/replies/rpl_1/approve", "").is(200).has(`"state":"posted"`)
	l.do("POST", "/replies/rpl_1/approve", "").is(409)
	l.do("POST", "/replies/rpl_1/reject", "").is(409)
	l.do("POST", "/replies/rpl_3/reject", "").is(200).has(`"state":"rejected"`)
	l.do("POST", "/replies/none/approve", "").is(404)
	l.do("GET", "/conversations/c1/messages", "").has(`"text":"Words 1"`, `"origin":"email"`)
	if a := l.do("GET", "/conversations/c1/messages", ""); strings.Contains(a.body, "Words 3") {
		t.Errorf("a rejected reply was posted: %s", a.body)
	}
}
