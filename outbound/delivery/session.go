package delivery

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/outbound/route"
)

// session is one connection to a hop, past greeting, EHLO, TLS and AUTH.
type session struct {
	hop      route.NextHop
	limit    Timeouts
	raw      net.Conn // without TLS
	wire     *wire
	smtp     *smtp.Client
	ext      map[string]string // what EHLO offered last, names in upper case
	tls      string            // the TLS facts for the record, "" without
	verified bool              // the certificate is the hop's
	step     step              // where the transaction is
	uses     int               // transactions begun
	dead     bool              // not to be used again
}

// connect opens a session. Where TLS is taken as it comes, a failed handshake
// is followed by one try without (RFC 7435, section 3).
func (c *Client) connect(ctx context.Context, hop route.NextHop) (*session, error) {
	s, err := c.open(ctx, hop, hop.TLS)
	var f *failed
	if hop.TLS == route.Opportunistic && errors.As(err, &f) && f.step == stepTLS && ctx.Err() == nil {
		c.logger().Debug("no TLS with next hop, going on without", "hop", hop.Addr(), "error", f.err)
		return c.open(ctx, hop, route.None)
	}
	return s, err
}

func (c *Client) open(ctx context.Context, hop route.NextHop, mode route.TLSMode) (*session, error) {
	limit := c.timeouts()
	conn, err := c.dial(ctx, hop, limit)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, errStopped
	case err != nil:
		return nil, &failed{stepConnect, err}
	}
	s := &session{hop: hop, limit: limit, raw: conn, wire: newWire(conn, limit.Block)}
	stop := context.AfterFunc(ctx, s.drop)
	err = s.establish(ctx, c, mode)
	if !stop() {
		err = errStopped
	}
	if err != nil {
		s.drop()
		return nil, err
	}
	c.logger().Debug("connected to next hop", "hop", hop.Addr(), "tls", s.tls)
	return s, nil
}

func (c *Client) dial(ctx context.Context, hop route.NextHop, limit Timeouts) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit.Connect)
	defer cancel()
	dial := c.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return dial(ctx, "tcp", hop.Addr())
}

// establish speaks everything before the first MAIL.
func (s *session) establish(ctx context.Context, c *Client, mode route.TLSMode) error {
	if mode == route.Implicit {
		if err := s.handshake(ctx, c.TLSConfig); err != nil {
			return err
		}
	}
	if err := s.greeting(); err != nil {
		return err
	}
	if err := s.hello(c.hostname()); err != nil {
		return err
	}
	if mode == route.StartTLS || mode == route.Opportunistic {
		if err := s.startTLS(ctx, c, mode); err != nil {
			return err
		}
	}
	if err := s.handOver(c.hostname()); err != nil {
		return err
	}
	return s.authenticate()
}

func (s *session) greeting() error {
	r, err := s.wire.command(s.limit.Greeting, "")
	if err != nil {
		return &failed{stepGreeting, err}
	}
	if r.code/100 != 2 {
		return s.refused(stepGreeting, r)
	}
	return nil
}

// hello says EHLO, or HELO to a peer that does not know EHLO (RFC 5321, section 3.2).
func (s *session) hello(name string) error {
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return gateway.Status{Code: 451, Enhanced: [3]int{4, 3, 5}, Text: "our host name is not one: " + plain(name)}
	}
	s.ext = nil
	r, err := s.wire.command(s.limit.Hello, "EHLO "+name)
	if err == nil && (r.code == 500 || r.code == 501 || r.code == 502 || r.code == 504) {
		r, err = s.wire.command(s.limit.Hello, "HELO "+name)
		r.lines = r.lines[:min(1, len(r.lines))]
	}
	if err != nil {
		return &failed{stepHello, err}
	}
	if r.code/100 != 2 {
		return s.refused(stepHello, r)
	}
	s.ext = extensions(r)
	return nil
}

func extensions(r reply) map[string]string {
	ext := map[string]string{}
	for _, line := range r.lines[1:] {
		name, params, _ := strings.Cut(strings.TrimSpace(line), " ")
		ext[strings.ToUpper(name)] = strings.TrimSpace(params)
	}
	return ext
}

// handOver gives the connection to go-smtp's client, which sees of the
// extensions those we want it to use: 8BITMIME is none, as all mail is 7-bit.
func (s *session) handOver(name string) error {
	var use []string
	for _, e := range []string{"SIZE", "DSN", "SMTPUTF8"} {
		if _, ok := s.ext[e]; ok {
			use = append(use, e)
		}
	}
	s.wire.handOver(use)
	s.smtp = smtp.NewClient(s.wire)
	s.smtp.CommandTimeout = s.limit.Hello
	s.smtp.SubmissionTimeout = s.limit.Dot
	if err := s.smtp.Hello(name); err != nil {
		return &failed{stepHello, err}
	}
	return nil
}

// refused is the status of a 4yz or 5yz to the session as a whole.
func (s *session) refused(at step, r reply) error {
	if r.code/100 < 4 {
		return &failed{at, errGarbage}
	}
	return s.aboutUs(at, r.status())
}

// aboutUs softens a permanent answer that speaks of our settings and not of
// the mail: whatever a relay of the operator's says of the session, the refusal
// of a password, and the demands for TLS or AUTH. A peer that takes no mail at
// all (RFC 7504) means it for good.
func (s *session) aboutUs(at step, status gateway.Status) gateway.Status {
	if !status.Permanent() || !s.hop.Relay && at != stepAuth && !demand(status.Code) {
		return status
	}
	return gateway.Status{Code: 451, Enhanced: [3]int{4, status.Enhanced[1], status.Enhanced[2]},
		Text: cut(string(at)+" was refused: "+status.String(), maxReplyText)}
}

// demand tells whether a code asks for a session begun otherwise (RFC 3207,
// section 4; RFC 4954, section 6).
func demand(code int) bool { return code == 530 || code == 534 || code == 535 || code == 538 }

// drop closes the connection without a word. It may be called at any time.
func (s *session) drop() { s.raw.Close() }

// quit ends the session as RFC 5321, section 4.1.1.10 asks, without waiting long.
func (s *session) quit() {
	defer s.wire.Close()
	if s.dead || s.raw.SetDeadline(time.Now().Add(s.limit.Quit)) != nil {
		return
	}
	s.wire.block = s.limit.Quit
	_, _ = s.wire.command(s.limit.Quit, "QUIT") // the answer changes nothing
}
