package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/storage/bolt"
)

const (
	whsec1 = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	whsec2 = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	apiKey = "sk_live_0123456789"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// backend is a chat backend that keeps what it was told.
type backend struct {
	mu     sync.Mutex
	got    []told
	answer func(n int, r *http.Request) (status int, header http.Header)
}

type told struct {
	at     time.Time
	header http.Header
	length int64
	coded  []string
	body   []byte
	id     string
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	b.got = append(b.got, told{time.Now(), r.Header.Clone(), r.ContentLength, r.TransferEncoding, body, r.Header.Get("webhook-id")})
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
}

func newBench(t testing.TB, c Config, endpoints ...gateway.Endpoint) *bench {
	st, err := bolt.Open(filepath.Join(t.TempDir(), "db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, store: st, box: secret.NewBox(secret.Generate()), log: &bytes.Buffer{}}
	for i := range endpoints {
		if endpoints[i].Secrets == nil {
			endpoints[i].Secrets = [][]byte{b.box.Seal(secret.PurposeWebhook, []byte(whsec1))}
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
		Store: b.store, Queue: store.Events, Handler: b.teller.Handle, Workers: 64,
		Drain: time.Second, Log: b.teller.Log,
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
	end := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not in time: %s", what)
		}
	}
}

func TestSignedBothWays(t *testing.T) {
	be := &backend{}
	srv := httptest.NewServer(be)
	defer srv.Close()
	b := newBench(t, Config{AllowNetworks: loopback, AllowHTTP: true}, gateway.Endpoint{ID: "ep_1", URL: srv.URL + "/hook?x=1"})
	b.update(func(tx store.Tx) error {
		app, err := store.Apps.Get(tx, store.AppKey("shop"))
		if err != nil {
			return err
		}
		app.Endpoints[0].Secrets = [][]byte{
			b.box.Seal(secret.PurposeWebhook, []byte(whsec2)), b.box.Seal(secret.PurposeWebhook, []byte(whsec1)),
		}
		now := time.Now()
		app.Keys = append(app.Keys,
			gateway.Key{ID: "key_2", Sealed: b.box.Seal(secret.PurposeAPIKey, []byte("revoked")), CreatedAt: now, RevokedAt: &now},
			gateway.Key{ID: "key_3", Sealed: b.box.Seal(secret.PurposeAPIKey, []byte("test")), CreatedAt: now, Test: true})
		return store.Apps.Put(tx, store.AppKey("shop"), app)
	})
	b.run()
	b.record("c1", map[string]string{"text": "first"})
	id := b.record("c1", map[string]string{"text": "grüße <b>"})
	eventually(t, "both told", func() bool { return len(be.calls()) == 2 })
	got := be.calls()[1]

	for _, key := range []string{whsec1, whsec2} {
		wh, err := standardwebhooks.NewWebhook(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := wh.Verify(got.body, got.header); err != nil {
			t.Errorf("Standard Webhooks: %v", err)
		}
		if err := wh.Verify(append(got.body, ' '), got.header); err == nil {
			t.Error("Standard Webhooks: a changed body verifies")
		}
	}
	if n := len(strings.Fields(got.header.Get("webhook-signature"))); n != 2 {
		t.Errorf("%d signatures for two secrets", n)
	}
	mac := hmac.New(sha256.New, []byte(apiKey))
	fmt.Fprintf(mac, "%s.%s", got.header.Get("X-TalkJS-Timestamp"), got.body)
	if want := strings.ToUpper(hex.EncodeToString(mac.Sum(nil))); got.header.Get("X-TalkJS-Signature") != want {
		t.Errorf("X-TalkJS-Signature %q, want %q", got.header.Get("X-TalkJS-Signature"), want)
	}

	var body map[string]any
	if err := json.Unmarshal(got.body, &body); err != nil {
		t.Fatal(err)
	}
	if body["id"] != string(id) || body["type"] != "message.sent" || body["appId"] != "shop" || body["seq"] != 2.0 || len(body) != 6 ||
		body["data"].(map[string]any)["text"] != "grüße <b>" || body["createdAt"].(float64) < 1e12 {
		t.Errorf("body %s", got.body)
	}
	if got.id != string(id) || got.length != int64(len(got.body)) || len(got.coded) > 0 ||
		got.header.Get("Content-Type") != "application/json" || got.header.Get("Replygate-Prev-Seq") != "1" ||
		got.header.Get("Accept-Encoding") != "" || got.header.Get("webhook-attempt") != "1" {
		t.Errorf("header %v, length %d, encoding %v", got.header, got.length, got.coded)
	}
	eventually(t, "stored", func() bool { return b.tell(id, "ep_1").State == event.Told })
	b.stop()
	if log := b.log.String(); strings.Contains(log, "gr") && strings.Contains(log, "text=") || strings.Contains(log, srv.URL) || !strings.Contains(log, "trace=trc_1") {
		t.Errorf("log:\n%s", log)
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

func always(status int) func(int, *http.Request) (int, http.Header) {
	return func(int, *http.Request) (int, http.Header) { return status, nil }
}

func TestScheduleOverThreeDays(t *testing.T) {
	be := &backend{answer: always(500)}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		began := time.Now()
		id := b.record("c1", "x")
		time.Sleep(5 * 24 * time.Hour)
		synctest.Wait()
		got := be.calls()
		if len(got) != 10 {
			t.Fatalf("%d attempts", len(got))
		}
		last := began
		for i, want := range schedule.Delays {
			d := got[i].at.Sub(last)
			last = got[i].at
			if slack := want/10 + 10*time.Millisecond; d < want-slack || d > want+slack {
				t.Errorf("attempt %d came after %v, want %v", i+1, d, want)
			}
			if !bytes.Equal(got[i].body, got[0].body) || got[i].id != string(id) || got[i].header.Get("webhook-attempt") != fmt.Sprint(i+1) {
				t.Errorf("attempt %d differs", i+1)
			}
		}
		if tell := b.tell(id, "ep_1"); tell.State != event.Dead || len(tell.Attempts) != 10 || tell.Attempts[9].Status != 500 {
			t.Errorf("afterwards: %+v", tell)
		}
	})
}

func TestFailedOnes(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header http.Header
		second time.Duration // when the second attempt comes, at the least
	}{
		"redirect":          {302, http.Header{"Location": {"http://backend.test/elsewhere"}}, 4 * time.Second},
		"not found":         {404, nil, 4 * time.Second},
		"switching":         {304, nil, 4 * time.Second},
		"retry-after":       {429, http.Header{"Retry-After": {"3600"}}, time.Hour},
		"retry-after date":  {503, http.Header{"Retry-After": {"Sat, 01 Jan 2000 02:00:00 GMT"}}, 2 * time.Hour},
		"retry-after month": {503, http.Header{"Retry-After": {"2592000"}}, 24 * time.Hour},
		"retry-after, 500":  {500, http.Header{"Retry-After": {"3600"}}, 4 * time.Second},
		"nonsense":          {503, http.Header{"Retry-After": {"soon"}}, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			be := &backend{answer: func(n int, _ *http.Request) (int, http.Header) {
				if n == 1 {
					return c.status, c.header
				}
				return 204, nil
			}}
			inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
				began := time.Now()
				id := b.record("c1", "x")
				time.Sleep(30 * time.Hour)
				synctest.Wait()
				got := be.calls()
				if len(got) != 2 {
					t.Fatalf("%d attempts", len(got))
				}
				if d := got[1].at.Sub(began); d < c.second || d > c.second+2*time.Second {
					t.Errorf("second attempt after %v, want %v", d, c.second)
				}
				if tell := b.tell(id, "ep_1"); tell.State != event.Told || tell.Attempts[0].Status != c.status {
					t.Errorf("afterwards: %+v", tell)
				}
			})
		})
	}
}

func TestTimeoutCountsAsFailure(t *testing.T) {
	be := &backend{answer: func(n int, r *http.Request) (int, http.Header) {
		if n == 1 {
			<-r.Context().Done()
		}
		return 200, nil
	}}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		id := b.record("c1", "x")
		time.Sleep(time.Minute)
		synctest.Wait()
		tell := b.tell(id, "ep_1")
		if len(tell.Attempts) != 2 || tell.Attempts[0].Took != 15_000 || tell.Attempts[0].Status != 0 || tell.Attempts[0].Error != "no answer in time" {
			t.Errorf("%+v", tell)
		}
	})
}

func TestGoneDisables(t *testing.T) {
	be := &backend{answer: func(_ int, r *http.Request) (int, http.Header) {
		if r.URL.Path == "/hook" {
			return 410, nil
		}
		return 200, nil
	}}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		id := b.record("c1", "x")
		second := b.record("c1", "y") // queued behind it
		time.Sleep(time.Minute)
		synctest.Wait()
		if a, c := b.tell(id, "ep_1"), b.tell(second, "ep_1"); a.State != event.Dead || c.State != event.Dead || len(c.Attempts) != 1 || c.Attempts[0].Status != 0 {
			t.Errorf("tellings %+v, %+v", a, c)
		}
		got := be.calls()
		if len(got) != 2 || !strings.Contains(string(got[1].body), `"type":"endpoint.disabled"`) || !strings.Contains(string(got[1].body), `"endpointId":"ep_1"`) {
			t.Errorf("%d calls, the last with %s", len(got), got[len(got)-1].body)
		}
	})
}

// texts are the data of what was told, in order.
func texts(got []told) (out []string) {
	for _, g := range got {
		var e struct{ Data string }
		_ = json.Unmarshal(g.body, &e)
		out = append(out, e.Data)
	}
	return out
}

func TestOrder(t *testing.T) {
	for name, c := range map[string]struct {
		strict bool
		heals  time.Duration
		want   string
	}{
		"one failure keeps order":       {false, 3 * time.Second, "a a b c"},
		"two step aside":                {false, time.Minute, "a a b b c c a b c"},
		"strict keeps order":            {true, 10 * time.Minute, "a a a a b c"},
		"strict gives up after a while": {true, 16 * time.Minute, "a a a a b b b c a"},
	} {
		t.Run(name, func(t *testing.T) {
			be := &backend{}
			inBubble(t, gateway.Endpoint{Strict: c.strict}, be, func(t *testing.T, b *bench) {
				heals := time.Now().Add(c.heals)
				be.answer = func(int, *http.Request) (int, http.Header) {
					if time.Now().Before(heals) {
						return 500, nil
					}
					return 200, nil
				}
				for _, s := range []string{"a", "b", "c"} {
					b.record("c1", s)
				}
				time.Sleep(24 * time.Hour)
				synctest.Wait()
				got := strings.Join(texts(be.calls()), " ")
				if name == "two step aside" { // the retries' order is left to jitter
					got = got[:11] + " " + strings.Join(sorted(got[12:]), " ")
				}
				if got != c.want {
					t.Errorf("told %s, want %s", got, c.want)
				}
			})
		})
	}
}

func sorted(s string) []string { return slices.Sorted(slices.Values(strings.Fields(s))) }

// A backend whose endpoint hangs must not delay another endpoint's events.
func TestSlowEndpointIsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, quick := 0, []time.Duration{}
		be := &backend{answer: func(_ int, r *http.Request) (int, http.Header) {
			if r.URL.Path == "/slow" {
				<-r.Context().Done()
			}
			return 200, nil
		}}
		var mu sync.Mutex
		b := newBench(t, Config{AllowHTTP: true, Observe: func(o Observation) {
			mu.Lock()
			defer mu.Unlock()
			if o.Endpoint == "ep_slow" {
				slow++
			} else {
				quick = append(quick, o.Since)
			}
		}}, gateway.Endpoint{ID: "ep_slow", URL: "http://backend.test/slow"}, gateway.Endpoint{ID: "ep_quick", URL: "http://backend.test/quick"})
		b.fakeNet(be)
		b.run()
		for i := range 600 {
			b.record(gateway.ConversationID(fmt.Sprint("c", i)), "x")
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		b.stop()
		if len(quick) != 600 || slow == 0 || slow > 10 {
			t.Fatalf("%d quick ones, %d slow ones", len(quick), slow)
		}
		if worst := slices.Max(quick); worst > 50*time.Millisecond {
			t.Errorf("the quick endpoint waited %v", worst)
		}
	})
}

// An endpoint gets at most eight at once, and all of a crowd.
func TestConcurrencyPerEndpoint(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	be := &backend{answer: func(_ int, r *http.Request) (int, http.Header) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		mu.Lock()
		now--
		mu.Unlock()
		return 200, nil
	}}
	inBubble(t, gateway.Endpoint{}, be, func(t *testing.T, b *bench) {
		began := time.Now()
		for i := range 400 {
			b.record(gateway.ConversationID(fmt.Sprint("c", i)), "x")
		}
		for len(be.calls()) < 400 {
			time.Sleep(10 * time.Millisecond)
		}
		if took := time.Since(began); took > 2*time.Second { // 400 × 10 ms / 8 = 500 ms
			t.Errorf("400 events of 10 ms took %v", took)
		}
		time.Sleep(time.Second)
		mu.Lock()
		defer mu.Unlock()
		if most > maxInFlight || most < maxInFlight/2 || len(be.calls()) != 400 {
			t.Errorf("%d at once, %d calls", most, len(be.calls()))
		}
	})
}
