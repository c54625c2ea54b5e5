package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mdns "github.com/miekg/dns"
)

// patience is for tests that need an answer, however busy the machine is.
const patience = time.Minute

// lab is a server and a resolver that asks it.
func lab(t testing.TB, o Options) (*Server, *Resolver) {
	t.Helper()
	s, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	o.Servers = append(o.Servers, s.Addr())
	if o.Timeout == 0 {
		o.Timeout = patience
	}
	r, err := NewResolver(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

func set(t testing.TB, s *Server, name, recordType string, values ...string) {
	t.Helper()
	if err := s.Set(name, recordType, values...); err != nil {
		t.Fatal(err)
	}
}

func TestLookups(t *testing.T) {
	s, r := lab(t, Options{})
	long := strings.Repeat("0123456789abcdef", 40) + ` "quoted" \ ü` + "\x00\xff"
	set(t, s, "txt.example", "TXT", "v=spf1 -all", long)
	set(t, s, "huge.example", "TXT", strings.Repeat("x", 40_000))
	set(t, s, "example", "MX", "20 b.example", "10 A.example.", "0 .")
	set(t, s, "both.example", "A", "192.0.2.1", "192.0.2.2")
	set(t, s, "both.example", "AAAA", "2001:db8::1")
	set(t, s, "four.example", "A", "192.0.2.9")
	set(t, s, "192.0.2.9", "PTR", "four.example")
	set(t, s, "2001:db8::1", "PTR", "Both.example")
	set(t, s, "alias.example", "CNAME", "alias2.example")
	set(t, s, "alias2.example", "CNAME", "four.example")
	set(t, s, "loop.example", "CNAME", "loop.example")
	set(t, s, `a+b "c"\.exists.example`, "A", "127.0.0.2")
	ip := netip.MustParseAddr
	ctx := t.Context()

	for _, c := range []struct {
		name string
		got  func() (any, error)
		want string
	}{
		{"TXT", func() (any, error) { return r.LookupTXT(ctx, "TXT.example.") }, fmt.Sprint([]string{"v=spf1 -all", long})},
		{"over TCP", func() (any, error) {
			v, err := r.LookupTXT(ctx, "huge.example")
			return len(strings.Join(v, "")), err
		}, "40000"},
		{"MX", func() (any, error) { return r.LookupMX(ctx, "example") }, "[{ 0} {a.example 10} {b.example 20}]"},
		{"both families", func() (any, error) { return r.LookupIP(ctx, "both.example") }, "[2001:db8::1 192.0.2.1 192.0.2.2]"},
		{"one family", func() (any, error) { return r.LookupIP(ctx, "four.example") }, "[192.0.2.9]"},
		{"A only", func() (any, error) { return r.LookupIPv4(ctx, "both.example") }, "[192.0.2.1 192.0.2.2]"},
		{"PTR", func() (any, error) { return r.LookupAddr(ctx, ip("192.0.2.9")) }, "[four.example]"},
		{"PTR mapped", func() (any, error) { return r.LookupAddr(ctx, ip("::ffff:192.0.2.9")) }, "[four.example]"},
		{"PTR of IPv6", func() (any, error) { return r.LookupAddr(ctx, ip("2001:db8::1")) }, "[both.example]"},
		{"aliases", func() (any, error) { return r.LookupIPv4(ctx, "alias.example") }, "[192.0.2.9]"},
		{"odd octets", func() (any, error) { return r.LookupIPv4(ctx, `A+b "c"\.exists.example`) }, "[127.0.0.2]"},
	} {
		got, err := c.got()
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.name, fmt.Sprint(got), err, c.want)
		}
	}
	if _, err := r.LookupIPv4(ctx, "loop.example"); !IsNotFound(err) {
		t.Errorf("a loop of aliases: %v", err)
	}
}

func TestAbsentOrUnknown(t *testing.T) {
	s, patient := lab(t, Options{})
	impatient, err := NewResolver(Options{Servers: []string{s.Addr()}, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	set(t, s, "a.b.example", "TXT", "x")
	if err := errors.Join(s.SetFault("fails.example", Fault{Fail: true}), s.SetFault("silent.example", Fault{Drop: true}),
		s.SetFault("late.example", Fault{Delay: time.Minute})); err != nil {
		t.Fatal(err)
	}
	for name, absent := range map[string]bool{
		"nowhere.example": true, "b.example": true, "a.b.example": true, "": true, ".": true, "a..b": true, "..": true,
		strings.Repeat("a", 64) + ".example":      true,
		strings.Repeat("a.", 126) + "aa":          true,
		"fails.example":                           false,
		"silent.example":                          false,
		"late.example":                            false,
		"\x00\r\n%s." + "nowhere.example":         true,
		strings.Repeat("\xff", 63) + ".x.example": true,
	} {
		r := patient
		if name == "silent.example" || name == "late.example" {
			r = impatient
		}
		_, err := r.LookupIPv4(t.Context(), name)
		var e *Error
		exists := name == "b.example" || name == "a.b.example"
		if !errors.As(err, &e) || IsNotFound(err) != absent || errors.Is(err, ErrNoName) != (absent && !exists) || e.Temporary() == absent || e.Type != "A" {
			t.Errorf("%q: %v, not found %v, want %v", name, err, IsNotFound(err), absent)
		}
	}
	if n := s.Asked("b.example"); n != 1 {
		t.Errorf("asked %d times for a name between others", n)
	}
}

// TestHalfAnAnswer: a family that cannot be learnt is not taken for absent.
func TestHalfAnAnswer(t *testing.T) {
	s, r := lab(t, Options{})
	set(t, s, "half.example", "A", "192.0.2.1")
	if _, err := r.LookupIPv4(t.Context(), "half.example"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetFault("half.example", Fault{Fail: true}); err != nil {
		t.Fatal(err)
	}
	if ips, err := r.LookupIP(t.Context(), "half.example"); err == nil || IsNotFound(err) {
		t.Errorf("got %v, %v", ips, err)
	}
}

func TestNextServer(t *testing.T) {
	broken, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer broken.Close()
	if err := broken.SetFault("x.example", Fault{Fail: true}); err != nil {
		t.Fatal(err)
	}
	s, r := lab(t, Options{Servers: []string{broken.Addr()}})
	set(t, s, "x.example", "TXT", "here")
	if txt, err := r.LookupTXT(t.Context(), "x.example"); err != nil || !slices.Equal(txt, []string{"here"}) {
		t.Errorf("got %v, %v", txt, err)
	}
}

// TestOldAndOddServers: one that does not know EDNS, and ones whose answers are
// not to the question.
func TestOldAndOddServers(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(reply, m *mdns.Msg)
		good   bool
	}{
		"plain": {func(*mdns.Msg, *mdns.Msg) {}, true},
		"no EDNS": {func(reply, m *mdns.Msg) {
			if m.IsEdns0() != nil {
				reply.Rcode, reply.Answer = mdns.RcodeFormatError, nil
			}
		}, true},
		"another id":       {func(reply, _ *mdns.Msg) { reply.Id++ }, false},
		"another question": {func(reply, _ *mdns.Msg) { reply.Question[0].Name = "y.example." }, false},
		"another type":     {func(reply, _ *mdns.Msg) { reply.Question[0].Qtype = mdns.TypeA }, false},
		"no question":      {func(reply, _ *mdns.Msg) { reply.Question = nil }, false},
		"another owner":    {func(reply, _ *mdns.Msg) { reply.Answer[0].Header().Name = "y.example." }, false},
		"refused":          {func(reply, _ *mdns.Msg) { reply.Rcode = mdns.RcodeRefused }, false},
	} {
		packet, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		started := make(chan struct{})
		server := &mdns.Server{PacketConn: packet, NotifyStartedFunc: func() { close(started) },
			Handler: mdns.HandlerFunc(func(w mdns.ResponseWriter, m *mdns.Msg) {
				reply := new(mdns.Msg)
				reply.SetReply(m)
				reply.Answer = []mdns.RR{&mdns.TXT{Hdr: mdns.RR_Header{Name: m.Question[0].Name, Rrtype: mdns.TypeTXT, Class: mdns.ClassINET}, Txt: []string{"v"}}}
				c.answer(reply, m)
				_ = w.WriteMsg(reply)
			})}
		var running sync.WaitGroup
		running.Go(func() { _ = server.ActivateAndServe() })
		<-started
		timeout := patience
		if !c.good { // what does not answer the question is waited past
			timeout = 100 * time.Millisecond
		}
		r, err := NewResolver(Options{Servers: []string{packet.LocalAddr().String()}, Timeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		if txt, err := r.LookupTXT(t.Context(), "x.example"); (err == nil) != c.good {
			t.Errorf("%s: %v, %v", name, txt, err)
		}
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		running.Wait()
	}
}

func TestServerAddresses(t *testing.T) {
	got, err := serverAddresses([]string{"192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353", "ns.example"})
	want := []string{"192.0.2.1:53", "192.0.2.1:5353", "[2001:db8::1]:53", "[2001:db8::1]:5353", "ns.example:53"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestCacheKeepsToTheTimeToLive(t *testing.T) {
	var mu sync.Mutex
	now := time.Unix(1e9, 0)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	s, r := lab(t, Options{Now: clock})
	set(t, s, "x.example", "TXT", "old")
	ask := func(name string) string {
		txt, err := r.LookupTXT(t.Context(), name)
		if err != nil {
			return fmt.Sprint(IsNotFound(err))
		}
		return txt[0]
	}
	if got := ask("x.example") + ask("y.example"); got != "oldtrue" {
		t.Fatal(got)
	}
	set(t, s, "x.example", "TXT", "new")
	set(t, s, "y.example", "TXT", "born")
	pass(serverTTL*time.Second - 1)
	if got := ask("X.example") + ask("y.example"); got != "oldtrue" {
		t.Errorf("before the end of the time to live: %s", got)
	}
	pass(1)
	if got := ask("x.example") + ask("y.example"); got != "newborn" {
		t.Errorf("after the end of the time to live: %s", got)
	}
	if n := s.Asked("x.example"); n != 2 {
		t.Errorf("asked %d times", n)
	}
	if err := s.SetFault("z.example", Fault{Fail: true}); err != nil {
		t.Fatal(err)
	}
	ask("z.example")
	_ = s.SetFault("z.example", Fault{})
	if got := ask("z.example"); got != "true" {
		t.Errorf("a failure was remembered: %s", got)
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache(3, time.Now)
	for i := range 10 {
		c.put(question{name: fmt.Sprint(i)}, answer{ttl: time.Hour, size: 1})
		c.get(question{name: "0"})
	}
	for name, kept := range map[string]bool{"0": true, "9": true, "8": true, "7": false, "1": false} {
		if _, ok := c.get(question{name: name}); ok != kept {
			t.Errorf("%s is kept: %v", name, ok)
		}
	}
	c.put(question{name: "big"}, answer{ttl: time.Hour, size: maxCacheBytes})
	if len(c.items) != 1 || c.bytes != maxCacheBytes {
		t.Errorf("%d answers of %d bytes are kept", len(c.items), c.bytes)
	}
	c.put(question{name: "no"}, answer{size: 1})
	if len(c.items) != 1 {
		t.Error("an answer without time to live was kept")
	}
}

func TestOneFlight(t *testing.T) {
	s, r := lab(t, Options{})
	set(t, s, "x.example", "TXT", "v")
	if err := s.SetFault("x.example", Fault{Delay: 100 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			c := t.Context()
			if i%5 == 0 {
				c = ctx // some give up: those who wait must not suffer
			}
			if txt, err := r.LookupTXT(c, "x.example"); c != ctx && (err != nil || txt[0] != "v") {
				t.Errorf("got %v, %v", txt, err)
			}
		})
	}
	cancel()
	wg.Wait()
	if n := s.Asked("x.example"); n > 12 {
		t.Errorf("asked %d times", n)
	}
}

func TestBudget(t *testing.T) {
	s, r := lab(t, Options{})
	for i := range 5 {
		set(t, s, fmt.Sprintf("n%d.example", i), "TXT", "v")
	}
	if _, err := r.LookupTXT(t.Context(), "n0.example"); err != nil {
		t.Fatal(err)
	}
	b := WithBudget(r, 3, time.Minute)
	for range 10 { // cached: free
		if _, err := b.LookupTXT(t.Context(), "n0.example"); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []error{nil, nil, nil, nil, ErrBudget} {
		_, err := b.LookupTXT(t.Context(), fmt.Sprintf("n%d.example", i))
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("query %d: %v, want %v", i, err, want)
		}
		if err != nil && IsNotFound(err) {
			t.Errorf("a spent budget must not look permanent: %v", err)
		}
	}
}

func TestBudgetOfTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := WithBudget(nil, 100, 150*time.Millisecond)
		began, spent := time.Now(), 0
		for range 8 { // of 60 ms each: the third has no time to end
			ctx, done, err := b.begin(t.Context())
			if err != nil {
				if !errors.Is(err, ErrBudget) {
					t.Error(err)
				}
				spent++
				continue
			}
			select {
			case <-time.After(60 * time.Millisecond):
			case <-ctx.Done():
				if context.Cause(ctx) != ErrBudget {
					t.Error(context.Cause(ctx))
				}
				spent++
			}
			done()
		}
		if d := time.Since(began); spent != 6 || d != 150*time.Millisecond {
			t.Errorf("%d of 8 exceeded the budget, after %v", spent, d)
		}
		// Two at once wait together: the time counts once.
		b = WithBudget(nil, 100, time.Minute)
		_, done1, err1 := b.begin(t.Context())
		time.Sleep(time.Second)
		_, done2, err2 := b.begin(t.Context())
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		done1()
		if b.time != time.Minute || b.active != 1 {
			t.Errorf("time was taken while a question is under way")
		}
		time.Sleep(time.Second)
		done2()
		if b.time != 57*time.Second || b.active != 0 {
			t.Errorf("of a minute %v are left after 3 s", b.time)
		}
	})
	s, r := lab(t, Options{})
	if err := s.SetFault("silent.example", Fault{Drop: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := WithBudget(r, 100, 50*time.Millisecond).LookupTXT(t.Context(), "silent.example"); !errors.Is(err, ErrBudget) {
		t.Errorf("nothing is answered: %v", err)
	}
}

func TestCancelEndsALookupAtOnce(t *testing.T) {
	s, r := lab(t, Options{Timeout: time.Minute})
	if err := s.SetFault("x.example", Fault{Drop: true}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := r.LookupTXT(ctx, "x.example"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if d := time.Since(start); d > 30*time.Second { // of the minute that its server would get
		t.Errorf("it took %v", d)
	}
}

func TestServerRefusesNonsense(t *testing.T) {
	s, _ := lab(t, Options{})
	for _, c := range [][3]string{
		{"x.example", "A", "2001:db8::1"}, {"x.example", "AAAA", "192.0.2.1"}, {"x.example", "MX", "mx.example"},
		{"x.example", "NOPE", "1"}, {"x.example", "SOA", "1"}, {"", "A", "192.0.2.1"}, {"x.example", "PTR", ""}, {"a..b", "TXT", "x"},
	} {
		if err := s.Set(c[0], c[1], c[2]); err == nil {
			t.Errorf("%v was taken", c)
		}
	}
	set(t, s, "x.example", "A", "192.0.2.1")
	set(t, s, "x.example", "A")
	if len(s.records) != 0 || s.names["example."] != 0 {
		t.Errorf("records stayed: %v %v", s.records, s.names)
	}
}

func FuzzWireName(f *testing.F) {
	for _, s := range []string{"example.com", "a+b.c", `\.x`, `\046.x`, "a..b", "\x00\xff.x", strings.Repeat("a.", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := wireName(s)
		if err != nil {
			return
		}
		labels := strings.Count(strings.TrimSuffix(s, "."), ".") + 1
		if got := mdns.CountLabel(name); got != labels {
			t.Errorf("%q has %d labels, %q has %d", s, labels, name, got)
		}
		if again, err := asAnswered(name); err != nil || again != name {
			t.Errorf("%q is written %q, then %q, %v", s, name, again, err)
		}
	})
}

func BenchmarkLookupCached(b *testing.B) {
	s, r := lab(b, Options{})
	set(b, s, "x.example", "TXT", "v=spf1 ip4:192.0.2.0/24 -all")
	for b.Loop() {
		if _, err := r.LookupTXT(b.Context(), "x.example"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	_, r := lab(b, Options{})
	for i := 0; b.Loop(); i++ {
		if _, err := r.LookupTXT(b.Context(), fmt.Sprintf("n%d.example", i)); !IsNotFound(err) {
			b.Fatal(err)
		}
	}
}

// TestSetSPF: every name answers with the record that has none of its own, but
// those that stand for something else; what is set holds at once.
func TestSetSPF(t *testing.T) {
	s, r := lab(t, Options{})
	s.Uncached()
	ask := func(name string) string {
		t.Helper()
		txts, err := r.LookupTXT(t.Context(), name)
		if err != nil && !IsNotFound(err) {
			t.Fatal(err)
		}
		return strings.Join(txts, "|")
	}
	want := func(name, text string) {
		t.Helper()
		if got := ask(name); got != text {
			t.Errorf("%s: %q, want %q", name, got, text)
		}
	}
	want("people.test", "")
	if err := s.SetSPF("v=spf1 ip4:127.0.0.0/8 -all"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"people.test", "a.people.test", "x_y.test"} {
		want(name, "v=spf1 ip4:127.0.0.0/8 -all")
	}
	want("_dmarc.people.test", "")
	want("s1._domainkey.people.test", "")
	if _, err := r.LookupMX(t.Context(), "people.test"); !IsNotFound(err) {
		t.Errorf("MX: %v", err)
	}
	for _, value := range []string{"v=spf1 -all", "v=spf1 +all", ""} {
		values := []string{value}
		if value == "" {
			values, value = nil, "v=spf1 ip4:127.0.0.0/8 -all"
		}
		if err := s.Set("people.test", "TXT", values...); err != nil {
			t.Fatal(err)
		}
		want("people.test", value)
	}
	if err := s.SetSPF(""); err != nil {
		t.Fatal(err)
	}
	want("people.test", "")
}
