package smtpd

import (
	"bytes"
	"time"

	"github.com/replygate/replygate/gateway"
)

// greet sends the banner, unless the client began to talk before it (RFC 5321,
// section 3.1: it has to wait). Programs do, mail servers do not.
func (s *session) greet(banner []byte) {
	if s.proxied && !s.unwrap() {
		return
	}
	if s.serving.lmtp && !s.trusted {
		s.hangUp("stranger", status(554, 5, 7, 1, "Mail is taken by LMTP from named relays only"))
		return
	}
	if s.early() {
		s.hangUp("early", status(554, 5, 5, 0, "You talked before the greeting"))
		return
	}
	if s.serving.lmtp {
		banner = []byte("220 " + s.srv.config.Hostname + " LMTP Service Ready\r\n")
	}
	s.wire.out = append(s.wire.out, banner...)
}

func (s *session) early() bool {
	if s.wire.waiting() > 0 {
		return true // it came with the PROXY header
	}
	if s.srv.config.GreetDelay <= 0 {
		return inputWaits(s.wire.conn)
	}
	err := s.wire.fill(time.Now().Add(s.srv.config.GreetDelay))
	return err == nil
}

// relay sends the engine's answer on, in the guard's words where it has any.
func (s *session) relay(reply, last []byte) {
	said := s.said
	s.said = nil
	code := string(last[:min(3, len(last))])
	switch {
	case s.over():
	case said != nil:
		s.pass(*said)
	case code == "250" && (s.verb == "EHLO" || s.verb == "HELO" || s.verb == "LHLO"):
		s.welcome(reply)
	case code == "354": // RFC 2034, section 4: 3yz have no enhanced code
		s.wire.out = append(s.wire.out, reply...)
	default:
		s.answer(readStatus(last))
		if code == "221" {
			s.end("quit")
		}
	}
}

// pass sends what the backend said.
func (s *session) pass(st gateway.Status) {
	switch {
	case s.verb == "RCPT" && st.Permanent():
		s.refuse(st)
	case s.verb == ".":
		for _, answer := range s.answers {
			s.reply(answer)
		}
		// The answer need not wait for the transaction to be cleared away.
		if err := s.wire.flush(); err != nil {
			s.end("lost")
		}
	default:
		s.reply(st)
	}
}

// welcome rewrites the answer to EHLO, HELO or LHLO. RFC 5321, section 4.1.1.1: it
// begins with our name. CHUNKING is not offered, as BDAT is not obeyed;
// STARTTLS is, but not within TLS (RFC 3207, section 4.2).
func (s *session) welcome(reply []byte) {
	s.client.Helo, s.client.ESMTP = s.helo, s.verb != "HELO"
	lines := [][]byte{[]byte(s.srv.config.Hostname + " greets " + s.helo)}
	if s.client.ESMTP {
		for line := range bytes.Lines(reply[bytes.IndexByte(reply, '\n')+1:]) {
			if keyword := bytes.TrimRight(line[4:], "\r\n"); string(keyword) != "CHUNKING" {
				lines = append(lines, keyword)
			}
		}
		if s.srv.config.TLS != nil && s.client.TLS == nil {
			lines = append(lines, []byte("STARTTLS"))
		}
		if s.trusted {
			lines = append(lines, []byte(forwardOffer))
		}
	}
	s.srv.config.Observer.Answer(s.verb, gateway.Status{Code: 250})
	for i, line := range lines {
		sep := "250-"
		if i == len(lines)-1 {
			sep = "250 "
		}
		s.wire.out = append(append(append(s.wire.out, sep...), line...), "\r\n"...)
	}
}
