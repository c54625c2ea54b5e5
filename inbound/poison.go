package inbound

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/inbound/smtpd"
)

// errBroken says that reading a mail panicked.
var errBroken = errors.New("panic")

// countTime bounds the counting of a mail whose time is over already.
const countTime = 5 * time.Second

// weigh reads a mail and finds what becomes of it. A mail on which that broke down
// (a panic, or no end in time) store.PoisonTimes times is not read again, and is
// kept for a person to look at. The outcomes hold on to rec.
func (t *transaction) weigh(ctx context.Context, m smtpd.Mail, rec *received) (outcomes []*outcome, err error) {
	k := poisonKey(m)
	var before store.Poison
	err = t.Store.View(ctx, func(rd store.Reader) (err error) {
		before, _, err = store.Poisons.Find(rd, k)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up mail: %w", err)
	}
	if before.Times >= store.PoisonTimes {
		*rec = unread(m)
		return t.unreadable(ctx, rec)
	}
	outcomes, err = t.readAndJudge(ctx, m, rec)
	if errors.Is(err, errBroken) || err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, errors.Join(err, t.countBroken(ctx, k))
	}
	return outcomes, err
}

func poisonKey(m smtpd.Mail) store.Key {
	sum := sha256.Sum256(m.Data)
	return store.Key(nil).String(string(sum[:]))
}

// readAndJudge reads a mail and judges it; a panic is errBroken.
func (t *transaction) readAndJudge(ctx context.Context, m smtpd.Mail, rec *received) (outcomes []*outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			t.Log.Error("reading a mail panicked", "session", t.client.Session, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("read mail: %w: %v", errBroken, p)
		}
	}()
	*rec, err = t.read(ctx, m)
	if st, refused := statusOf(err); refused {
		return t.refuseAll(rec, st, gateway.ReasonMalformed), nil
	}
	if err != nil {
		return nil, err
	}
	return t.judgeAll(ctx, rec)
}

// countBroken counts a breakdown, though the time of the mail may be over.
func (t *transaction) countBroken(ctx context.Context, k store.Key) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTime)
	defer cancel()
	return t.Store.Update(ctx, store.SystemScope("poison"), func(tx store.Tx) error {
		p, _, err := store.Poisons.Find(tx, k)
		if err != nil {
			return err
		}
		p.Times++
		if err := store.Poisons.Put(tx, k, p); err != nil || p.Times > 1 {
			return err
		}
		return store.ExpireAt(tx, store.Poisons.Table, k, clock().Add(store.PoisonAge))
	})
}

var statusUnreadable = gateway.Status{Code: 550, Enhanced: [3]int{5, 6, 0}, Text: "Your mail could not be read"}

// unreadable keeps a mail that nothing could be found out about: a reply is held,
// and can only be rejected.
func (t *transaction) unreadable(ctx context.Context, rec *received) ([]*outcome, error) {
	all, err := t.oncePerConversation(ctx, rec)
	if err != nil {
		return nil, err
	}
	var out []*outcome
	for _, to := range all {
		switch {
		case to.kind == kindOperator:
			out = append(out, t.forOperator(rec, to))
		case to.kind == kindReply && to.refused.Code != 0:
			out = append(out, t.rejected(rec, to, to.refused, chat.ReasonOf(to.refused), nil))
		case to.kind == kindReply:
			out = append(out, t.heldUnread(rec, to))
		default:
			out = append(out, t.rejected(rec, to, statusUnreadable, gateway.ReasonUnreadable, nil))
		}
	}
	return out, nil
}

func (t *transaction) heldUnread(rec *received, to recipient) *outcome {
	o := &outcome{to: to, status: statusHeld, state: gateway.ReplyHeld, reason: gateway.ReasonUnreadable}
	o.store = func(tx store.Tx, _ *outcome) error {
		r := rec.record(to)
		r.State, r.Reason = gateway.ReplyHeld, gateway.ReasonUnreadable
		return t.keepRecord(tx, rec, to, r)
	}
	return o
}
