package inbound

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
	"github.com/replygate/replygate/inbound/report"
)

// ruleComplaint is the rule of a report that was heeded as a complaint.
const ruleComplaint = "complaint"

// complaint is the abuse report (RFC 5965) that a mail is, if it is to be
// believed: signed by one of the Reporters, since anybody can write one.
func (t *transaction) complaint(rec *received) (c report.Complaint, ok bool) {
	if rec.auth.AuthorErr != nil || !rec.auth.Verdicts.DKIMAligned || !t.reporter(rec.auth.Author) {
		return c, false
	}
	r, ok := report.Parse(rec.msg)
	if !ok || r.Kind != report.KindComplaint || !r.Complaint.Unwanted() {
		return c, false
	}
	return *r.Complaint, true
}

// reporter tells whether an address is one of the Reporters'.
func (t *transaction) reporter(a gateway.Address) bool {
	return slices.ContainsFunc(t.Reporters, func(known string) bool {
		if strings.Contains(known, "@") {
			return strings.EqualFold(a.String(), known)
		}
		return a.Domain == known || strings.HasSuffix(a.Domain, "."+known)
	})
}

// followComplaint finds the mail of ours that a complaint to postmaster@ or
// abuse@ is about, and takes the complaint as if it had come to the reverse-path
// of that mail: feedback loops report to an address that is registered with them.
func (t *transaction) followComplaint(ctx context.Context, rec *received) error {
	if len(t.to) != 1 || t.to[0].kind != kindOperator && t.to[0].kind != kindGeneral {
		return nil
	}
	c, ok := t.complaint(rec)
	if !ok {
		return nil
	}
	return t.Store.View(ctx, func(rd store.Reader) error {
		h, err := t.complainedOf(rd, c)
		if err != nil || h == 0 {
			return err
		}
		row, err := store.Handles.Get(rd, store.HandleKey(h))
		if errors.Is(err, store.ErrNotFound) || err == nil && row.Purpose != string(rune(kindBounce)) {
			return nil
		}
		if err == nil {
			t.to[0] = recipient{address: t.to[0].address, kind: kindBounce, row: row}
		}
		return err
	})
}

// complainedOf is the handle of the reverse-path of the mail that is complained
// of: as the report shows it, or found by the Message-ID. It is 0 for no mail of
// ours.
func (t *transaction) complainedOf(rd store.Reader, c report.Complaint) (h gateway.Handle, err error) {
	if purpose, handle, ok := t.Tokens.Read(c.Sender.LocalPart, c.Sender.Domain); ok && kind(purpose) == kindBounce {
		return handle, nil
	}
	if c.OriginalMessageID == "" {
		return 0, nil
	}
	place, found, err := store.MailPlaces.Find(rd, store.MailKey(c.OriginalMessageID))
	if err != nil || !found {
		return 0, err
	}
	rg := store.Range{Prefix: store.ConversationKey(place.App, place.Conversation).String(string(place.User))}
	err = store.SentMails.Scan(rd, rg, func(_ store.Key, s gateway.Sent) (bool, error) {
		if s.MessageID != c.OriginalMessageID {
			return true, nil
		}
		d, found, err := store.Mails.Find(rd, store.AppKey(place.App).String(string(s.Delivery)))
		if found {
			h = d.Bounce
		}
		return false, err
	})
	return h, err
}

// complained ends mail to the address that a complaint came from.
func (t *transaction) complained(rec *received, to recipient, d gateway.Delivery, c report.Complaint) *outcome {
	return t.reported(rec, to, ruleComplaint, func(tx store.Tx) error {
		_, err := t.Chat.DeliverySettled(tx, rec.at, to.row.App, chat.Settled{
			Delivery: d.ID, State: gateway.DeliveryBounced, Reason: gateway.ReasonComplaint,
		})
		if err != nil {
			return err
		}
		return suppression.Suppress(tx, rec.at, suppression.Fact{
			App: to.row.App, Address: d.To, Kind: suppression.Complaint, Detail: c.Type + ", reported by " + rec.auth.Author.Domain,
			User: d.Recipient, Trace: d.Trace,
		})
	})
}
