package smtpd

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
)

// recorder is a backend that writes down what it sees, in one line per call:
// "MAIL <from>", "RCPT to", "DATA octets", "CLOSE".
type recorder struct {
	mu     sync.Mutex
	events []string
	mails  []Mail
	client []Client
	// refusals are what Refused was told; they are no events, as nothing of the
	// message is taken.
	refusals []Refusal

	begin func(gateway.ReversePath) error
	rcpt  func(context.Context, gateway.Address) error
	data  func(context.Context, Mail) (gateway.Status, error)
	each  []gateway.Status // instead of data

	refused func(Refusal) (gateway.Status, error)
}

func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, fmt.Sprintf(format, args...))
}

func (r *recorder) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.events...)
}

func (r *recorder) Begin(_ context.Context, c Client, from gateway.ReversePath, _ MailOptions) (Transaction, error) {
	if r.begin != nil {
		if err := r.begin(from); err != nil {
			return nil, err
		}
	}
	r.note("MAIL %s", from)
	r.mu.Lock()
	r.client = append(r.client, c)
	r.mu.Unlock()
	return &recording{r: r}, nil
}

type recording struct {
	r      *recorder
	closed bool
}

func (x *recording) Rcpt(ctx context.Context, to gateway.Address) error {
	switch {
	case x.r.rcpt != nil:
		if err := x.r.rcpt(ctx, to); err != nil {
			return err
		}
	case to.Domain != "chat.example":
		return NoSuchAddress
	}
	x.r.note("RCPT %s", to)
	return nil
}

func (x *recording) Data(ctx context.Context, m Mail) ([]gateway.Status, error) {
	x.r.note("DATA %q", m.Data)
	x.r.mu.Lock()
	x.r.mails = append(x.r.mails, m)
	x.r.mu.Unlock()
	if x.r.each != nil {
		return x.r.each, nil
	}
	if x.r.data != nil {
		st, err := x.r.data(ctx, m)
		return []gateway.Status{st}, err
	}
	return []gateway.Status{status(250, 2, 0, 0, "Queued")}, nil
}

func (x *recording) Refused(ctx context.Context, r Refusal) (gateway.Status, error) {
	x.r.mu.Lock()
	defer x.r.mu.Unlock()
	x.r.refusals = append(x.r.refusals, r)
	if x.r.refused != nil {
		return x.r.refused(r)
	}
	return r.Status, nil
}

func (x *recording) Close() {
	if x.closed {
		panic("closed twice")
	}
	x.closed = true
	x.r.note("CLOSE")
}

// testConfig is a small server.
func testConfig(t testing.TB) Config {
	return Config{Hostname: "mx.example", Domain: "chat.example", TLS: testTLS(t)}
}

var testCertificate = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"mx.example"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
})

func testTLS(t testing.TB) *tls.Config {
	cert, err := testCertificate()
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}}
}

// serve serves on loopback until stop is called; a test ends it at the latest.
// Behind stop, the backend sees nothing any more.
func serve(t testing.TB, c Config, b Backend) (addr string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- New(c, b).Serve(ctx, l) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

// peer is a client that says what it is told to.
type peer struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func dial(t testing.TB, addr string) *peer {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return newPeer(t, conn)
}

func newPeer(t testing.TB, conn net.Conn) *peer {
	conn.SetDeadline(time.Now().Add(time.Minute))
	return &peer{t: t, conn: conn, in: bufio.NewReader(conn)}
}

func (p *peer) send(s string) {
	p.t.Helper()
	if _, err := io.WriteString(p.conn, s); err != nil {
		p.t.Fatalf("send %.60q: %v", s, err)
	}
}

// reply reads one answer, all its lines.
func (p *peer) reply() (string, error) {
	var b strings.Builder
	for {
		line, err := p.in.ReadString('\n')
		b.WriteString(line)
		if err != nil || len(line) > 3 && line[3] != '-' {
			return b.String(), err
		}
	}
}

// want reads one answer and checks how it begins. "EOF" is the end instead.
func (p *peer) want(prefix string) string {
	p.t.Helper()
	got, err := p.reply()
	if prefix == "EOF" {
		if err == nil || got != "" || errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
			p.t.Fatalf("got %q, %v; want the end", got, err)
		}
		return ""
	}
	if err != nil || !strings.HasPrefix(got, prefix) {
		p.t.Fatalf("got %q, %v; want %s…", got, err, prefix)
	}
	return got
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// secure does STARTTLS.
func (p *peer) secure() {
	p.t.Helper()
	p.send("STARTTLS\r\n")
	p.want("220 2.0.0 ")
	secure := tls.Client(p.conn, &tls.Config{InsecureSkipVerify: true})
	if err := secure.Handshake(); err != nil {
		p.t.Fatalf("handshake: %v", err)
	}
	p.conn, p.in = secure, bufio.NewReader(secure)
}
