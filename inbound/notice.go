package inbound

import (
	"slices"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// statusStop answers a reply of only "stop": it is no contribution to a
// conversation, and nothing that may act on a forgeable mail alone.
var statusStop = gateway.Status{Code: 250, Enhanced: [3]int{2, 0, 0}, Text: "Not posted; the page to unsubscribe is mailed to you"}

// stop takes a reply that only asks to unsubscribe: the page to do so is mailed
// to the person's registered address.
func (t *transaction) stop(rec *received, to recipient, content *gateway.ReplyContent) *outcome {
	o := t.rejected(rec, to, statusStop, gateway.ReasonStop, content)
	record := o.store
	o.store = func(tx store.Tx, o *outcome) error {
		if err := record(tx, o); err != nil {
			return err
		}
		r := rec.record(to)
		r.Reason = gateway.ReasonStop
		return chat.QueueNotice(tx, rec.at, to.row.App, chat.NoticeOf(gateway.NoticeUnsubscribe, r))
	}
	return o
}

// tellRefused has those told whose reply was refused though the sending server
// hears that the mail was taken: another recipient's was, or it is a relay of
// ours. Only who is verified to have written it is told, and no program.
func (t *transaction) tellRefused(tx store.Tx, rec *received, outcomes []*outcome) error {
	taken := t.client.Relayed || slices.ContainsFunc(outcomes, func(o *outcome) bool { return o.status.Positive() })
	if !taken || rec.rule != "" || rec.auth.AuthorErr != nil || !rec.auth.Verdicts.Aligned() {
		return nil
	}
	for _, o := range outcomes {
		if o.to.kind != kindReply || o.to.row.App == "" || !o.status.Permanent() {
			continue
		}
		u, err := chat.LoadUser(tx, o.to.row.App, o.to.row.User)
		if err != nil {
			return err
		}
		if !u.Owns(rec.auth.Author) {
			continue
		}
		r := rec.record(o.to)
		r.Reason = o.reason
		if err := chat.QueueNotice(tx, rec.at, o.to.row.App, chat.NoticeOf(gateway.NoticeRefused, r)); err != nil {
			return err
		}
	}
	return nil
}
