package smtpd

import (
	"bytes"
	"context"
	"errors"
	"os"
	"time"

	"github.com/replygate/replygate/gateway"
)

// maxHops is how many Received fields a mail may have before it is a loop (RFC
// 5321, section 6.3, counts; Postfix allows as many).
const maxHops = 50

// receive reads a message to its end and returns the answer to its final dot.
func (s *session) receive() gateway.Status {
	var u unstuffer
	s.wire.data(true)
	arrived := s.transfer(&u)
	s.wire.data(false)
	s.wire.narrow()
	if !arrived {
		return gateway.InternalError // nobody hears it: the session is over
	}
	dot := time.Now()
	st := s.judge(&u, dot)
	if st.Positive() {
		s.mails++
		s.junk = 0
	}
	took := time.Since(dot)
	s.srv.config.Observer.Message(s.body.size, st, took)
	s.log.Info("smtp message answered", "code", st.Code, "enhanced", st.Enhanced, "size", s.body.size,
		"recipients", s.recipients, "took", took)
	return st
}

// transfer reads until the end of the message; false means that it never came
// and the session is over: what follows must not be taken for commands.
func (s *session) transfer(u *unstuffer) bool {
	c := &s.srv.config
	begun := time.Now()
	end := earlier(begun.Add(c.DataTimeout), s.sessionEnd())
	// The sender has RateSlack in hand; waiting spends it, octets earn it back.
	patience := begun.Add(c.RateSlack)
	for octets := int64(0); !u.done; {
		if s.wire.waiting() == 0 {
			if err := s.wire.fill(earlier(patience, end)); err != nil {
				s.broken(err, end)
				return false
			}
			n := s.wire.waiting()
			earned := time.Duration(n) * time.Second / time.Duration(c.MinRate)
			patience = earlier(time.Now().Add(c.RateSlack), patience.Add(earned))
			s.wire.widen(n)
		}
		content, n := u.next(s.wire.peek())
		s.wire.skip(n)
		s.body.add(content)
		if octets += int64(n); octets > 2*c.MaxSize {
			s.hangUp("size", s.tooLarge())
			return false
		}
	}
	return true
}

// broken ends the session in the middle of a message.
func (s *session) broken(err error, end time.Time) {
	switch {
	case !errors.Is(err, os.ErrDeadlineExceeded):
		s.end("lost")
	case s.draining():
		s.hangUp("drain", shuttingDown)
	case !time.Now().Before(end):
		s.hangUp("time", status(421, 4, 4, 2, "The message took too long"))
	default:
		s.hangUp("slow", status(421, 4, 4, 2, "The message comes in too slowly"))
	}
}

// judge decides about a message that arrived.
func (s *session) judge(u *unstuffer, at time.Time) gateway.Status {
	switch {
	case s.body.tooLarge:
		return s.tooLarge()
	case !u.sound():
		return status(550, 5, 6, 0, "The message has "+u.fault())
	case s.body.noMemory:
		return noMemory
	case hops(s.body.buf) > maxHops:
		return status(554, 5, 4, 6, "The message went through too many servers, this is a loop")
	}
	m := Mail{Received: s.received(at), Data: s.body.buf}
	return s.call(func(ctx context.Context) (gateway.Status, error) { return s.tx.Data(ctx, m) })
}

// hops counts the Received fields of a message.
func hops(message []byte) int {
	n := 0
	for line := range bytes.Lines(message) {
		if line[0] == '\r' {
			break // RFC 5322, section 2.1: an empty line ends the header
		}
		if name, _, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(bytes.TrimRight(name, " \t"), []byte("Received")) {
			n++
		}
	}
	return n
}
