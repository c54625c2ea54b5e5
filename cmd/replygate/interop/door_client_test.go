package interop

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestSwaks has swaks try what senders do.
func TestSwaks(t *testing.T) {
	need(t, "swaks")
	far := startSink(t)
	p := startDoor(t, far.port, "max_size = 100000")
	p.converse("c", "Are you there?")
	to := readMail(t, notified(t, far, bobAddress, 1).data).replyTo
	for name, c := range map[string]struct {
		args []string
		want []string // pieces of the dialogue
		ok   bool
	}{
		"what EHLO offers": {[]string{"--quit-after", "EHLO"}, []string{"250-PIPELINING", "250-SIZE 100000", "250-8BITMIME", "250-ENHANCEDSTATUSCODES", "250-SMTPUTF8"}, true},
		"HELO":             {[]string{"--protocol", "SMTP", "--quit-after", "HELO"}, []string{"250 mx.gateway.test greets"}, true},
		"pipelined":        {[]string{"--pipeline", "--from", "ann@" + peopleMail, "--to", "postmaster@" + mailDomain}, []string{"250 2.0.0 Recorded"}, true},
		"pipelined, nobody": {[]string{"--pipeline", "--from", "ann@" + peopleMail, "--to", "nobody@" + mailDomain},
			[]string{"550 5.1.1 No such address here"}, false},
		"a bounce":   {[]string{"--from", "<>", "--to", "Postmaster"}, []string{"250 2.1.0", "250 2.1.5", "250 2.0.0 Recorded"}, true},
		"too large":  {[]string{"--from", "ann@" + peopleMail, "--to", to, "--body", strings.Repeat("0123456789", 10_001)}, []string{"552 5.3.4"}, false},
		"a password": {[]string{"--auth-optional", "--auth-user", "a", "--auth-password", "b", "--quit-after", "MAIL", "--from", "ann@" + peopleMail}, []string{"250 2.1.0"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"--server", "127.0.0.1", "--port", strconv.Itoa(p.smtp), "--ehlo", "mail." + peopleMail, "--timeout", "20"}, c.args...)
			out, err := exec.Command("swaks", args...).CombinedOutput()
			if (err == nil) != c.ok {
				t.Errorf("%v\n%s", err, out)
			}
			for _, want := range c.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
			if strings.Contains(string(out), "CHUNKING") || strings.Contains(string(out), "AUTH") && !strings.Contains(name, "password") {
				t.Errorf("offered what must not be\n%s", out)
			}
		})
	}
	if n := count(p.received())["rejected too_large"]; n != 1 {
		t.Errorf("%d records of a mail that was too large", n)
	}
}

// TestWebOnTheMailPort: what a browser can be made to send is not obeyed.
func TestWebOnTheMailPort(t *testing.T) {
	need(t, "curl")
	far := startSink(t)
	p := startDoor(t, far.port, "")
	body := "EHLO c.test\r\nMAIL FROM:<ann@" + peopleMail + ">\r\nRCPT TO:<postmaster@" + mailDomain + ">\r\nDATA\r\nx\r\n.\r\n"
	for _, method := range []string{"POST", "PUT", "PATCH", "FOO"} {
		out, _ := exec.Command("curl", "--http0.9", "-s", "-X", method, "--data-binary", body, "http://127.0.0.1:"+strconv.Itoa(p.smtp)+"/").CombinedOutput()
		if !strings.HasPrefix(string(out), "220 ") && !strings.HasPrefix(string(out), "554 ") || strings.Contains(string(out), "354 ") {
			t.Errorf("%s: %s", method, out)
		}
	}
}

// TestSMTPUTF8 comes through a Postfix that speaks it.
func TestSMTPUTF8(t *testing.T) {
	far := startSink(t)
	p := startDoor(t, far.port, "")
	p.converse("c", "Are you there?")
	to := readMail(t, notified(t, far, bobAddress, 1).data).replyTo
	front := startPostfix(t, p.smtp)
	front.postconf(t, "smtputf8_enable=yes")
	k := dialDoor(t, "127.0.0.1", front.port)
	k.free = true
	k.want("", "220")
	if !strings.Contains(k.want("EHLO mail."+peopleMail, "250"), "SMTPUTF8") {
		skip(t, "this Postfix does not speak SMTPUTF8")
	}
	k.want("MAIL FROM:<ünn@bücher.test> SMTPUTF8", "250")
	k.want("RCPT TO:<"+to+">", "250")
	k.want("DATA", "354")
	k.want("From: Ünn <ünn@bücher.test>\r\nSubject: Grüße\r\nMessage-ID: <utf8@bücher.test>\r\n\r\nhällo\r\n.", "250")
	eventually(t, "the record of the mail", func() bool { return len(p.received()) == 1 })
	r := p.received()[0]
	if from, _ := r["from"].(string); from != "ünn@xn--bcher-kva.test" {
		t.Errorf("%v", r)
	}
}
