package chat_test

import (
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// TestReactionIsTold: an emoji about a message is an event, no message; who may
// not write may not react.
func TestReactionIsTold(t *testing.T) {
	h := newHouse(t)
	h.talk()
	ids := h.say("c1", "ann", "Still for sale?", "Hello?")
	handle := h.handle("bob")
	h.ok(h.update(func(tx store.Tx) error {
		s := gateway.Sent{Conversation: "c1", Recipient: "bob", Delivery: "dlv_1", MessageID: "m1@reply", UpTo: 1, Shown: ids[:1], SentAt: h.now}
		return store.SentMails.Put(tx, store.SentKey("shop", s), s)
	}))
	react := func(id string, answers ...string) (gateway.Reply, error) {
		in := mail(handle, id, "👍")
		in.Reply.Reaction, in.Answers = "👍", answers
		return h.receive(in)
	}
	h.now = h.now.Add(time.Hour)
	for i, answers := range [][]string{{"m1@reply"}, {"unknown@x"}} {
		n, count := len(h.events(0)), h.conversation("c1").Count
		r, err := react(string(rune('a'+i))+"@mail", answers...)
		h.ok(err)
		if r.State != gateway.ReplyReaction || len(r.Posted) != 0 || h.conversation("c1").Count != count {
			t.Errorf("%+v", r)
		}
		var d wire.ReactionData
		e := h.only(n, gateway.EventReplyReaction, &d)
		known := d.ReferencedMessageID != nil && *d.ReferencedMessageID == ids[0]
		if d.Emoji != "👍" || d.Sender.Name != "Bob" || d.Reply.State != gateway.ReplyReaction || e.Seq == 0 || known != (i == 0) {
			t.Errorf("told %s", e.Data)
		}
	}
	if r, err := react("a@mail", "m1@reply"); err != nil || r.State != gateway.ReplyDuplicate {
		t.Errorf("a copy: %+v, %v", r, err)
	}
	h.ok(h.PatchParticipant(h.ctx, "shop", "c1", "bob", chat.ParticipantPatch{Access: chat.Give(gateway.ReadOnly)}))
	h.now = h.now.Add(chat.NarrowedFor)
	if _, err := react("z@mail"); err != chat.StatusReadOnly {
		t.Errorf("who may only read reacts: %v", err)
	}
}
