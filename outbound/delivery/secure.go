package delivery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/outbound/route"
)

// Answers of ours to a hop that does not protect us as the route demands.
var (
	errNoStartTLS = gateway.Status{Code: 451, Enhanced: [3]int{4, 7, 10}, Text: "the next hop does not offer STARTTLS, which its route demands"}
	errInjected   = gateway.Status{Code: 451, Enhanced: [3]int{4, 7, 0}, Text: "something spoke between STARTTLS and the TLS handshake; the connection was dropped"}
	errPlainAuth  = gateway.Status{Code: 451, Enhanced: [3]int{4, 7, 0}, Text: "our password is not shown to the next hop without TLS and a certificate that verifies"}
	errNoAuth     = gateway.Status{Code: 451, Enhanced: [3]int{4, 7, 0}, Text: "the next hop offers neither AUTH PLAIN nor AUTH LOGIN"}
)

// startTLS upgrades the connection (RFC 3207) and says EHLO again. Anything
// that came along with the answer was not protected, and ends the session.
func (s *session) startTLS(ctx context.Context, c *Client, mode route.TLSMode) error {
	if _, offered := s.ext["STARTTLS"]; !offered {
		if mode == route.StartTLS {
			return errNoStartTLS
		}
		return nil
	}
	r, err := s.wire.command(s.limit.Hello, "STARTTLS")
	switch {
	case err != nil:
		return &failed{stepStartTLS, err}
	case s.wire.br.Buffered() > 0:
		return errInjected
	case r.code/100 == 2:
		if err := s.handshake(ctx, c.TLSConfig); err != nil {
			return err
		}
		return s.hello(c.hostname())
	case mode == route.StartTLS:
		return gateway.Status{Code: 451, Enhanced: [3]int{4, 7, 10}, Text: cut("STARTTLS was refused: "+r.status().String(), maxReplyText)}
	}
	return nil
}

// handshake puts TLS around the connection. Unless the route takes TLS as it
// comes, the certificate must verify.
func (s *session) handshake(ctx context.Context, base *tls.Config) error {
	conf := &tls.Config{MinVersion: tls.VersionTLS12} // RFC 9325, section 3.1.1
	if base != nil {
		conf = base.Clone()
	}
	conf.ServerName = s.hop.ServerName()
	// Opportunistic TLS takes any certificate (RFC 7435); no password is shown
	// unless it verifies all the same.
	conf.InsecureSkipVerify = !s.hop.TLS.Verified() //nolint:gosec // see above
	ctx, cancel := context.WithTimeout(ctx, s.limit.TLS)
	defer cancel()
	conn := tls.Client(s.raw, conf)
	if err := conn.HandshakeContext(ctx); err != nil {
		return &failed{stepTLS, err}
	}
	state := conn.ConnectionState()
	s.verified = verifies(state, conf)
	s.tls = facts(state, s.verified)
	s.wire = newWire(conn, s.limit.Block)
	return nil
}

// verifies tells whether the peer's certificate is valid for the name asked for.
func verifies(state tls.ConnectionState, conf *tls.Config) bool {
	if len(state.VerifiedChains) > 0 {
		return true
	}
	if len(state.PeerCertificates) == 0 {
		return false
	}
	intermediates := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		intermediates.AddCert(c)
	}
	opts := x509.VerifyOptions{DNSName: conf.ServerName, Roots: conf.RootCAs, Intermediates: intermediates}
	if conf.Time != nil {
		opts.CurrentTime = conf.Time()
	}
	_, err := state.PeerCertificates[0].Verify(opts)
	return err == nil
}

func facts(state tls.ConnectionState, verified bool) string {
	s := tls.VersionName(state.Version) + " " + tls.CipherSuiteName(state.CipherSuite)
	if verified {
		return s + ", verified"
	}
	return s + ", not verified"
}

// authenticate shows our credentials, if the route has any (RFC 4954).
func (s *session) authenticate() error {
	if s.hop.Auth == nil {
		return nil
	}
	if !s.verified && !(s.hop.InsecureAuth && isLoopback(s.raw)) {
		return errPlainAuth
	}
	mechanism := s.mechanism()
	if mechanism == nil {
		return errNoAuth
	}
	err := s.smtp.Auth(mechanism)
	if err == nil {
		return nil
	}
	if peer := new(smtp.SMTPError); errors.As(err, &peer) {
		return s.aboutUs(stepAuth, peerStatus(stepAuth, peer))
	}
	return &failed{stepAuth, err}
}

// mechanism picks one of those offered; nil if there is none we speak.
func (s *session) mechanism() sasl.Client {
	offered := map[string]bool{}
	for name := range strings.FieldsSeq(strings.ToUpper(s.ext["AUTH"])) {
		offered[name] = true
	}
	switch user, password := s.hop.Auth.Username, s.hop.Auth.Password; {
	case offered["PLAIN"]:
		return sasl.NewPlainClient("", user, password) // RFC 4616
	case offered["LOGIN"]:
		return &login{user: user, password: password}
	}
	return nil
}

// login is the LOGIN mechanism: it was never standardised, and servers ask in
// various words, always for the name first.
type login struct {
	user, password string
	asked          int
}

// Start opens without an initial response, which some servers do not take.
func (l *login) Start() (mech string, ir []byte, err error) { return "LOGIN", nil, nil }

// Next answers the first challenge with the name and the second with the password.
func (l *login) Next([]byte) ([]byte, error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte(l.user), nil
	case 2:
		return []byte(l.password), nil
	}
	return nil, errors.New("AUTH LOGIN: a third question")
}

func isLoopback(conn net.Conn) bool {
	addr, ok := conn.RemoteAddr().(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}
