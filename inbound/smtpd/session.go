package smtpd

import (
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
)

// session is the guard of one connection. The engine (go-smtp) believes it
// talks to a socket; its reads and writes end up here:
//
//   - A read means that the engine wants the next command. The guard reads the
//     client's lines, answers what the engine must not see, and returns the
//     first sound command. So there is one command at a time, and it is
//     answered before the next one is looked at.
//   - A write is a piece of the engine's answer. The guard corrects it and
//     sends it on.
//   - Behind DATA the guard reads the message itself; the engine gets an empty
//     one in its place.
//   - STARTTLS ends the engine's connection; a fresh one takes its place,
//     which knows nothing of what was said in the clear.
//
// All of this runs in the engine's goroutine for the connection.
type session struct {
	srv     *Server
	serving *serving
	wire    *wire
	client  Client
	log     *slog.Logger
	started time.Time
	trusted bool
	proxied bool // begins with a PROXY header
	// network is whose the client is; admitted, that it is counted there.
	network  netip.Prefix
	admitted bool

	verb    string // of the command that is being answered
	helo    string // what it named, if it is EHLO or HELO
	feed    []byte // a command the engine has not read yet
	heard   []byte // what the engine has written of an answer
	said    *gateway.Status
	secured bool // STARTTLS done, the engine's new connection not yet made
	why     string

	forwarded  forwarded
	tx         Transaction
	options    MailOptions
	recipients int
	body       *body
	answers    []gateway.Status // to the final dot
	mails      int

	errors, junk, refused, slowed int
}

func newSession(v *serving, conn net.Conn) *session {
	s := &session{
		srv: v.srv, serving: v, wire: newWire(conn, v.srv.config.WriteTimeout, &v.srv.wides), started: time.Now(),
		client: Client{
			Addr: addrPort(conn.RemoteAddr()), Local: addrPort(conn.LocalAddr()),
			Session: strings.ToLower(rand.Text()[:12]),
		},
	}
	s.trusted = s.trusts()
	s.proxied = within(s.client.Addr.Addr(), v.srv.admission.proxies)
	s.log = v.srv.config.Logger.With("session", s.client.Session, "client", s.client.Addr.Addr())
	return s
}

// next returns the next sound command for the engine, or io.EOF at the end of
// the session, and of its part in the clear.
func (s *session) next() ([]byte, error) {
	for !s.over() && !s.secured {
		if len(s.feed) > 0 {
			feed := s.feed
			s.feed = nil
			return feed, nil
		}
		line, err := s.wire.line(s.deadline(s.srv.config.IdleTimeout))
		switch {
		case errors.Is(err, errLineLong):
			s.verb = ""
			s.answer(status(500, 5, 5, 6, "Command line too long"))
		case errors.Is(err, errLineEnding):
			s.verb = ""
			s.answer(status(500, 5, 5, 2, "Command lines end with CR LF"))
		case err != nil:
			s.lost(err)
		default:
			s.command(line)
		}
	}
	return nil, io.EOF
}

// hand gives the engine a command.
func (s *session) hand(command string) { s.feed = []byte(command + "\r\n") }

// reply sends st to the client.
func (s *session) reply(st gateway.Status) {
	if s.over() {
		return
	}
	s.srv.config.Observer.Answer(s.verb, st)
	s.wire.out = appendReply(s.wire.out, st)
	if st.Code == 421 { // RFC 5321, section 3.8: the connection ends with it
		s.end("internal")
	}
}

// answer replies to a command by itself; a 5yz counts as the client's error.
func (s *session) answer(st gateway.Status) {
	s.reply(st)
	if st.Permanent() {
		s.errors++
	}
}

// hangUp answers st and ends the session.
func (s *session) hangUp(why string, st gateway.Status) {
	if s.over() {
		return
	}
	s.reply(st)
	s.why = why
}

// end ends the session without another word.
func (s *session) end(why string) {
	if s.why == "" {
		s.why = why
	}
}

// over tells whether the session has ended: nothing is read any more.
func (s *session) over() bool { return s.why != "" }

// lost ends the session after a failed read or write of a command.
func (s *session) lost(err error) {
	switch {
	case errors.Is(err, errFlood):
		s.hangUp("protocol", status(421, 4, 7, 0, "Command line too long"))
	case !errors.Is(err, os.ErrDeadlineExceeded):
		s.end("lost")
	case s.draining():
		s.hangUp("drain", shuttingDown)
	case s.outlived():
		s.hangUp("time", status(421, 4, 4, 2, "Session too long, please connect again"))
	default:
		s.hangUp("idle", status(421, 4, 4, 2, "Idle for too long, please connect again"))
	}
}

var shuttingDown = status(421, 4, 3, 2, "Service is shutting down, please try again")

func (s *session) draining() bool {
	select {
	case <-s.serving.draining:
		return true
	default:
		return false
	}
}

// outlived tells whether the session's time is up.
func (s *session) outlived() bool { return !time.Now().Before(s.sessionEnd()) }

func (s *session) sessionEnd() time.Time { return s.started.Add(s.srv.config.SessionTimeout) }

// deadline is d from now, or the end of the session if that comes first.
func (s *session) deadline(d time.Duration) time.Time {
	return earlier(time.Now().Add(d), s.sessionEnd())
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// reset ends the transaction, as RSET does (RFC 5321, section 4.1.1.5).
func (s *session) reset() {
	tx := s.tx
	s.tx, s.recipients, s.options, s.forwarded = nil, 0, MailOptions{}, forwarded{}
	if s.body != nil {
		s.body.release()
		s.body = nil
	}
	if tx != nil {
		s.contained(func() (gateway.Status, error) {
			tx.Close()
			return gateway.Status{}, nil
		})
	}
}

// finish is the end of the connection.
func (s *session) finish() {
	defer s.serving.leave(s)
	s.end("lost")
	s.reset()
	s.wire.flush()
	switch s.why {
	case "quit", "lost", "idle", "drain": // the client sends no more
		s.wire.close(false)
	default:
		s.wire.close(true)
	}
	took := time.Since(s.started)
	s.log.Debug("smtp session ended", "why", s.why, "mails", s.mails, "tls", s.client.TLS != nil, "took", took)
	if s.admitted {
		s.srv.config.Observer.Ended(s.why, took)
	}
}

// contain keeps a panic of the guard itself within its session.
func (s *session) contain() {
	if p := recover(); p != nil {
		s.log.Error("smtp session panicked", "panic", p, "stack", string(debug.Stack()))
		s.end("internal")
		s.wire.out = appendReply(s.wire.out, status(421, 4, 3, 0, gateway.InternalError.Text))
	}
}
