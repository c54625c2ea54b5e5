package scale

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/api"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
	"github.com/replygate/replygate/outbound"
	"github.com/replygate/replygate/storage/bolt"
)

const (
	shop   = gateway.AppID("shop")
	domain = "reply.example.com"
)

// world is a gateway without its listeners: what posts, decides, composes and
// answers, over a database with a crowd in it.
type world struct {
	*testing.T
	crowd    Crowd
	engine   *bolt.Engine
	chat     *chat.Service
	notifier *outbound.Notifier
	facts    chat.Subscriptions
	api      http.Handler
	key      string
}

// signers are made once: they take long.
var signers = sync.OnceValues(func() ([]dkim.Key, error) { return dkim.GeneratePair(domain, "1") })

// newWorld makes a world and fills in the crowd.
func newWorld(t *testing.T, dir string, keys *secret.Keys, c Crowd) *world {
	t.Helper()
	w := openWorld(t, dir, keys, c)
	apps := app.Service{Store: w.engine, Box: w.notifier.Box}
	_, err := apps.Create(t.Context(), app.New{ID: shop, Name: "Acme Shop"})
	w.ok(err)
	_, _, err = apps.PutEndpoint(t.Context(), shop, "hook", app.EndpointSettings{URL: "https://backend.example.com/hook"})
	w.ok(err)
	k, err := apps.CreateKey(t.Context(), shop, false)
	w.ok(err)
	w.key = k.Secret
	w.ok(c.Fill(t.Context(), w.engine))
	return w
}

// openWorld opens what is in a directory; its API takes no calls until it has a key.
func openWorld(t *testing.T, dir string, keys *secret.Keys, c Crowd) *world {
	t.Helper()
	signing, err := signers()
	w := &world{T: t, crowd: c}
	w.ok(err)
	w.engine, err = bolt.Open(dir, bolt.Options{})
	w.ok(err)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	tokens := token.NewMinter(keys)
	links := wire.NewLinks(tokens, domain, "https://pages.example.com")
	w.chat = &chat.Service{Store: w.engine, Tokens: tokens, Domain: domain, Links: links}
	w.notifier = &outbound.Notifier{
		Store: w.engine, Chat: w.chat, Tokens: tokens, Box: secret.NewBox(keys), Keys: signing, Domain: domain,
		PublicURL: "https://pages.example.com", Sender: "notifications", Log: log,
	}
	w.facts = chat.Subscriptions{Service: suppression.Service{Store: w.engine}}
	w.api = api.New(api.Server{
		Chat: w.chat, Apps: app.Service{Store: w.engine, Box: w.notifier.Box}, Store: w.engine, Links: links, Log: log,
	})
	return w
}

func (w *world) close() { w.ok(w.engine.Close()) }

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// call makes an API call that must succeed and returns how many entries its list has.
func (w *world) call(method, path, body string) int {
	w.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "/v1/shop"+path, in)
	r.Header.Set("Authorization", "Bearer "+w.key)
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		w.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
	var out struct{ Data json.RawMessage }
	if json.Unmarshal(rec.Body.Bytes(), &out) != nil {
		return 0
	}
	var rows []any
	var named map[string]any
	if json.Unmarshal(out.Data, &rows) != nil && json.Unmarshal(out.Data, &named) != nil {
		return 0
	}
	return len(rows) + len(named)
}

// decide leases what is due first in a conversation's shard, which must be that
// conversation, and decides about it as the queue's runner does.
func (w *world) decide(c gateway.ConversationID) {
	w.Helper()
	ls := w.lease(store.Notifications, store.ShardOf(shop, string(c)), 1)
	if len(ls) != 1 || ls[0].Item.ID != string(c) {
		w.Fatalf("leased %+v, not %s", ls, c)
	}
	w.settle(ls[0], w.notifier.Handle(w.Context(), ls[0]))
}

func (w *world) lease(q store.Queue, s store.Shard, most int) []store.Leased {
	w.Helper()
	now := time.Now()
	ls, err := w.engine.Lease(w.Context(), store.LeaseRequest{Queue: q, Shard: s, Now: now, Until: now.Add(time.Minute), Max: most})
	w.ok(err)
	return ls
}

func (w *world) settle(l store.Leased, res queue.Result) {
	w.Helper()
	w.ok(w.engine.Update(w.Context(), res.Scope, func(tx store.Tx) error {
		if res.Again != nil {
			return tx.Again(l.Lease, *res.Again)
		}
		if err := tx.Done(l.Lease); err != nil || res.Apply == nil {
			return err
		}
		return res.Apply(tx)
	}))
}

// get reads one row.
func get[T any](w *world, rows store.Rows[T], k store.Key) (v T) {
	w.Helper()
	w.ok(w.engine.View(context.Background(), func(rd store.Reader) (err error) {
		v, err = rows.Get(rd, k)
		return err
	}))
	return v
}
