package smtpd

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// proxy2 is a header of version 2.
func proxy2(command, family byte, body string) string {
	h := append(bytes.Clone(proxySignature), command, family, 0, 0)
	binary.BigEndian.PutUint16(h[14:], uint16(len(body)))
	return string(h) + body
}

const (
	body4 = "\xc0\x00\x02\x01\xc0\x00\x02\x19\x10\x00\x00\x19"
	body6 = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x10\x00\x00\x19"
)

func TestParseProxy(t *testing.T) {
	for in, want := range map[string]string{
		"PROXY TCP4 192.0.2.1 192.0.2.25 4096 25\r\n":               "192.0.2.1:4096 192.0.2.25:25",
		"PROXY TCP6 2001:db8::1 2001:db8::2 4096 25\r\n":            "[2001:db8::1]:4096 [2001:db8::2]:25",
		"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.25 4096 25\r\n": "192.0.2.1:4096 192.0.2.25:25",
		"PROXY UNKNOWN\r\n": "none",
		"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n": "none",
		proxy2(0x21, 0x11, body4):                      "192.0.2.1:4096 192.0.2.25:25",
		proxy2(0x21, 0x21, body6):                      "[2001:db8::1]:4096 [2001:db8::2]:25",
		proxy2(0x21, 0x11, body4+"\x04\x00\x02ab"):     "192.0.2.1:4096 192.0.2.25:25", // with an extension
		proxy2(0x20, 0x00, ""):                         "none",                         // LOCAL
		proxy2(0x20, 0x11, body4):                      "none",
		proxy2(0x21, 0x00, ""):                         "none", // unspecified
		proxy2(0x21, 0x31, strings.Repeat("x", 216)):   "none", // a unix socket
		proxy2(0x21, 0x12, body4):                      "none", // UDP
		"":                                             "more",
		"PROXY":                                        "more",
		"PROXY TCP4 192.0.2.1":                         "more",
		"\r\n\r\n":                                     "more",
		proxy2(0x21, 0x11, body4)[:20]:                 "more",
		"EHLO c\r\n":                                   "bad",
		"PROXY\r\n":                                    "bad",
		"proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n":           "bad",
		"PROXY TCP5 192.0.2.1 192.0.2.25 4096 25\r\n":  "bad",
		"PROXY TCP4 192.0.2.1 192.0.2.25 4096\r\n":     "bad",
		"PROXY TCP4 192.0.2.1  192.0.2.25 4096 25\r\n": "bad",
		"PROXY TCP4 192.0.2.1 192.0.2.25 70000 25\r\n": "bad",
		"PROXY TCP4 192.0.2.1 192.0.2.25 -1 25\r\n":    "bad",
		"PROXY TCP4 localhost 192.0.2.25 4096 25\r\n":  "bad",
		"PROXY TCP6 fe80::1%eth0 2001:db8::2 1 25\r\n": "bad",
		"PROXY TCP4 " + strings.Repeat("1", 200):       "bad",
		proxy2(0x22, 0x11, body4):                      "bad",
		proxy2(0x11, 0x11, body4):                      "bad",
		proxy2(0x21, 0x11, body4[:11]):                 "bad",
		proxy2(0x21, 0x11, strings.Repeat("x", 60000)): "bad",
	} {
		r, n, err := parseProxy([]byte(in))
		got := "more"
		switch {
		case err != nil:
			got = "bad"
		case n == 0:
		case n != len(in):
			t.Errorf("%.60q: %d octets of %d", in, n, len(in))
		case r == route{}:
			got = "none"
		default:
			got = r.from.String() + " " + r.to.String()
		}
		if got != want {
			t.Errorf("%.60q: %s, want %s", in, got, want)
		}
	}
}

// FuzzParseProxy: never more than there is, never an answer that more input
// would change.
func FuzzParseProxy(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.1 192.0.2.25 4096 25\r\nEHLO"))
	f.Add([]byte(proxy2(0x21, 0x21, body6)))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		whole, n, err := parseProxy(in)
		if n < 0 || n > len(in) || err != nil && n != 0 {
			t.Fatalf("%d octets of %d, %v", n, len(in), err)
		}
		if err == nil && n > 0 {
			if again, m, err := parseProxy(in[:n]); again != whole || m != n || err != nil {
				t.Fatalf("%v %d %v, then %v %d %v", whole, n, err, again, m, err)
			}
		}
		for i := range min(n, 64) {
			if _, m, err := parseProxy(in[:i]); m != 0 || err != nil {
				t.Fatalf("decided after %d of %d: %d %v", i, n, m, err)
			}
		}
	})
}

// TestProxied: the client is who the load balancer says, in bounds and in what
// the backend is told; without a header nothing is served.
func TestProxied(t *testing.T) {
	conf := testConfig(t)
	conf.Proxies, conf.MaxPerNetwork = []netip.Prefix{mustPrefix("10.1.0.0/16")}, 2
	conf.Trusted = []netip.Prefix{mustPrefix("203.0.113.0/24")}
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		x := newBench(t, conf, r)
		header := func(from string) string { return "PROXY TCP4 " + from + " 192.0.2.25 4096 25\r\n" }
		for i, c := range []struct{ send, want string }{
			{header("198.51.100.1"), "220 "}, {header("198.51.100.2"), "220 "}, {header("198.51.100.3"), "421 4.7.0 "}, // one network
			{header("198.51.101.1"), "220 "}, {proxy2(0x21, 0x21, body6), "220 "}, {proxy2(0x20, 0, ""), "220 "},
			{header("203.0.113.1"), "220 "}, {header("203.0.113.1"), "220 "}, {header("203.0.113.1"), "220 "}, // a relay
			{header("198.51.102.1") + "EHLO c\r\n", "554 5.5.0 "}, // talked early
			{"EHLO c\r\n", "EOF"}, {"\x16\x03\x01\x00", "EOF"},
		} {
			p := x.dial("10.1.2.3:1000")
			p.send(c.send)
			p.want(c.want)
			if c.want != "220 " {
				continue
			}
			p.send("EHLO c.example\r\nMAIL FROM:<ann@sender.example>\r\n")
			p.want("250")
			p.want("250 ")
			if got := r.client[len(r.client)-1]; i == 0 && (got.Addr != mustAddr("198.51.100.1:4096") || got.Local != mustAddr("192.0.2.25:25") || got.Relayed) {
				t.Errorf("%+v", got)
			}
			defer p.conn.Close()
		}
		silent := x.dial("10.1.2.3:1000")
		begun := time.Now()
		silent.want("EOF")
		between(t, "closed", time.Since(begun), proxyTime, proxyTime)
		x.stop()
	})
}

// TestOnlyProxiesAreHeard: from elsewhere a header is an early talker's.
func TestOnlyProxiesAreHeard(t *testing.T) {
	conf := testConfig(t)
	conf.GreetDelay = time.Second
	conf.Proxies = []netip.Prefix{mustPrefix("10.1.0.0/16")}
	synctest.Test(t, func(t *testing.T) {
		x := newBench(t, conf, &recorder{})
		p := x.dial("192.0.2.1:1")
		p.send("PROXY TCP4 198.51.100.1 192.0.2.25 4096 25\r\n")
		p.want("554 5.5.0 ")
		p.want("EOF")
		x.end()
	})
}
