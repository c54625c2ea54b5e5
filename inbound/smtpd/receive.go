package smtpd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
)

// maxHops is how many Received fields a mail may have before it is a loop (RFC
// 5321, section 6.3, counts; Postfix allows as many).
const maxHops = 50

// receive reads a message to its end and returns the answers to its final dot:
// one, or with LMTP one for each recipient.
func (s *session) receive() []gateway.Status {
	var u unstuffer
	s.wire.data(true)
	arrived := s.transfer(&u)
	s.wire.data(false)
	s.wire.narrow()
	if !arrived {
		return []gateway.Status{gateway.InternalError} // nobody hears it: the session is over
	}
	dot := time.Now()
	answers := s.judge(&u, dot)
	st := summary(answers)
	if st.Positive() {
		s.mails++
		s.junk = 0
	}
	took := time.Since(dot)
	s.srv.config.Observer.Message(s.body.size, st, took)
	s.log.Info("smtp message answered", "code", st.Code, "enhanced", st.Enhanced, "size", s.body.size,
		"recipients", s.recipients, "took", took)
	if !s.serving.lmtp {
		return []gateway.Status{st}
	}
	return answers
}

// summary is the one answer for a mail with several recipients: it is taken if
// it is for one of them, and put off rather than refused.
func summary(answers []gateway.Status) gateway.Status {
	best := answers[0]
	for _, st := range answers {
		if st.Positive() {
			return st
		}
		if st.Temporary() && !best.Temporary() {
			best = st
		}
	}
	return best
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
			s.endless()
			return false
		}
	}
	return true
}

// endless ends the session in the middle of a message that is far too large. The
// answer is no 2yz in any case: the rest was not read.
func (s *session) endless() {
	st := s.unfit(s.tooLarge(), gateway.ReasonTooLarge, Mail{Received: s.received(time.Now())})[0]
	if st.Positive() {
		st = s.tooLarge()
	}
	s.hangUp("size", st)
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
func (s *session) judge(u *unstuffer, at time.Time) []gateway.Status {
	m := Mail{Received: s.received(at), Data: s.body.buf}
	switch {
	case s.body.tooLarge:
		return s.unfit(s.tooLarge(), gateway.ReasonTooLarge, m)
	case !u.sound():
		return s.unfit(status(550, 5, 6, 0, "The message has "+u.fault()), gateway.ReasonMalformed, m)
	case s.body.noMemory:
		return s.toAll(noMemory)
	case hops(m.Data) > maxHops:
		return s.unfit(status(554, 5, 4, 6, "The message went through too many servers, this is a loop"), gateway.ReasonLoop, m)
	}
	done, ok := s.turn(int64(len(m.Data)))
	if !ok {
		return s.toAll(noMemory)
	}
	defer done()
	var answers []gateway.Status
	st := s.call(func(ctx context.Context) (st gateway.Status, err error) {
		given, err := s.tx.Data(ctx, m)
		switch {
		case err != nil || len(given) == 0:
			return gateway.Status{}, err
		case len(given) == s.recipients:
			answers = given
		case len(given) > 1:
			return gateway.Status{}, fmt.Errorf("%d answers for %d recipients", len(given), s.recipients)
		}
		return given[0], nil
	})
	if answers == nil {
		return s.toAll(st)
	}
	for i := range answers {
		answers[i] = proper(answers[i])
	}
	return answers
}

// Reading a message takes some multiple of its size: it is taken apart, decoded
// and sealed. Usual ones need no turn.
const (
	readingCost  = 4
	usualMessage = 256 << 10
)

// turn waits until the backend may have a message of so many octets in hand;
// false means that it never came to that.
func (s *session) turn(size int64) (done func(), ok bool) {
	if size <= usualMessage {
		return func() {}, true
	}
	cost := min(readingCost*size, s.srv.config.DataMemory)
	ctx, cancel := context.WithTimeout(s.serving.base, s.srv.config.AnswerTimeout/4)
	defer cancel()
	if s.srv.reading.Acquire(ctx, cost) != nil {
		return nil, false
	}
	return func() { s.srv.reading.Release(cost) }, true
}

// unfit refuses a message for what it is. The backend keeps account of it, and
// may take the refusal upon itself where a relay would make a mail of it.
func (s *session) unfit(st gateway.Status, why gateway.Reason, m Mail) []gateway.Status {
	r := Refusal{Status: st, Reason: why, Size: s.body.size, Mail: m}
	return s.toAll(s.call(func(ctx context.Context) (gateway.Status, error) { return s.tx.Refused(ctx, r) }))
}

// toAll answers the same for each recipient.
func (s *session) toAll(st gateway.Status) []gateway.Status {
	return slices.Repeat([]gateway.Status{st}, s.recipients)
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
