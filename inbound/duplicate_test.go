package inbound

import (
	"testing"

	"github.com/replygate/replygate/gateway"
)

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
