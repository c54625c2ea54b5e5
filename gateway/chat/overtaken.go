package chat

import (
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
)

// reconsider turns a Send into a Skip if what changed since forbids it, and
// takes out mails to addresses that are the person's no more.
func (r *room) reconsider(p *gateway.Participant, d *Decided) error {
	if d.Decision.Act != notify.Send {
		return nil
	}
	u, err := r.user(p.User)
	if err != nil {
		return err
	}
	why, err := r.overtaken(p, &u, d.Decision)
	if err != nil {
		return err
	}
	d.Deliveries = slices.DeleteFunc(slices.Clone(d.Deliveries), func(m gateway.Delivery) bool { return !u.Owns(m.To) })
	if why == "" && len(d.Deliveries) == 0 {
		why = gateway.ReasonNoAddress
	}
	if why != "" {
		d.Decision.Act, d.Decision.Reason, d.Deliveries = notify.Skip, why, nil
	}
	return nil
}

// overtaken is why a mail that was decided on is not to be sent after all.
func (r *room) overtaken(p *gateway.Participant, u *gateway.User, d notify.Decision) (gateway.Reason, error) {
	newest, role := uint64(0), r.app.Role(u.Role)
	for _, m := range d.News {
		newest = max(newest, m.Number)
	}
	switch {
	case p.ReadCount >= newest:
		return gateway.ReasonRead, nil
	case !p.MayRead():
		return gateway.ReasonNoAccess, nil
	case r.conv.Muted:
		return gateway.ReasonConversationMuted, nil
	case p.Notify == gateway.NotifyNone:
		return gateway.ReasonMuted, nil
	case r.app.EmailDisabled || role.EmailDisabled:
		return gateway.ReasonDisabled, nil
	case d.Test:
		return "", nil
	case len(d.News) > 0 && (d.News[0].Number <= r.conv.Forced || d.News[len(d.News)-1].For != ""):
		return "", nil
	}
	mailed, err := mailings(r.tx, r.app.ID, u.ID, role)
	return notify.Capped(role, mailed, r.conv.ID, r.now), err
}

// moveOn notes on a participant what was decided.
func (r *room) moveOn(p *gateway.Participant, d notify.Decision) {
	if d.Test { // and nothing of it counts for the mails that people get
		p.TestCount = d.UpTo
		return
	}
	was := p.NotifiedCount
	p.NotifiedCount, p.NotifiedAt = d.UpTo, r.decidedAt(p, d)
	switch {
	case d.Act == notify.Send:
		p.LastMailAt, p.MailedCount, p.Owed = r.now, d.UpTo, 0
	case notify.Restrained(d.Reason) && p.Owed == 0:
		p.Owed = was + 1
	case d.Reason == gateway.ReasonRead, d.Reason == gateway.ReasonReturned:
		p.Owed = 0
	}
}

// decidedAt is a time before which no message was created that is undecided.
func (r *room) decidedAt(p *gateway.Participant, d notify.Decision) time.Time {
	if n := len(d.News); n > 0 {
		return d.News[n-1].CreatedAt
	}
	if d.UpTo == r.conv.Count {
		return r.conv.LastMessageAt
	}
	return p.NotifiedAt
}
