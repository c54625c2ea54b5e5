package chat_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/wire"
)

// TestPutUserMerges goes through a user's life, PUT by PUT; each row shows the
// keys that a GET then has different from a new user's.
func TestPutUserMerges(t *testing.T) {
	h := newHouse(t)
	for i, c := range []struct{ put, want string }{
		{`{}`, `{}`},
		{`{"name":"Ann","email":"Ann@Example.com","role":"buyer","custom":{"a":"1","b":"2"}}`,
			`{"name":"Ann","email":["Ann@Example.com"],"role":"buyer","custom":{"a":"1","b":"2"}}`},
		{`{"email":["x@example.com",null,""," y@example.com "]}`,
			`{"name":"Ann","email":["x@example.com","y@example.com"],"role":"buyer","custom":{"a":"1","b":"2"}}`},
		{`{"custom":{"a":null,"c":"3"},"configuration":"seller","phone":"+331"}`,
			`{"name":"Ann","email":["x@example.com","y@example.com"],"role":"seller","custom":{"b":"2","c":"3"},"phone":["+331"]}`},
		{`{"email":null,"phone":null,"role":"","name":null,"photoUrl":null,"unheard of":[{}]}`, `{"custom":{"b":"2","c":"3"}}`},
		{`{"custom":null,"photoUrl":"not a url","locale":"xx-YY","pushTokens":{"fcm:1":true},"welcomeMessage":"hi","availabilityText":"soon"}`,
			`{"photoUrl":"not a url","locale":"xx-YY","pushTokens":{"fcm:1":true},"welcomeMessage":"hi","availabilityText":"soon"}`},
		{`{"photoUrl":null,"locale":null,"pushTokens":{"fcm:1":null},"welcomeMessage":null,"availabilityText":null}`, `{}`},
		{`{"kind":"agent","timeZone":"Europe/Paris"}`, `{"kind":"agent","timeZone":"Europe/Paris"}`},
	} {
		h.user("u 1/ä", c.put)
		u, err := h.User(h.ctx, "shop", "u 1/ä")
		h.ok(err)
		if got := differs(t, u); got != c.want && !sameJSON(t, got, c.want) {
			t.Errorf("after PUT %d %s:\n got %s\nwant %s", i, c.put, got, c.want)
		}
	}
}

// differs shows what GET has that it has not for an empty user.
func differs(t *testing.T, u gateway.User) string {
	t.Helper()
	var got, empty map[string]any
	for to, v := range map[*map[string]any]gateway.User{&got: u, &empty: {ID: u.ID, CreatedAt: u.CreatedAt}} {
		b, err := json.Marshal(wire.UserOf(v))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, to); err != nil {
			t.Fatal(err)
		}
	}
	for k, v := range empty {
		a, _ := json.Marshal(v)
		b, _ := json.Marshal(got[k])
		if string(a) == string(b) {
			delete(got, k)
		}
	}
	b, _ := json.Marshal(got)
	return string(b)
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal([]byte(a), &x), json.Unmarshal([]byte(b), &y)); err != nil {
		t.Fatal(err)
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}

func TestPutUserRefuses(t *testing.T) {
	h := newHouse(t)
	for body, field := range map[string]string{
		`{"name":5}`:                           "name",
		`{"email":{"a":1}}`:                    "email",
		`{"email":[5]}`:                        "email",
		`{"email":["a@b.example","nonsense"]}`: "email[1]",
		`{"email":"a@b.example> SIZE=1"}`:      "email[0]",
		`{"custom":{"a":5}}`:                   "custom",
		`{"custom":"x"}`:                       "custom",
		`{"kind":"alien"}`:                     "kind",
		`{"timeZone":"Mars/Olympus"}`:          "timeZone",
		`[]`:                                   "body",
	} {
		var p chat.UserPatch
		err := json.Unmarshal([]byte(body), &p)
		if err == nil {
			_, err = h.PutUser(h.ctx, "shop", "ann", p)
		}
		if got := wrongField(err); got != field {
			t.Errorf("%s: names %q (%v), want %q", body, got, err, field)
		}
	}
	if _, err := h.User(h.ctx, "shop", "ann"); !missing(err) {
		t.Errorf("a refused PUT left a user: %v", err)
	}
	if _, err := h.PutUser(h.ctx, "nobody", "ann", chat.UserPatch{}); !missing(err) {
		t.Errorf("a user of an app that does not exist: %v", err)
	}
}

func TestUserEvents(t *testing.T) {
	h := newHouse(t)
	h.user("ann", `{"name":"Ann"}`)
	h.user("ann", `{"name":"Ann","custom":{}}`) // says nothing new
	h.user("ann", `{"name":"Anna"}`)
	var data wire.UserData
	h.only(0, gateway.EventUserCreated, &data)
	if e := h.only(0, gateway.EventUserUpdated, &data); data.User.Name != "Anna" || e.Seq != 0 || e.Conversation != "" {
		t.Errorf("told %+v in %+v", data, e)
	}
	if n := len(h.events(0)); n != 2 {
		t.Errorf("%d events for two changes", n)
	}
}

func TestPutUsersIsAllOrNothing(t *testing.T) {
	h := newHouse(t)
	batch := map[gateway.UserID]chat.UserPatch{
		"a": {Email: chat.Give(chat.Strings{"a@example.com"})},
		"b": {Email: chat.Give(chat.Strings{"nonsense"})},
	}
	var wrong chat.BatchInvalid
	if err := h.PutUsers(h.ctx, "shop", batch); !errors.As(err, &wrong) || len(wrong) != 1 || wrong["b"]["email[0]"] == nil {
		t.Errorf("got %v", err)
	}
	if us, err := h.Users(h.ctx, "shop", chat.UsersQuery{Limit: 10}); err != nil || len(us) != 0 {
		t.Errorf("%d users after a refused batch, %v", len(us), err)
	}
	delete(batch, "b")
	h.ok(h.PutUsers(h.ctx, "shop", batch))
	big := map[gateway.UserID]chat.UserPatch{}
	for i := range chat.MaxUserBatch + 1 {
		big[gateway.UserID(strings.Repeat("x", i+1))] = chat.UserPatch{}
	}
	if err := h.PutUsers(h.ctx, "shop", big); wrongField(err) != "users" {
		t.Errorf("a batch of %d: %v", len(big), err)
	}
}

// TestUsersPages walks all users by pages and sees each once.
func TestUsersPages(t *testing.T) {
	h := newHouse(t)
	for i := range 25 {
		h.user(gateway.UserID(strings.Repeat("u", i+1)), `{}`)
	}
	seen := map[gateway.UserID]bool{}
	var after gateway.UserID
	for pages := 0; ; pages++ {
		us, err := h.Users(h.ctx, "shop", chat.UsersQuery{Limit: 10, StartingAfter: after})
		h.ok(err)
		for _, u := range us {
			if seen[u.ID] {
				t.Errorf("%s comes twice", u.ID)
			}
			seen[u.ID], after = true, u.ID
		}
		if len(us) < 10 {
			break
		}
	}
	if len(seen) != 25 {
		t.Errorf("saw %d of 25", len(seen))
	}
}

func TestPresence(t *testing.T) {
	h := newHouse(t)
	h.talk()
	set := func(body string) gateway.Presence {
		t.Helper()
		var p chat.PresencePatch
		h.ok(json.Unmarshal([]byte(body), &p))
		h.ok(h.SetPresence(h.ctx, "shop", "bob", p))
		got, err := h.Presence(h.ctx, "shop", "bob")
		h.ok(err)
		return got
	}
	p := set(`{"online":true,"ttl":60,"selectedConversationId":"c1"}`)
	if !p.LookingAt("c1", h.now) || p.OnlineAt(h.now.Add(time.Minute)) {
		t.Errorf("a new session on screen: %+v", p)
	}
	h.now = h.now.Add(30 * time.Second)
	if p = set(`{"isTyping":true}`); !p.TypingIn("c1", h.now) || !p.ExpiresAt.Equal(h.now.Add(chat.DefaultTTL)) {
		t.Errorf("typing in the same session: %+v", p)
	}
	left := h.now.Add(10 * time.Second)
	h.now = left
	if p = set(`{"selectedConversationId":null}`); p.LookingAt("c1", h.now) || !p.OnlineAt(h.now) || !p.Looked["c1"].Equal(left) {
		t.Errorf("turned away: %+v", p)
	}
	h.now = h.now.Add(time.Minute)
	if p = set(`{"online":false}`); p.OnlineAt(h.now) || !p.LastOnlineAt.Equal(h.now) || !p.Looked["c1"].Equal(left) {
		t.Errorf("gone: %+v", p)
	}
	set(`{"selectedConversationId":"c1","ttl":10}`)
	ended := h.now.Add(10 * time.Second)
	h.now = h.now.Add(time.Hour)
	if p = set(`{"hasFocus":false,"user":{"name":"Robert"}}`); !p.Looked["c1"].Equal(ended) || p.SelectedConversation != "" || p.HasFocus {
		t.Errorf("back after the session timed out: %+v, it ended %v", p, ended)
	}
	if u, err := h.User(h.ctx, "shop", "bob"); err != nil || u.Name != "Robert" || len(u.Email) != 2 {
		t.Errorf("the user of a log-in: %+v, %v", u, err)
	}
	online, err := h.Users(h.ctx, "shop", chat.UsersQuery{Limit: 10, Online: true})
	if err != nil || len(online) != 1 || online[0].ID != "bob" {
		t.Errorf("online are %v, %v", online, err)
	}
	for i := range 2 * gateway.MaxLooked {
		h.now = h.now.Add(time.Second)
		p = set(`{"hasFocus":true,"selectedConversationId":"x` + strings.Repeat("x", i) + `"}`)
	}
	if len(p.Looked) != gateway.MaxLooked {
		t.Errorf("remembers %d looks", len(p.Looked))
	}
	for _, body := range []string{`{"ttl":0}`, `{"ttl":-5}`, `{"ttl":1e9}`} {
		var bad chat.PresencePatch
		h.ok(json.Unmarshal([]byte(body), &bad))
		if err := h.SetPresence(h.ctx, "shop", "bob", bad); wrongField(err) != "ttl" {
			t.Errorf("%s: %v", body, err)
		}
	}
}
