package smtpd

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"strings"
	"testing"
)

// TestNothingFollowsSTARTTLS: what was pipelined behind it ends the session, in
// the clear and never as if it had been said inside TLS.
func TestNothingFollowsSTARTTLS(t *testing.T) {
	for _, behind := range []string{
		"RSET\r\n", "MAIL FROM:<smuggled@x.example>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\nx\r\n.\r\n", "\n", "\x16\x03\x01",
	} {
		r := &recorder{}
		addr, stop := serve(t, testConfig(t), r)
		p := dial(t, addr)
		p.want("220 ")
		p.send("EHLO c\r\n")
		p.want("250-")
		p.send("STARTTLS\r\n" + behind)
		p.want("554 5.5.0 ")
		p.want("EOF")
		stop()
		if seen := r.seen(); len(seen) > 0 {
			t.Errorf("%q: the backend saw %q", behind, seen)
		}
	}
}

// TestFailedHandshakeCloses: commands behind it are not obeyed in the clear.
func TestFailedHandshakeCloses(t *testing.T) {
	r := &recorder{}
	addr, stop := serve(t, testConfig(t), r)
	p := dial(t, addr)
	p.want("220 ")
	p.send("EHLO c\r\n")
	p.want("250-")
	p.send("STARTTLS\r\n")
	p.want("220 2.0.0 ")
	p.send("MAIL FROM:<smuggled@x.example>\r\nRCPT TO:<bob@chat.example>\r\n")
	var rest bytes.Buffer
	rest.ReadFrom(p.conn) // ends with the connection, or with its reset
	if strings.Contains(rest.String(), "250") {
		t.Errorf("went on: %q", rest.String())
	}
	stop()
	if seen := r.seen(); len(seen) > 0 {
		t.Errorf("the backend saw %q", seen)
	}
}

// TestSTARTTLSForgets: nothing that was said in the clear counts inside TLS.
func TestSTARTTLSForgets(t *testing.T) {
	r := &recorder{}
	addr, stop := serve(t, testConfig(t), r)
	p := dial(t, addr)
	p.want("220 ")
	p.send("EHLO c\r\nMAIL FROM:<ann@sender.example>\r\nRCPT TO:<bob@chat.example>\r\n")
	p.want("250-")
	p.want("250 ")
	p.want("250 ")
	p.secure()
	p.send("DATA\r\n")
	p.want("503 5.5.1")
	p.send("MAIL FROM:<>\r\n")
	p.want("503 5.5.1")
	stop()
	if got := strings.Join(r.seen(), "|"); got != annMail+"|"+bobRcpt+"|CLOSE" {
		t.Errorf("the backend saw %s", got)
	}
}

func TestTLSWithoutCertificate(t *testing.T) {
	conf := testConfig(t)
	conf.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("not yet") }}
	addr, stop := serve(t, conf, &recorder{})
	defer stop()
	p := dial(t, addr)
	p.want("220 ")
	p.send("STARTTLS\r\n")
	p.want("454 4.7.0 ")

	conf.TLS = nil
	addr, stop = serve(t, conf, &recorder{})
	defer stop()
	p = dial(t, addr)
	p.want("220 ")
	p.send("EHLO c\r\n")
	if strings.Contains(p.want("250-"), "STARTTLS") {
		t.Error("STARTTLS is offered without a certificate")
	}
	p.send("STARTTLS\r\n")
	p.want("502 5.5.1 ")
}

// sessionCache tells whether the server ever offered to resume.
type sessionCache struct{ offered int }

func (c *sessionCache) Get(string) (*tls.ClientSessionState, bool) { return nil, false }
func (c *sessionCache) Put(_ string, s *tls.ClientSessionState) {
	if s != nil {
		c.offered++
	}
}

func TestTLSVersionsAndTickets(t *testing.T) {
	conf := testConfig(t)
	conf.TLS.MinVersion = tls.VersionTLS10 // raised all the same
	addr, stop := serve(t, conf, &recorder{})
	defer stop()
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		p := dial(t, addr)
		p.want("220 ")
		p.send("STARTTLS\r\n")
		p.want("220 ")
		cache := &sessionCache{}
		secure := tls.Client(p.conn, &tls.Config{
			InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: version, ServerName: "mx.example", ClientSessionCache: cache,
		})
		if err := secure.Handshake(); (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if !want {
			continue
		}
		p.conn, p.in = secure, bufio.NewReader(secure)
		p.send("EHLO c\r\n")
		p.want("250-")
		p.send("QUIT\r\n")
		p.want("221 ")
		p.want("EOF")
		if cache.offered > 0 {
			t.Errorf("%s: %d session tickets", tls.VersionName(version), cache.offered)
		}
	}
}
