package inbound

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// TestPosted follows one good mail to everything it causes.
func TestPosted(t *testing.T) {
	l := newLab(t)
	d := l.notified("bob", "c1", "bob@"+people, "Hello Bob,\n\nAnn wrote: shall we send the green one instead of the blue one?\n")
	l.send(mail{
		head: "In-Reply-To: <" + d.MessageID + ">\n",
		body: "Yes, please.\n\nOn Mon, Nov 20, 2026 at 3:04 PM Ann via Shop <notifications@reply.example.com> wrote:\n\n> Hello Bob,\n>\n> Ann wrote: shall we send the green one instead of the blue one?\n",
	}, l.address("c1", "bob")).is("250 2.0.0 ")
	l.posts("Yes, please.")
	r := l.recorded(gateway.ReplyPosted, "")
	m := l.messages("c1")[0]
	if m.Sender != "bob" || m.Origin != gateway.OriginEmail || len(r.Posted) != 1 || r.Posted[0] != m.ID || r.Participant != "bob" || r.Trace != m.Trace {
		t.Errorf("posted %+v, recorded %+v", m, r)
	}
	if !r.Verdicts.DKIMAligned || r.Verdicts.DMARC != gateway.VerdictPass || r.From.String() != "bob@"+people {
		t.Errorf("recorded %+v from %s", r.Verdicts, r.From)
	}
	raw := l.stored(shop, r)
	if !strings.HasPrefix(raw, "Received: from mail.people.test") || !strings.Contains(raw, "Yes, please.") || strings.Contains(raw, "Bcc") {
		t.Errorf("kept as\n%s", raw)
	}
	if sent := l.events(gateway.EventMessageSent); len(sent) != 1 || !strings.Contains(string(sent[0].Data), `"method":"sent"`) {
		t.Errorf("told %+v", sent)
	}
	if it, err := l.item(store.NotificationItem(shop, "c1")); err != nil || it.Due.IsZero() {
		t.Errorf("nobody else is told: %v", err)
	}
}

func (l *lab) item(ref store.ItemRef) (it store.Item, err error) {
	err = l.engine.View(context.Background(), func(rd store.Reader) (err error) {
		it, err = rd.Item(ref)
		return err
	})
	return it, err
}

// TestWhoIsBelieved sends from authors who differ in what vouches for them.
func TestWhoIsBelieved(t *testing.T) {
	l := newLab(t)
	l.dns.Set("spf.test", "TXT", "v=spf1 ip4:127.0.0.1 -all")
	_, err := l.chat.PutUser(l.Context(), shop, "bob", chat.UserPatch{Email: chat.Give(chat.Strings{"Bob@" + people, "bob@spf.test", "bob@" + bank})})
	l.ok(err)
	for name, c := range map[string]struct {
		m      mail
		code   string
		state  gateway.ReplyState
		reason gateway.Reason
	}{
		"signed":                      {mail{}, "250", gateway.ReplyPosted, ""},
		"other case":                  {mail{from: "BOB@People.Test"}, "250", gateway.ReplyPosted, ""},
		"SPF alone":                   {mail{from: "bob@spf.test"}, "250", gateway.ReplyPosted, ""},
		"SPF of another domain":       {mail{sign: "-", path: "bob@spf.test"}, "250", gateway.ReplyHeld, gateway.ReasonUnauthentic},
		"unsigned":                    {mail{sign: "-"}, "250", gateway.ReplyHeld, gateway.ReasonUnauthentic},
		"signed by a stranger":        {mail{sign: evil}, "250", gateway.ReplyHeld, gateway.ReasonUnauthentic},
		"unsigned, policy reject":     {mail{from: "bob@" + bank, sign: "-"}, "550 5.7.1 ", gateway.ReplyRejected, gateway.ReasonUnauthentic},
		"signed, policy reject":       {mail{from: "bob@" + bank}, "250", gateway.ReplyPosted, ""},
		"an alias whose domain signs": {mail{from: "robert@" + people}, "250", gateway.ReplyHeld, gateway.ReasonSenderMismatch},
		"a stranger, unsigned":        {mail{from: "eve@" + evil, sign: "-"}, "550 5.7.1 ", gateway.ReplyRejected, gateway.ReasonSenderMismatch},
		"no From":                     {mail{from: "", head: "", sign: "-", subject: "x\nFrom: eve@evil.test"}, "550 5.7.1 ", gateway.ReplyRejected, gateway.ReasonBadFrom},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(l.texts("c1"))
			c.m.body = "Words: " + name
			l.TB = t
			l.send(c.m, l.address("c1", "bob")).is(c.code)
			l.recorded(c.state, c.reason)
			if got := len(l.texts("c1")) - before; (got == 1) != (c.state == gateway.ReplyPosted) {
				t.Errorf("posted %d", got)
			}
		})
	}
}

// TestPolicies: an app may believe more, or less.
func TestPolicies(t *testing.T) {
	l := newLab(t)
	apps := app.Service{Store: l.engine, Box: l.box}
	for _, c := range []struct {
		policy gateway.AuthPolicy
		m      mail
		code   string
		state  gateway.ReplyState
	}{
		{gateway.PolicyToken, mail{from: "anybody@nowhere.test"}, "250", gateway.ReplyPosted},
		{gateway.PolicyTokenFrom, mail{sign: "-"}, "250", gateway.ReplyPosted},
		{gateway.PolicyTokenFrom, mail{from: "eve@" + evil}, "550 5.7.1", gateway.ReplyRejected},
		{gateway.PolicyStrict, mail{from: "bob@" + work}, "250", gateway.ReplyHeld}, // no DMARC record, no pass
		{gateway.PolicyStrict, mail{}, "250", gateway.ReplyPosted},
	} {
		_, err := apps.PutSettings(l.Context(), shop, app.Settings{Policy: &c.policy})
		l.ok(err)
		c.m.body = fmt.Sprintf("%s %+v", c.policy, c.m)
		l.send(c.m, l.address("c1", "bob")).is(c.code)
		if r := l.last(); r.State != c.state {
			t.Errorf("%s, %+v: %s", c.policy, c.m, r.State)
		}
	}
}

// TestDuplicates: the same mail posts once, whatever way its copies come.
func TestDuplicates(t *testing.T) {
	l := newLab(t)
	bob, bob2, ann := l.address("c1", "bob"), l.address("c2", "bob"), l.address("c1", "ann")
	once := mail{id: "one@mail.people.test", body: "Yes"}
	kept := l.blobs()
	l.send(once, bob).is("250 2.0.0 Posted")
	l.send(once, bob).is("250 2.0.0 Already posted")
	l.send(once, bob, bob).is("250 2.0.0 Already posted")
	l.posts("Yes")
	l.recorded(gateway.ReplyDuplicate, gateway.ReasonDuplicate)
	if n := len(l.events(gateway.EventReplyDuplicate)); n != 2 {
		t.Errorf("told of %d duplicates", n)
	}
	// Another conversation, another text, another id: not copies.
	l.send(once, bob2).is("250 2.0.0 Posted")
	l.send(mail{id: "one@mail.people.test", body: "Yes, and more"}, bob).is("250 2.0.0 Posted")
	l.send(mail{body: "Yes"}, bob).is("250 2.0.0 Posted")
	// Another participant's address is another person's words.
	l.send(mail{from: "ann@" + people, id: "one@mail.people.test", body: "Yes"}, ann).is("250 2.0.0 Posted")
	l.posts("Yes", "Yes, and more", "Yes", "Yes")
	if got := l.texts("c2"); len(got) != 1 {
		t.Errorf("c2 holds %q", got)
	}
	if n := l.blobs() - kept; n != 7 {
		t.Errorf("%d mails are kept", n)
	}
}

// TestDuplicatesWithoutID: the Date stands in for a Message-ID.
func TestDuplicatesWithoutID(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	raw := func(date string) []byte {
		return l.sign(people, crlf("From: bob@people.test\nDate: "+date+"\n\nYes"))
	}
	first, second := "Mon, 20 Nov 2026 10:00:00 +0000", "Mon, 20 Nov 2026 10:00:01 +0000"
	l.deliver("bob@"+people, raw(first), to).is("250 2.0.0 Posted")
	l.deliver("bob@"+people, raw(first), to).is("250 2.0.0 Already posted")
	l.deliver("bob@"+people, raw(second), to).is("250 2.0.0 Posted")
}

// TestDuplicateFilesLeaveNothing: the copy's files are not kept.
func TestDuplicateFilesLeaveNothing(t *testing.T) {
	l := newLab(t)
	m := mail{id: "f@mail.people.test", head: multipart, body: fileParts("See file", "a.txt", "text/plain", "first", "b.txt", "text/plain", "second")}
	l.send(m, l.address("c1", "bob")).is("250 2.0.0 Posted")
	kept := l.blobs()
	l.send(m, l.address("c1", "bob")).is("250 2.0.0 Already posted")
	if n := l.blobs() - kept; n != 1 { // the copy itself
		t.Errorf("%d more blobs are kept", n)
	}
	l.posts("See file", "")
}

// TestHeldOnce: a held mail that comes again waits once.
func TestHeldOnce(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	m := mail{sign: "-", id: "h@mail.people.test", head: multipart, body: fileParts("Believe me", "a.txt", "text/plain", "first")}
	l.send(m, to).is("250 2.0.0 Accepted")
	kept := l.blobs()
	l.send(m, to).is("250 2.0.0 ")
	l.recorded(gateway.ReplyDuplicate, gateway.ReasonDuplicate)
	if n := len(l.events(gateway.EventReplyHeld)); n != 1 {
		t.Errorf("%d replies are held", n)
	}
	if n := l.blobs() - kept; n > 1 {
		t.Errorf("%d more blobs are kept", n)
	}
	// Approved, it is posted, with its file; and its copy is known.
	held := l.replies(shop)[0]
	done, err := l.chat.Approve(l.Context(), shop, held.ID)
	if err != nil || done.State != gateway.ReplyPosted {
		t.Fatalf("approved: %+v, %v", done, err)
	}
	l.posts("Believe me")
	if a := l.messages("c1")[0].Attachment; a == nil || a.Name != "a.txt" || a.Handle == 0 {
		t.Errorf("its file is %+v", a)
	}
	m.sign = people
	l.send(m, to).is("250 2.0.0 Already posted")
}

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

// TestDNSIsDown: what cannot be verified for want of DNS is put off, for a day;
// then a person decides.
func TestDNSIsDown(t *testing.T) {
	l := newLab(t)
	l.dns.Fail("s._domainkey." + people)
	l.dns.Fail(people) // SPF
	to := l.address("c1", "bob")
	raw := l.sign(people, mail{body: "Yes"}.bytes())
	for range 3 {
		l.deliver("bob@"+people, raw, to).is("451 4.4.3 ")
	}
	l.posts()
	if rs := l.replies(shop); len(rs) != 0 {
		t.Errorf("recorded %+v", rs)
	}
	yesterday := func(by time.Duration) {
		l.update(func(tx store.Tx) error {
			return store.Deferrals.Scan(tx, store.Range{}, func(k store.Key, d store.Deferral) (bool, error) {
				d.First = time.Now().Add(-by)
				return true, store.Deferrals.Put(tx, k, d)
			})
		})
	}
	if n := len(all(l, store.Deferrals, nil)); n != 1 {
		t.Fatalf("%d mails are remembered as put off, want one", n)
	}
	yesterday(23*time.Hour + 59*time.Minute)
	l.deliver("bob@"+people, raw, to).is("451 4.4.3 ")
	yesterday(24*time.Hour + time.Minute)
	l.deliver("bob@"+people, raw, to).is("250 2.0.0 Accepted")
	l.recorded(gateway.ReplyHeld, gateway.ReasonUnauthentic)
	// Another mail has a day of its own.
	l.send(mail{body: "No"}, to).is("451 4.4.3 ")
}

// TestDNSComesBack: what was put off is posted once DNS answers, and a pass that
// needs no lost answer is believed at once.
func TestDNSComesBack(t *testing.T) {
	l := newLab(t)
	l.dns.Fail("s._domainkey." + people)
	to := l.address("c1", "bob")
	raw := l.sign(people, mail{body: "Yes"}.bytes())
	l.deliver("bob@"+people, raw, to).is("451 4.4.3 ")
	l.dns.Heal("s._domainkey." + people)
	l.rcv.Resolver = l.dns.NewResolver()
	l.deliver("bob@"+people, raw, to).is("250 2.0.0 Posted")
	l.rcv.Resolver = l.dns.NewResolver()
	l.dns.Fail(people) // SPF and DMARC of the organisation are not needed
	l.dns.Fail("_dmarc." + people)
	l.send(mail{body: "Again"}, to).is("250 2.0.0 Posted")
}

// TestSlowDNS: an answer comes within the budget whatever DNS does.
func TestSlowDNS(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the DNS budget")
	}
	l := newLab(t)
	l.dns.Drop("s._domainkey." + people)
	l.dns.Drop(people)
	begun := time.Now()
	l.send(mail{body: "Yes"}, l.address("c1", "bob")).is("451 4.4.3 ")
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestTroubleOnOurSide: whatever breaks is 451, and nothing is kept of the mail.
func TestTroubleOnOurSide(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, c := range map[string]struct {
		what string
		do   func() error
		code string
	}{
		"reading":             {"view", func() error { return broken }, "451 4.3.0 "},
		"staging":             {"stage", func() error { return broken }, "451 4.3.0 "},
		"committing":          {"update", func() error { return broken }, "451 4.3.0 "},
		"panic while reading": {"view", func() error { panic("a bug") }, "451 4.3.0 "},
		"panic in the commit": {"update", func() error { panic("a bug") }, "451 4.3.0 "},
		"full disk":           {"update", func() error { return fmt.Errorf("commit: %w", store.ErrFull) }, "452 4.3.1 "},
		"full while staging":  {"stage", func() error { return fmt.Errorf("stage: %w", store.ErrFull) }, "452 4.3.1 "},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			to := l.address("c1", "bob")
			m := mail{id: "x@mail.people.test", head: multipart, body: fileParts("Yes", "a.txt", "text/plain", "a file")}
			l.once(c.what, c.do)
			l.send(m, to).is(c.code)
			l.posts()
			if rs := l.replies(shop); len(rs) != 0 || l.blobs() != 0 {
				t.Errorf("kept %+v and %d blobs", rs, l.blobs())
			}
			l.send(m, to).is("250 2.0.0 Posted") // the sender's next try
		})
	}
}

// TestPanicInAParser: a bug that a mail sets off delays that mail alone.
func TestPanicInAParser(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	good := l.rcv.Log
	l.rcv.Resolver = nil // what checks the author runs into a nil pointer
	l.send(mail{body: "Yes"}, to).is("451 4.3.0 ")
	l.rcv.Resolver = l.dns.Resolver
	l.rcv.Log = good
	l.send(mail{body: "Yes"}, to).is("250 2.0.0 Posted")
	l.posts("Yes")
}
