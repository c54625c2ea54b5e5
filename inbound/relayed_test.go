package inbound

import (
	"bufio"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/inbound/smtpd"
)

// TestRefusedByTheFront: what is refused for its form or size is on record all
// the same, once a genuine address was named.
func TestRefusedByTheFront(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	addr := l.front(func(c *smtpd.Config) { c.MaxSize = 64 << 10 })
	head := "From: bob@people.test\r\nSubject: x\r\n\r\n"
	for name, c := range map[string]struct {
		data   string
		code   string
		reason gateway.Reason
		kept   bool
	}{
		"bare LF":         {head + "one\ntwo\r\n", "550 5.6.0", gateway.ReasonMalformed, true},
		"bare CR":         {head + "one\rtwo\r\n", "550 5.6.0", gateway.ReasonMalformed, true},
		"NUL":             {head + "one\x00two\r\n", "550 5.6.0", gateway.ReasonMalformed, true},
		"too large":       {head + strings.Repeat(strings.Repeat("x", 98)+"\r\n", 700), "552 5.3.4", gateway.ReasonTooLarge, false},
		"too many hops":   {strings.Repeat("Received: by x.test; Mon, 20 Nov 2026 10:00:00 +0000\r\n", 51) + head + "x\r\n", "554 5.4.6", gateway.ReasonLoop, true},
		"smuggled ending": {head + "one\n.\r\nMAIL FROM:<eve@evil.test>\r\n", "550 5.6.0", gateway.ReasonMalformed, true},
	} {
		before := len(l.replies(shop))
		if got := l.exact(addr, to, c.data); !strings.HasPrefix(got, c.code) {
			t.Errorf("%s: answered %q", name, got)
		}
		if n := len(l.replies(shop)) - before; n != 1 {
			t.Errorf("%s: %d records", name, n)
			continue
		}
		r := l.recorded(gateway.ReplyRejected, c.reason)
		if c.kept && !strings.Contains(l.stored(shop, r), "Subject: x") {
			t.Errorf("%s: the mail is not kept", name)
		}
	}
	l.posts()
}

// exact sends octets as data, without any repair, and returns the answer.
func (l *lab) exact(addr, to, data string) string {
	l.Helper()
	conn, err := net.Dial("tcp", addr)
	l.ok(err)
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	r := bufio.NewReader(conn)
	var last string
	for _, say := range []string{"", "EHLO mail.people.test\r\n", "MAIL FROM:<bob@people.test>\r\n", "RCPT TO:<" + to + ">\r\n", "DATA\r\n", data + ".\r\n"} {
		if _, err := conn.Write([]byte(say)); err != nil {
			l.Fatal(err)
		}
		for {
			if last, err = r.ReadString('\n'); err != nil {
				l.Fatalf("behind %.40q: %v", say, err)
			}
			if len(last) < 4 || last[3] != '-' {
				break
			}
		}
	}
	return last
}

// TestBehindARelay: a relay of ours is never refused a mail it has taken, since
// it would write to whoever the mail claims to come from; the record tells.
func TestBehindARelay(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	l.ok(l.chat.Join(t.Context(), shop, "c1", "carol", chat.ParticipantPatch{Access: chat.Give(gateway.ReadOnly)}))
	carol := l.address("c1", "carol")
	l.addr = l.front(func(c *smtpd.Config) { c.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	for name, c := range map[string]struct {
		m      mail
		to     string
		code   string
		state  gateway.ReplyState
		reason gateway.Reason
	}{
		"posted":         {mail{body: "Yes"}, to, "250 2.0.0 Posted", gateway.ReplyPosted, ""},
		"forged":         {mail{from: "eve@" + evil, sign: "-", body: "x"}, to, "250 2.0.0 Recorded", gateway.ReplyRejected, gateway.ReasonSenderMismatch},
		"quotation only": {mail{body: "On Monday Ann wrote:\n> Hello\n"}, to, "250 2.0.0 Recorded", gateway.ReplyRejected, gateway.ReasonEmpty},
		"too deep":       {mail{head: "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b0\n", body: nested(12)}, to, "250 2.0.0 Recorded", gateway.ReplyRejected, gateway.ReasonMalformed},
		"read-only":      {mail{from: "carol@" + people, body: "Me too"}, carol, "250 2.0.0 Recorded", gateway.ReplyRejected, gateway.ReasonReadOnly},
	} {
		before := len(l.replies(shop))
		l.send(c.m, c.to).is(c.code)
		if n := len(l.replies(shop)) - before; n != 1 {
			t.Errorf("%s: %d records", name, n)
		}
		if r := l.last(); r.State != c.state || r.Reason != c.reason {
			t.Errorf("%s: %s for %s", name, r.State, r.Reason)
		}
	}
	// Of the refusals only that of a verified participant is told by a notice.
	l.noticed(gateway.NoticeRefused, gateway.ReasonEmpty)
	// What nobody has: still refused, before anything was taken.
	l.send(mail{body: "x"}, "nobody@"+ourDomain).is("550 5.1.1 ")
	// SPF says nothing of the relay: who is not named by XFORWARD is nobody.
	l.dns.Set("spf.test", "TXT", "v=spf1 ip4:127.0.0.1 -all")
	l.send(mail{sign: "-", path: "bob@spf.test", body: "From a listed address?"}, to).is("250 2.0.0 Accepted")
	if r := l.last(); r.Verdicts.SPF != gateway.VerdictNone {
		t.Errorf("SPF of a relay's own address: %s", r.Verdicts.SPF)
	}
}
