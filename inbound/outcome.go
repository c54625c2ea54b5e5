package inbound

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/inbound/message"
	"github.com/replygate/replygate/inbound/smtpd"
)

// outcome is what becomes of a mail for one recipient: something to store, and
// what the sender hears of it.
type outcome struct {
	to     recipient
	status gateway.Status // 2yz: taken
	// store writes the outcome inside the one transaction, and may correct
	// status: permission is read again there.
	store func(tx store.Tx, o *outcome) error
	// state and reason are what was stored, for counters and the log.
	state  gateway.ReplyState
	reason gateway.Reason
	// words are the app's own for a refusal.
	words string
	// ask is what the app wants to be asked before this is stored.
	ask *asking
}

// Answers to the final dot.
var (
	statusPosted    = gateway.Status{Code: 250, Enhanced: [3]int{2, 0, 0}, Text: "Posted"}
	statusKnown     = gateway.Status{Code: 250, Enhanced: [3]int{2, 0, 0}, Text: "Already posted"}
	statusHeld      = gateway.Status{Code: 250, Enhanced: [3]int{2, 0, 0}, Text: "Accepted; waits for approval"}
	statusRecorded  = gateway.Status{Code: 250, Enhanced: [3]int{2, 0, 0}, Text: "Recorded"}
	statusEmpty     = gateway.Status{Code: 550, Enhanced: [3]int{5, 6, 0}, Text: "Your mail holds only a quotation; nothing new was found to post"}
	statusEncrypted = gateway.Status{Code: 550, Enhanced: [3]int{5, 7, 0}, Text: "Your mail is encrypted and cannot be read here; please send it unencrypted"}
)

// Data takes the mail: it is read once, judged for each recipient, and all
// outcomes are one transaction. 250 follows its commit.
func (t *transaction) Data(ctx context.Context, m smtpd.Mail) ([]gateway.Status, error) {
	var rec received
	outcomes, err := t.weigh(ctx, m, &rec)
	if err != nil {
		return nil, err
	}
	return t.commit(ctx, &rec, outcomes)
}

// refuseAll refuses the mail to every recipient for one reason.
func (t *transaction) refuseAll(rec *received, st gateway.Status, why gateway.Reason) []*outcome {
	var out []*outcome
	for _, to := range t.to {
		out = append(out, t.rejected(rec, to, st, why, nil))
	}
	return out
}

// judgeAll finds the outcome for each recipient.
func (t *transaction) judgeAll(ctx context.Context, rec *received) ([]*outcome, error) {
	if err := t.followThread(ctx, rec); err != nil {
		return nil, err
	}
	if err := t.followComplaint(ctx, rec); err != nil {
		return nil, err
	}
	to, err := t.oncePerConversation(ctx, rec)
	if err != nil {
		return nil, err
	}
	var out []*outcome
	for _, rcpt := range to {
		o, err := t.judgeOne(ctx, rec, rcpt)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, t.authorise(ctx, rec, out)
}

func (t *transaction) judgeOne(ctx context.Context, rec *received, to recipient) (*outcome, error) {
	switch to.kind {
	case kindReply:
		if to.refused.Code != 0 {
			return t.rejected(rec, to, to.refused, chat.ReasonOf(to.refused), nil), nil
		}
	case kindOperator:
		return t.forOperator(rec, to), nil
	case kindGeneral:
		return &outcome{to: to, status: statusGeneral, state: gateway.ReplyRejected, reason: gateway.ReasonNoReplyAddress}, nil
	case kindBounce:
		return t.bounced(ctx, rec, to)
	case kindUnsubscribe:
		return t.unsubscribe(rec, to)
	}
	if rec.rule != "" {
		return t.automatic(rec, to), nil
	}
	return t.reply(ctx, rec, to)
}

// oncePerConversation drops the reply addresses of a conversation beside the
// one whose participant is the author: two addresses of one conversation post
// once.
func (t *transaction) oncePerConversation(ctx context.Context, rec *received) ([]recipient, error) {
	if len(t.to) < 2 {
		return t.to, nil
	}
	type place struct {
		app  gateway.AppID
		conv gateway.ConversationID
	}
	chosen := map[place]int{}
	var out []recipient
	err := t.Store.View(ctx, func(rd store.Reader) error {
		clear(chosen)
		out = out[:0]
		for _, to := range t.to {
			at := place{to.row.App, to.row.Conversation}
			i, twice := chosen[at]
			if to.kind != kindReply || !twice {
				if to.kind == kindReply {
					chosen[at] = len(out)
				}
				out = append(out, to)
				continue
			}
			u, err := chat.LoadUser(rd, to.row.App, to.row.User)
			if err != nil {
				return err
			}
			if u.Owns(rec.auth.Author) {
				out[i] = to
			}
		}
		return nil
	})
	return out, err
}

// rejected records a refusal; the raw mail is kept for people to look at.
func (t *transaction) rejected(rec *received, to recipient, st gateway.Status, why gateway.Reason, content *gateway.ReplyContent) *outcome {
	o := &outcome{to: to, status: st, state: gateway.ReplyRejected, reason: why}
	if to.row.App == "" {
		return o // no genuine address: counted, not recorded
	}
	o.store = func(tx store.Tx, o *outcome) error {
		r := rec.record(to)
		r.State, r.Reason, r.Words, r.Content = gateway.ReplyRejected, why, o.words, content
		return t.keepRecord(tx, rec, to, r)
	}
	return o
}

// automatic records a mail that a program wrote: never posted, never answered.
func (t *transaction) automatic(rec *received, to recipient) *outcome {
	why := gateway.ReasonAutomatic
	if rec.rule == message.RuleLoop || rec.rule == message.RuleOwnMessageID {
		why = gateway.ReasonLoop
	}
	return &outcome{to: to, status: statusRecorded, state: gateway.ReplyAutomatic, reason: why, store: func(tx store.Tx, _ *outcome) error {
		r := rec.record(to)
		r.State, r.Reason, r.Rule = gateway.ReplyAutomatic, why, rec.rule
		return t.keepRecord(tx, rec, to, r)
	}}
}

// keepRecord stores a record with its sealed mail.
func (t *transaction) keepRecord(tx store.Tx, rec *received, to recipient, r gateway.Reply) error {
	ref, err := tx.Keep(rec.sealed)
	if err != nil {
		return err
	}
	r.Raw = ref
	return t.Chat.RecordReply(tx, rec.at, to.row.App, r)
}

// commit stores all outcomes in one transaction and says what the sender hears
// for each recipient.
func (t *transaction) commit(ctx context.Context, rec *received, outcomes []*outcome) ([]gateway.Status, error) {
	if !slices.ContainsFunc(outcomes, func(o *outcome) bool { return o.store != nil }) {
		t.tell(rec, outcomes)
		return t.answers(outcomes), nil
	}
	if err := t.seal(ctx, rec); err != nil {
		return nil, err
	}
	first := t.owner().row
	scope := store.ConversationScope(first.App, first.Conversation)
	err := t.Store.Update(ctx, scope, func(tx store.Tx) error {
		for _, o := range outcomes {
			if o.store == nil {
				continue
			}
			if err := o.store(tx, o); err != nil {
				return err
			}
		}
		return t.tellRefused(tx, rec, outcomes)
	})
	if err != nil {
		return nil, notStored("store mail", err)
	}
	t.tell(rec, outcomes)
	return t.answers(outcomes), nil
}

// tell counts and logs what became of a mail.
func (t *transaction) tell(rec *received, outcomes []*outcome) {
	for _, o := range outcomes {
		t.observe(o.state, o.reason)
		t.Log.Info("mail received", "session", t.client.Session, "app", o.to.row.App, "conversation", o.to.row.Conversation,
			"participant", o.to.row.User, "state", o.state, "reason", o.reason, "status", o.status.Code, "size", rec.size,
			"spf", rec.auth.Verdicts.SPF, "dkim", rec.auth.Verdicts.DKIM, "dmarc", rec.auth.Verdicts.DMARC,
			"took_ms", clock().Sub(rec.at).Milliseconds(), "trace", rec.trace)
	}
}

// seal encrypts the mail as received and makes it ready to be committed. The
// records of no app share the system's blobs.
func (t *transaction) seal(ctx context.Context, rec *received) (err error) {
	rec.sealed, err = t.Store.Stage(ctx, t.owner().row.App, t.Box.Seal(purposeMail, t.stamped(rec)))
	return notStored("keep mail", err)
}

// statusFull is RFC 3463, section 3.4: mail system full.
var statusFull = gateway.Status{Code: 452, Enhanced: [3]int{4, 3, 1}, Text: "No room for more mail at the moment, please try again"}

// notStored says what could not be stored; a full disk has an answer of its own.
func notStored(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrFull):
		return fmt.Errorf("%s: %w: %w", what, statusFull, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
