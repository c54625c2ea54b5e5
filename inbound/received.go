package inbound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/inbound/mailauth"
	"github.com/replygate/replygate/inbound/message"
	"github.com/replygate/replygate/inbound/smtpd"
)

// received is a mail that was read and checked, before it is known what
// becomes of it.
type received struct {
	at    time.Time
	size  int64
	trail []byte // our Received field
	data  []byte // the message: the same at every try
	msg   *message.Message
	auth  mailauth.Result
	// checked tells that auth was found out.
	checked bool
	rule    string // of automatic mail
	// ours are the domains of the installation and of the app whose mail it is.
	ours  []string
	trace gateway.TraceID
	// sealed is the mail as it is kept, ready for the transaction.
	sealed store.Staged
}

// unread is a mail of which nothing is known yet.
func unread(m smtpd.Mail) received {
	rec := received{at: clock(), size: int64(len(m.Data)), data: m.Data, trail: m.Received}
	rec.auth.Verdicts = unchecked
	return rec
}

// read takes a mail apart and checks who wrote it. A mail that is beyond the
// limits of structure is a gateway.Status; any other error is ours.
func (t *transaction) read(ctx context.Context, m smtpd.Mail) (rec received, err error) {
	rec = unread(m)
	structure, err := message.Scan(m.Data, message.DefaultLimits())
	if err != nil {
		return rec, err
	}
	rec.auth = mailauth.Check(ctx, mailauth.Mail{
		ClientIP: t.client.Addr.Addr(), Helo: t.client.Helo, From: t.from, Raw: m.Data, SPF: t.spf,
	}, t.budget, rec.at)
	rec.checked = true
	if t.Checked != nil {
		t.Checked(rec.auth.Verdicts)
	}
	if rec.msg, err = structure.Parse(); err != nil {
		return rec, fmt.Errorf("read mail: %w", err)
	}
	if rec.ours, err = t.ours(ctx); err != nil {
		return rec, err
	}
	if rule, auto := message.Automatic(rec.msg, t.from, rec.ours...); auto {
		rec.rule = rule
	}
	return rec, nil
}

// record begins the record of the mail for one recipient.
func (rec *received) record(to recipient) gateway.Reply {
	r := gateway.Reply{
		Conversation: to.row.Conversation, Participant: to.row.User, Test: to.row.Test,
		ReceivedAt: rec.at, UpdatedAt: rec.at, From: rec.auth.Author,
		Size: rec.size, Verdicts: rec.auth.Verdicts, Trace: rec.trace,
	}
	if rec.msg != nil {
		r.MessageID, r.Subject = rec.msg.MessageID, withoutTokens(rec.msg.Subject)
		r.Date = clip(rec.msg.Header.Get("Date"), 200)
	}
	return r
}

// name is the same for copies of the mail.
func (rec *received) name() string {
	return cmp.Or(rec.msg.MessageID, "date "+rec.msg.Header.Get("Date"))
}

// answers are the ids of what the mail answers, without angle brackets.
func (rec *received) answers() []string {
	return slices.Concat(rec.msg.InReplyTo, rec.msg.References)
}

// statusOf tells a refusal in an error from trouble on our side.
func statusOf(err error) (gateway.Status, bool) {
	var st gateway.Status
	return st, errors.As(err, &st)
}
