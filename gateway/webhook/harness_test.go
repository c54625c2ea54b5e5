package webhook

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/storage/bolt"
)

// backend is a chat backend that keeps what it was told.
type backend struct {
	mu     sync.Mutex
	got    []told
	answer func(n int, r *http.Request) (status int, header http.Header)
	body   string
}

// set has it answer otherwise from now on.
func (b *backend) set(answer func(int, *http.Request) (int, http.Header)) {
	b.mu.Lock()
	b.answer = answer
	b.mu.Unlock()
}

type told struct {
	at     time.Time
	path   string
	header http.Header
	length int64
	coded  []string
	body   []byte
	id     string
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	b.got = append(b.got, told{time.Now(), r.URL.Path, r.Header.Clone(), r.ContentLength, r.TransferEncoding, body, r.Header.Get("webhook-id")})
	n, answer := len(b.got), b.answer
	b.mu.Unlock()
	if answer == nil {
		return
	}
	status, header := answer(n, r)
	for k, v := range header {
		w.Header()[k] = v
	}
	w.WriteHeader(status)
	io.WriteString(w, b.body)
}

func (b *backend) calls() []told {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// bench is a Teller at work on a real store with one app.
type bench struct {
	t      testing.TB
	store  store.Store
	box    *secret.Box
	teller *Teller
	log    *bytes.Buffer
	stop   func()
	// workers the queue has; 0 means Workers.
	workers int
}

func newBench(t testing.TB, c Config, endpoints ...gateway.Endpoint) *bench {
	st, err := bolt.Open(filepath.Join(t.TempDir(), "db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, store: st, box: secret.NewBox(secret.Generate()), log: &bytes.Buffer{}}
	for i := range endpoints {
		if endpoints[i].Secrets == nil {
			endpoints[i].Secrets = b.secrets()
		}
	}
	app := gateway.App{
		ID: "shop", Name: "Shop", Endpoints: endpoints,
		Keys: []gateway.Key{{ID: "key_1", Sealed: b.box.Seal(secret.PurposeAPIKey, []byte(apiKey))}},
	}
	b.update(func(tx store.Tx) error {
		return store.Apps.Put(tx, store.AppKey(app.ID), app)
	})
	c.Store, c.Box = st, b.box
	c.Log = slog.New(slog.NewTextHandler(b.log, nil))
	b.teller = New(c)
	return b
}

// run starts the queue; it ends with the test, or at stop.
func (b *bench) run() {
	ctx, cancel := context.WithCancel(context.Background())
	r := queue.New(queue.Config{
		Store: b.store, Queue: store.Events, Handler: b.teller.Handle, Limit: b.teller.Limit, Workers: cmp.Or(b.workers, Workers),
		Poll: 5 * time.Minute, Drain: time.Second, Log: b.teller.Log,
	})
	end := make(chan error, 1)
	go func() { end <- r.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-end; err != nil {
			b.t.Error(err)
		}
		b.teller.Close()
		b.store.Close()
	})
	b.t.Cleanup(b.stop)
}

func (b *bench) update(fn func(store.Tx) error) {
	b.t.Helper()
	if err := b.store.Update(b.t.Context(), store.SystemScope("test"), fn); err != nil {
		b.t.Fatal(err)
	}
}

// record puts one event of a conversation and returns its id.
func (b *bench) record(conv gateway.ConversationID, data any) (id gateway.EventID) {
	b.t.Helper()
	b.update(func(tx store.Tx) error {
		app, err := store.Apps.Get(tx, store.AppKey("shop"))
		if err != nil {
			return err
		}
		c, _, err := store.Conversations.Find(tx, store.ConversationKey("shop", conv))
		if err != nil {
			return err
		}
		c.ID = conv
		if id, err = event.Record(tx, &app, &c, gateway.EventMessageSent, data, time.Now(), "trc_1"); err != nil {
			return err
		}
		return store.Conversations.Put(tx, store.ConversationKey("shop", conv), c)
	})
	return id
}

func (b *bench) tell(id gateway.EventID, ep gateway.EndpointID) (tell store.EventTell) {
	b.t.Helper()
	err := b.store.View(b.t.Context(), func(rd store.Reader) (err error) {
		tell, err = store.EventTells.Get(rd, event.TellKey("shop", id, ep))
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return tell
}

// eventually waits until ok; it is for tests over real sockets.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	end := time.After(time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not in time: %s", what)
		}
	}
}

// fakeNet has the Teller reach handlers over net.Pipe, so that time can be fake.
func (b *bench) fakeNet(h http.Handler) {
	conns := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: h}
	go srv.Serve(conns)
	tr := b.teller.client.Transport.(*http.Transport)
	tr.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case conns.conns <- theirs:
			return ours, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	b.t.Cleanup(func() { srv.Close() })
}

type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// inBubble runs a test of one endpoint in fake time.
func inBubble(t *testing.T, ep gateway.Endpoint, be *backend, fn func(t *testing.T, b *bench)) {
	synctest.Test(t, func(t *testing.T) {
		ep.ID, ep.URL = "ep_1", "http://backend.test/hook"
		b := newBench(t, Config{AllowHTTP: true}, ep, gateway.Endpoint{ID: "ep_2", URL: "http://backend.test/other", Types: []gateway.EventType{gateway.EventEndpointDisabled}})
		b.fakeNet(be)
		b.run()
		fn(t, b)
		b.stop()
	})
}

// quiet is a log nobody reads.
var quiet = slog.New(slog.DiscardHandler)
