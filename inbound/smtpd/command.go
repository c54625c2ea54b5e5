package smtpd

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/replygate/replygate/gateway"
)

// command answers one line, or hands it to the engine.
func (s *session) command(line []byte) {
	verb, arg, _ := bytes.Cut(line, []byte(" "))
	s.verb = knownVerb(verb)
	if s.verb == "STARTTLS" {
		arg = line[len(s.verb):] // "STARTTLSfoo" has an argument too
	}
	switch {
	case s.draining():
		s.hangUp("drain", shuttingDown)
	case foreign(verb):
		// Postfix's smtpd_forbidden_commands: a web page, or a message, that
		// made its way here is not read on.
		s.hangUp("protocol", status(554, 5, 5, 1, "This is a mail server"))
	case s.errors >= s.srv.config.MaxErrors:
		s.hangUp("errors", status(421, 4, 7, 0, "Too many errors"))
	case s.junk >= s.srv.config.MaxJunk:
		s.hangUp("junk", status(421, 4, 7, 0, "Too many commands without a mail"))
	case s.refused >= s.srv.config.MaxRefused+refusedGrace:
		s.hangUp("refused", status(421, 4, 7, 0, "Too many unknown recipients"))
	case !soundText(line):
		s.answer(status(501, 5, 5, 2, "Control characters, or octets that are not UTF-8"))
	default:
		s.obey(strings.TrimSpace(string(arg)))
	}
}

// obey carries out s.verb.
func (s *session) obey(arg string) {
	if !isASCII(arg) && s.verb != "MAIL" && s.verb != "RCPT" {
		s.answer(status(501, 5, 5, 2, "Only ASCII is allowed here"))
		return
	}
	switch s.verb {
	case "EHLO", "HELO":
		s.junk++
		s.hello(arg)
	case "MAIL":
		s.mail(arg)
	case "RCPT":
		s.rcpt(arg)
	case "DATA":
		s.data(arg)
	case "RSET", "QUIT":
		s.junk++
		s.bare(arg)
	case "NOOP":
		s.junk++
		s.hand("NOOP")
	case "STARTTLS":
		s.startTLS(arg)
	case "VRFY": // RFC 5321, section 7.3: as good as no answer
		s.junk++
		s.answer(status(252, 2, 5, 0, "Send some mail, it will be tried"))
	case "HELP":
		s.junk++
		s.answer(status(214, 2, 0, 0, "This server takes answers to mails it was sent for. RFC 5321 says how"))
	case "BDAT":
		// Its chunk follows without waiting, and must never be read as commands.
		s.hangUp("protocol", status(502, 5, 5, 1, "CHUNKING is not offered"))
	case "":
		s.answer(status(500, 5, 5, 1, "Unknown command"))
	default:
		s.answer(status(502, 5, 5, 1, "Command not implemented"))
	}
}

// bare hands over a command that takes no argument.
func (s *session) bare(arg string) {
	if arg != "" {
		s.answer(status(501, 5, 5, 4, "No argument is allowed here"))
		return
	}
	s.hand(s.verb)
}

// hello checks the client's name: it stands in our Received field.
func (s *session) hello(arg string) {
	name, _, _ := strings.Cut(arg, " ")
	if name == "" || len(name) > gateway.MaxDomain || strings.ContainsAny(name, `()<>@,;\"`) {
		s.answer(status(501, 5, 5, 4, "Tell your host name"))
		return
	}
	s.helo = name
	s.hand(s.verb + " " + name)
}

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
	_, utf8 := p.param("SMTPUTF8")
	var from gateway.Address
	if p.path != "" {
		var err error
		if !utf8 && !isASCII(p.path) {
			s.answer(needsUTF8)
			return
		}
		if from, err = gateway.ParseAddress(p.path); err != nil {
			s.answer(status(553, 5, 1, 7, "The sender address "+err.Error()))
			return
		}
	}
	s.hand(p.command("MAIL FROM:", from))
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
		s.answer(status(503, 5, 5, 1, "No recipient was accepted"))
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

// knownVerb is the verb in upper case, or "" for one that is none of SMTP's.
func knownVerb(verb []byte) string {
	switch v := strings.ToUpper(string(verb)); v {
	case "EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY", "EXPN", "HELP", "STARTTLS",
		"BDAT", "AUTH", "ETRN", "TURN", "ATRN", "SEND", "SOML", "SAML", "LHLO", "XCLIENT", "XFORWARD":
		return v
	default:
		// RFC 3207, section 4: STARTTLS with anything behind it is a syntax error.
		if strings.HasPrefix(v, "STARTTLS") {
			return "STARTTLS"
		}
		return ""
	}
}

// foreign tells the first word of HTTP, or of a message's header field.
func foreign(verb []byte) bool {
	switch strings.ToUpper(string(verb)) {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PRI":
		return true
	}
	return len(verb) > 1 && verb[len(verb)-1] == ':'
}

// soundText refuses controls and what is not UTF-8.
func soundText(line []byte) bool {
	for _, c := range line {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(line)
}
