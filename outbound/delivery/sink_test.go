package delivery

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/replygate/replygate/outbound/route"
)

// sink is a real listener on a loopback address that takes every mail.
type sink struct {
	listener net.Listener

	mu    sync.Mutex
	mails [][]byte
	said  []string
	wg    sync.WaitGroup
}

func newSink(t testing.TB) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{listener: l}
	s.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() {
				defer conn.Close()
				s.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.wg.Wait()
	})
	return s
}

func (s *sink) hop() route.NextHop {
	a := s.listener.Addr().(*net.TCPAddr)
	return route.NextHop{Host: a.IP.String(), Port: a.Port, TLS: route.None}
}

func (s *sink) serve(conn net.Conn) {
	br := bufio.NewReader(conn)
	say := func(line string) { _, _ = conn.Write([]byte(line + "\r\n")) }
	say("220 sink")
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		s.mu.Lock()
		s.said = append(s.said, strings.TrimSpace(line))
		s.mu.Unlock()
		switch verb {
		case "EHLO":
			say("250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN")
		case "AUTH":
			say("235 2.7.0 ok")
		case "DATA":
			say("354 go")
			mail, err := takeMail(br)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.mails = append(s.mails, mail)
			s.mu.Unlock()
			say("250 2.0.0 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 2.0.0 ok")
		}
	}
}

// unstuff undoes dot-stuffing (RFC 5321, section 4.5.2).
func unstuff(mail []byte) []byte {
	return bytes.TrimPrefix(bytes.ReplaceAll(append([]byte("\r\n"), mail...), []byte("\r\n."), []byte("\r\n")), []byte("\r\n"))
}

// TestDotStuffing: what arrives is, octet for octet, what was sent.
func TestDotStuffing(t *testing.T) {
	mails := []string{
		"\r\n", ".\r\n", "..\r\n", "Subject: x\r\n\r\n.\r\n", "a: b\r\n\r\n.hidden\r\n..twice\r\n...\r\n", "a: b\r\n\r\n\r\n\r\n",
		"a: b\r\n\r\n" + strings.Repeat(".", 998) + "\r\n", "a: b\r\n\r\nQUIT\r\n.\r\nMAIL FROM:<x@y.example>\r\n",
		"a: b\r\n\r\n" + strings.Repeat(".\r\n", 5000),
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var b strings.Builder
		for range random.IntN(400) {
			b.WriteString([]string{".", "\r\n", "\r\n.", "a", "x y", "\t"}[random.IntN(6)])
		}
		mails = append(mails, "a: b\r\n\r\n"+b.String()+"\r\n")
	}
	sink := newSink(t)
	client := &Client{Hostname: "gate.example"}
	defer client.Close()
	for _, m := range mails {
		if a := client.Deliver(t.Context(), sink.hop(), envelope(), []byte(m)); malformed([]byte(m)) == "" && !a.Status.Positive() {
			t.Fatalf("%.60q: %v", m, a.Status)
		}
	}
	sink.mu.Lock()
	defer sink.mu.Unlock()
	want := 0
	for _, m := range mails {
		if malformed([]byte(m)) != "" {
			continue
		}
		if got := unstuff(sink.mails[want]); string(got) != m {
			t.Errorf("sent %.80q, got %.80q", m, got)
		}
		want++
	}
	if len(sink.mails) != want || want < 150 {
		t.Errorf("%d mails arrived of %d", len(sink.mails), want)
	}
}

// TestInsecureAuth: the password is shown without TLS on a loopback address,
// when the operator has said so.
func TestInsecureAuth(t *testing.T) {
	sink := newSink(t)
	for _, allowed := range []bool{true, false} {
		client := &Client{Hostname: "gate.example"}
		hop := sink.hop()
		hop.Auth, hop.InsecureAuth = &route.Credentials{Username: "u", Password: "p"}, allowed
		a := client.Deliver(t.Context(), hop, envelope(), []byte(plainMail))
		client.Close()
		if a.Status.Positive() != allowed {
			t.Errorf("allowed %v: %v", allowed, a.Status)
		}
		sink.mu.Lock()
		if shown := strings.Contains(strings.Join(sink.said, "|"), "AUTH"); shown != allowed {
			t.Errorf("allowed %v, shown %v", allowed, shown)
		}
		sink.said = nil
		sink.mu.Unlock()
	}
}

// TestManyAtOnce has many mails share few real connections.
func TestManyAtOnce(t *testing.T) {
	sink := newSink(t)
	client := &Client{Hostname: "gate.example", MaxConnections: 4}
	defer client.Close()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 20 {
				if a := client.Deliver(t.Context(), sink.hop(), envelope(), []byte(plainMail)); !a.Status.Positive() {
					t.Error(a.Status)
				}
			}
		})
	}
	wg.Wait()
	sink.mu.Lock()
	defer sink.mu.Unlock()
	greetings := strings.Count(strings.Join(sink.said, "|"), "EHLO")
	if len(sink.mails) != 320 || greetings > 16 {
		t.Errorf("%d mails over %d connections", len(sink.mails), greetings)
	}
}

func FuzzMalformed(f *testing.F) {
	f.Add([]byte("a: b\r\n\r\n.\r\n"))
	f.Add([]byte("a\rb\nc\x00\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if malformed(raw) != "" {
			return
		}
		rest := bytes.ReplaceAll(raw, []byte("\r\n"), nil)
		if bytes.ContainsAny(rest, "\r\n\x00") || len(raw) > 0 && !bytes.HasSuffix(raw, []byte("\r\n")) {
			t.Errorf("%q passed", raw)
		}
		for _, b := range raw {
			if b >= 0x80 {
				t.Errorf("%q passed", raw)
			}
		}
	})
}
