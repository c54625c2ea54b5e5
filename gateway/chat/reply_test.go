package chat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
)

// handle returns the handle of bob's reply address.
func (h *house) handle(u gateway.UserID) gateway.Handle {
	h.t.Helper()
	a, err := h.ReplyAddress(h.ctx, "shop", "c1", u)
	h.ok(err)
	handle, ok := h.Tokens.ReadFor(token.Reply, a.LocalPart, a.Domain)
	if !ok {
		h.t.Fatal("no reply address")
	}
	return handle
}

// mail is bob's answer with some words.
func mail(handle gateway.Handle, id, text string) chat.ReplyInput {
	return chat.ReplyInput{
		App: "shop", Handle: handle, Digest: text,
		Reply: gateway.Reply{
			MessageID: id, Subject: "Re: The bike", Size: 4096, From: gateway.Address{LocalPart: "bob", Domain: "example.com"},
			Verdicts: gateway.Verdicts{SPF: "none", DKIM: "pass", DKIMAligned: true, DMARC: "pass"},
			Content:  &gateway.ReplyContent{Text: text, HTML: "<p>" + text, Quoted: "> q", Signature: "-- b", Method: "sent", Confidence: "high", OtherRecipients: 1},
		},
	}
}

func (h *house) receive(in chat.ReplyInput) (out gateway.Reply, err error) {
	err = h.update(func(tx store.Tx) (err error) {
		out, err = h.PostReply(tx, h.now, in)
		return err
	})
	return out, err
}

func TestPostReply(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.say("c1", "ann", "Still for sale?")
	handle := h.handle("bob")
	n := len(h.events(0))
	h.now = h.now.Add(time.Hour)
	in := mail(handle, "x@mail", "Yes <@ann>")
	in.Reply.Trace = "trc_in"
	r, err := h.receive(in)
	h.ok(err)
	if r.State != gateway.ReplyPosted || len(r.Posted) != 1 || r.Participant != "bob" || r.Conversation != "c1" || r.ID == "" {
		t.Errorf("recorded %+v", r)
	}
	var d wire.MessageData
	e := h.only(n, gateway.EventMessageSent, &d)
	if len(h.events(n)) != 1 || e.Trace != "trc_in" || d.Message.Origin != gateway.OriginEmail || d.Message.Text != "Yes <@ann>" || *d.Message.SenderID != "bob" {
		t.Errorf("told %+v", e)
	}
	if d.Reply == nil || d.Reply.Quoted != "> q" || d.Reply.HTML != "<p>Yes <@ann>" || !d.Reply.Verdicts.DKIMAligned || d.Reply.OtherRecipients != 1 || fmt.Sprint(d.MentionedUserIDs) != "[ann]" {
		t.Errorf("told of the mail %+v", d.Reply)
	}
	h.view(func(rd store.Reader) error {
		stored, err := store.Replies.Get(rd, store.AppKey("shop").String(string(r.ID)))
		if stored.State != gateway.ReplyPosted || stored.Content == nil {
			t.Errorf("stored %+v", stored)
		}
		return err
	})
	if p, err := h.Presence(h.ctx, "shop", "bob"); err != nil || p.Online || len(p.Looked) != 0 {
		t.Errorf("a reply counted as presence: %+v, %v", p, err)
	}
	if c := h.conversation("c1"); !c.LastActivity.Equal(h.now) {
		t.Error("a reply did not count as activity")
	}
}

// TestRepliesOfManyMonths: an address answers as often and as late as one likes.
func TestRepliesOfManyMonths(t *testing.T) {
	h := newHouse(t)
	h.talk()
	handle := h.handle("bob")
	for i := range 4 {
		h.now = h.now.Add(100 * 24 * time.Hour)
		if r, err := h.receive(mail(handle, fmt.Sprint(i), fmt.Sprint("reply ", i))); err != nil || r.State != gateway.ReplyPosted {
			t.Errorf("reply %d: %v, %v", i, r.State, err)
		}
	}
}

func TestRepliesRefused(t *testing.T) {
	set := func(access gateway.Access) func(*house) error {
		return func(h *house) error {
			return h.PatchParticipant(h.ctx, "shop", "c1", "bob", chat.ParticipantPatch{Access: chat.Give(access)})
		}
	}
	for name, c := range map[string]struct {
		change func(*house) error
		later  time.Duration
		want   error
	}{
		"just narrowed":    {set(gateway.ReadOnly), 15*time.Minute - time.Millisecond, chat.StatusNarrowed},
		"read-only":        {set(gateway.ReadOnly), 15 * time.Minute, chat.StatusReadOnly},
		"access None":      {set(gateway.NoneAccess), 0, chat.StatusRemoved},
		"left":             {func(h *house) error { return h.Leave(h.ctx, "shop", "c1", "bob") }, 0, chat.StatusRemoved},
		"deleted":          {func(h *house) error { return h.DeleteConversation(h.ctx, "shop", "c1") }, 0, chat.StatusRemoved},
		"another app's":    {nil, 0, store.ErrNotFound},
		"not a reply's":    {nil, 0, store.ErrNotFound},
		"was never minted": {nil, 0, store.ErrNotFound},
	} {
		h := newHouse(t)
		h.talk()
		in := mail(h.handle("bob"), "x@mail", "hello")
		switch name {
		case "another app's":
			in.App = "other"
		case "not a reply's":
			h.ok(h.update(func(tx store.Tx) (err error) {
				in.Handle, err = store.Allocate(tx, store.HandleRow{App: "shop", Purpose: string(rune(token.Bounce)), Conversation: "c1", User: "bob"})
				return err
			}))
		case "was never minted":
			in.Handle++
		default:
			h.ok(c.change(h))
		}
		n := len(h.events(0))
		h.now = h.now.Add(c.later)
		_, err := h.receive(in)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if len(h.events(n)) != 0 || h.rows(store.Replies.Table, nil)+h.rows(store.Dedups.Table, nil)+h.rows(store.Messages.Table, nil) != 0 {
			t.Errorf("%s: a refused reply left something", name)
		}
	}
}

func TestDuplicates(t *testing.T) {
	h := newHouse(t)
	h.talk()
	bob, ann := h.handle("bob"), h.handle("ann")
	dated := func(date, text string) chat.ReplyInput {
		in := mail(bob, "", text)
		in.Date = date
		return in
	}
	for _, c := range []struct {
		what string
		in   chat.ReplyInput
		want gateway.ReplyState
	}{
		{"first", mail(bob, "a@x", "one"), gateway.ReplyPosted},
		{"the same again", mail(bob, "a@x", "one"), gateway.ReplyDuplicate},
		{"and again", mail(bob, "a@x", "one"), gateway.ReplyDuplicate},
		{"other words under the same id", mail(bob, "a@x", "two"), gateway.ReplyPosted},
		{"the same words under another id", mail(bob, "b@x", "one"), gateway.ReplyPosted},
		{"the same mail to somebody else's address", mail(ann, "a@x", "one"), gateway.ReplyPosted},
		{"without an id", dated("Mon", "one"), gateway.ReplyPosted},
		{"without an id again", dated("Mon", "one"), gateway.ReplyDuplicate},
		{"without an id, another date", dated("Tue", "one"), gateway.ReplyPosted},
	} {
		r, err := h.receive(c.in)
		if err != nil || r.State != c.want {
			t.Errorf("%s: %v, %v", c.what, r.State, err)
		}
	}
	var d wire.ReplyData
	n := len(h.events(0))
	_, err := h.receive(mail(bob, "a@x", "one"))
	h.ok(err)
	if h.only(n, gateway.EventReplyDuplicate, &d); d.Reply.State != gateway.ReplyDuplicate || d.Reason != gateway.ReasonDuplicate || d.Sentence == "" {
		t.Errorf("told %+v", d)
	}
	_, err = store.Sweep(h.ctx, h.Store, h.now.Add(store.DedupAge+time.Second))
	h.ok(err)
	if r, err := h.receive(mail(bob, "a@x", "one")); err != nil || r.State != gateway.ReplyPosted {
		t.Errorf("a month later: %v, %v", r.State, err)
	}
}

// TestReplyWithFiles: the words take the first file along, each further one is
// a message of its own, and every file has a link that is signed.
func TestReplyWithFiles(t *testing.T) {
	h := newHouse(t)
	h.talk()
	in := mail(h.handle("bob"), "x@mail", "see")
	var staged []store.Staged
	for _, s := range []string{"one", "two", "three"} {
		st, err := h.Store.Stage(h.ctx, "shop", []byte(s))
		h.ok(err)
		staged = append(staged, st)
	}
	n := len(h.events(0))
	var r gateway.Reply
	h.ok(h.update(func(tx store.Tx) error {
		in.Files = nil
		for i, st := range staged {
			ref, err := tx.Keep(st)
			if err != nil {
				return err
			}
			in.Files = append(in.Files, gateway.Attachment{Name: fmt.Sprint(i, ".txt"), Size: st.Size, Blob: ref, Type: "text/plain"})
		}
		var err error
		r, err = h.PostReply(tx, h.now, in)
		return err
	}))
	if len(r.Posted) != 3 {
		t.Fatalf("posted %v", r.Posted)
	}
	for i, e := range h.events(n) {
		var d wire.MessageData
		h.ok(json.Unmarshal(e.Data, &d))
		want, words := "", ""
		if i == 0 {
			want, words = "see", "<p>see"
		}
		if d.Message.Text != want || d.Reply == nil || d.Reply.HTML != words || d.Reply.Method != "sent" || *d.Message.SenderID != "bob" {
			t.Errorf("message %d: %+v, reply %+v", i, d.Message, d.Reply)
		}
		value, _ := strings.CutPrefix(d.Message.Attachment.URL, "https://mail.example.com"+wire.AttachmentPath)
		handle, ok := h.Tokens.ReadFor(token.Attachment, value, domain)
		h.view(func(rd store.Reader) error {
			row, err := store.Handles.Get(rd, store.HandleKey(handle))
			if !ok || row.Attachment == nil || row.Attachment.Name != fmt.Sprint(i, ".txt") || row.Purpose != "a" {
				t.Errorf("the link of file %d stands for %+v", i, row)
			}
			return err
		})
	}
	alone := mail(h.handle("bob"), "y@mail", "")
	alone.Reply.Content = nil
	h.ok(h.update(func(tx store.Tx) error {
		ref, err := tx.Keep(staged[0])
		if err != nil {
			return err
		}
		alone.Files = []gateway.Attachment{{Name: "again.txt", Blob: ref}}
		r, err = h.PostReply(tx, h.now, alone)
		return err
	}))
	if len(r.Posted) != 1 || r.State != gateway.ReplyPosted {
		t.Errorf("a mail of one file: %+v", r)
	}
	h.ok(h.DeleteConversation(h.ctx, "shop", "c1"))
	if _, err := h.Store.Blob(h.ctx, "shop", in.Files[1].Blob); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a deleted conversation's file: %v", err)
	}
}

// TestReplyMarksRead: what the answered mail showed counts as read, and no more
// when it is known which mail it was.
func TestReplyMarksRead(t *testing.T) {
	for name, c := range map[string]struct {
		answers []string
		want    uint64
	}{
		"the first mail":   {[]string{"m1@reply"}, 2},
		"the second mail":  {[]string{"root@reply", "m1@reply", "m2@reply"}, 3},
		"an unknown mail":  {[]string{"strange@x"}, 3},
		"no mail is named": {nil, 3},
	} {
		h := newHouse(t)
		h.talk()
		h.say("c1", "ann", "1", "2", "3", "4")
		h.ok(h.update(func(tx store.Tx) error {
			for i, m := range []gateway.Sent{{MessageID: "m1@reply", UpTo: 2}, {MessageID: "m2@reply", UpTo: 3}} {
				m.Conversation, m.Recipient, m.Delivery = "c1", "bob", gateway.DeliveryID(fmt.Sprint("dlv_", i))
				m.SentAt = h.now.Add(time.Duration(i) * time.Minute)
				if err := store.SentMails.Put(tx, store.SentKey("shop", m), m); err != nil {
					return err
				}
			}
			return nil
		}))
		in := mail(h.handle("bob"), "x@mail", "hello")
		in.Answers = c.answers
		_, err := h.receive(in)
		h.ok(err)
		if p := h.participant("c1", "bob"); p.ReadCount != c.want {
			t.Errorf("%s: read up to %d, want %d", name, p.ReadCount, c.want)
		}
	}
}

func TestRecordReply(t *testing.T) {
	h := newHouse(t)
	h.talk()
	for state, typ := range map[gateway.ReplyState]gateway.EventType{
		gateway.ReplyHeld: gateway.EventReplyHeld, gateway.ReplyRejected: gateway.EventReplyRejected,
		gateway.ReplyAutomatic: gateway.EventReplyAutomatic, gateway.ReplyBounce: "",
	} {
		for _, conversation := range []gateway.ConversationID{"c1", "deleted long ago"} {
			n := len(h.events(0))
			r := gateway.Reply{Conversation: conversation, Participant: "bob", State: state, Reason: gateway.ReasonUnauthentic,
				From: gateway.Address{LocalPart: "bob", Domain: "example.com"}, Trace: "trc_1"}
			h.ok(h.update(func(tx store.Tx) error {
				r.ID = gateway.ReplyID(tx.NewID(gateway.PrefixReply))
				return h.RecordReply(tx, h.now, "shop", r)
			}))
			h.view(func(rd store.Reader) error {
				got, err := store.Replies.Get(rd, store.AppKey("shop").String(string(r.ID)))
				if got.State != state || got.UpdatedAt.IsZero() {
					t.Errorf("stored %+v", got)
				}
				return err
			})
			if typ == "" {
				if len(h.events(n)) != 0 {
					t.Errorf("%s told something", state)
				}
				continue
			}
			var d wire.ReplyData
			e := h.only(n, typ, &d)
			known := conversation == "c1"
			if d.Reply.ID != r.ID || d.Sentence == "" || (d.Conversation != nil) != known || (e.Seq != 0) != known || known && d.Sender.Name != "Bob" {
				t.Errorf("%s in %s told %+v in %+v", state, conversation, d, e)
			}
		}
	}
}

func BenchmarkPostReply(b *testing.B) {
	h := newHouse(b)
	h.talk()
	handle := h.handle("bob")
	text := strings.Repeat("some words of a reply ", 40)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		if _, err := h.receive(mail(handle, fmt.Sprint(i), text)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPostReplies is many senders at once, each in a conversation of their
// own, sharing commits.
func BenchmarkPostReplies(b *testing.B) {
	h := newHouse(b)
	h.talk()
	const rooms = 64
	handles := make([]gateway.Handle, rooms)
	for i := range rooms {
		c := gateway.ConversationID(fmt.Sprint("room ", i))
		h.put(c, `{"participants":["ann","bob"]}`)
		a, err := h.ReplyAddress(h.ctx, "shop", c, "bob")
		h.ok(err)
		handles[i], _ = h.Tokens.ReadFor(token.Reply, a.LocalPart, a.Domain)
	}
	text := strings.Repeat("some words of a reply ", 40)
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(rooms / 2)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			if _, err := h.receive(mail(handles[i%rooms], fmt.Sprint(i), text)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
