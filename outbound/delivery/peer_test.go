package delivery

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
	"github.com/replygate/replygate/outbound/route"
)

// peer plays next hops by scripts, one per connection. A script has one line
// per act:
//
//	S: text      says a line; several in a row go out in one piece
//	S~ text      says it without line end
//	L: text      says a line that ends with a bare LF
//	C: prefix    waits for a line that begins so
//	D:           takes a mail up to its dot
//	X:           closes the connection
//	H:           says nothing more, until the other side closes
//	Z:           does not even read, for an hour
//	N: n text    says a line n times
//	TLS:         does the server's side of a TLS handshake
type peer struct {
	t       testing.TB
	scripts []string
	cert    tls.Certificate

	mu    sync.Mutex
	used  int
	said  []string // what clients said, in order
	mails [][]byte // without dot-stuffing undone
	wg    sync.WaitGroup
}

// dial starts the next script at the other end of a pipe.
func (p *peer) dial(context.Context, string, string) (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used == len(p.scripts) {
		return nil, errors.New("connection refused")
	}
	script := p.scripts[p.used]
	p.used++
	client, server := net.Pipe()
	p.wg.Go(func() {
		defer server.Close()
		if err := p.play(server, script); err != nil {
			p.t.Errorf("peer: %v", err)
		}
	})
	return client, nil
}

func (p *peer) play(conn net.Conn, script string) error {
	br := bufio.NewReader(conn)
	var out strings.Builder
	flush := func() {
		if out.Len() == 0 {
			return
		}
		_, _ = io.WriteString(conn, out.String()) // the client may have gone
		out.Reset()
	}
	for act := range strings.SplitSeq(strings.TrimSpace(script), "\n") {
		verb, text, _ := strings.Cut(strings.TrimSpace(act), ":")
		text = strings.TrimPrefix(text, " ")
		switch {
		case strings.HasPrefix(verb, "S~"):
			out.WriteString(strings.TrimPrefix(strings.TrimSpace(act), "S~ "))
			continue
		case verb == "S":
			out.WriteString(text + "\r\n")
			continue
		case verb == "L":
			out.WriteString(text + "\n")
			continue
		case verb == "N":
			n := 0
			_, rest, _ := strings.Cut(text, " ")
			fmt.Sscan(text, &n)
			flush()
			for range n {
				if _, err := io.WriteString(conn, rest+"\r\n"); err != nil {
					return nil
				}
			}
			continue
		}
		flush()
		switch verb {
		case "C":
			line, err := br.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, text) || !strings.HasSuffix(line, "\r\n") {
				return fmt.Errorf("got %q, %v; want %q", line, err, text)
			}
			p.note(strings.TrimRight(line, "\r\n"))
		case "D":
			mail, err := takeMail(br)
			if err != nil {
				return fmt.Errorf("in the mail: %v", err)
			}
			p.mu.Lock()
			p.mails = append(p.mails, mail)
			p.mu.Unlock()
		case "TLS":
			conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{p.cert}})
			br = bufio.NewReader(conn)
		case "X":
			return nil
		case "Z":
			<-time.After(time.Hour)
			return nil
		case "H":
			_, _ = io.Copy(io.Discard, br)
			return nil
		default:
			return fmt.Errorf("no such act: %q", act)
		}
	}
	flush()
	// What follows a script is QUIT, or the end of the connection.
	line, err := br.ReadString('\n')
	if err == nil && line != "QUIT\r\n" {
		return fmt.Errorf("after the script: %q", line)
	}
	if err == nil {
		p.note("QUIT")
		_, _ = io.WriteString(conn, "221 2.0.0 bye\r\n")
	}
	return nil
}

// takeMail reads to the line with a single dot, which it leaves out.
func takeMail(br *bufio.Reader) ([]byte, error) {
	var mail []byte
	for {
		line, err := br.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		if string(line) == ".\r\n" {
			return mail, nil
		}
		mail = append(mail, line...)
	}
}

func (p *peer) note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = append(p.said, line)
}

// heard is everything clients said, joined by bars.
func (p *peer) heard() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.said, "|")
}

// newCertificate makes a self-signed certificate for a host, valid for a
// century, for a bubble's clock too.
func newCertificate(t testing.TB, host string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

const host = "mx.peer.example"

func addr(s string) gateway.Address {
	a, err := gateway.ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

func envelope() gateway.Envelope {
	return gateway.Envelope{From: gateway.ReversePath{Address: addr("b0secretsecretsecret@gate.example")}, To: []gateway.Address{addr("ann@example.com")}}
}

const plainMail = "Subject: x\r\n\r\nHello\r\n"

func hopWith(mode route.TLSMode) route.NextHop {
	return route.NextHop{Host: host, Port: 25, TLS: mode}
}
