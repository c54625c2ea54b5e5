package inbound

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/inbound/extract"
	"github.com/replygate/replygate/inbound/message"
)

const purposeMail = secret.PurposeMail

// recentMails is how many of the mails sent to a participant a reply is
// compared with, the newest first.
const recentMails = 8

// Bounds of what an event tells of a reply; the whole mail is kept beside it.
const (
	maxHTML   = 64 << 10
	maxQuoted = 32 << 10
)

// background is what is known of a participant when a reply comes.
type background struct {
	app  gateway.App
	user gateway.User
	sent []gateway.Sent
}

// reply finds the outcome of a mail to a participant's reply address.
func (t *transaction) reply(ctx context.Context, rec *received, to recipient) (*outcome, error) {
	b, err := t.background(ctx, to)
	if err != nil {
		return nil, err
	}
	j := judge(b.app.Policy, &b.user, author{rec.auth.Author, rec.auth.AuthorErr, rec.auth.Temporary, rec.auth.Verdicts}, rec.ours...)
	if j.act == actDefer {
		late, err := t.putOff(ctx, rec, to)
		if err != nil || !late {
			return nil, errors.Join(err, j.status)
		}
		j.act = actHold
	}
	switch {
	case j.act == actRefuse:
		return t.rejected(rec, to, j.status, j.reason, nil), nil
	case rec.msg.Encrypted:
		return t.rejected(rec, to, statusEncrypted, gateway.ReasonEncrypted, nil), nil
	}
	found, err := t.extract(ctx, rec, to, b.sent)
	if err != nil {
		return nil, err
	}
	content, files := t.content(rec, found)
	if found.Reaction != "" {
		files = nil // a picture of the emoji
	}
	files, seen, err := t.withoutLogos(ctx, rec, to, files, found.Pictures)
	if err != nil {
		return nil, err
	}
	if found.Unsubscribe && len(files) == 0 {
		return t.stop(rec, to, content), nil
	}
	if content.Text == "" && len(files) == 0 {
		return t.rejected(rec, to, statusEmpty, gateway.ReasonEmpty, content), nil
	}
	if st, refused := statusOf(t.Files.check(files)); refused {
		return t.rejected(rec, to, st, gateway.ReasonAttachment, content), nil
	}
	staged, err := t.stageFiles(ctx, to, files)
	if err != nil {
		return nil, err
	}
	p := posting{rec: rec, to: to, content: content, files: staged, reaction: found.Reaction, digest: message.Digest(content.Text, files)}
	p.quick, p.seen = b.quick(rec), seen
	if rule, doubtful := message.Doubtful(rec.msg, b.subjects()...); doubtful && j.act == actPost {
		j, p.rule = judgement{act: actHold, reason: gateway.ReasonProgram}, rule
	}
	o := t.posted(p)
	if j.act == actHold {
		o = t.held(p, j.reason)
	}
	o.ask, err = t.askedOf(ctx, b.app, p, j.act == actHold)
	return o, err
}

// background loads what the judgement and the extraction need.
func (t *transaction) background(ctx context.Context, to recipient) (b background, err error) {
	err = t.Store.View(ctx, func(rd store.Reader) error {
		app, found, err := store.FindApp(rd, to.row.App)
		if err == nil && !found {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		b = background{app: app}
		if b.user, err = chat.LoadUser(rd, to.row.App, to.row.User); err != nil {
			return err
		}
		rg := store.Range{Prefix: store.ConversationKey(to.row.App, to.row.Conversation).String(string(to.row.User)), Reverse: true}
		return store.SentMails.Scan(rd, rg, func(_ store.Key, s gateway.Sent) (bool, error) {
			if s.Test == to.row.Test {
				b.sent = append(b.sent, s)
			}
			return len(b.sent) < recentMails, nil
		})
	})
	return b, err
}

// subjects are those of the last mails to the participant.
func (b *background) subjects() (out []string) {
	for _, s := range b.sent {
		out = append(out, s.Subject)
	}
	return out
}

// quick tells whether a mail answers one of ours sooner than people write: the
// one it names, or if it names none, the last.
func (b *background) quick(rec *received) bool {
	answers := rec.answers()
	for _, s := range b.sent {
		if len(answers) == 0 || slices.Contains(answers, s.MessageID) {
			return rec.at.Sub(s.SentAt) < chat.QuickAnswer
		}
	}
	return false
}

// putOff remembers that a mail was put off for want of DNS, and tells whether
// that has gone on for a day: then a person decides instead of another try.
func (t *transaction) putOff(ctx context.Context, rec *received, to recipient) (late bool, err error) {
	sum := sha256.Sum256(rec.data)
	k := store.ConversationKey(to.row.App, to.row.Conversation).String(string(to.row.User)).String(string(sum[:]))
	err = t.Store.Update(ctx, store.ConversationScope(to.row.App, to.row.Conversation), func(tx store.Tx) error {
		d, found, err := store.Deferrals.Find(tx, k)
		if late = found && rec.at.Sub(d.First) >= store.DeferralAge; found || err != nil {
			return err
		}
		if err := store.Deferrals.Put(tx, k, store.Deferral{First: rec.at}); err != nil {
			return err
		}
		return store.ExpireAt(tx, store.Deferrals.Table, k, rec.at.Add(7*store.DeferralAge))
	})
	return late, err
}

// extract finds the person's words, with what we sent them at hand.
func (t *transaction) extract(ctx context.Context, rec *received, to recipient, sent []gateway.Sent) (Parsed, error) {
	in := extractInput(rec.msg, rec.ours, t.LinkHosts)
	for _, s := range sent {
		body, err := t.sentBody(ctx, to.row.App, s)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, secret.ErrSealed) {
			continue // forgotten, or sealed with a key that was dropped: rules alone must do
		}
		if err != nil {
			return Parsed{}, err
		}
		in.Sent = append(in.Sent, extract.Sent{Text: body.Text, HTML: body.HTML, FromName: s.FromName, Subject: s.Subject})
	}
	found := Parsed{Result: extract.Extract(in), Attachments: rec.msg.Attachments}
	found.takeReaction()
	return found, nil
}

func (t *transaction) sentBody(ctx context.Context, app gateway.AppID, s gateway.Sent) (body store.SentBody, err error) {
	sealed, err := t.Store.Blob(ctx, app, s.Body)
	if err != nil {
		return body, err
	}
	plain, err := t.Box.Open(purposeMail, sealed)
	if err != nil {
		return body, err
	}
	return body, json.Unmarshal(plain, &body)
}

// content is what is posted and told. A text beyond what a message may hold is
// posted shortened, and goes along whole as a file: nothing is lost.
func (t *transaction) content(rec *received, r Parsed) (*gateway.ReplyContent, []message.Attachment) {
	c := &gateway.ReplyContent{
		Text: r.Text, HTML: r.HTML, Quoted: clip(r.Quoted, maxQuoted), Signature: clip(r.Signature, maxQuoted),
		Method: r.Method, Confidence: r.Confidence, OtherRecipients: rec.others(),
	}
	if r.QuotationOnly {
		c.Text = ""
	}
	if len(c.HTML) > maxHTML {
		c.HTML = ""
	}
	files := r.Attachments
	if len(c.Text) > chat.MaxText {
		files = append(files[:len(files):len(files)], message.Attachment{Name: "message.txt", Type: "text/plain", Data: []byte(c.Text)})
		c.Text = clip(c.Text, chat.MaxText-len(clipped)) + clipped
	}
	return c, files
}

// clipped ends a text that was cut.
const clipped = "\n[…]"

// clip cuts s to at most n bytes, at a rune's end.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// others counts the people in To and Cc beside us. They are never invited.
func (rec *received) others() int {
	n := 0
	for _, list := range [][]gateway.Address{rec.msg.To, rec.msg.Cc} {
		for _, a := range list {
			if !slices.Contains(rec.ours, a.Domain) {
				n++
			}
		}
	}
	return n
}
