package chat_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// TestConversationsInOrder pages through an app's conversations both ways, by
// activity and by creation, while messages move them.
func TestConversationsInOrder(t *testing.T) {
	h := newHouse(t)
	h.talk()
	for i := range 7 {
		h.now = h.now.Add(time.Second)
		h.put(gateway.ConversationID(fmt.Sprint("r", i)), `{"participants":["ann","bob"],"custom":{"parity":"`+fmt.Sprint(i%2)+`"}}`)
	}
	for _, c := range []gateway.ConversationID{"r3", "r0", "r3"} {
		h.now = h.now.Add(time.Second)
		h.say(c, "ann", "hello")
	}
	h.ok(h.DeleteConversation(h.ctx, "shop", "r5"))
	last := h.now
	for _, c := range []struct {
		q    chat.ConversationsQuery
		want string
	}{
		{chat.ConversationsQuery{}, "[r3 r0 r6 r4 r2 r1 c1]"},
		{chat.ConversationsQuery{Ascending: true}, "[c1 r1 r2 r4 r6 r0 r3]"},
		{chat.ConversationsQuery{OrderBy: chat.ByCreatedAt}, "[r6 r4 r3 r2 r1 r0 c1]"},
		{chat.ConversationsQuery{OrderBy: chat.ByCreatedAt, Ascending: true}, "[c1 r0 r1 r2 r3 r4 r6]"},
		{chat.ConversationsQuery{Custom: map[string]string{"parity": "0"}}, "[r0 r6 r4 r2]"},
		{chat.ConversationsQuery{Offset: last}, "[r0 r6 r4 r2 r1 c1]"},
		{chat.ConversationsQuery{LastMessageAfter: last.Add(-time.Second)}, "[r3]"},
		{chat.ConversationsQuery{LastMessageBefore: last}, "[r0]"},
		{chat.ConversationsQuery{StartingAfter: "r4"}, "[r2 r1 c1]"},
	} {
		for _, limit := range []int{2, 100} {
			var got []gateway.ConversationID
			q := c.q
			for {
				q.Limit = limit
				page, err := h.Conversations(h.ctx, "shop", q)
				h.ok(err)
				for _, conv := range page {
					got = append(got, conv.ID)
				}
				if len(page) < limit {
					break
				}
				q.StartingAfter = page[len(page)-1].ID
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("%+v by %d: %v, want %s", c.q, limit, got, c.want)
			}
		}
	}
	if n := h.rows(store.Listing.Table, nil); n != 2*7 {
		t.Errorf("%d places for 7 conversations", n)
	}
	if _, err := h.Conversations(h.ctx, "shop", chat.ConversationsQuery{StartingAfter: "no"}); wrongField(err) != "startingAfter" {
		t.Errorf("got %v", err)
	}
	var invalid chat.Invalid
	if _, err := h.Conversations(h.ctx, "shop", chat.ConversationsQuery{StartingAfter: "r5"}); !errors.As(err, &invalid) {
		t.Errorf("after a deleted one: %v", err)
	}
}
