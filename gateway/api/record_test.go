package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

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
			if err := store.PutReply(tx, "shop", r); err != nil {
				return err
			}
			d := gateway.Delivery{ID: gateway.DeliveryID(fmt.Sprintf("dlv_%d", i)), Recipient: "bob", State: gateway.DeliverySent, Bounce: 12345, Blob: "secretblob", Conversation: "c1", CreatedAt: now}
			n := gateway.Notification{ID: gateway.NotificationID(fmt.Sprintf("ntf_%d", i)), Recipient: "bob", Conversation: "c1", State: gateway.NotificationSkipped, Reason: gateway.ReasonRead}
			if err := store.AddDelivery(tx, "shop", d); err != nil {
				return err
			}
			if err := store.AddDecision(tx, "shop", n); err != nil {
				return err
			}
		}
		return nil
	})
	for path, want := range map[string]string{
		"/replies": "[rpl_3 rpl_2 rpl_1 rpl_0]", "/replies?state=held": "[rpl_3 rpl_1]", "/replies?limit=1": "[rpl_3]", "/replies?startingAfter=rpl_2": "[rpl_1 rpl_0]",
		"/replies?conversationId=c2": "[]", "/deliveries": "[dlv_3 dlv_2 dlv_1 dlv_0]", "/deliveries?state=queued": "[]", "/deliveries?recipientId=ann": "[]",
		"/replies?state=held&limit=1": "[rpl_3]", "/replies?state=held&limit=1&startingAfter=rpl_3": "[rpl_1]", "/replies?state=held&startingAfter=rpl_1": "[]",
		"/replies?conversationId=c1": "[rpl_3 rpl_2 rpl_1 rpl_0]", "/replies?conversationId=c1&state=held&startingAfter=rpl_2": "[rpl_1]",
		"/replies?state=hel": "[]", "/replies?state=rejected&conversationId=c2": "[]", "/replies?state=held&startingAfter=rpl_2": "[rpl_1]",
		"/deliveries?recipientId=bob&limit=2": "[dlv_3 dlv_2]", "/deliveries?recipientId=bob&startingAfter=dlv_2": "[dlv_1 dlv_0]",
		"/deliveries?state=sent&limit=1&startingAfter=dlv_3": "[dlv_2]", "/deliveries?recipientId=bob&state=queued": "[]",
		"/deliveries?conversationId=c1&state=sent&limit=3": "[dlv_3 dlv_2 dlv_1]", "/deliveries?conversationId=c2": "[]",
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
	for path, want := range map[string]string{
		"/replies?state=held": "[]", "/replies?state=posted": "[rpl_1 rpl_0]", "/replies?state=rejected": "[rpl_3 rpl_2]",
		"/replies?state=rejected&startingAfter=rpl_3": "[rpl_2]", "/replies?conversationId=c1&state=posted&limit=1": "[rpl_1]",
	} {
		if got := fmt.Sprint(l.do("GET", path, "").is(200).ids()); got != want {
			t.Errorf("decided about, %s: %s, want %s", path, got, want)
		}
	}
	l.do("POST", "/replies/none/approve", "").is(404)
	l.do("GET", "/conversations/c1/messages", "").has(`"text":"Words 1"`, `"origin":"email"`)
	if a := l.do("GET", "/conversations/c1/messages", ""); strings.Contains(a.body, "Words 3") {
		t.Errorf("a rejected reply was posted: %s", a.body)
	}
}
