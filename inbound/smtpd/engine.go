package smtpd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/replygate/replygate/gateway"
)

// newEngine makes the go-smtp server that speaks behind the guards. It has no
// time-outs, limits and TLS of its own but those the guard cannot have.
func newEngine(c Config) *smtp.Server {
	e := smtp.NewServer(engineBackend{})
	e.Domain = c.Hostname
	e.MaxMessageBytes = c.MaxSize
	e.MaxRecipients = c.MaxRecipients
	e.MaxLineLength = 2 * maxCommand // the guard's lines, which U-labels may lengthen
	e.EnableSMTPUTF8 = true
	e.ErrorLog = engineLog{c.Logger}
	return e
}

// engineLog is where the engine's own complaints go.
type engineLog struct{ log *slog.Logger }

func (l engineLog) Printf(format string, v ...any) {
	l.log.Warn("smtp engine", "message", fmt.Sprintf(format, v...))
}

func (l engineLog) Println(v ...any) { l.log.Warn("smtp engine", "message", fmt.Sprint(v...)) }

// engineQueue is the engine's listener: connections that a guard stands before.
type engineQueue struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newEngineQueue() *engineQueue {
	return &engineQueue{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (q *engineQueue) Accept() (net.Conn, error) {
	select {
	case c := <-q.conns:
		return c, nil
	case <-q.closed:
		return nil, net.ErrClosed
	}
}

func (q *engineQueue) Close() error {
	q.once.Do(func() { close(q.closed) })
	return nil
}

func (q *engineQueue) Addr() net.Addr { return &net.TCPAddr{} }

// engineConn is what the engine takes for a socket; see session.
type engineConn struct {
	*session
	resumed bool // behind STARTTLS: the client has had its banner
	spoke   bool
	closed  bool
	rest    []byte
}

// Read hands out the next sound command.
func (c *engineConn) Read(p []byte) (n int, err error) {
	err = io.EOF
	defer c.contain()
	if c.closed {
		return
	}
	if len(c.rest) == 0 {
		var e error
		if c.rest, e = c.next(); e != nil {
			return 0, e
		}
	}
	n = copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// Write takes a piece of an answer; a complete one goes to the client.
func (c *engineConn) Write(p []byte) (int, error) {
	defer c.contain()
	c.heard = append(c.heard, p...)
	for start := 0; ; {
		i := bytes.IndexByte(c.heard[start:], '\n')
		if i < 0 {
			return len(p), nil
		}
		last := c.heard[start : start+i+1]
		start += i + 1
		if len(last) > 3 && last[3] == '-' {
			continue // RFC 5321, section 4.2.1: more lines follow
		}
		c.finished(c.heard[:start], last)
		c.heard = append(c.heard[:0], c.heard[start:]...)
		start = 0
	}
}

// finished takes a complete answer, and its last line.
func (c *engineConn) finished(reply, last []byte) {
	first := !c.spoke
	c.spoke = true
	switch {
	case first && c.resumed: // the banner, a second time
	case first:
		c.greet(reply)
	default:
		c.relay(reply, last)
	}
}

// Close ends the engine's connection: the session, or its part in the clear.
func (c *engineConn) Close() error {
	defer c.contain()
	if c.closed {
		return nil
	}
	c.closed = true
	if c.secured && !c.over() {
		c.secured = false
		c.serving.queue.conns <- &engineConn{session: c.session, resumed: true}
		return nil
	}
	c.finish()
	return nil
}

func (c *engineConn) LocalAddr() net.Addr              { return net.TCPAddrFromAddrPort(c.client.Local) }
func (c *engineConn) RemoteAddr() net.Addr             { return net.TCPAddrFromAddrPort(c.client.Addr) }
func (c *engineConn) SetDeadline(time.Time) error      { return nil } // the guard's business
func (c *engineConn) SetReadDeadline(time.Time) error  { return nil }
func (c *engineConn) SetWriteDeadline(time.Time) error { return nil }

// engineBackend makes the engine's sessions.
type engineBackend struct{}

func (engineBackend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	conn, ok := c.Conn().(*engineConn)
	if !ok {
		return nil, fmt.Errorf("connection without a guard: %T", c.Conn())
	}
	return engineSession{conn.session}, nil
}

// engineSession is called by the engine for commands it has parsed. The answer
// is left in said: relay sends it instead of the engine's words.
type engineSession struct{ s *session }

func (e engineSession) Reset()        { e.s.reset() }
func (e engineSession) Logout() error { e.s.reset(); return nil }

func (e engineSession) Mail(from string, o *smtp.MailOptions) error {
	s := e.s
	path := gateway.ReversePath{Address: splitAddress(from)}
	options := MailOptions{Size: o.Size, UTF8: o.UTF8, EightBit: o.Body == smtp.Body8BitMIME}
	return s.settle(s.call(func(ctx context.Context) (gateway.Status, error) {
		tx, err := s.srv.backend.Begin(ctx, s.author(), path, options)
		if err == nil {
			s.tx, s.options = tx, options
		}
		return status(250, 2, 1, 0, "Sender ok"), err
	}))
}

func (e engineSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s := e.s
	address := splitAddress(to)
	st := s.call(func(ctx context.Context) (gateway.Status, error) {
		return status(250, 2, 1, 5, "Recipient ok"), s.tx.Rcpt(ctx, address)
	})
	if st.Positive() {
		s.recipients++
	}
	return s.settle(st)
}

// Data reads the message from the wire, not from the engine's reader: that one
// gets an empty message when it looks for the rest.
func (e engineSession) Data(io.Reader) error {
	e.s.verb = "."
	e.s.answers = e.s.receive()
	e.s.feed = []byte(".\r\n")
	return e.s.settle(e.s.answers[0])
}

// settle leaves st for relay and tells the engine whether it is a success.
func (s *session) settle(st gateway.Status) error {
	s.said = &st
	if st.Positive() {
		return nil
	}
	return &smtp.SMTPError{Code: st.Code, EnhancedCode: st.Enhanced, Message: "refused"}
}
