package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/dns"
	"github.com/replygate/replygate/gateway/secret"
)

func TestPublic(t *testing.T) {
	for _, s := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
		"172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255",
		"198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0.0.0.0", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
		"64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254",
		"fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
	} {
		ip := netip.MustParseAddr(s)
		if err := (Guard{}).check(netip.AddrPortFrom(ip, 443)); !errors.Is(err, ErrNotPublic) {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"1.1.1.1", "9.9.9.9", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1", "64:ff9b::808:808"} {
		ip := netip.MustParseAddr(s)
		if err := (Guard{}).check(netip.AddrPortFrom(ip, 443)); err != nil {
			t.Errorf("%s: %v", s, err)
		}
		if err := (Guard{}).check(netip.AddrPortFrom(ip, 25)); !errors.Is(err, ErrPort) {
			t.Errorf("%s, port 25: %v", s, err)
		}
		if err := (Guard{}).check(netip.AddrPortFrom(ip, 80)); !errors.Is(err, ErrPort) {
			t.Errorf("%s, port 80: %v", s, err)
		}
	}
	g := Guard{AllowNetworks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	if g.check(netip.MustParseAddrPort("10.1.2.3:9000")) != nil || g.check(netip.MustParseAddrPort("[::ffff:10.1.2.3]:9000")) != nil {
		t.Error("an allowed network is refused")
	}
	if g.check(netip.MustParseAddrPort("10.2.0.1:443")) == nil {
		t.Error("its neighbour is allowed")
	}
}

func TestCheckURL(t *testing.T) {
	for url, want := range map[string]error{
		"https://backend.example.com/hook":      nil,
		"https://backend.example.com:8443/hook": nil,
		"http://backend.example.com/hook":       ErrPlain,
		"ftp://backend.example.com/":            ErrURL,
		"https:///hook":                         ErrURL,
		"https:backend":                         ErrURL,
		"//backend.example.com/":                ErrURL,
		"":                                      ErrURL,
		"https://[::1]/":                        ErrNotPublic,
		"https://127.0.0.1/":                    ErrNotPublic,
		"https://1.1.1.1:25/":                   ErrPort,
		"https://1.1.1.1/":                      nil,
		"https://a.example/#x":                  ErrURL,
		"HTTP://backend.example.com/hook":       ErrPlain,
		"HTTPS://BACKEND.example.com./hook":     nil,
		"https://user@backend.example.com/":     ErrURL,
		"https://a.example:port/":               ErrURL,
		"https://2130706433/":                   ErrURL,
		"https://0x7f000001/":                   ErrURL,
		"https://0x7f.1/":                       ErrURL,
		"https://127.1/":                        ErrURL,
		"https://0177.0.0.1/":                   ErrURL,
		"https://a.0x":                          ErrURL,
		"https://1e100.net/":                    nil,
		"https://0x.example/":                   nil,
		"https://127.0.0.1./":                   ErrNotPublic,
		"https://①②⑦.0.0.1/":                    ErrNotPublic,
		"https://127。0。0。1/":                    ErrNotPublic,
		"https://localhost/":                    ErrNotPublic,
		"https://x.LOCALHOST./":                 ErrNotPublic,
		"https://[::ffff:10.0.0.1]/":            ErrNotPublic,
		"https://[64:ff9b::7f00:1]/":            ErrNotPublic,
		"https://[fe80::1%25eth0]/":             ErrNotPublic,
		"https://0.0.0.0/":                      ErrNotPublic,
		"https://bücher.example/":               nil,
	} {
		if err := (Guard{}).CheckURL(url); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", url, err, want)
		}
	}
	if err := (Guard{AllowHTTP: true}).CheckURL("http://a.example:80/"); err != nil {
		t.Error(err)
	}
}

// listen counts the connections to a port on every address of this machine.
func listen(t *testing.T) (port string, accepted *atomic.Int64) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	accepted = &atomic.Int64{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, accepted
}

// Whatever a URL is written like and whatever its name resolves to, no
// connection to an address that is not public is opened.
func TestNothingInsideIsReached(t *testing.T) {
	port, accepted := listen(t)
	srv, err := dns.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	for name, records := range map[string][]string{
		"loopback.example": {"A", "127.0.0.1"}, "loopback6.example": {"AAAA", "::1"}, "mapped.example": {"AAAA", "::ffff:127.0.0.1"},
		"zero.example": {"A", "0.0.0.0"}, "zero6.example": {"AAAA", "::"}, "both.example": {"A", "127.0.0.2", "127.0.0.3"},
		"net10.example": {"A", "10.0.0.1"}, "alias.example": {"CNAME", "alias2.example."}, "alias2.example": {"CNAME", "loopback.example."}, "meta.example": {"A", "169.254.169.254"}, "nat64.example": {"AAAA", "64:ff9b::7f00:1"},
	} {
		if err := srv.Set(name, records[0], records[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:"+port)
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:"+port)
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, srv.Addr())
	}}
	b := newBench(t, Config{AllowHTTP: true, Resolver: resolver, Timeout: 3 * time.Second})
	defer b.store.Close()
	try := func(teller *Teller, url string) attempt {
		return teller.attempt(t.Context(), &telling{
			endpoint: gateway.Endpoint{ID: "ep_1", URL: url, Secrets: b.secrets()},
			event:    gateway.Event{ID: "evt_1", Data: []byte("{}")},
		})
	}
	hosts := []string{
		"127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001",
		"127.0.0.1.", "0", "0.0.0.0", "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
		"[64:ff9b::7f00:1]", "[2002:7f00:1::]", "localhost", "LOCALHOST", "localhost.", "ip6-localhost", "user:pass@127.0.0.1",
		"backend.example@127.0.0.1", "127.0.0.1%2f", "[::1%25lo]", "loopback.example", "loopback6.example", "mapped.example", "zero.example",
		"zero6.example", "both.example", "net10.example", "alias.example", "meta.example", "nat64.example", "LoopBack.Example.", "10.0.0.1", "169.254.169.254",
		"192.168.0.1", "[fe80::1]", "[fd00::1]", "①②⑦.0.0.1", "127。0。0。1",
	}
	dialling := &http.Client{Transport: b.teller.client.Transport} // without CheckURL before it
	for _, host := range hosts {
		if resp, err := dialling.Get("http://" + host + ":" + port + "/"); err == nil {
			t.Errorf("dialling %s: %s", host, resp.Status)
			resp.Body.Close()
		}
		for _, scheme := range []string{"http", "https"} {
			a := try(b.teller, scheme+"://"+host+":"+port+"/")
			if a.status != 0 || a.problem == "" {
				t.Errorf("%s://%s: %+v", scheme, host, a)
			}
		}
	}
	if n := accepted.Load(); n != 0 {
		t.Errorf("%d connections to this machine", n)
	}
	allowed := b.teller.Config
	allowed.AllowNetworks = loopback
	for _, host := range []string{"127.0.0.1", "localhost", "loopback.example", "mapped.example", "alias.example"} {
		before := accepted.Load()
		a := try(New(allowed), "http://"+host+":"+port+"/")
		if accepted.Load() == before {
			t.Errorf("%s, allowed: not reached: %+v", host, a)
		}
	}
}

// A name that is checked with one address and connected to with another, and one
// whose allowed address does not answer: only what is allowed is reached.
func TestRebinding(t *testing.T) {
	var mu sync.Mutex
	reached := map[string]int{}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		local := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		mu.Lock()
		reached[local.(*net.TCPAddr).IP.String()]++
		mu.Unlock()
	}))
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	srv.Listener.Close()
	srv.Listener = l
	srv.Start()
	defer srv.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	names, err := dns.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer names.Close()
	asked := 0
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		asked++ // every look-up is answered otherwise than the one before
		if err := names.Set("rebind.example", "A", []string{"127.0.0.9", "127.0.0.1", "10.0.0.1"}[asked/2%3]); err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, names.Addr())
	}}
	if err := names.Set("mixed.example", "A", "127.0.0.1", "127.0.0.9", "127.0.0.2"); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, Config{AllowHTTP: true, Resolver: resolver, Timeout: 3 * time.Second, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}})
	defer b.store.Close()
	b.teller.client.Transport.(*http.Transport).DisableKeepAlives = true
	refused := 0
	for range 30 {
		for _, host := range []string{"rebind.example", "mixed.example"} {
			a := b.teller.attempt(t.Context(), &telling{
				endpoint: gateway.Endpoint{URL: "http://" + host + ":" + port + "/", Secrets: b.secrets()}, event: gateway.Event{Data: []byte("{}")},
			})
			if a.problem == ErrNotPublic.Error() {
				refused++
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(reached) != 1 || reached["127.0.0.9"] == 0 || refused == 0 {
		t.Errorf("reached %v, refused %d", reached, refused)
	}
}

func (b *bench) secrets() []gateway.EndpointSecret {
	return []gateway.EndpointSecret{b.sealed(whsec1, time.Time{})}
}

func (b *bench) sealed(value string, until time.Time) gateway.EndpointSecret {
	return gateway.EndpointSecret{Sealed: b.box.Seal(secret.PurposeWebhook, []byte(value)), Until: until}
}

func TestPlainHTTPNeedsLeave(t *testing.T) {
	srv := httptest.NewServer(&backend{})
	defer srv.Close()
	b := newBench(t, Config{AllowNetworks: loopback})
	defer b.store.Close()
	tg := &telling{endpoint: gateway.Endpoint{URL: srv.URL, Secrets: b.secrets()}, event: gateway.Event{Data: []byte("{}")}}
	if a := b.teller.attempt(t.Context(), tg); a.problem != ErrPlain.Error() {
		t.Errorf("%+v", a)
	}
}

// Receivers that misbehave: each attempt ends, at once or when its time is up,
// with a fitting outcome.
func TestHostileReceivers(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		told    bool
		after   time.Duration
	}{
		"endless body": {endless, true, 0},
		"slow drip": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, true, 500 * time.Millisecond}, // what it says is only waited for a little
		"slow head": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, false, 2 * time.Second},
		"huge header": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
		}, false, 0},
		"gzip": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			endless(w, r)
		}, true, 0},
		"hang up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, 0},
		"many 1xx": {func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < 1e6 && r.Context().Err() == nil; i++ {
				w.WriteHeader(http.StatusEarlyHints)
			}
		}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Config{AllowHTTP: true, Timeout: 2 * time.Second})
				defer b.store.Close()
				defer b.teller.Close()
				b.fakeNet(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice a hang-up
					c.handler(w, r)
				}))
				tg := &telling{endpoint: gateway.Endpoint{URL: "http://backend.test/", Secrets: b.secrets()}, event: gateway.Event{Data: []byte("{}")}}
				began := time.Now()
				a := b.teller.attempt(t.Context(), tg)
				if took := time.Since(began); a.told() != c.told || took != c.after {
					t.Errorf("%+v after %v", a, took)
				}
				if len(a.problem) > 250 {
					t.Errorf("a problem of %d octets", len(a.problem))
				}
			})
		})
	}
}

func TestCertificateIsChecked(t *testing.T) {
	srv := httptest.NewUnstartedServer(&backend{})
	srv.Config.ErrorLog = nil
	srv.StartTLS()
	defer srv.Close()
	b := newBench(t, Config{AllowNetworks: loopback})
	defer b.store.Close()
	defer b.teller.Close()
	tg := &telling{endpoint: gateway.Endpoint{URL: srv.URL, Secrets: b.secrets()}, event: gateway.Event{Data: []byte("{}")}}
	if a := b.teller.attempt(t.Context(), tg); a.told() || !strings.Contains(a.problem, "certificate") {
		t.Errorf("%+v", a)
	}
	roots := srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	b.teller.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: roots}
	if a := b.teller.attempt(t.Context(), tg); !a.told() {
		t.Errorf("%+v", a)
	}
}

// BenchmarkEventToReceiver is the time from the beginning of the commit that
// holds an event to its arrival at a receiver on loopback.
func BenchmarkEventToReceiver(b *testing.B) {
	got := make(chan struct{}, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got <- struct{}{} }))
	defer srv.Close()
	bn := newBench(b, Config{AllowNetworks: loopback, AllowHTTP: true}, gateway.Endpoint{ID: "ep_1", URL: srv.URL})
	bn.run()
	n := 0
	for b.Loop() {
		n++
		bn.record(gateway.ConversationID(string(rune('a'+n%26))), "x")
		<-got
	}
	bn.stop()
}
