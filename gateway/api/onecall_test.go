package api

import (
	"encoding/json"
	"strings"
	"testing"
)

const callBody = `{
	"conversationId": "order 7", "conversation": {"subject": "Order 7"}, "access": "ReadWrite",
	"recipient": {"id": "bob", "name": "Bob", "email": "bob@people.test", "locale": "fr"},
	"messages": [
		{"id": "m-1", "text": "Hello Bob", "sender": {"id": "ann", "name": "Ann"}},
		{"id": "m-2", "text": "Are you there?", "sender": "ann", "type": "UserMessage"}
	]}`

// TestOneCall: nothing is known before; all comes back by the caller's own ids.
func TestOneCall(t *testing.T) {
	l := newLab(t)
	var out told
	l.do("POST", "/notifications", callBody).is(200).into(&out)
	if out.ConversationID != "order 7" || out.RecipientID != "bob" || !strings.HasSuffix(out.ReplyTo, "@reply.example.com") || len(out.Messages) != 2 || out.Messages[0].ID != "m-1" || out.Messages[1].ID != "m-2" {
		t.Errorf("%+v", out)
	}
	l.do("GET", "/conversations/order%207/participants/bob/email", "").is(200, `{"emailAddress":"`+out.ReplyTo+`"}`)
	l.do("GET", "/conversations/order%207", "").is(200).has(`"subject":"Order 7"`, `"participants":{"bob":{"access":"ReadWrite","notify":true}}`, `"lastMessage":{"id":"m-2"`)
	l.do("GET", "/users/ann", "").is(200).has(`"name":"Ann"`, `"email":null`)
	l.do("GET", "/users/bob", "").is(200).has(`"locale":"fr"`, `"email":["bob@people.test"]`)
	// The same again tells nothing again; what is new is added.
	l.do("POST", "/notifications", callBody).is(200).has(`"messages":[{"id":"m-1"},{"id":"m-2"}]`)
	if n := len(l.do("GET", "/conversations/order%207/messages", "").ids()); n != 2 {
		t.Errorf("%d messages", n)
	}
	l.do("POST", "/notifications", `{"conversation":"order 7","recipient":"bob","access":"Read","messages":[{"text":"One more","sender":"ann"}]}`).is(200).has(`"messages":[{"id":"msg_`)
	l.do("GET", "/conversations/order%207", "").has(`"bob":{"access":"Read"`)
	// Another person is told of the same message: it is theirs too, under an id of ours.
	l.do("POST", "/notifications", `{"conversationId":"order 7","recipient":{"id":"carl","email":"carl@people.test"},"messages":[{"id":"m-1","text":"Hello Bob","sender":"ann"}]}`).
		is(200).has(`"messages":[{"id":"msg_`)
	// The whole call once, by its key.
	a := l.do("POST", "/notifications", strings.ReplaceAll(callBody, `"id": "m-`, `"x": "m-`), "Idempotency-Key", "k").is(200)
	l.do("POST", "/notifications", strings.ReplaceAll(callBody, `"id": "m-`, `"x": "m-`), "Idempotency-Key", "k").is(200, a.body)
	l.do("POST", "/notifications", callBody, "Idempotency-Key", "k").is(422)
}

// TestOneCallRefused: 400 names what is wrong; nothing is made.
func TestOneCallRefused(t *testing.T) {
	l := newLab(t)
	for change, field := range map[string]string{
		`"conversationId":5`: "conversationId", `"conversationId":""`: "conversationId", `"conversationId":null,"conversation":null`: "conversationId",
		`"conversation":{"subject":5}`: "conversation.subject", `"conversation":5`: "conversation",
		`"recipient":null`: "recipient", `"recipient":{"email":"x@y.test"}`: "recipient", `"recipient":"stranger"`: "recipient.email",
		`"recipient":{"id":"b","email":[]}`: "recipient.email", `"recipient":{"id":"b","email":5}`: "recipient.email", `"recipient":{"id":"b","email":["x"]}`: "email[0]",
		`"access":"None"`: "access", `"access":"Full"`: "access", `"access":5`: "access",
		`"messages":[]`: "messages", `"messages":{}`: "messages", `"messages":null`: "messages", `"messages":[5]`: "messages[0]",
		`"messages":[{"text":"x"}]`: "[0].sender", `"messages":[{"text":"x","sender":{"id":"ann","name":5}}]`: "messages[0].sender.name", `"messages":[{"text":5,"sender":"ann"}]`: "messages[0].text",
		`"messages":[{"text":"x","sender":"ann","id":5}]`: "messages[0].id", `"messages":[{"text":"x","sender":"ann","type":"Shout"}]`: "[0].type",
		`"messages":[` + strings.Repeat(`{"text":"x","sender":"ann"},`, 10) + `{"text":"x","sender":"ann"}]`: "messages",
	} {
		var body, with map[string]json.RawMessage
		l.ok(json.Unmarshal([]byte(callBody), &body))
		l.ok(json.Unmarshal([]byte("{"+change+"}"), &with))
		for k, v := range with {
			body[k] = v
		}
		b, err := json.Marshal(body)
		l.ok(err)
		if a := l.do("POST", "/notifications", string(b)); a.status != 400 || !strings.Contains(a.body, `"`+field+`":[`) {
			t.Errorf("%.80s: %d %s, want %s named", change, a.status, a.body, field)
		}
	}
	l.do("GET", "/conversations", "").is(200, `{"data":[]}`)
	l.do("GET", "/users", "").is(200, `{"data":[]}`)
}
