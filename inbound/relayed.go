package inbound

import (
	"context"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/inbound/smtpd"
)

// Refused records a mail that the front refuses for what it is.
func (t *transaction) Refused(ctx context.Context, r smtpd.Refusal) (gateway.Status, error) {
	rec := received{at: clock(), size: r.Size, data: r.Mail.Data, trail: r.Mail.Received}
	rec.auth.Verdicts = unchecked
	answers, err := t.commit(ctx, &rec, t.refuseAll(&rec, r.Status, r.Reason))
	if err != nil {
		return gateway.Status{}, err
	}
	return answers[0], nil
}

// answers is what the sender hears for each recipient. A relay of ours would
// turn a refusal into a mail to whoever the mail claims to come from: it hears
// that the mail was taken, and the refusal is on record.
func (t *transaction) answers(outcomes []*outcome) []gateway.Status {
	var out []gateway.Status
	for _, to := range t.to {
		st := outcomeFor(to, outcomes).status
		if t.client.Relayed && st.Permanent() {
			st = statusRecorded
		}
		out = append(out, st)
	}
	return out
}

// outcomeFor finds a recipient's outcome. One that was dropped beside another of
// its conversation shares that one's.
func outcomeFor(to recipient, outcomes []*outcome) *outcome {
	for _, o := range outcomes {
		if o.to.address == to.address {
			return o
		}
	}
	for _, o := range outcomes {
		if o.to.kind == kindReply && o.to.row.App == to.row.App && o.to.row.Conversation == to.row.Conversation {
			return o
		}
	}
	return outcomes[0]
}
