package inbound

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/inbound/smtpd"
)

// TestEveryRefusalIsTold: behind a relay, and beside a recipient who took the mail,
// each reason for which a verified person's reply is not posted is told them once
// a day, at their registered address, and is on record each time.
func TestEveryRefusalIsTold(t *testing.T) {
	access := func(a gateway.Access) func(*lab) {
		return func(l *lab) {
			l.ok(l.chat.PatchParticipant(l.Context(), shop, "c1", "bob", chat.ParticipantPatch{Access: chat.Give(a)}))
		}
	}
	for _, c := range []struct {
		reason gateway.Reason
		m      mail
		before func(*lab)
	}{
		{gateway.ReasonEmpty, mail{body: "On Monday Ann wrote:\n> Hello\n"}, nil},
		{gateway.ReasonRemoved, mail{body: "Let me in"}, access("None")},
		{gateway.ReasonReplyOff, mail{body: "Am I heard?"}, func(l *lab) {
			_, err := app.Service{Store: l.engine}.ChangeRole(l.Context(), shop, gateway.DefaultRole, func(r *gateway.Role) error {
				r.ReplyDisabled = true
				return nil
			})
			l.ok(err)
		}},
		{gateway.ReasonEncrypted, mail{body: "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n=abcd\n-----END PGP MESSAGE-----\n"}, nil},
		{gateway.ReasonAttachment, mail{head: multipart, body: fileParts("Run it", "setup.exe", "application/x-msdownload", "MZ")}, func(l *lab) { l.rcv.Files.Refused = []string{"exe"} }},
	} {
		t.Run(string(c.reason), func(t *testing.T) {
			l := newLab(t)
			to := l.address("c1", "bob")
			if c.before != nil {
				c.before(l)
			}
			l.addr = l.front(func(s *smtpd.Config) { s.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
			for range 3 {
				l.send(c.m, to).is("250 2.0.0 Recorded")
			}
			for _, r := range l.replies(shop) {
				if r.State != gateway.ReplyRejected || r.Reason != c.reason || r.Raw == "" {
					t.Errorf("recorded %s for %s", r.State, r.Reason)
				}
			}
			if n := len(l.replies(shop)); n != 3 {
				t.Errorf("%d records of three mails", n)
			}
			n := l.noticed(gateway.NoticeRefused, c.reason)
			if n.To.String() != "bob@"+people || !strings.HasSuffix(n.MessageID, "mail.people.test") {
				t.Errorf("told %+v", n)
			}
			// Whom nobody vouches for, and what a program wrote, hears nothing.
			forged, program := c.m, c.m
			forged.sign, program.head = "-", "Auto-Submitted: auto-replied\n"+c.m.head
			l.send(forged, to).is("250 ")
			l.send(program, to).is("250 2.0.0 Recorded")
			for _, n := range l.notices(shop) {
				if n.Kind == gateway.NoticeRefused && n.Reason != c.reason {
					t.Errorf("told %+v", n)
				}
			}
			l.posts()
		})
	}
}
