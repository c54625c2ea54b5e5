// Package delivery hands a mail to a next hop by SMTP (RFC 5321) and tells what
// became of it.
//
// It promises that every try ends with one gateway.Status in bounded time: the
// peer's own answer, or one of ours for what went wrong on the way. Ours are
// temporary (4yz), except where trying again cannot help. A mail that may have
// been taken without our hearing of it is marked, see Ambiguous. Nothing
// 8-bit, no bare CR or LF, and no password outside verified TLS goes on the wire.
//
// It leaves the choice of the hop to package route, and when to try again to
// the queue. It is the only home of go-smtp's client, which gets a connection
// whose greeting, EHLO and TLS are settled (see wire).
package delivery

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/outbound/route"
)

// Client hands mails to next hops, over connections it keeps open for a while.
// The zero value works; its fields must not be changed after the first use. It
// is safe for concurrent use.
type Client struct {
	// Hostname is the name in EHLO; empty means localhost.
	Hostname string
	// TLSConfig gives root certificates and limits; nil means the system's
	// roots and TLS 1.2 at least. ServerName is set per hop.
	TLSConfig *tls.Config
	// Timeouts left zero mean those of RFC 5321, section 4.5.3.2.
	Timeouts Timeouts
	// MaxConnections bounds the connections to one hop; 0 means 10. Above it
	// Deliver waits.
	MaxConnections int
	// MaxUses bounds the mails over one connection; 0 means 100.
	MaxUses int
	// Logger gets debug lines about connections; nil means none.
	Logger *slog.Logger
	// Dial opens connections; nil means a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	pool pool
}

// Deliver tries once to hand raw to hop, for all recipients or for none: when
// one of them is refused, the mail is not sent and its answer is the status.
// raw is a complete 7-bit mail with CRLF line ends.
func (c *Client) Deliver(ctx context.Context, hop route.NextHop, env gateway.Envelope, raw []byte) gateway.Attempt {
	return c.DeliverIf(ctx, hop, env, raw, nil)
}

// DeliverIf is Deliver with a last question: still is called when everything
// but the end of the mail is sent. If it returns an error (a lost lease, say)
// the connection is dropped, so that the peer does not take the mail, and the
// status is temporary.
func (c *Client) DeliverIf(ctx context.Context, hop route.NextHop, env gateway.Envelope, raw []byte, still func(context.Context) error) gateway.Attempt {
	a := gateway.Attempt{At: time.Now(), Hop: hop.Addr()}
	a.Status, a.TLS = c.try(ctx, hop, mail{env: env, raw: raw, still: still})
	a.Status.Text = withoutToken(a.Status.Text, env.From.Address.LocalPart)
	a.Took = time.Since(a.At).Milliseconds()
	return a
}

func (c *Client) try(ctx context.Context, hop route.NextHop, m mail) (status gateway.Status, tlsFacts string) {
	if err := m.check(); err != nil {
		return gateway.StatusOf(err), ""
	}
	lane, err := c.pool.enter(ctx, keyOf(hop), c.maxConnections())
	if err != nil {
		return statusOf("", err), ""
	}
	defer c.pool.leave(lane)
	for {
		s, err := c.session(ctx, hop, lane)
		if err != nil {
			return statusOf("", err), ""
		}
		status, err := s.send(ctx, m)
		if err != nil && s.stale(err) {
			s.drop()
			continue
		}
		if err != nil {
			status = statusOf(s.step, err)
		}
		c.release(ctx, lane, s, err)
		return status, s.tls
	}
}

// session takes an open connection, or opens one.
func (c *Client) session(ctx context.Context, hop route.NextHop, l *lane) (*session, error) {
	if s := c.pool.take(l); s != nil {
		return s, nil
	}
	return c.connect(ctx, hop)
}

// Close ends the connections that are kept open, and returns when they are
// closed. Deliveries in progress go on; their connections are closed after.
func (c *Client) Close() error {
	c.pool.close()
	return nil
}

func (c *Client) maxConnections() int {
	if c.MaxConnections > 0 {
		return c.MaxConnections
	}
	return 10
}

func (c *Client) maxUses() int {
	if c.MaxUses > 0 {
		return c.MaxUses
	}
	return 100
}

func (c *Client) hostname() string {
	if c.Hostname != "" {
		return c.Hostname
	}
	return "localhost"
}

func (c *Client) logger() *slog.Logger {
	if c.Logger != nil {
		return c.Logger
	}
	return slog.New(slog.DiscardHandler)
}

// withoutToken takes the reverse-path's local part, which is a secret address,
// out of a peer's answer that repeats it, in whatever case.
func withoutToken(text, local string) string {
	if len(local) < 8 {
		return text // no address of ours, and perhaps a word of the answer
	}
	lower, needle := lowerASCII(text), lowerASCII(local)
	var b strings.Builder
	for {
		i := strings.Index(lower, needle)
		if i < 0 {
			return b.String() + text
		}
		b.WriteString(text[:i] + "[address]")
		text, lower = text[i+len(needle):], lower[i+len(needle):]
	}
}

// lowerASCII keeps the length of s, unlike strings.ToLower. s is valid UTF-8.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
