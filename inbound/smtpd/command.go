package smtpd

import (
	"bytes"
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
	case s.junk >= s.srv.config.MaxJunk && !s.trusted:
		s.hangUp("junk", status(421, 4, 7, 0, "Too many commands without a mail"))
	case s.slowed >= refusedGrace:
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
	case "EHLO", "HELO", "LHLO":
		s.junk++
		s.hello(arg)
	case "MAIL":
		s.junk++
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
	case "XFORWARD":
		s.forward(arg)
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
		s.answer(notImplemented)
	}
}

var notImplemented = status(502, 5, 5, 1, "Command not implemented")

// bare hands over a command that takes no argument.
func (s *session) bare(arg string) {
	if arg != "" {
		s.answer(status(501, 5, 5, 4, "No argument is allowed here"))
		return
	}
	s.hand(s.verb)
}

// hello checks the client's name: it stands in our Received field. RFC 2033,
// section 4.1: LMTP has LHLO in the place of both others, and none of the two
// may be obeyed there. The engine knows EHLO only.
func (s *session) hello(arg string) {
	name, _, _ := strings.Cut(arg, " ")
	switch {
	case s.serving.lmtp && s.verb != "LHLO":
		s.answer(status(500, 5, 5, 1, "This is LMTP, say LHLO"))
		return
	case !s.serving.lmtp && s.verb == "LHLO":
		s.answer(notImplemented)
		return
	case !isHostName(name):
		s.answer(status(501, 5, 5, 4, "Tell your host name"))
		return
	}
	s.helo = name
	if s.verb == "HELO" {
		s.hand("HELO " + name)
		return
	}
	s.hand("EHLO " + name)
}

// isHostName tells whether a client may call itself so.
func isHostName(name string) bool {
	return name != "" && len(name) <= gateway.MaxDomain && !strings.ContainsAny(name, `()<>@,;\"`)
}

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
