package inbound

import (
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

// TestStamped: what is kept has one field of ours on top, and none in it that
// claims to be; fields of other servers stay, and decide nothing.
func TestStamped(t *testing.T) {
	const field = "Authentication-Results:"
	forged := field + " mx.example.com; dmarc=pass header.from=people.test\n" +
		field + " (x) \"MX.example.com\" 1;\n\tdkim=pass\n" + field + " mx.elsewhere.test; spf=pass\n"
	for name, c := range map[string]struct {
		m      mail
		answer string
		top    string
	}{
		"posted":      {mail{head: forged, body: "Yes"}, "250 ", "\r\n\tspf=none smtp.mailfrom=people.test;\r\n\tdkim=pass header.d=people.test"},
		"forged":      {mail{head: forged, body: "Yes", sign: "-", from: "dan@" + bank}, "550 ", "\r\n\tspf=none smtp.mailfrom=bank.test;\r\n\tdkim=none;\r\n\tdmarc=fail policy.dmarc=reject"},
		"not checked": {mail{head: forged + strings.Repeat("X: y\n", 2000), body: "Yes", sign: "-"}, "55", " none\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			who := "bob"
			if c.m.from != "" {
				who = "dan"
			}
			l.send(c.m, l.address("c1", gateway.UserID(who))).is(c.answer)
			raw := l.stored(shop, l.last())
			if !strings.HasPrefix(raw, field+" mx.example.com;"+c.top) {
				t.Errorf("it begins with %.200q", raw)
			}
			if n := strings.Count(strings.ToLower(raw), "mx.example.com\""); n != 0 {
				t.Error("a quoted name is left")
			}
			if n := strings.Count(raw, field+" mx.example.com"); n != 1 {
				t.Errorf("there are %d fields of ours", n)
			}
			if !strings.Contains(raw, field+" mx.elsewhere.test; spf=pass\r\n") {
				t.Error("the field of another server is gone")
			}
			if i, j := strings.Index(raw, "Received: from "), strings.Index(raw, "From: "); i < 0 || j < i {
				t.Errorf("our trace field is at %d, the mail at %d", i, j)
			}
		})
	}
}
