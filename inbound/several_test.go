package inbound

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
)

// TestSeveralRecipients is the table of one mail to more than one address.
func TestSeveralRecipients(t *testing.T) {
	type world struct {
		*lab
		bob, ann, dan, bob2, carol, other string
	}
	for name, test := range map[string]func(world){
		"another app is asked to wait": func(w world) {
			s := w.send(mail{body: "Yes"}, w.bob, w.other).is("250 ")
			if !strings.HasPrefix(s.rcpt[1], "452 4.5.3 ") {
				t.Errorf("the other app's address: %q", s.rcpt[1])
			}
			w.posts("Yes")
			if rs := w.replies(club); len(rs) != 0 {
				t.Errorf("the other app has %+v", rs)
			}
		},
		"one conversation posts once, as its author": func(w world) {
			w.send(mail{body: "Yes"}, w.ann, w.dan, w.bob).is("250 2.0.0 Posted")
			w.posts("Yes")
			if m := w.messages("c1")[0]; m.Sender != "bob" {
				t.Errorf("posted as %s", m.Sender)
			}
			if rs := w.replies(shop); len(rs) != 1 {
				t.Errorf("%d records", len(rs))
			}
		},
		"two conversations post in each": func(w world) {
			w.send(mail{body: "Yes"}, w.bob, w.bob2).is("250 2.0.0 Posted")
			w.posts("Yes")
			if got := w.texts("c2"); len(got) != 1 {
				t.Errorf("c2 holds %q", got)
			}
		},
		"accepted by one is 250, the other is told of": func(w world) {
			w.send(mail{body: "Yes"}, w.address("c2", "dan"), w.bob).is("250 2.0.0 ")
			w.posts("Yes")
			if n := len(w.events(gateway.EventReplyRejected)) + len(w.events(gateway.EventReplyHeld)); n != 1 {
				t.Errorf("told of %d refusals", n)
			}
		},
		"refused by all is the first refusal": func(w world) {
			w.send(mail{from: "eve@" + evil, sign: "-", body: "Yes"}, w.bob, w.bob2).is("550 5.7.1 ")
			if rs := w.replies(shop); len(rs) != 2 {
				t.Errorf("%d records", len(rs))
			}
		},
		"one refused at RCPT does not harm the other": func(w world) {
			s := w.send(mail{body: "Yes"}, "nobody@"+ourDomain, w.bob, w.carol).is("250 2.0.0 Posted")
			if !strings.HasPrefix(s.rcpt[0], "550 5.1.1") || !strings.HasPrefix(s.rcpt[2], "550 5.7.1") {
				t.Errorf("answered %q", s.rcpt)
			}
			w.posts("Yes")
		},
		"the general address beside a reply address": func(w world) {
			for i, to := range [][]string{{w.bob, General + "@" + ourDomain}, {General + "@" + ourDomain, w.bob}} {
				s := w.send(mail{body: fmt.Sprint("Yes ", i)}, to...).is("250 2.0.0 Posted")
				for _, r := range s.rcpt {
					if !strings.HasPrefix(r, "250 ") {
						t.Errorf("RCPT: %q", s.rcpt)
					}
				}
			}
			w.posts("Yes 0", "Yes 1")
			for _, r := range w.replies(shop) {
				w.stored(shop, r) // under its app
			}
		},
		"the operator beside a reply address": func(w world) {
			s := w.send(mail{body: "Yes"}, w.bob, "postmaster@"+ourDomain).is("250 2.0.0 Posted")
			if !strings.HasPrefix(s.rcpt[1], "452 4.5.3 ") {
				t.Errorf("answered %q", s.rcpt)
			}
		},
		"any failure keeps nothing": func(w world) {
			kept := w.blobs()
			w.lab.when(func(what string) error {
				if what == "update" {
					return errors.New("disk on fire")
				}
				return nil
			})
			w.send(mail{body: "Yes"}, w.bob, w.bob2).is("451 4.3.0 ")
			w.lab.when(nil)
			w.posts()
			if rs := w.replies(shop); len(rs) != 0 || w.blobs() != kept {
				t.Errorf("kept %+v", rs)
			}
		},
		"narrowed for one puts off all": func(w world) {
			w.once("update", func() error {
				return w.chat.PatchParticipant(context.Background(), shop, "c2", "bob", chat.ParticipantPatch{Access: chat.Give(gateway.ReadOnly)})
			})
			w.send(mail{body: "Yes"}, w.bob, w.bob2).is("451 4.7.1 ")
			w.posts()
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.ok(l.chat.Join(l.Context(), shop, "c1", "carol", chat.ParticipantPatch{Access: chat.Give(gateway.ReadOnly)}))
			other, err := l.chat.ReplyAddress(l.Context(), club, "c1", "bob")
			l.ok(err)
			test(world{l, l.address("c1", "bob"), l.address("c1", "ann"), l.address("c1", "dan"), l.address("c2", "bob"), l.address("c1", "carol"), other.String()})
		})
	}
}
