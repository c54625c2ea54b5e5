package inbound

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// notices are what is queued to be mailed about received mail of an app.
func (l *lab) notices(a gateway.AppID) []gateway.Notice {
	l.Helper()
	out := all(l, store.Notices, store.AppKey(a))
	for _, n := range out {
		it, err := l.item(store.NoticeItem(a, n.Conversation, n.ID))
		if err != nil || string(it.Payload) != string(n.ID) {
			l.Errorf("the notice %+v is not queued: %+v, %v", n, it, err)
		}
	}
	return out
}

// noticed holds that exactly one notice of a kind and reason is queued for bob.
func (l *lab) noticed(kind gateway.NoticeKind, why gateway.Reason) gateway.Notice {
	l.Helper()
	ns := l.notices(shop)
	if len(ns) != 1 || ns[0].Kind != kind || ns[0].Reason != why || ns[0].Recipient != "bob" {
		l.Fatalf("queued are %+v, want one %s for %q", ns, kind, why)
	}
	return ns[0]
}

// TestHeldAsks: whoever wrote it, the participant is asked, once a day.
func TestHeldAsks(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	for range 3 {
		l.send(mail{sign: "-", body: "Believe me"}, to).is("250 2.0.0 Accepted")
	}
	n := l.noticed(gateway.NoticeConfirm, gateway.ReasonUnauthentic)
	row := all(l, store.Handles, store.HandleKey(n.Link))
	if len(row) != 1 || row[0].Purpose != "c" || row[0].Reply != n.Reply || row[0].App != shop {
		t.Errorf("the link leads to %+v", row)
	}
	if r := l.replies(shop)[0]; r.ID != n.Reply || r.State != gateway.ReplyHeld {
		t.Errorf("asked about %+v", r)
	}
	l.send(mail{from: "robert@" + people, body: "Another reason"}, to).is("250 2.0.0 Accepted")
	if ns := l.notices(shop); len(ns) != 2 {
		t.Errorf("queued are %+v", ns)
	}
}

// TestStopIsNotPosted: a reply of only "stop" has the page to unsubscribe mailed.
func TestStopIsNotPosted(t *testing.T) {
	l := newLab(t)
	to := l.address("c1", "bob")
	for _, word := range []string{"STOP", "Abmelden", "Unsubscribe.\n\nSent from my iPhone", "退订"} {
		l.send(mail{body: word}, to).is("250 2.0.0 Not posted")
		l.recorded(gateway.ReplyRejected, gateway.ReasonStop)
	}
	l.noticed(gateway.NoticeUnsubscribe, gateway.ReasonStop)
	if n := len(all(l, store.Suppressions, nil)); n != 0 {
		t.Errorf("a word unsubscribed %d addresses", n)
	}
	l.send(mail{body: "Stop it, Ann"}, to).is("250 2.0.0 Posted")
	l.send(mail{head: multipart, body: fileParts("Stop", "a.txt", "text/plain", "with a file")}, to).is("250 2.0.0 Posted")
	l.posts("Stop it, Ann", "Stop")
}

// TestMixedOutcomes: one mail to two conversations, one of which takes it.
func TestMixedOutcomes(t *testing.T) {
	l := newLab(t)
	one, two := l.address("c1", "bob"), l.address("c2", "bob")
	narrow := func() error {
		return l.chat.PatchParticipant(t.Context(), shop, "c2", "bob", chat.ParticipantPatch{Access: chat.Give(gateway.Access("None"))})
	}
	// Taken away between RCPT and the commit.
	l.once("stage", narrow)
	l.send(mail{body: "To both"}, one, two).is("250 ")
	l.posts("To both")
	n := l.noticed(gateway.NoticeRefused, gateway.ReasonRemoved)
	if n.Conversation != "c2" || n.To.String() != "bob@"+people || n.MessageID == "" {
		t.Errorf("told %+v", n)
	}
}

// TestNoNotice: what the sender hears of in the session, what nobody vouches
// for, and what a program wrote gets none.
func TestNoNotice(t *testing.T) {
	l := newLab(t)
	bob, dan := l.address("c1", "bob"), l.address("c2", "dan")
	l.send(mail{body: "> quoted\n", head: ""}, bob)
	l.send(mail{from: "eve@" + evil, sign: "-", body: "x"}, bob).is("550 ")
	l.send(mail{from: "dan@" + bank, sign: "-", body: "x"}, bob, dan).is("550 ")
	l.send(mail{head: "Auto-Submitted: auto-replied\n", body: "away"}, bob).is("250 ")
	if ns := l.notices(shop); len(ns) != 0 {
		t.Errorf("queued are %+v", ns)
	}
}

// TestHeldExpires: nobody decides for a week.
func TestHeldExpires(t *testing.T) {
	l := newLab(t)
	kept := l.blobs()
	l.send(mail{sign: "-", head: multipart, body: fileParts("Believe me", "a.txt", "text/plain", "first")}, l.address("c1", "bob")).is("250 2.0.0 Accepted")
	l.chat.Now = func() time.Time { return time.Now().Add(store.HeldAge - time.Minute) }
	l.ok(l.chat.ExpireHeld(t.Context()))
	l.recorded(gateway.ReplyHeld, gateway.ReasonUnauthentic)
	l.chat.Now = func() time.Time { return time.Now().Add(store.HeldAge + time.Minute) }
	l.ok(l.chat.ExpireHeld(t.Context()))
	r := l.recorded(gateway.ReplyRejected, gateway.ReasonUnconfirmed)
	if len(r.Attachments) != 0 || l.blobs()-kept != 1 {
		t.Errorf("%d blobs are kept of %+v", l.blobs()-kept, r)
	}
	if es := l.events(gateway.EventReplyRejected); len(es) != 1 || !strings.Contains(string(es[0].Data), string(gateway.ReasonUnconfirmed)) {
		t.Errorf("told %+v", es)
	}
	kinds := map[gateway.NoticeKind]int{}
	for _, n := range l.notices(shop) {
		kinds[n.Kind]++
	}
	if kinds[gateway.NoticeRefused] != 1 || kinds[gateway.NoticeConfirm] != 1 {
		t.Errorf("notices %v", kinds)
	}
	if left := all(l, store.Waiting, nil); len(left) != 0 {
		t.Errorf("still waits: %+v", left)
	}
	l.ok(l.chat.ExpireHeld(t.Context()))
	if _, err := l.chat.Approve(t.Context(), shop, r.ID); !errors.Is(err, chat.ErrSettled) {
		t.Errorf("approved after all: %v", err)
	}
}

// TestForwarding: mail to the operator's addresses is kept, and forwarded a
// while at a time.
func TestForwarding(t *testing.T) {
	l := newLab(t)
	l.send(mail{body: "Nobody is named"}, "postmaster@"+ourDomain).is("250 ")
	if ns := l.notices(""); len(ns) != 0 {
		t.Fatalf("forwarded %+v to nobody", ns)
	}
	l.rcv.Postmaster = gateway.Address{LocalPart: "ops", Domain: "elsewhere.test"}
	for range forwardBurst + 5 {
		l.send(mail{body: "Hello"}, "Abuse@"+ourDomain).is("250 ")
	}
	l.send(mail{head: "X-Replygate-Loop: " + ourDomain + "\n", body: "Hello"}, "postmaster@"+ourDomain).is("250 ")
	ns := l.notices("")
	if len(ns) != forwardBurst || ns[0].To != l.rcv.Postmaster || ns[0].Kind != gateway.NoticeForward {
		t.Errorf("%d of them are forwarded: %+v", len(ns), ns[:1])
	}
	if n := len(l.replies("")); n != forwardBurst+7 {
		t.Errorf("%d are kept", n)
	}
}

// TestAllowance: a burst, and then one in a while.
func TestAllowance(t *testing.T) {
	var a allowance
	now := time.Now()
	taken := 0
	for range 3 * 60 {
		if a.take(now) {
			taken++
		}
		now = now.Add(time.Second)
	}
	if taken != forwardBurst+2 {
		t.Errorf("%d within three minutes", taken)
	}
	if now = now.Add(time.Hour); !a.take(now) {
		t.Error("it is not full again")
	}
}
