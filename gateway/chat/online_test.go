package chat_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// TestOnlineList: who is online is listed, renewed sessions stay, those that
// ended by themselves go with EndSessions, and lists are right before it.
func TestOnlineList(t *testing.T) {
	h := newHouse(t)
	be := func(u gateway.UserID, p chat.PresencePatch) {
		t.Helper()
		h.ok(h.SetPresence(h.ctx, "shop", u, p))
	}
	ttl := func(seconds float64) chat.PresencePatch { return chat.PresencePatch{TTL: chat.Give(seconds)} }
	expect := func(step string, online string, listed, ends int) {
		t.Helper()
		us, err := h.Users(h.ctx, "shop", chat.UsersQuery{Limit: 100, Online: true})
		h.ok(err)
		var ids []gateway.UserID
		for _, u := range us {
			ids = append(ids, u.ID)
		}
		slices.Sort(ids)
		ps, err := h.Presences(h.ctx, "shop", chat.PresencesQuery{})
		h.ok(err)
		if fmt.Sprint(ids) != online || len(ps) != len(ids) {
			t.Errorf("%s: online are %v (%d by presences), want %s", step, ids, len(ps), online)
		}
		if a, b := h.rows(store.Online.Table, nil), h.rows(store.SessionEnds.Table, nil); a != listed || b != ends {
			t.Errorf("%s: %d listed and %d ends, want %d and %d", step, a, b, listed, ends)
		}
	}
	for _, u := range []gateway.UserID{"u1", "u2", "u3"} {
		h.user(u, `{}`)
		be(u, ttl(60))
	}
	expect("begun", "[u1 u2 u3]", 3, 3)
	be("u1", chat.PresencePatch{Online: chat.Give(false)})
	h.now = h.now.Add(30 * time.Second)
	be("u2", ttl(60)) // renewed
	be("u2", ttl(60))
	h.now = h.now.Add(31 * time.Second)
	expect("u3 has ended by itself", "[u2]", 2, 3)
	h.ok(h.EndSessions(h.ctx))
	expect("swept", "[u2]", 1, 1)
	h.now = h.now.Add(time.Hour)
	be("u3", ttl(60))
	expect("u3 is back", "[u3]", 2, 2)
	h.ok(h.EndSessions(h.ctx))
	expect("swept again", "[u3]", 1, 1)
	h.now = h.now.Add(time.Hour)
	h.ok(h.EndSessions(h.ctx))
	expect("nobody", "[]", 0, 0)
}
