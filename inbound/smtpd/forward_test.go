package smtpd

import (
	"net/netip"
	"strings"
	"testing"
)

// TestForward: what a relay of ours says of its client holds for one mail, and
// only if it is well-formed.
func TestForward(t *testing.T) {
	conf := testConfig(t)
	conf.Trusted = []netip.Prefix{mustPrefix("127.0.0.0/8")}
	const mail = "MAIL FROM:<ann@sender.example>\r\nRCPT TO:<bob@chat.example>\r\n"
	for name, c := range map[string]struct {
		send string
		want []string
		addr string // of the client of the last mail
		helo string
	}{
		"nothing said":      {"", nil, "", ""},
		"IPv4":              {"XFORWARD ADDR=192.0.2.1 PORT=25 HELO=a.example\r\n", []string{"250 2.0.0"}, "192.0.2.1:25", "a.example"},
		"IPv6, in pieces":   {"XFORWARD addr=IPV6:2001:db8::1\r\nXFORWARD HELO=b.example\r\n", []string{"250 ", "250 "}, "[2001:db8::1]:0", "b.example"},
		"mapped":            {"XFORWARD ADDR=::ffff:192.0.2.9\r\n", []string{"250 "}, "192.0.2.9:0", ""},
		"unavailable":       {"XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE] HELO=[UNAVAILABLE]\r\n", []string{"250 "}, "", ""},
		"xtext":             {"XFORWARD HELO=a+2Eexample IDENT=a+3Db\r\n", []string{"250 "}, "", "a.example"},
		"no host name":      {"XFORWARD HELO=a+28b+29 ADDR=192.0.2.1\r\n", []string{"250 "}, "192.0.2.1:0", ""},
		"no address":        {"XFORWARD ADDR=localhost\r\n", []string{"501 5.5.4"}, "", ""},
		"no attribute":      {"XFORWARD LOGIN=x ADDR=192.0.2.1\r\n", []string{"501 5.5.4"}, "", ""},
		"no port":           {"XFORWARD PORT=99999\r\n", []string{"501 5.5.4"}, "", ""},
		"forgotten by RSET": {"XFORWARD ADDR=192.0.2.1\r\nRSET\r\n", []string{"250 ", "250 "}, "", ""},
		"for one mail":      {"XFORWARD ADDR=192.0.2.1\r\n" + mail + "DATA\r\nx\r\n.\r\n", []string{"250 ", "250 ", "250 ", "354 ", "250 "}, "", ""},
		"not within a mail": {"MAIL FROM:<>\r\nXFORWARD ADDR=192.0.2.1\r\nRSET\r\n", []string{"250 ", "503 5.5.1", "250 "}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := talk(t, conf, func() *recorder { return &recorder{} }, begun(say(c.send, c.want...), say(mail, "250 ", "250 ")))
			got := r.client[len(r.client)-1]
			var want netip.AddrPort
			if c.addr != "" {
				want = mustAddr(c.addr)
			}
			if !got.Relayed || got.Addr.Addr() != want.Addr() || got.Addr.Port() != want.Port() || got.Helo != c.helo {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestStrangersForwardNothing: XFORWARD is neither offered nor obeyed, and what
// is recorded is the address we saw.
func TestStrangersForwardNothing(t *testing.T) {
	r := talk(t, testConfig(t), func() *recorder { return &recorder{} }, begun(
		say("XFORWARD ADDR=192.0.2.1 HELO=bank.example\r\n", "502 5.5.1"), say("XCLIENT ADDR=192.0.2.1\r\n", "502 5.5.1"),
		say("PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n", "500 5.5.1"),
		say("MAIL FROM:<ann@sender.example>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\nx\r\n.\r\n", "250 ", "250 ", "354 ", "250 "),
	))
	c := r.client[0]
	if c.Relayed || !c.Addr.Addr().IsLoopback() || c.Helo != "client.example" {
		t.Errorf("client %+v", c)
	}
	if got := string(r.mails[0].Received); !strings.Contains(got, "from client.example ([127.0.0.1])") {
		t.Errorf("%q", got)
	}
}
