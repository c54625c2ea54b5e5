package inbound

import (
	"context"
	"errors"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/inbound/report"
)

// bounced takes a mail to the reverse-path of a delivery. Only the signed
// address says which delivery it is about; what the report claims counts if it
// names that delivery's Message-ID, or none.
func (t *transaction) bounced(ctx context.Context, rec *received, to recipient) (*outcome, error) {
	var d gateway.Delivery
	err := t.Store.View(ctx, func(rd store.Reader) (err error) {
		d, err = store.Mails.Get(rd, store.AppKey(to.row.App).String(string(to.row.Delivery)))
		return err
	})
	gone := errors.Is(err, store.ErrNotFound)
	if err != nil && !gone {
		return nil, err
	}
	to.row.Conversation, to.row.User = d.Conversation, d.Recipient
	if c, unwanted := t.complaint(rec); unwanted && !gone && (c.OriginalMessageID == "" || c.OriginalMessageID == d.MessageID) {
		return t.complained(rec, to, d, c), nil
	}
	b, isReport := bounceOf(rec, d)
	switch {
	case !isReport && rec.rule == "":
		return t.rejected(rec, to, statusGeneral, gateway.ReasonNoReplyAddress, nil), nil // a person's
	case gone || !isReport:
		return t.automatic(rec, to), nil
	}
	return t.reported(rec, to, string(b.Class), func(tx store.Tx) error { return t.settleBounce(tx, rec, to, d, b) }), nil
}

// reported records a report and draws its conclusion.
func (t *transaction) reported(rec *received, to recipient, rule string, conclude func(store.Tx) error) *outcome {
	return &outcome{to: to, status: statusRecorded, state: gateway.ReplyBounce, store: func(tx store.Tx, _ *outcome) error {
		r := rec.record(to)
		r.State, r.Rule = gateway.ReplyBounce, rule
		if err := t.keepRecord(tx, rec, to, r); err != nil {
			return err
		}
		return conclude(tx)
	}}
}

// bounceOf finds what a report says about a delivery.
func bounceOf(rec *received, d gateway.Delivery) (report.Bounce, bool) {
	r, ok := report.Parse(rec.msg)
	if !ok || r.Kind != report.KindDelivery || len(r.Bounces) == 0 {
		return report.Bounce{}, false
	}
	if r.OriginalMessageID != "" && r.OriginalMessageID != d.MessageID {
		return report.Bounce{}, false
	}
	for _, b := range r.Bounces {
		if b.FinalRecipient.Folded() == d.To.Folded() || b.OriginalRecipient.Folded() == d.To.Folded() {
			return b, true
		}
	}
	return r.Bounces[0], true // the address it was forwarded to
}

// settleBounce draws the conclusion: a dead address is suppressed, any failure
// ends the delivery.
func (t *transaction) settleBounce(tx store.Tx, rec *received, to recipient, d gateway.Delivery, b report.Bounce) error {
	if b.Class != report.Hard && b.Class != report.Soft {
		return nil
	}
	_, err := t.Chat.DeliverySettled(tx, rec.at, to.row.App, chat.Settled{
		Delivery: d.ID, State: gateway.DeliveryBounced, Reason: gateway.ReasonRefused,
		Attempt: &gateway.Attempt{At: rec.at, Hop: b.RemoteMTA, Status: gateway.Status{Code: 550, Enhanced: b.Status, Text: b.Diagnostic}},
	})
	if err != nil {
		return err
	}
	fact := suppression.Fact{App: to.row.App, Address: d.To, Kind: suppression.Hard, Detail: b.Diagnostic, User: d.Recipient, Trace: d.Trace}
	switch {
	case b.Class == report.Hard:
		return suppression.Suppress(tx, rec.at, fact)
	case suppression.Mailbox(b.Status) && d.State != gateway.DeliveryBounced: // a report may come twice
		return suppression.Failed(tx, rec.at, fact)
	}
	return nil
}
