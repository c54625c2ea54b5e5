package api

import (
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// testKey makes a test key of the shop.
func (l *lab) testKey() string {
	l.Helper()
	var k struct{ Secret string }
	l.do("POST", "/keys", `{"test":true}`).is(200).into(&k)
	return k.Secret
}

// TestTestKeyMarks: everything that mails come of is marked when a test key asks
// for it, and only then.
func TestTestKeyMarks(t *testing.T) {
	l := newLab(t).populate()
	keys := map[bool]string{false: l.key, true: l.testKey()}
	as := func(test bool, method, path, body string) answer {
		t.Helper()
		return l.raw(method, "/v1/shop"+path, keys[test], body)
	}
	addresses := map[bool]string{}
	for test := range keys {
		who := map[bool]string{true: "test", false: "live"}[test]
		as(test, "POST", "/conversations/c1/messages", `[{"text":"posted `+who+`","sender":"ann","type":"UserMessage","idempotencyKey":"k"}]`).is(200)
		as(test, "POST", "/notifications", `{"conversationId":"c1","recipient":{"id":"bob","email":"bob@people.test"},"messages":[{"id":"m1","text":"called `+who+`","sender":"ann"}]}`).is(200)
		as(test, "POST", "/batch", `[[1,"POST","/conversations/c1/messages",[{"text":"batched `+who+`","sender":"ann","type":"UserMessage"}]]]`).is(200).has("[[1,200,")
		addresses[test] = as(test, "GET", "/conversations/c1/participants/bob/email", "").is(200).body
		as(test, "POST", "/conversations/c1/notifications", "{}").is(200)
	}
	if addresses[true] == addresses[false] {
		t.Error("test mails have the reply address of the others")
	}
	found := map[string]bool{}
	var conv gateway.Conversation
	l.ok(l.engine.View(t.Context(), func(rd store.Reader) (err error) {
		if conv, err = chat.LoadConversation(rd, "shop", "c1"); err != nil {
			return err
		}
		return store.Messages.Scan(rd, store.Range{Prefix: store.ConversationKey("shop", "c1")}, func(_ store.Key, m gateway.Message) (bool, error) {
			found[m.Text] = true
			if m.Test != strings.HasSuffix(m.Text, "test") {
				t.Errorf("%s: test %v", m.Text, m.Test)
			}
			return true, nil
		})
	}))
	for _, text := range []string{"posted live", "posted test", "called live", "called test", "batched live", "batched test"} {
		if !found[text] {
			t.Errorf("%s is not posted: %v", text, found)
		}
	}
	if conv.Forced == 0 || conv.TestForced == 0 || conv.Forced == conv.TestForced {
		t.Errorf("forced up to %d, tests up to %d", conv.Forced, conv.TestForced)
	}
}

// TestTestKeyDecidesAboutTests: a held reply that a person wrote is not a test
// key's to post.
func TestTestKeyDecidesAboutTests(t *testing.T) {
	l := newLab(t).populate()
	key := l.testKey()
	l.hold("c1", "bob")
	for _, what := range []string{"approve", "reject"} {
		if a := l.raw("POST", "/v1/shop/replies/rpl_1/"+what, key, ""); a.status != 409 || !strings.Contains(a.body, "live key") {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	l.update(func(tx store.Tx) error {
		k := store.AppKey("shop").String("rpl_1")
		r, err := store.Replies.Get(tx, k)
		r.Test = true
		if err != nil {
			return err
		}
		return store.Replies.Put(tx, k, r)
	})
	l.raw("POST", "/v1/shop/replies/rpl_1/reject", key, "").is(200)
	l.raw("GET", "/v1/shop/mails", key, "").is(200, `{"data":[]}`)
	l.raw("POST", "/v1/shop/notifications/run", key, "").is(200, `{"conversations":0}`)
}
