package outbound

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/mailbox"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
	"github.com/replygate/replygate/outbound/delivery"
	"github.com/replygate/replygate/outbound/route"
	"github.com/replygate/replygate/storage/bolt"
)

const (
	shop   = gateway.AppID("shop")
	domain = "reply.example.com"
	delay  = 2 * time.Minute // gateway.DefaultDelay
)

// lab is the sending side on a real engine, inside a bubble of fake time: both
// queues run, and the next hop does as it is told.
type lab struct {
	*testing.T
	dir    string
	keys   *secret.Keys
	dkim   []dkim.Key
	engine *bolt.Engine
	store  *books
	chat   *chat.Service
	peer   *peer
	log    *bytes.Buffer
	stop   func()
}

// bubble runs a test in fake time.
func bubble(t *testing.T, f func(*lab)) {
	t.Helper()
	dir := t.TempDir()
	rsa, ed := signers(t)
	synctest.Test(t, func(t *testing.T) {
		l := &lab{T: t, dir: dir, keys: secret.Generate(), dkim: []dkim.Key{rsa, ed}, peer: &peer{}, log: &bytes.Buffer{}, store: &books{kept: map[string]int{}}}
		l.start()
		defer func() { l.stop() }() // of the last start
		l.populate()
		f(l)
	})
}

// signers are made once: they take long.
var signers = func() func(testing.TB) (dkim.Key, dkim.Key) {
	made := sync.OnceValues(func() ([]dkim.Key, error) { return dkim.GeneratePair(domain, "1") })
	return func(t testing.TB) (dkim.Key, dkim.Key) {
		t.Helper()
		keys, err := made()
		if err != nil {
			t.Fatal(err)
		}
		return keys[0], keys[1]
	}
}()

// start opens the engine and runs the queues; stop ends both, as a restart does.
func (l *lab) start() {
	l.Helper()
	var err error
	l.engine, err = bolt.Open(filepath.Join(l.dir, "db"), bolt.Options{})
	l.ok(err)
	l.store.Store = l.engine
	tokens := token.NewMinter(l.keys)
	l.chat = &chat.Service{Store: l.store, Tokens: tokens, Domain: domain, Links: wire.NewLinks(tokens, domain, "https://pages.example.com")}
	log := slog.New(slog.NewJSONHandler(&locked{w: l.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	box := secret.NewBox(l.keys)
	notifier := &Notifier{
		Store: l.store, Chat: l.chat, Tokens: tokens, Box: box, Keys: l.dkim, Domain: domain,
		PublicURL: "https://pages.example.com", Sender: "notifications", Log: log,
	}
	client := &delivery.Client{Hostname: "mx.example.com", Dial: l.peer.dial, Logger: log}
	courier := &Courier{
		Notifier: notifier, Store: l.store, Chat: l.chat, Tokens: tokens, Box: box, Router: hops{{Host: "relay.example.com", Port: 25, TLS: route.None, Relay: true}},
		Client: client, Mailbox: l.mailbox(), Domain: domain, Log: log,
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for q, h := range map[store.Queue]queue.Handler{store.Notifications: notifier.Handle, store.Deliveries: courier.Handle} {
		r := queue.New(queue.Config{Store: l.store, Queue: q, Handler: h, Poll: time.Hour, Log: log})
		running.Go(func() { l.ok(r.Run(ctx)) })
	}
	l.stop = func() {
		cancel()
		running.Wait()
		client.Close()
		l.ok(l.engine.Close())
	}
}

// mailbox is the built-in one.
func (l *lab) mailbox() mailbox.Service {
	return mailbox.Service{Store: l.store, Box: secret.NewBox(l.keys)}
}

// hops is a Router that always answers the same.
type hops []route.NextHop

func (h hops) Route(context.Context, gateway.Address) ([]route.NextHop, error) { return h, nil }

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (l *lab) populate() {
	_, err := app.Service{Store: l.store, Box: secret.NewBox(l.keys)}.Create(l.Context(), app.New{ID: shop, Name: "Acme Shop"})
	l.ok(err)
	for u, email := range map[gateway.UserID][]string{"ann": {"ann@people.test"}, "bob": {"bob@people.test"}, "eve": {"eve@people.test", "eve@work.test"}} {
		l.user(u, email...)
	}
	l.converse("c1", "ann", "bob")
}

func (l *lab) user(u gateway.UserID, email ...string) {
	l.Helper()
	_, err := l.chat.PutUser(context.Background(), shop, u, chat.UserPatch{Name: chat.Give("The " + string(u)), Email: chat.Give(chat.Strings(email))})
	l.ok(err)
}

func (l *lab) converse(c gateway.ConversationID, people ...gateway.UserID) {
	l.Helper()
	l.ok(l.chat.PutConversation(context.Background(), shop, c, chat.ConversationPatch{Subject: chat.Give("Order 7"), Participants: chat.Give(people)}))
}

func (l *lab) ok(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// pass lets time go by, and everything that is due then happen.
func (l *lab) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// deliveries are the shop's, the oldest first.
func (l *lab) deliveries() []gateway.Delivery { return rows(l, store.Mails, store.AppKey(shop)) }

// one is the only delivery.
func (l *lab) one() gateway.Delivery {
	l.Helper()
	ds := l.deliveries()
	if len(ds) != 1 {
		l.Fatalf("there are %d deliveries", len(ds))
	}
	return ds[0]
}

func rows[T any](l *lab, r store.Rows[T], prefix store.Key) (out []T) {
	l.Helper()
	l.ok(l.engine.View(context.Background(), func(rd store.Reader) error {
		out = nil
		return r.Scan(rd, store.Range{Prefix: prefix}, func(_ store.Key, v T) (bool, error) {
			out = append(out, v)
			return true, nil
		})
	}))
	return out
}

// told are the types of the events about notifications and addresses, in order.
func (l *lab) told() (out []string) {
	for _, e := range rows(l, store.EventLog, store.AppKey(shop)) {
		if typ := string(e.Type); strings.HasPrefix(typ, "notification.") || strings.HasPrefix(typ, "address.") {
			out = append(out, typ)
		}
	}
	return out
}

func (l *lab) suppressed(a string) bool {
	addr, err := gateway.ParseAddress(a)
	l.ok(err)
	_, found, err := suppression.Service{Store: l.engine}.Find(context.Background(), shop, addr)
	l.ok(err)
	return found
}

// queued counts the items of a queue.
func (l *lab) queued(q store.Queue) int {
	due, err := l.engine.NextDue(context.Background(), q, nil)
	l.ok(err)
	return len(due)
}
