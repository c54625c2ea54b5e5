package chat_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// raw makes a mail as received ready to be kept.
func (h *house) raw(what string) store.Staged {
	h.t.Helper()
	staged, err := h.Store.Stage(h.ctx, "shop", []byte(what))
	h.ok(err)
	return staged
}

// record stores a reply with its mail as received, and returns the blob.
func (h *house) record(r gateway.Reply) gateway.BlobRef {
	h.t.Helper()
	r.Conversation, r.Participant, r.ReceivedAt = "c1", "bob", h.now
	raw := h.raw("mail of " + string(r.ID))
	h.ok(h.Store.Update(h.ctx, store.ConversationScope("shop", "c1"), func(tx store.Tx) (err error) {
		if r.Raw, err = tx.Keep(raw); err != nil {
			return err
		}
		return h.RecordReply(tx, h.now, "shop", r)
	}))
	return r.Raw
}

// later turns the clock and sweeps, as a server does.
func (h *house) later(d time.Duration) {
	h.t.Helper()
	h.now = h.now.Add(d)
	_, err := store.Sweep(h.ctx, h.Store, h.now)
	h.ok(err)
	h.ok(h.ExpireRaw(h.ctx))
}

// kept tells whether the record is there, names its mail, and the mail is there.
func (h *house) kept(id gateway.ReplyID, ref gateway.BlobRef) string {
	h.t.Helper()
	r, _, err := h.Held(h.ctx, "shop", id)
	var missing gateway.NotFound
	_, blobErr := h.Store.Blob(h.ctx, "shop", ref)
	return fmt.Sprintf("record %v raw %v blob %v", !errors.As(err, &missing), r.Raw != "", !errors.Is(blobErr, store.ErrNotFound))
}

const (
	day      = 24 * time.Hour
	whole    = "record true raw true blob true"
	bare     = "record true raw false blob false"
	gone     = "record false raw false blob false"
	longAgo  = 366 * day
	wholeAge = store.RawAge
)

// TestRawMailExpires: mail as received goes after its time, the record stays for a
// year; while a reply is held its mail stays.
func TestRawMailExpires(t *testing.T) {
	h := newHouse(t)
	h.talk()
	auto := h.record(gateway.Reply{ID: "rpl_auto", State: gateway.ReplyAutomatic})
	held := h.record(gateway.Reply{ID: "rpl_held", State: gateway.ReplyHeld, Reason: gateway.ReasonUnauthentic, Content: &gateway.ReplyContent{Text: "Yes"}})
	var posted gateway.Reply
	in, rawPosted := mail(h.handle("bob"), "a@b.test", "Hello"), h.raw("posted")
	h.ok(h.Store.Update(h.ctx, store.ConversationScope("shop", "c1"), func(tx store.Tx) (err error) {
		if in.Reply.Raw, err = tx.Keep(rawPosted); err != nil {
			return err
		}
		posted, err = h.PostReply(tx, h.now, in)
		return err
	}))
	want := func(step, wantAuto, wantHeld, wantPosted string) {
		t.Helper()
		got := []string{h.kept("rpl_auto", auto), h.kept("rpl_held", held), h.kept(posted.ID, posted.Raw)}
		for i, w := range []string{wantAuto, wantHeld, wantPosted} {
			if got[i] != w {
				t.Errorf("%s: the %d. has %s, want %s", step, i+1, got[i], w)
			}
		}
	}
	h.later(wholeAge - time.Second)
	want("shortly before", whole, whole, whole)
	h.later(time.Second)
	want("when it is time", bare, whole, bare)
	h.later(2 * day)
	want("days later", bare, whole, bare)
	_, err := h.Approve(h.ctx, "shop", "rpl_held")
	h.ok(err)
	want("approved", bare, whole, bare)
	h.later(time.Hour)
	want("after approval", bare, bare, bare)
	h.later(longAgo - wholeAge - 3*day)
	want("shortly before a year", bare, bare, bare)
	h.later(2*day + time.Hour)
	want("a year later", gone, gone, gone)
	if err := h.Store.View(h.ctx, func(rd store.Reader) error {
		return store.RawMails.Scan(rd, store.Range{}, func(k store.Key, m store.RawMail) (bool, error) {
			t.Errorf("a row of %s is left", m.Reply)
			return true, nil
		})
	}); err != nil {
		t.Error(err)
	}
}

// TestRawAgeIsTheOperators: a shorter time holds for mail that is there already,
// and many mails go, slice by slice.
func TestRawAgeIsTheOperators(t *testing.T) {
	h := newHouse(t)
	h.talk()
	refs := map[gateway.ReplyID]gateway.BlobRef{}
	for i := range 450 {
		id := gateway.ReplyID(fmt.Sprintf("rpl_%d", i))
		refs[id] = h.record(gateway.Reply{ID: id, State: gateway.ReplyBounce})
	}
	h.later(day)
	h.RawAge = 12 * time.Hour
	h.later(0)
	for id, ref := range refs {
		if got := h.kept(id, ref); got != bare {
			t.Fatalf("%s: %s", id, got)
		}
	}
	if _, err := h.Reject(h.ctx, "shop", "rpl_0"); !errors.Is(err, chat.ErrSettled) {
		t.Error(err)
	}
}
