package inbound

import (
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

var (
	statusUnsubscribed = gateway.Status{Code: 250, Enhanced: [3]int{2, 0, 0}, Text: "Unsubscribed"}
	statusNotYours     = gateway.Status{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "We could not verify that this mail comes from the address that is to be unsubscribed; please use the link in the notification"}
)

// unsubscribe takes a mail to the address in List-Unsubscribe (RFC 2369,
// section 3.2). The address alone is not enough, since whoever was forwarded a
// notification has it: the mail must come from the address it stands for.
func (t *transaction) unsubscribe(rec *received, to recipient) *outcome {
	own := rec.auth.AuthorErr == nil && rec.auth.Author.Folded() == to.row.Address.Folded()
	if !own || !rec.auth.Verdicts.Aligned() {
		return &outcome{to: to, status: statusNotYours, state: gateway.ReplyRejected, reason: gateway.ReasonUnauthentic}
	}
	return &outcome{to: to, status: statusUnsubscribed, state: gateway.ReplyAutomatic, store: func(tx store.Tx, _ *outcome) error {
		return suppression.Unsubscribe(tx, rec.at, suppression.Fact{
			App: to.row.App, Address: to.row.Address, Kind: suppression.Mail, User: to.row.User,
		})
	}}
}
