package inbound

import (
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

var (
	statusUnsubscribed = gateway.Status{Code: 250, Enhanced: [3]int{2, 0, 0}, Text: "Unsubscribed"}
	statusNotYours     = gateway.Status{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "We could not verify that this mail comes from the address that is to be unsubscribed; please use the link in the notification"}
)

// unsubscribe takes a mail to the address in List-Unsubscribe (RFC 2369,
// section 3.2). The address alone is not enough, since whoever was forwarded a
// notification has it: the mail must come from the address it stands for, whose
// owner is told how to undo it.
func (t *transaction) unsubscribe(rec *received, to recipient) (*outcome, error) {
	own := rec.auth.AuthorErr == nil && rec.auth.Author.Folded() == to.row.Address.Folded()
	switch {
	case own && rec.auth.Verdicts.Aligned():
	case rec.auth.Temporary:
		return nil, deferred().status
	default:
		return t.rejected(rec, to, statusNotYours, gateway.ReasonUnauthentic, nil), nil
	}
	return &outcome{to: to, status: statusUnsubscribed, state: gateway.ReplyUnsubscribed, store: func(tx store.Tx, _ *outcome) error {
		r := rec.record(to)
		r.State = gateway.ReplyUnsubscribed
		if err := t.keepRecord(tx, rec, to, r); err != nil {
			return err
		}
		fact := suppression.Fact{App: to.row.App, Address: to.row.Address, Kind: suppression.Mail, User: to.row.User, Test: to.row.Test}
		return chat.Unsubscribe(tx, rec.at, fact)
	}}, nil
}
