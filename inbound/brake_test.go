package inbound

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// TestRobotWithoutMarks: a program that answers every mail at once and marks
// nothing is stopped after five answers; the next wait for a person, and the
// participant is asked once. One answer that takes its time is a person's.
func TestRobotWithoutMarks(t *testing.T) {
	l := newLab(t)
	l.chat.Brake = chat.Brake{PerHour: 60, Quick: 5}
	to := l.address("c1", "bob")
	for i := range 12 {
		d := l.notified("bob", "c1", "bob@"+people, fmt.Sprint("Notification ", i))
		l.send(mail{head: "In-Reply-To: <" + d.MessageID + ">\n" + multipart, body: fileParts(fmt.Sprint("Thank you for your mail, number ", i), "t.txt", "text/plain", "ticket")}, to).is("250 ")
	}
	if got := len(l.texts("c1")); got != 5 {
		t.Errorf("%d answers of a robot were posted, want 5", got)
	}
	held := 0
	for _, r := range l.replies(shop) {
		if r.State == gateway.ReplyHeld && r.Reason == gateway.ReasonRate && len(r.Attachments) == 1 {
			held++
		}
	}
	if held != 7 || len(l.events(gateway.EventReplyHeld)) != 7 {
		t.Errorf("%d are held, told of %d, want 7", held, len(l.events(gateway.EventReplyHeld)))
	}
	l.noticed(gateway.NoticeConfirm, gateway.ReasonRate)
	if n := l.blobs(); n != 12+12+1 { // the notifications, the mails, and one file for all
		t.Errorf("%d blobs are kept", n)
	}

	// Approving needs no patience.
	if _, err := l.chat.Approve(t.Context(), shop, l.replies(shop)[len(l.replies(shop))-1].ID); err != nil {
		t.Error(err)
	}
	// An answer to a mail of yesterday is no robot's, and those after it count anew.
	l.age("bob", "c1")
	l.send(mail{body: "I am a person"}, to).is("250 2.0.0 Posted")
	l.notified("bob", "c1", "bob@"+people, "One more")
	l.send(mail{body: "And quick for once"}, to).is("250 2.0.0 Posted")
}

// age makes the mails sent to a participant a day old.
func (l *lab) age(u gateway.UserID, c gateway.ConversationID) {
	l.Helper()
	l.update(func(tx store.Tx) error {
		for _, s := range all(l, store.SentMails, store.ConversationKey(shop, c).String(string(u))) {
			if err := store.SentMails.Delete(tx, store.SentKey(shop, s)); err != nil {
				return err
			}
			s.SentAt = s.SentAt.AddDate(0, 0, -1)
			if err := store.SentMails.Put(tx, store.SentKey(shop, s), s); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestRepliesPerHour: whoever writes more than people do is held, then put off,
// and nobody else is touched.
func TestRepliesPerHour(t *testing.T) {
	l := newLab(t)
	l.chat.Brake = chat.Brake{PerHour: 3}
	to := l.address("c1", "bob")
	for i := range 12 {
		l.send(mail{body: fmt.Sprint("Number ", i)}, to).is(map[bool]string{true: "250 2.0.0 Posted", false: "250 2.0.0 Accepted"}[i < 3])
	}
	before := len(l.replies(shop))
	l.send(mail{body: "Number 12"}, to).is("451 4.7.1 Too many mails")
	if n := len(l.replies(shop)); n != before {
		t.Errorf("%d records of a mail that is to come later", n-before)
	}
	l.send(mail{body: "In another conversation"}, l.address("c2", "bob")).is("250 2.0.0 Posted")
	l.send(mail{from: "ann@" + people, body: "Somebody else"}, l.address("c1", "ann")).is("250 2.0.0 Posted")
	l.send(mail{head: "Auto-Submitted: auto-replied\n", body: "Automatic mail is only recorded"}, to).is("250 2.0.0 Recorded")
	if got := strings.Join(l.texts("c1"), "|"); got != "Number 0|Number 1|Number 2|Somebody else" {
		t.Errorf("posted %s", got)
	}
}

// TestDoubtfulSenders: what may be a program's waits for a person.
func TestDoubtfulSenders(t *testing.T) {
	l := newLab(t)
	l.ok(l.chat.AddAddress(t.Context(), shop, "bob", gateway.Address{LocalPart: "no-reply", Domain: people}))
	to := l.address("c1", "bob")
	for i, c := range []struct {
		m    mail
		rule string
	}{
		{mail{from: "no-reply@" + people, body: "Your ticket 4711 was opened"}, "noreply"},
		{mail{subject: "Re: Order (verification required)", body: "Click here, so that bob gets your mail"}, "challenge"},
		{mail{head: "X-TMDA-Confirm: yes\n", body: "Please answer this mail"}, "challenge"},
	} {
		l.send(c.m, to).is("250 2.0.0 Accepted")
		if r := l.last(); r.State != gateway.ReplyHeld || r.Reason != gateway.ReasonProgram || r.Rule != c.rule {
			t.Errorf("%d: %s for %s by %q", i, r.State, r.Reason, r.Rule)
		}
	}
	// Who is not the participant is judged as any stranger.
	l.send(mail{from: "noreply@" + evil, sign: "-", body: "Confirm"}, to).is("550 5.7.1 ")
	l.send(mail{subject: "The verification of the order", body: "is required"}, to).is("250 2.0.0 Posted")
	l.update(func(tx store.Tx) error {
		d := gateway.DeliveryID("ours")
		s := gateway.Sent{Conversation: "c1", Recipient: "bob", Delivery: d, Subject: "Account: verification required", SentAt: time.Now().Add(-time.Hour)}
		return store.SentMails.Put(tx, store.SentKey(shop, s), s)
	})
	l.send(mail{subject: "Re: Account: verification required", body: "as it was asked"}, to).is("250 2.0.0 Posted")
	l.posts("is required", "as it was asked")
}
