package smtpd

import (
	"strconv"
	"strings"

	"github.com/replygate/replygate/gateway"
)

// mail checks MAIL (RFC 5321, section 4.1.1.2).
func (s *session) mail(arg string) {
	switch {
	case s.client.Helo == "":
		s.answer(status(503, 5, 5, 1, "Say EHLO first"))
		return
	case s.tx != nil:
		s.answer(status(503, 5, 5, 1, "A mail is already under way"))
		return
	}
	p, ok := readPathArg(arg, "FROM:")
	if !ok {
		s.answer(status(501, 5, 5, 4, "Syntax: MAIL FROM:<address>"))
		return
	}
	if st, ok := s.mailParams(&p); !ok {
		s.answer(st)
		return
	}
	if _, wide := p.param("SMTPUTF8"); !wide && !isASCII(p.path) {
		s.answer(needsUTF8)
		return
	}
	from, err := gateway.ParseReversePath(p.path)
	if err != nil {
		s.answer(status(553, 5, 1, 7, "The sender address "+err.Error()))
		return
	}
	s.hand(p.command("MAIL FROM:", from.Address))
}

// needsUTF8 is RFC 6531, section 3.5.
var needsUTF8 = status(553, 5, 6, 7, "An address outside ASCII needs SMTPUTF8")

// mailParams allows the parameters of what EHLO offers. The engine reads their
// values, but SIZE only up to 32 bits.
func (s *session) mailParams(p *pathArg) (gateway.Status, bool) {
	for _, f := range p.params {
		key, value, has := strings.Cut(f, "=")
		switch {
		case key == "SIZE": // RFC 1870, section 6.1
			if value == "" || len(value) > 20 || strings.Trim(value, "0123456789") != "" {
				return status(501, 5, 5, 4, "SIZE is not a number"), false
			}
			if n, err := strconv.ParseInt(value, 10, 64); err != nil || n > s.srv.config.MaxSize {
				return s.tooLarge(), false
			}
		case key == "SMTPUTF8" && has:
			return status(501, 5, 5, 4, "SMTPUTF8 takes no value"), false
		case key != "BODY" && key != "SMTPUTF8":
			return unknownParam, false
		}
	}
	return gateway.Status{}, true
}

// unknownParam is RFC 5321, section 4.1.1.11.
var unknownParam = status(555, 5, 5, 4, "Unknown parameter")

func (s *session) tooLarge() gateway.Status {
	return status(552, 5, 3, 4, "The message is larger than the limit of "+strconv.FormatInt(s.srv.config.MaxSize, 10)+" octets")
}

// rcpt checks RCPT (RFC 5321, section 4.1.1.3). What is no address of ours for
// any reason is refused in the same words as one that does not exist.
func (s *session) rcpt(arg string) {
	if s.tx == nil {
		s.answer(status(503, 5, 5, 1, "Say MAIL first"))
		return
	}
	p, ok := readPathArg(arg, "TO:")
	switch {
	case !ok:
		s.answer(status(501, 5, 5, 4, "Syntax: RCPT TO:<address>"))
		return
	case len(p.params) > 0:
		s.answer(unknownParam)
		return
	case !s.options.UTF8 && !isASCII(p.path):
		s.refuse(needsUTF8)
		return
	}
	// RFC 5321, section 4.5.1: Postmaster needs no domain.
	if strings.EqualFold(p.path, "postmaster") {
		p.path = "postmaster@" + s.srv.config.Domain
	}
	to, err := gateway.ParseAddress(p.path)
	if err != nil {
		s.refuse(NoSuchAddress)
		return
	}
	s.hand(p.command("RCPT TO:", to))
}

// data checks DATA (RFC 5321, section 4.1.1.4) and makes room for the message.
func (s *session) data(arg string) {
	switch {
	case arg != "":
		s.bare(arg)
		return
	case s.tx == nil:
		s.answer(status(503, 5, 5, 1, "Say MAIL first"))
		return
	case s.recipients == 0:
		// No error of the client's: it may have sent DATA along with RCPT (RFC 2920).
		s.reply(status(503, 5, 5, 1, "No recipient was accepted"))
		return
	}
	b, room := newBody(&s.srv.memory, s.srv.config.MaxSize, s.options.Size)
	if !room {
		s.answer(noMemory)
		return
	}
	s.body = b
	s.hand("DATA")
}

// noMemory stands where many messages are coming in at once.
var noMemory = status(451, 4, 3, 1, "Too much mail at once, please try again")
