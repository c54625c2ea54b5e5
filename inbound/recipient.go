package inbound

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/inbound/smtpd"
)

// recipient is an accepted RCPT: what kind of address it is, and whose.
type recipient struct {
	address gateway.Address
	kind    kind
	row     store.HandleRow
	// refused is why a mail to the address will be refused, though a relay of
	// ours was let in with it; see answers.
	refused gateway.Status
	// stale is set for the revoked address of somebody who is back: a mail to it
	// counts if its thread says that it is theirs.
	stale bool
}

type kind byte

const (
	kindReply       kind = kind(token.Reply)
	kindBounce      kind = kind(token.Bounce)
	kindUnsubscribe kind = kind(token.Unsubscribe)
	// kindGeneral is the address notifications are From: nobody answers there,
	// but a client may ignore Reply-To.
	kindGeneral kind = 'g'
	// kindOperator is postmaster@ and abuse@ (RFC 5321, section 4.5.1; RFC 2142).
	kindOperator kind = 'o'
)

// General is the local part of the address that notifications are From.
const General = "notifications"

// Answers to RCPT that are not about one participant.
var (
	statusOtherApp = gateway.Status{Code: 452, Enhanced: [3]int{4, 5, 3}, Text: "Please send to this recipient in a mail of its own"}
	statusGeneral  = gateway.Status{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "Nobody reads this address. Please answer to the reply address of the notification (Reply-To); your mail was not posted"}
)

// Rcpt judges a recipient. Everything that this installation did not sign gets
// one and the same answer, without a look-up; a genuine address of somebody who
// may not write gets the reason in words, and the refusal is recorded.
func (t *transaction) Rcpt(ctx context.Context, to gateway.Address) error {
	rcpt, err := t.resolve(ctx, to)
	var refusal gateway.Status
	if errors.As(err, &refusal) && refusal.Permanent() && rcpt.row.App != "" {
		rcpt, err = t.refuse(ctx, rcpt, refusal)
	}
	if err != nil {
		return err
	}
	if !t.fits(rcpt) {
		return statusOtherApp
	}
	t.to = append(t.to, rcpt)
	return nil
}

// refuse refuses a genuine address and records that. A relay of ours is let in
// with it, and so is a mail that its thread may tell to be somebody's.
func (t *transaction) refuse(ctx context.Context, r recipient, st gateway.Status) (recipient, error) {
	stale, err := t.returned(ctx, r)
	if err != nil {
		return r, err
	}
	if stale || t.client.Relayed {
		r.refused, r.stale = st, stale
		return r, nil
	}
	if err := t.recordRefusedRcpt(ctx, r, st); err != nil {
		return r, err
	}
	return r, st
}

// fits tells whether a recipient can share a mail with those before it: the
// first that belongs to an app, or to the operator, fixes whose mail it is. The
// general address is nobody's; clients that answer to From and Reply-To name both.
func (t *transaction) fits(r recipient) bool {
	if r.kind == kindGeneral {
		return true
	}
	for _, to := range t.to {
		if to.kind != kindGeneral {
			return to.row.App == r.row.App
		}
	}
	return true
}

// owner is the recipient whose app the mail belongs to.
func (t *transaction) owner() recipient {
	for _, to := range t.to {
		if to.kind != kindGeneral {
			return to
		}
	}
	return t.to[0]
}

// resolve finds out what an address is. The row is set with a refusal when the
// address is genuine.
func (t *transaction) resolve(ctx context.Context, to gateway.Address) (recipient, error) {
	out := recipient{address: to}
	switch strings.ToLower(to.LocalPart) {
	case "postmaster", "abuse":
		out.kind = kindOperator
		return out, t.isOurs(ctx, to.Domain)
	case General:
		out.kind = kindGeneral
		return out, t.isOurs(ctx, to.Domain)
	}
	// Which domains are ours needs no look-up: what was not minted for the domain
	// is not genuine, and takes as long to be found so.
	purpose, handle, ok := t.Tokens.Read(to.LocalPart, to.Domain)
	out.kind = kind(purpose)
	if !ok || out.kind != kindReply && out.kind != kindBounce && out.kind != kindUnsubscribe {
		return out, smtpd.NoSuchAddress
	}
	err := t.Store.View(ctx, func(rd store.Reader) (err error) {
		if out.kind == kindReply {
			out.row, err = chat.MayReply(rd, clock(), handle)
			return err
		}
		out.row, err = store.Handles.Get(rd, store.HandleKey(handle))
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && out.row.Purpose != string(rune(purpose)) {
		return recipient{address: to}, smtpd.NoSuchAddress
	}
	return out, err
}

// isOurs is smtpd.NoSuchAddress for a domain that is neither the installation's nor
// an app's.
func (t *transaction) isOurs(ctx context.Context, domain string) error {
	if domain == t.Domain {
		return nil
	}
	found := false
	err := t.Store.View(ctx, func(rd store.Reader) (err error) {
		_, found, err = store.Domains.Find(rd, store.DomainKey(domain))
		return err
	})
	if err == nil && !found {
		err = smtpd.NoSuchAddress
	}
	return err
}

// ours are the domains at which addresses of ours may stand in the mail: the
// installation's and the app's, and those of house addresses, of which no app is
// known.
func (t *transaction) ours(ctx context.Context) (out []string, err error) {
	err = t.Store.View(ctx, func(rd store.Reader) error {
		a, _, err := store.FindApp(rd, t.owner().row.App)
		out = a.AllDomains(t.Domain)
		return err
	})
	for _, to := range t.to {
		if !slices.Contains(out, to.address.Domain) {
			out = append(out, to.address.Domain)
		}
	}
	return out, err
}

// recordRefusedRcpt keeps the refusal of a genuine address: the backend is told.
func (t *transaction) recordRefusedRcpt(ctx context.Context, rcpt recipient, st gateway.Status) error {
	now := clock()
	reply := gateway.Reply{
		Conversation: rcpt.row.Conversation, Participant: rcpt.row.User, Test: rcpt.row.Test,
		State: gateway.ReplyRejected, Reason: chat.ReasonOf(st), ReceivedAt: now, UpdatedAt: now,
		From: t.from.Address, Verdicts: unchecked,
	}
	scope := store.ConversationScope(rcpt.row.App, rcpt.row.Conversation)
	err := t.Store.Update(ctx, scope, func(tx store.Tx) error {
		return t.Chat.RecordReply(tx, now, rcpt.row.App, reply)
	})
	if err == nil {
		t.observe(reply.State, reply.Reason)
	}
	return err
}

// unchecked are the verdicts of a mail that was refused before its data came.
var unchecked = gateway.Verdicts{SPF: gateway.VerdictNone, DKIM: gateway.VerdictNone, DMARC: gateway.VerdictNone}
