package inbound

import (
	"strings"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/inbound/message"
)

// How many mails are forwarded to the operator: so many at once, and then one in
// so long. All are kept.
const (
	forwardBurst = 20
	forwardEvery = time.Minute
)

// forOperator keeps a mail to postmaster@ or abuse@ among the records of no app,
// and has it forwarded if the operator named an address.
func (t *transaction) forOperator(rec *received, to recipient) *outcome {
	forward := !t.Postmaster.IsZero() && rec.rule != message.RuleLoop && rec.rule != message.RuleOwnMessageID
	if forward && !t.forwards.take(rec.at) {
		forward = false
		t.Log.Warn("a mail to the operator is kept and not forwarded: there are too many", "session", t.client.Session)
	}
	return &outcome{to: to, status: statusRecorded, state: gateway.ReplyOperator, store: func(tx store.Tx, _ *outcome) error {
		r := rec.record(to)
		r.ID = gateway.ReplyID(tx.NewID(gateway.PrefixReply))
		r.State, r.Rule = gateway.ReplyOperator, strings.ToLower(to.address.LocalPart)
		if to.address.Domain != t.Domain {
			r.Rule += "@" + to.address.Domain
		}
		if err := t.keepRecord(tx, rec, to, r); err != nil || !forward {
			return err
		}
		ref, err := tx.Keep(rec.sealed)
		if err != nil {
			return err
		}
		return chat.QueueNotice(tx, rec.at, to.row.App, gateway.Notice{Kind: gateway.NoticeForward, To: t.Postmaster, Reply: r.ID, Raw: ref})
	}}
}

// allowance is a bucket of forwardBurst tokens, one of which comes back every
// forwardEvery. The zero value is full.
type allowance struct {
	mu   sync.Mutex
	full time.Time // when it is full again
}

// take takes a token, if there is one.
func (a *allowance) take(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.full.Before(now) {
		a.full = now
	}
	if a.full.Sub(now) > (forwardBurst-1)*forwardEvery {
		return false
	}
	a.full = a.full.Add(forwardEvery)
	return true
}
