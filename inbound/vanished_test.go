package inbound

import (
	"fmt"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

// TestAcceptedReplyVanished: every mail that named a genuine address ends in a
// record with a final state, whatever became of it.
func TestAcceptedReplyVanished(t *testing.T) {
	l := newLab(t)
	d := l.notified("bob", "c1", "bob@"+people, "Hello")
	to := l.address("c1", "bob")
	for name, c := range map[string]struct {
		m     mail
		to    string
		state gateway.ReplyState
		why   gateway.Reason
	}{
		"posted":      {mail{body: "Yes"}, to, gateway.ReplyPosted, ""},
		"held":        {mail{sign: "-", body: "Yes?"}, to, gateway.ReplyHeld, gateway.ReasonUnauthentic},
		"mismatch":    {mail{from: "eve@" + evil, sign: "-", body: "x"}, to, gateway.ReplyRejected, gateway.ReasonSenderMismatch},
		"bad from":    {mail{from: "a@x.test, b@x.test", path: "a@x.test", body: "x"}, to, gateway.ReplyRejected, gateway.ReasonBadFrom},
		"quotation":   {mail{body: "On Monday Ann wrote:\n> Hello\n> there\n"}, to, gateway.ReplyRejected, gateway.ReasonEmpty},
		"nothing":     {mail{body: ""}, to, gateway.ReplyRejected, gateway.ReasonEmpty},
		"encrypted":   {mail{head: "MIME-Version: 1.0\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b1\n", body: pgpEncrypted}, to, gateway.ReplyRejected, gateway.ReasonEncrypted},
		"too deep":    {mail{head: "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b0\n", body: nested(12)}, to, gateway.ReplyRejected, gateway.ReasonMalformed},
		"automatic":   {mail{head: "Auto-Submitted: auto-replied\n", body: "I am away"}, to, gateway.ReplyAutomatic, gateway.ReasonAutomatic},
		"loop":        {mail{head: "X-Replygate-Loop: " + ourDomain + "\n", body: "Hello"}, to, gateway.ReplyAutomatic, gateway.ReasonLoop},
		"our From":    {mail{from: to, sign: "-", body: "Hello"}, to, gateway.ReplyRejected, gateway.ReasonLoop},
		"bounce":      {dsn(d, "5.1.1"), l.verp(d), gateway.ReplyBounce, ""},
		"to reverse":  {mail{body: "I answer to the wrong address"}, l.verp(d), gateway.ReplyRejected, gateway.ReasonNoReplyAddress},
		"auto to it":  {mail{head: "Auto-Submitted: auto-replied\n", body: "I am away"}, l.verp(d), gateway.ReplyAutomatic, gateway.ReasonAutomatic},
		"unsubscribe": {mail{body: "unsubscribe"}, l.unsubscribe("bob", "bob@"+people), gateway.ReplyUnsubscribed, ""},
		"not theirs":  {mail{from: "eve@" + evil, body: "unsubscribe"}, l.unsubscribe("bob", "bob@"+people), gateway.ReplyRejected, gateway.ReasonUnauthentic},
	} {
		t.Run(name, func(t *testing.T) {
			l.TB = t
			before := len(l.replies(shop))
			s := l.send(c.m, c.to)
			if got := len(l.replies(shop)) - before; got != 1 {
				t.Fatalf("%d records; answered %q", got, s.dot)
			}
			r := l.recorded(c.state, c.why)
			if s.accepted() == (c.state == gateway.ReplyRejected) {
				t.Errorf("%s was answered %q", c.state, s.dot)
			}
			if r.Raw == "" || !strings.Contains(l.stored(shop, r), "Subject: ") {
				t.Error("the mail is not kept")
			}
		})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range []gateway.ReplyState{gateway.ReplyPosted, gateway.ReplyHeld, gateway.ReplyRejected, gateway.ReplyAutomatic, gateway.ReplyBounce, gateway.ReplyUnsubscribed} {
		if l.seen[s] == 0 {
			t.Errorf("%s was not counted", s)
		}
	}
}

// nested is a multipart of a depth.
func nested(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i, i+1)
	}
	return b.String() + "x\n"
}

const pgpEncrypted = "--b1\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b1\nContent-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n--b1--\n"
