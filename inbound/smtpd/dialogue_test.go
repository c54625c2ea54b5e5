package smtpd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

// step is what the client sends and how the answers to it begin, "EOF" being
// the end of the session.
type step struct {
	send string
	want []string
}

func say(send string, want ...string) step { return step{send, want} }

var hello = say("EHLO client.example\r\n", "250-mx.example ")

// begun is a session that has said EHLO.
func begun(steps ...step) []step { return append([]step{hello}, steps...) }

// addressed is one that has a mail under way.
func addressed(steps ...step) []step {
	return begun(append([]step{
		say("MAIL FROM:<ann@sender.example>\r\n", "250 2.1.0 "),
		say("RCPT TO:<bob@chat.example>\r\n", "250 2.1.5 "),
	}, steps...)...)
}

const (
	annMail = "MAIL <ann@sender.example>"
	bobRcpt = "RCPT bob@chat.example"
)

// enhanced is an answer with an enhanced code of its class (RFC 2034).
var enhanced = regexp.MustCompile(`^(?:2\d\d[ -]2|4\d\d[ -]4|5\d\d[ -]5)\.\d{1,3}\.\d{1,3} [ -~]+\r\n$`)

// checkReply holds an answer behind the banner against the rules for all of them.
func checkReply(t *testing.T, reply string) {
	t.Helper()
	exempt := reply == "" || reply[0] == '3' || strings.Contains(reply, " greets ")
	for line := range strings.Lines(reply) {
		if len(line) > 512 {
			t.Errorf("answer of %d octets: %.60q", len(line), line)
		}
		if !exempt && !enhanced.MatchString(line) {
			t.Errorf("answer without enhanced code: %q", line)
		}
	}
}

// talk runs the steps in the clear and inside TLS, on a server each, and
// returns what the backend saw, the same in both.
func talk(t *testing.T, c Config, backend func() *recorder, steps []step) *recorder {
	t.Helper()
	var last *recorder
	for _, secure := range []bool{false, true} {
		r := backend()
		addr, stop := serve(t, c, r)
		p := dial(t, addr)
		p.want("220 mx.example ")
		if secure {
			p.secure()
		}
		for _, s := range steps {
			p.send(s.send)
			for _, want := range s.want {
				checkReply(t, p.want(want))
			}
		}
		p.conn.Close()
		stop()
		if last != nil && strings.Join(last.seen(), "|") != strings.Join(r.seen(), "|") {
			t.Errorf("in the clear %q, in TLS %q", last.seen(), r.seen())
		}
		last = r
	}
	return last
}

func TestDialogues(t *testing.T) {
	pad := strings.Repeat("x", 3000)
	none := []string(nil)
	for name, c := range map[string]struct {
		steps []step
		seen  []string
	}{
		"one mail": {addressed(
			say("DATA\r\n", "354 "), say("Subject: x\r\n\r\nHi\r\n.\r\n", "250 2.0.0 Queued\r\n"), say("QUIT\r\n", "221 2.0.0 ", "EOF"),
		), []string{annMail, bobRcpt, `DATA "Subject: x\r\n\r\nHi\r\n"`, "CLOSE"}},
		"an empty mail": {addressed(say("DATA\r\n", "354 "), say(".\r\n", "250 ")), []string{annMail, bobRcpt, `DATA ""`, "CLOSE"}},
		"everything in one packet": {[]step{
			say("EHLO c\r\nMAIL FROM:<ann@sender.example>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\none\r\n.\r\n"+
				"MAIL FROM:<>\r\nRCPT TO:<bob@chat.example>\r\nRCPT TO:<no@chat.example>\r\nDATA\r\ntwo\r\n.\r\nQUIT\r\n",
				"250-", "250 2.1.0", "250 2.1.5", "354 ", "250 2.0.0", "250 2.1.0", "250 2.1.5", "250 2.1.5", "354 ", "250 2.0.0", "221 ", "EOF"),
		}, []string{annMail, bobRcpt, `DATA "one\r\n"`, "CLOSE", "MAIL <>", bobRcpt, "RCPT no@chat.example", `DATA "two\r\n"`, "CLOSE"}},
		"HELO": {[]step{
			say("HELO client\r\n", "250 mx.example "), say("MAIL FROM:<>\r\n", "250 2.1.0"), say("RCPT TO:<bob@chat.example>\r\n", "250 "),
		}, []string{"MAIL <>", bobRcpt, "CLOSE"}},
		"small letters and forgiven blanks": {[]step{
			say("ehlo c\r\n", "250-"), say("mail from: <ann@sender.example> size=100 body=8bitmime\r\n", "250 "),
			say("rcpt to: <bob@chat.example>\r\n", "250 "), say("rset\r\n", "250 2.0.0"), say("noop whatever\r\n", "250 2.0.0"), say("quit \r\n", "221 "),
		}, []string{annMail, bobRcpt, "CLOSE"}},
		"out of order": {[]step{
			say("MAIL FROM:<>\r\n", "503 5.5.1"), say("RCPT TO:<bob@chat.example>\r\n", "503 5.5.1"), say("DATA\r\n", "503 5.5.1"),
			hello, say("RCPT TO:<bob@chat.example>\r\n", "503 5.5.1"), say("DATA\r\n", "503 5.5.1"),
			say("MAIL FROM:<ann@sender.example>\r\n", "250 "), say("DATA\r\n", "503 5.5.1"),
			say("MAIL FROM:<other@sender.example>\r\n", "503 5.5.1"), say("RSET\r\n", "250 2.0.0"), say("RCPT TO:<bob@chat.example>\r\n", "503 5.5.1"),
		}, []string{annMail, "CLOSE"}},
		"EHLO resets": {addressed(hello, say("DATA\r\n", "503 5.5.1")), []string{annMail, bobRcpt, "CLOSE"}},
		"every recipient refused": {begun(
			say("MAIL FROM:<ann@sender.example>\r\n", "250 "), say("RCPT TO:<x@other.example>\r\n", "550 5.1.1"), say("DATA\r\n", "503 5.5.1"),
		), []string{annMail, "CLOSE"}},
		"postmaster": {begun(
			say("MAIL FROM:<>\r\n", "250 "), say("RCPT TO:<PostMaster>\r\n", "250 "), say("RCPT TO:<postmaster@CHAT.example>\r\n", "250 "),
		), []string{"MAIL <>", "RCPT postmaster@chat.example", "RCPT postmaster@chat.example", "CLOSE"}},
		"quoted local parts": {begun(
			say(`MAIL FROM:<"a@evil.example>"@sender.example>`+"\r\n", "250 "), say(`RCPT TO:<"b\"@ c"@chat.example>`+"\r\n", "250 "),
			say(`RCPT TO:<"bob"@chat.example>`+"\r\n", "250 "),
		), []string{`MAIL <"a@evil.example>"@sender.example>`, `RCPT "b\"@ c"@chat.example`, bobRcpt, "CLOSE"}},
		"senders as they are": {begun(
			say("MAIL FROM:<a..b@docomo.example>\r\n", "250 "), say("RSET\r\n", "250 "),
			say("MAIL FROM:<x@r3---sn.example>\r\n", "250 "), say("RSET\r\n", "250 "),
			say("MAIL FROM:<"+strings.Repeat("v", 257)+"@list.example>\r\n", "553 5.1.7"),
			say("MAIL FROM:<"+strings.Repeat("v", 256)+"@list.example>\r\n", "250 "),
			say("RCPT TO:<"+strings.Repeat("v", 65)+"@chat.example>\r\n", "550 5.1.1"),
		), []string{
			`MAIL <"a..b"@docomo.example>`, "CLOSE", "MAIL <x@r3---sn.example>", "CLOSE",
			"MAIL <" + strings.Repeat("v", 256) + "@list.example>", "CLOSE",
		}},
		"SMTPUTF8": {begun(
			say("MAIL FROM:<ünn@sender.example>\r\n", "553 5.6.7"), say("MAIL FROM:<ann@sender.example>\r\n", "250 "),
			say("RCPT TO:<bøb@chat.example>\r\n", "553 5.6.7"), say("RSET\r\n", "250 "),
			say("MAIL FROM:<ünn@bücher.example> SMTPUTF8\r\n", "250 "), say("RCPT TO:<bøb@chat.example>\r\n", "250 "),
			say("RCPT TO:<b\xf8b@chat.example>\r\n", "501 5.5.2"), say("VRFY bøb\r\n", "501 5.5.2"), say("EHLO ü\r\n", "501 5.5.2"),
		), []string{annMail, "CLOSE", "MAIL <ünn@xn--bcher-kva.example>", "RCPT bøb@chat.example", "CLOSE"}},
		"SIZE": {begun(
			say("MAIL FROM:<a@b.example> SIZE=10001\r\n", "552 5.3.4"), say("MAIL FROM:<a@b.example> SIZE=5000000000\r\n", "552 5.3.4"),
			say("MAIL FROM:<a@b.example> SIZE=99999999999999999999\r\n", "552 5.3.4"), say("MAIL FROM:<a@b.example> SIZE=-1\r\n", "501 5.5.4"),
			say("MAIL FROM:<a@b.example> SIZE=\r\n", "501 5.5.4"), say("MAIL FROM:<a@b.example> SIZE=10000\r\n", "250 "),
		), []string{"MAIL <a@b.example>", "CLOSE"}},
		"parameters": {begun(
			say("MAIL FROM:<a@b.example> AUTH=<>\r\n", "555 5.5.4"), say("MAIL FROM:<a@b.example> SIZE=1 SIZE=2\r\n", "501 5.5.4"),
			say("MAIL FROM:<a@b.example> SMTPUTF8=1\r\n", "501 5.5.4"), say("MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n", "504 5.5.4"),
			say("MAIL FROM:<a@b.example> BODY=x\r\n", "501 5.5.4"), say("MAIL FROM:<a@b.example>SIZE=1\r\n", "501 5.5.4"),
			say("MAIL FROM:<a@b.example> =x\r\n", "501 5.5.4"), say("MAIL FROM:<a@b.example> BODY=7BIT\r\n", "250 "),
			say("RCPT TO:<bob@chat.example> NOTIFY=NEVER\r\n", "555 5.5.4"),
		), []string{"MAIL <a@b.example>", "CLOSE"}},
		"paths that are none": {begun(
			say("MAIL FROM:a@b.example\r\n", "501 5.5.4"), say("MAIL FROM:<a@b.example\r\n", "501 5.5.4"), say("MAIL TO:<a@b.example>\r\n", "501 5.5.4"),
			say("MAIL FROM:<a@b.example> SIZE=1>\r\n", "501 5.5.4"), say("MAIL FROM:<a b@c.example>\r\n", "553 5.1.7"), say("MAIL FROM:<nodomain>\r\n", "553 5.1.7"),
			say("MAIL FROM:<@relay.example:a@b.example>\r\n", "553 5.1.7"),
		), none},
		"recipients that cannot exist": {begun(
			say("MAIL FROM:<ann@sender.example>\r\n", "250 "), say("RCPT TO:<>\r\n", "550 5.1.1 No such address here\r\n"),
			say("RCPT TO:<bob@chat.example@other.example>\r\n", "550 5.1.1 No such address here\r\n"),
			say("RCPT TO:<@chat.example:bob@other.example>\r\n", "550 5.1.1 No such address here\r\n"),
			say("RCPT TO:<bob%other.example@chat.example.>\r\n", "550 5.1.1 No such address here\r\n"),
			say("RCPT TO:<bob@[127.0.0.1]>\r\n", "550 5.1.1 No such address here\r\n"), say("RCPT TO:<other.example!bob>\r\n", "550 5.1.1 No such address here\r\n"),
			say(`RCPT TO:<"bob@other.example">`+"\r\n", "550 5.1.1 No such address here\r\n"),
		), []string{annMail, "CLOSE"}},
		"what is not offered": {begun(
			say("AUTH PLAIN AGEAYg==\r\n", "502 5.5.1"), say("ETRN x\r\n", "502 5.5.1"), say("TURN\r\n", "502 5.5.1"), say("XCLIENT ADDR=1.2.3.4\r\n", "502 5.5.1"),
			say("XFORWARD ADDR=1.2.3.4\r\n", "502 5.5.1"), say("EXPN x\r\n", "502 5.5.1"), say("VRFY bob@chat.example\r\n", "252 2.5.0"), say("HELP\r\n", "214 2.0.0"),
			say("LHLO x\r\n", "502 5.5.1"), say("WHAT\r\n", "500 5.5.1"), say("\r\n", "500 5.5.1"),
		), none},
		"arguments where none belong": {addressed(
			say("DATA x\r\n", "501 5.5.4"), say("RSET x\r\n", "501 5.5.4"), say("QUIT x\r\n", "501 5.5.4"), say("STARTTLSfoo\r\n", "501 5.5.4"),
			say("STARTTLS foo\r\n", "501 5.5.4"), say("EHLO\r\n", "501 5.5.4"), say("EHLO <x>\r\n", "501 5.5.4"),
		), []string{annMail, bobRcpt, "CLOSE"}},
		"BDAT is never read on": {addressed(
			say("BDAT 50 LAST\r\nRSET\r\nMAIL FROM:<smuggled@x.example>\r\n", "502 5.5.1", "EOF"),
		), []string{annMail, bobRcpt, "CLOSE"}},
		"bare LF and CR in commands": {begun(
			say("MAIL FROM:<a@b.example>\n", "500 5.5.2"), say("MAIL FROM:<a@b.example\rRCPT>\r\n", "501 5.5.2"), say("NOOP\n\r\n", "500 5.5.2", "500 5.5."),
			say("MAIL FROM:<a\x00@b.example>\r\n", "501 5.5.2"), say("MAIL\tFROM:<a@b.example>\r\n", "501 5.5.2"),
		), none},
		"long lines":      {begun(say("NOOP "+pad+"\r\n", "500 5.5.6"), say("NOOP "+pad[:2041]+"\r\n", "250 "), say("NOOP "+pad[:2042]+"\r\n", "500 5.5.6")), none},
		"an endless line": {begun(say(strings.Repeat(pad, 25), "421 4.7.0", "EOF")), none},
		"HTTP":            {[]step{say("POST / HTTP/1.1\r\nHost: mx.example\r\n\r\nEHLO c\r\nMAIL FROM:<a@b.example>\r\n", "554 5.5.1", "EOF")}, none},
		"a mail's header": {begun(say("Subject: x\r\nMAIL FROM:<a@b.example>\r\n", "554 5.5.1", "EOF")), none},
		"too many errors": {begun(
			say(strings.Repeat("WHAT\r\n", 20), repeat("500 5.5.1", 20)...), say("NOOP\r\n", "421 4.7.0", "EOF"),
		), none},
		"too much junk": {[]step{
			say(strings.Repeat("NOOP\r\n", 100), repeat("250 ", 100)...), say("NOOP\r\n", "421 4.7.0", "EOF"),
		}, none},
		"a mail ends the junk": {addressed(
			say(strings.Repeat("NOOP\r\n", 97), repeat("250 ", 97)...), say("DATA\r\n", "354 "), say(".\r\n", "250 "),
			say(strings.Repeat("NOOP\r\n", 98), repeat("250 ", 98)...),
		), []string{annMail, bobRcpt, `DATA ""`, "CLOSE"}},
		"too large": {addressed(
			say("DATA\r\n", "354 "), say(strings.Repeat(pad[:98]+"\r\n", 100)+".\r\n", "250 "),
			say("MAIL FROM:<>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\n", "250 ", "250 ", "354 "), say(strings.Repeat(pad[:98]+"\r\n", 100)+"x\r\n.\r\n", "552 5.3.4"),
			say("MAIL FROM:<>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\n", "250 ", "250 ", "354 "), say(strings.Repeat(pad[:98]+"\r\n", 201), "552 5.3.4", "EOF"),
		), []string{annMail, bobRcpt, fmt.Sprintf("DATA %q", strings.Repeat(pad[:98]+"\r\n", 100)), "CLOSE", "MAIL <>", bobRcpt, "CLOSE", "MAIL <>", bobRcpt, "CLOSE"}},
		"a loop": {addressed(
			say("DATA\r\n", "354 "), say(strings.Repeat("Received: x\r\n", 50)+"\r\nReceived: y\r\n.\r\n", "250 "),
			say("MAIL FROM:<>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\n", "250 ", "250 ", "354 "), say(strings.Repeat("rEceived : x\r\n", 51)+".\r\n", "554 5.4.6"),
		), []string{annMail, bobRcpt, fmt.Sprintf("DATA %q", strings.Repeat("Received: x\r\n", 50)+"\r\nReceived: y\r\n"), "CLOSE", "MAIL <>", bobRcpt, "CLOSE"}},
	} {
		t.Run(name, func(t *testing.T) {
			conf := testConfig(t)
			conf.MaxSize = 10000
			r := talk(t, conf, func() *recorder { return &recorder{} }, c.steps)
			if got, want := strings.Join(r.seen(), "|"), strings.Join(c.seen, "|"); got != want {
				t.Errorf("the backend saw\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func repeat(s string, n int) []string { return strings.Split(strings.Repeat(s+"\n", n-1)+s, "\n") }

func TestRecipientsAreLimited(t *testing.T) {
	conf := testConfig(t)
	conf.MaxRecipients = 3
	rcpt := "RCPT TO:<bob@chat.example>\r\n"
	talk(t, conf, func() *recorder { return &recorder{} }, begun(
		say("MAIL FROM:<>\r\n", "250 "), say(rcpt+rcpt+rcpt+rcpt, "250 ", "250 ", "250 ", "452 4.5.3"),
		say("DATA\r\n", "354 "), say(".\r\n", "250 "),
	))
}

func TestAnswersOfTheBackend(t *testing.T) {
	refusal := status(550, 5, 7, 1, "You may read this conversation, but not write in it")
	for name, c := range map[string]struct {
		fail func() error
		want string
	}{
		"a Status":            {func() error { return refusal }, "550 5.7.1 You may read this conversation, but not write in it\r\n"},
		"a wrapped Status":    {func() error { return fmt.Errorf("post: %w", refusal) }, "550 5.7.1 You may"},
		"any error":           {func() error { return errors.New("disk full") }, "451 4.3.0 Temporary"},
		"a panic":             {func() error { panic("boom") }, "451 4.3.0 Temporary"},
		"a positive error":    {func() error { return status(250, 2, 0, 0, "fine") }, "451 4.3.0 Temporary"},
		"no answer at all":    {func() error { return gateway.Status{} }, "451 4.3.0 Temporary"},
		"an intermediate one": {func() error { return status(354, 0, 0, 0, "go on") }, "451 4.3.0 Temporary"},
		"classes that differ": {func() error { return status(550, 4, 7, 1, "odd") }, "550 5.0.0 odd\r\n"},
		"lines and letters":   {func() error { return status(550, 5, 7, 1, "a\r\nQUIT ü") }, "550 5.7.1 a  QUIT ?\r\n"},
		"a long sentence":     {func() error { return status(550, 5, 7, 1, strings.Repeat("word ", 150)+"end") }, "550-5.7.1 word word"},
	} {
		t.Run(name, func(t *testing.T) {
			talk(t, testConfig(t), func() *recorder {
				return &recorder{begin: func(gateway.ReversePath) error { return c.fail() }}
			}, begun(say("MAIL FROM:<>\r\n", c.want), say("NOOP\r\n", "250 ")))
			talk(t, testConfig(t), func() *recorder {
				return &recorder{rcpt: func(context.Context, gateway.Address) error { return c.fail() }}
			}, begun(say("MAIL FROM:<>\r\n", "250 "), say("RCPT TO:<bob@chat.example>\r\n", c.want), say("DATA\r\n", "503 "), say("NOOP\r\n", "250 ")))
			talk(t, testConfig(t), func() *recorder {
				return &recorder{data: func(context.Context, Mail) (gateway.Status, error) { return gateway.Status{}, c.fail() }}
			}, addressed(say("DATA\r\n", "354 "), say("x\r\n.\r\n", c.want), say("NOOP\r\n", "250 "), say("DATA\r\n", "503 ")))
		})
	}
}

func TestAnswerToTheDot(t *testing.T) {
	for st, want := range map[gateway.Status]string{
		status(250, 2, 6, 0, "In the conversation"): "250 2.6.0 In the conversation\r\n",
		status(550, 5, 6, 0, "Nothing new in it"):   "550 5.6.0 Nothing new in it\r\n",
		status(451, 4, 7, 1, "Later"):               "451 4.7.1 Later\r\n",
		{}:                                          "451 4.3.0 ",
	} {
		talk(t, testConfig(t), func() *recorder {
			return &recorder{data: func(context.Context, Mail) (gateway.Status, error) { return st, nil }}
		}, addressed(say("DATA\r\n", "354 "), say("x\r\n.\r\n", want)))
	}
	talk(t, testConfig(t), func() *recorder {
		return &recorder{data: func(context.Context, Mail) (gateway.Status, error) { return status(421, 4, 3, 2, "Going down"), nil }}
	}, addressed(say("DATA\r\n", "354 "), say("x\r\n.\r\n", "421 4.3.2 Going down\r\n", "EOF")))
}

func TestEHLO(t *testing.T) {
	conf := testConfig(t)
	conf.MaxSize = 12345
	addr, stop := serve(t, conf, &recorder{})
	defer stop()
	p := dial(t, addr)
	p.want("220 mx.example ESMTP ")
	p.send("EHLO client.example\r\n")
	want := "250-mx.example greets client.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-SMTPUTF8\r\n250-SIZE 12345\r\n250-LIMITS RCPTMAX=100\r\n250 STARTTLS\r\n"
	if got := p.want("250-"); got != want {
		t.Errorf("in the clear:\n%s\nwant\n%s", got, want)
	}
	p.secure()
	p.send("MAIL FROM:<>\r\n")
	p.want("503 5.5.1")
	p.send("EHLO client.example\r\n")
	want = strings.Replace(strings.Replace(want, "250 STARTTLS\r\n", "", 1), "250-LIMITS", "250 LIMITS", 1)
	if got := p.want("250-"); got != want {
		t.Errorf("in TLS:\n%s\nwant\n%s", got, want)
	}
	p.send("STARTTLS\r\n")
	p.want("503 5.5.1")
	p.send("HELO client.example\r\n")
	p.want("250 mx.example greets client.example\r\n")
}

func TestReceivedField(t *testing.T) {
	for _, c := range []struct {
		hello, mail, plain, tls string
	}{
		{"HELO c.example", "MAIL FROM:<>", "SMTP", "SMTP"},
		{"EHLO c.example", "MAIL FROM:<>", "ESMTP", "ESMTPS"},
		{"EHLO c.example", "MAIL FROM:<> SMTPUTF8", "UTF8SMTP", "UTF8SMTPS"},
	} {
		for _, secure := range []bool{false, true} {
			r := &recorder{}
			addr, stop := serve(t, testConfig(t), r)
			p := dial(t, addr)
			p.want("220 ")
			with, cipher := c.plain, ""
			if secure {
				p.secure()
				with, cipher = c.tls, `\r\n\t\(TLS1\.3 TLS_[A-Z0-9_]+\)`
			}
			p.send(c.hello + "\r\n" + c.mail + "\r\nRCPT TO:<secret@chat.example>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n")
			for _, want := range []string{"250", "250", "250", "354", "250", "221"} {
				p.want(want)
			}
			stop()
			pattern := `^Received: from c\.example \(\[127\.0\.0\.1\]\)\r\n\tby mx\.example with ` + with + ` id [a-z2-7]{12}\.1` + cipher +
				`;\r\n\t[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\r\n$`
			if got := string(r.mails[0].Received); !regexp.MustCompile(pattern).MatchString(got) {
				t.Errorf("%s: %q does not match %s", with, got, pattern)
			}
			if client := r.client[0]; client.Helo != "c.example" || (client.TLS != nil) != secure || client.ESMTP != (c.hello[0] == 'E') || !client.Addr.IsValid() || !client.Local.IsValid() {
				t.Errorf("client %+v", client)
			}
		}
	}
}

func TestLiteral(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1:5": "[192.0.2.1]", "[::ffff:192.0.2.1]:5": "[192.0.2.1]", "[2001:db8::1]:5": "[IPv6:2001:db8::1]", "[fe80::1%eth0]:5": "[IPv6:fe80::1]",
	} {
		if got := literal(addrPort(net.TCPAddrFromAddrPort(mustAddr(address))).Addr()); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
	if got := literal(addrPort(&net.UnixAddr{Name: "/run/smtp"}).Addr()); got != "unknown" {
		t.Errorf("unix: %s", got)
	}
}
