package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
)

// How long a notice is remembered, and how long the link in one leads to a page.
const (
	noticeAge = 7 * 24 * time.Hour
	linkAge   = 30 * 24 * time.Hour
)

// QueueNotice has a notice mailed, unless its recipient had one of its kind and
// reason on the same day (UTC). What asks about a held reply gets its link.
func QueueNotice(tx store.Tx, now time.Time, app gateway.AppID, n gateway.Notice) error {
	n.CreatedAt = now.Truncate(time.Millisecond)
	n.ID = noticeID(n)
	k := store.AppKey(app).String(string(n.ID))
	if _, found, err := store.Notices.Find(tx, k); err != nil || found {
		return err
	}
	if n.Kind == gateway.NoticeConfirm {
		if err := allocateLink(tx, app, &n); err != nil {
			return err
		}
	}
	if err := store.Notices.Put(tx, k, n); err != nil {
		return err
	}
	if err := store.ExpireAt(tx, store.Notices.Table, k, n.CreatedAt.Add(noticeAge)); err != nil {
		return err
	}
	return tx.Enqueue(store.Item{
		ItemRef: store.NoticeItem(app, n.Conversation, n.ID), Due: n.CreatedAt, EnqueuedAt: n.CreatedAt, Payload: []byte(n.ID),
	})
}

// noticeID is the same for all notices of which a person gets one. Those to the
// operator, who is no user, are told apart by their record.
func noticeID(n gateway.Notice) gateway.NoticeID {
	who := string(n.Recipient)
	if n.Kind == gateway.NoticeForward {
		who = string(n.Reply)
	}
	day := n.CreatedAt.UTC().Format(time.DateOnly)
	if n.Test {
		day += " test" // no other is held back by it
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s %s %s", len(who), who, n.Kind, n.Reason, day))
	return gateway.NoticeID(gateway.PrefixNotice + hex.EncodeToString(sum[:16]))
}

// allocateLink gives a notice the link to the page of its held reply.
func allocateLink(tx store.Tx, app gateway.AppID, n *gateway.Notice) (err error) {
	n.Link, err = store.Allocate(tx, store.HandleRow{
		App: app, Purpose: string(rune(token.Confirm)), Conversation: n.Conversation, User: n.Recipient, Reply: n.Reply, CreatedAt: n.CreatedAt,
	})
	if err != nil {
		return err
	}
	return store.ExpireAt(tx, store.Handles.Table, store.HandleKey(n.Link), n.CreatedAt.Add(linkAge))
}

// NoticeOf is the notice to the participant about a received mail.
func NoticeOf(kind gateway.NoticeKind, r gateway.Reply) gateway.Notice {
	return gateway.Notice{
		Kind: kind, Reason: r.Reason, Conversation: r.Conversation, Recipient: r.Participant,
		To: r.From, Reply: r.ID, MessageID: r.MessageID, Test: r.Test, Trace: r.Trace,
	}
}
