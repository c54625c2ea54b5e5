package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
	"github.com/replygate/replygate/storage/bolt"
)

const domain = "reply.example.com"

// house is a service on a real engine with one app, and a clock that tests turn.
type house struct {
	*chat.Service
	t   testing.TB
	ctx context.Context
	now time.Time
}

func newHouse(t testing.TB) *house {
	t.Helper()
	e, err := bolt.Open(t.TempDir(), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	keys := secret.Generate()
	minter := token.NewMinter(keys)
	h := &house{t: t, ctx: context.Background(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	h.Service = &chat.Service{
		Store: e, Tokens: minter, Domain: domain, Links: wire.NewLinks(minter, domain, "https://mail.example.com"),
		Now: func() time.Time { return h.now },
	}
	apps := app.Service{Store: e, Box: secret.NewBox(keys), Now: h.Now}
	_, err = apps.Create(h.ctx, app.New{ID: "shop", Name: "Shop"})
	h.ok(err)
	_, _, err = apps.PutEndpoint(h.ctx, "shop", "hook", app.EndpointSettings{URL: "https://backend.example.com/hook"})
	h.ok(err)
	return h
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// user puts a user given as the JSON of a PUT.
func (h *house) user(id gateway.UserID, body string) gateway.User {
	h.t.Helper()
	var p chat.UserPatch
	h.ok(json.Unmarshal([]byte(body), &p))
	u, err := h.PutUser(h.ctx, "shop", id, p)
	h.ok(err)
	return u
}

// talk makes ann and bob talk in conversation c1.
func (h *house) talk() {
	h.t.Helper()
	h.user("ann", `{"name":"Ann","email":"ann@example.com"}`)
	h.user("bob", `{"name":"Bob","email":["bob@example.com","bob@example.net"]}`)
	h.put("c1", `{"participants":["ann","bob"],"subject":"The bike"}`)
}

func (h *house) put(c gateway.ConversationID, body string) {
	h.t.Helper()
	var p chat.ConversationPatch
	h.ok(json.Unmarshal([]byte(body), &p))
	h.ok(h.PutConversation(h.ctx, "shop", c, p))
}

// say posts messages of one sender.
func (h *house) say(c gateway.ConversationID, sender gateway.UserID, texts ...string) []gateway.MessageID {
	h.t.Helper()
	var in []chat.NewMessage
	for _, text := range texts {
		in = append(in, chat.NewMessage{Text: chat.Give(text), Sender: chat.Give(sender)})
	}
	ids, err := h.PostMessages(h.ctx, "shop", c, in, chat.Posting{})
	h.ok(err)
	return ids
}

func (h *house) update(fn func(store.Tx) error) error {
	return h.Store.Update(h.ctx, store.ConversationScope("shop", "c1"), fn)
}

func (h *house) view(fn func(store.Reader) error) {
	h.t.Helper()
	h.ok(h.Store.View(h.ctx, fn))
}

func (h *house) participant(c gateway.ConversationID, u gateway.UserID) (p gateway.Participant) {
	h.t.Helper()
	h.view(func(rd store.Reader) (err error) {
		p, err = store.Participants.Get(rd, store.ParticipantKey("shop", c, u))
		return err
	})
	return p
}

func (h *house) conversation(c gateway.ConversationID) (out gateway.Conversation) {
	h.t.Helper()
	h.view(func(rd store.Reader) (err error) {
		out, err = chat.LoadConversation(rd, "shop", c)
		return err
	})
	return out
}

// due returns when the due item of a conversation is due, zero without one.
func (h *house) due(c gateway.ConversationID) (at time.Time) {
	h.t.Helper()
	h.view(func(rd store.Reader) error {
		it, err := rd.Item(store.NotificationItem("shop", c))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		at = it.Due
		return err
	})
	return at
}

// events returns the log from its n-th event on.
func (h *house) events(n int) (out []gateway.Event) {
	h.t.Helper()
	h.view(func(rd store.Reader) error {
		out = nil
		return store.EventLog.Scan(rd, store.Range{Prefix: store.AppKey("shop")}, func(_ store.Key, e gateway.Event) (bool, error) {
			out = append(out, e)
			return true, nil
		})
	})
	if n > len(out) {
		h.t.Fatalf("there are only %d events", len(out))
	}
	return out[n:]
}

// only returns the one event of a type since the n-th, and its data.
func (h *house) only(n int, typ gateway.EventType, data any) gateway.Event {
	h.t.Helper()
	var found []gateway.Event
	for _, e := range h.events(n) {
		if e.Type == typ {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		h.t.Fatalf("there are %d events %s, not one", len(found), typ)
	}
	h.ok(json.Unmarshal(found[0].Data, data))
	return found[0]
}

func (h *house) rows(t store.Table, prefix store.Key) (n int) {
	h.t.Helper()
	h.view(func(rd store.Reader) error {
		n = 0
		return rd.Scan(t, store.Range{Prefix: prefix}, func(store.Key, []byte) (bool, error) { n++; return true, nil })
	})
	return n
}

func missing(err error) bool {
	var n chat.NotFound
	return errors.As(err, &n)
}

func wrongField(err error) string {
	var v chat.Invalid
	if !errors.As(err, &v) {
		return fmt.Sprint("not Invalid: ", err)
	}
	for f := range v {
		return f
	}
	return ""
}
