package smtpd

import (
	"context"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

// serveLMTP serves LMTP on a unix socket until the test ends.
func serveLMTP(t *testing.T, c Config, b Backend) (path string, stop func()) {
	path = filepath.Join(t.TempDir(), "lmtp")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- New(c, b).ServeLMTP(ctx, l) }()
	return path, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	}
}

func dialUnix(t *testing.T, path string) *peer {
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return newPeer(t, conn)
}

// TestLMTP holds dialogues against RFC 2033.
func TestLMTP(t *testing.T) {
	taken, later, no := status(250, 2, 0, 0, "Posted"), status(451, 4, 7, 1, "Later"), status(550, 5, 7, 1, "You may not")
	three := say("MAIL FROM:<ann@sender.example>\r\nRCPT TO:<a@chat.example>\r\nRCPT TO:<no@other.example>\r\nRCPT TO:<b@chat.example>\r\nRCPT TO:<c@chat.example>\r\nDATA\r\n",
		"250 2.1.0", "250 2.1.5", "550 5.1.1", "250 2.1.5", "250 2.1.5", "354 ")
	hello := say("LHLO relay.example\r\n", "250-mx.example greets relay.example\r\n")
	for name, c := range map[string]struct {
		each  []gateway.Status
		steps []step
	}{
		"neither EHLO nor HELO": {nil, []step{
			say("EHLO relay.example\r\n", "500 5.5.1"), say("HELO relay.example\r\n", "500 5.5.1"), say("MAIL FROM:<>\r\n", "503 5.5.1"), hello, say("MAIL FROM:<>\r\n", "250 "),
		}},
		"an answer for each": {[]gateway.Status{taken, no, later}, []step{
			hello, three, say("x\r\n.\r\n", "250 2.0.0 Posted", "550 5.7.1 You may not", "451 4.7.1 Later"), say("NOOP\r\n", "250 2.0.0"),
		}},
		"one answer for all": {[]gateway.Status{taken}, []step{
			hello, three, say("x\r\n.\r\n", "250 2.0.0", "250 2.0.0", "250 2.0.0"), say("QUIT\r\n", "221 ", "EOF"),
		}},
		"a wrong number of answers": {[]gateway.Status{taken, taken}, []step{hello, three, say("x\r\n.\r\n", "451 4.3.0", "451 4.3.0", "451 4.3.0")}},
		"an improper answer":        {[]gateway.Status{{Code: 250, Text: "Fine"}, {}, status(354, 0, 0, 0, "")}, []step{hello, three, say("x\r\n.\r\n", "250 2.0.0", "451 4.3.0", "451 4.3.0")}},
		"unfit":                     {nil, []step{hello, three, say("x\ny\r\n.\r\n", "550 5.6.0", "550 5.6.0", "550 5.6.0"), say("NOOP\r\n", "250 ")}},
		"nobody accepted": {nil, []step{
			hello, say("MAIL FROM:<>\r\nRCPT TO:<x@other.example>\r\nDATA\r\n", "250 ", "550 5.1.1", "503 5.5.1"), say("NOOP\r\n", "250 "),
		}},
		"two mails": {[]gateway.Status{taken}, []step{
			hello, three, say("x\r\n.\r\n", "250 ", "250 ", "250 "), three, say("x\r\n.\r\n", "250 ", "250 ", "250 "),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			path, stop := serveLMTP(t, testConfig(t), &recorder{each: c.each})
			defer stop()
			p := dialUnix(t, path)
			p.want("220 mx.example LMTP ")
			for _, s := range c.steps {
				p.send(s.send)
				for _, want := range s.want {
					checkReply(t, p.want(want))
				}
			}
			p.conn.Close()
		})
	}
}

// TestLMTPOffers: XFORWARD, and no CHUNKING; it is told where a mail comes from.
func TestLMTPOffers(t *testing.T) {
	r := &recorder{}
	path, stop := serveLMTP(t, testConfig(t), r)
	p := dialUnix(t, path)
	p.want("220 ")
	p.send("LHLO relay.example\r\n")
	if got := p.want("250-"); !strings.Contains(got, "250 "+forwardOffer+"\r\n") || strings.Contains(got, "CHUNKING") {
		t.Errorf("%s", got)
	}
	p.send("XFORWARD NAME=c.example ADDR=192.0.2.7 PORT=4711\r\nXFORWARD PROTO=ESMTP HELO=c.example SOURCE=REMOTE\r\n" +
		"MAIL FROM:<ann@sender.example>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\nx\r\n.\r\n")
	for _, want := range []string{"250 ", "250 ", "250 ", "250 ", "354 ", "250 "} {
		p.want(want)
	}
	stop()
	c := r.client[0]
	if !c.Relayed || c.Addr != mustAddr("192.0.2.7:4711") || c.Helo != "c.example" {
		t.Errorf("client %+v", c)
	}
	if got := string(r.mails[0].Received); !strings.HasPrefix(got, "Received: from relay.example (unknown)\r\n\tby mx.example with LMTP id ") {
		t.Errorf("%q", got)
	}
}

// TestLMTPIsForRelays: over TCP, only named ones.
func TestLMTPIsForRelays(t *testing.T) {
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		want    string
	}{"stranger": {nil, "554 5.7.1 "}, "relay": {[]netip.Prefix{mustPrefix("127.0.0.0/8")}, "220 "}} {
		t.Run(name, func(t *testing.T) {
			conf := testConfig(t)
			conf.Trusted = c.trusted
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- New(conf, &recorder{}).ServeLMTP(ctx, l) }()
			dial(t, l.Addr().String()).want(c.want)
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSummary is the one answer SMTP has for several recipients.
func TestSummary(t *testing.T) {
	yes, later, no, never := status(250, 2, 0, 0, ""), status(451, 4, 0, 0, ""), status(550, 5, 0, 0, ""), status(554, 5, 0, 0, "")
	for _, c := range []struct {
		in   []gateway.Status
		want gateway.Status
	}{
		{[]gateway.Status{yes}, yes}, {[]gateway.Status{no, yes}, yes}, {[]gateway.Status{later, no, yes}, yes},
		{[]gateway.Status{no, later, never}, later}, {[]gateway.Status{no, never}, no}, {[]gateway.Status{later, no}, later},
	} {
		if got := summary(c.in); got != c.want {
			t.Errorf("%v: %v, want %v", c.in, got, c.want)
		}
	}
}

// TestRefusalsAreTold: what is unfit never reaches Data, but the backend hears
// of it, and may take it upon itself.
func TestRefusalsAreTold(t *testing.T) {
	conf := testConfig(t)
	conf.MaxSize = 1000
	line := strings.Repeat("x", 98) + "\r\n"
	r := talk(t, conf, func() *recorder { return &recorder{} }, addressed(
		say("DATA\r\n", "354 "), say("a\rb\r\n.\r\n", "550 5.6.0"),
		say("MAIL FROM:<>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\n", "250 ", "250 ", "354 "), say(strings.Repeat(line, 11)+".\r\n", "552 5.3.4"),
		say("MAIL FROM:<>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\n", "250 ", "250 ", "354 "), say(strings.Repeat("Received: x\r\n", 51)+".\r\n", "554 5.4.6"),
		say("MAIL FROM:<>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\n", "250 ", "250 ", "354 "), say(strings.Repeat(line, 21), "552 5.3.4", "EOF"),
	))
	var got []string
	for _, x := range r.refusals {
		got = append(got, string(x.Reason))
		if (x.Reason == gateway.ReasonTooLarge) != (x.Mail.Data == nil) || !strings.HasPrefix(string(x.Mail.Received), "Received: ") || x.Size == 0 {
			t.Errorf("%+v", x)
		}
	}
	if want := "malformed too_large loop too_large"; strings.Join(got, " ") != want {
		t.Errorf("told of %q, want %q", got, want)
	}
	taken := func() *recorder {
		return &recorder{refused: func(Refusal) (gateway.Status, error) { return status(250, 2, 0, 0, "Recorded"), nil }}
	}
	talk(t, conf, taken, addressed(
		say("DATA\r\n", "354 "), say("a\rb\r\n.\r\n", "250 2.0.0 Recorded"),
		say("MAIL FROM:<>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\n", "250 ", "250 ", "354 "),
		say(strings.Repeat(line, 21), "552 5.3.4", "EOF"), // no 2yz for what was not read
	))
}
