package inbound

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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
	policy gateway.AuthPolicy
	user   gateway.User
	sent   []gateway.Sent
}

// reply finds the outcome of a mail to a participant's reply address.
func (t *transaction) reply(ctx context.Context, rec *received, to recipient) (*outcome, error) {
	b, err := t.background(ctx, to)
	if err != nil {
		return nil, err
	}
	j := judge(b.policy, &b.user, author{rec.auth.Author, rec.auth.AuthorErr, rec.auth.Temporary, rec.auth.Verdicts}, t.Domain)
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
	if content.Text == "" && len(files) == 0 {
		return t.rejected(rec, to, statusEmpty, gateway.ReasonEmpty, content), nil
	}
	staged, err := t.stageFiles(ctx, to, files)
	if err != nil {
		return nil, err
	}
	p := posting{rec: rec, to: to, content: content, files: staged, digest: message.Digest(content.Text, files)}
	if j.act == actHold {
		return t.held(p, j.reason), nil
	}
	return t.posted(p), nil
}

// background loads what the judgement and the extraction need.
func (t *transaction) background(ctx context.Context, to recipient) (b background, err error) {
	err = t.Store.View(ctx, func(rd store.Reader) error {
		app, err := store.Apps.Get(rd, store.AppKey(to.row.App))
		if err != nil {
			return err
		}
		b = background{policy: app.Policy}
		if b.user, err = chat.LoadUser(rd, to.row.App, to.row.User); err != nil {
			return err
		}
		rg := store.Range{Prefix: store.ConversationKey(to.row.App, to.row.Conversation).String(string(to.row.User)), Reverse: true}
		return store.SentMails.Scan(rd, rg, func(_ store.Key, s gateway.Sent) (bool, error) {
			b.sent = append(b.sent, s)
			return len(b.sent) < recentMails, nil
		})
	})
	return b, err
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
func (t *transaction) extract(ctx context.Context, rec *received, to recipient, sent []gateway.Sent) (extract.Result, error) {
	in := extract.Input{
		Text: rec.msg.Text, HTML: rec.msg.HTML, Flowed: rec.msg.TextFlowed, DelSp: rec.msg.TextDelSp, Subject: rec.msg.Subject,
		Redact: extract.Redact{MailDomains: []string{t.Domain}, LinkHosts: t.LinkHosts},
	}
	for _, s := range sent {
		body, err := t.sentBody(ctx, to.row.App, s)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, secret.ErrSealed) {
			continue // forgotten, or sealed with a key that was dropped: rules alone must do
		}
		if err != nil {
			return extract.Result{}, err
		}
		in.Sent = append(in.Sent, extract.Sent{Text: body.Text, HTML: body.HTML, FromName: s.FromName, Subject: s.Subject})
	}
	return extract.Extract(in), nil
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
func (t *transaction) content(rec *received, r extract.Result) (*gateway.ReplyContent, []message.Attachment) {
	c := &gateway.ReplyContent{
		Text: r.Text, HTML: r.HTML, Quoted: clip(r.Quoted, maxQuoted), Signature: clip(r.Signature, maxQuoted),
		Method: r.Method, Confidence: r.Confidence, OtherRecipients: t.others(rec.msg),
	}
	if r.QuotationOnly {
		c.Text = ""
	}
	if len(c.HTML) > maxHTML {
		c.HTML = ""
	}
	files := rec.msg.Attachments
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
func (t *transaction) others(m *message.Message) int {
	n := 0
	for _, list := range [][]gateway.Address{m.To, m.Cc} {
		for _, a := range list {
			if a.Domain != t.Domain {
				n++
			}
		}
	}
	return n
}

// file is an attachment whose sealed bytes are ready to be kept.
type file struct {
	gateway.Attachment
	staged store.Staged
}

func (t *transaction) stageFiles(ctx context.Context, to recipient, in []message.Attachment) ([]file, error) {
	var out []file
	for _, a := range in {
		staged, err := t.Store.Stage(ctx, to.row.App, t.Box.Seal(secret.PurposeFile, a.Data))
		if err != nil {
			return nil, notStored("keep attachment", err)
		}
		out = append(out, file{gateway.Attachment{Name: withoutTokens(a.Name), Type: a.Type, Size: int64(len(a.Data)), Blob: staged.Ref}, staged})
	}
	return out, nil
}

// posting is a reply ready to be posted, or held.
type posting struct {
	rec     *received
	to      recipient
	content *gateway.ReplyContent
	files   []file
	digest  string
}

// keepFiles adds the references of the files.
func (p *posting) keepFiles(tx store.Tx) ([]gateway.Attachment, error) {
	var out []gateway.Attachment
	for _, f := range p.files {
		if _, err := tx.Keep(f.staged); err != nil {
			return nil, err
		}
		out = append(out, f.Attachment)
	}
	return out, nil
}

// posted posts the reply in the transaction, which reads permission again.
func (t *transaction) posted(p posting) *outcome {
	return &outcome{to: p.to, status: statusPosted, store: func(tx store.Tx, o *outcome) error {
		files, err := p.keepFiles(tx)
		if err != nil {
			return err
		}
		r := p.rec.record(p.to)
		r.Content = p.content
		if r.Raw, err = tx.Keep(p.rec.sealed); err != nil {
			return err
		}
		done, err := t.Chat.PostReply(tx, p.rec.at, chat.ReplyInput{
			App: p.to.row.App, Handle: p.to.row.Handle, Reply: r, Files: files, Digest: p.digest,
			Date: p.rec.msg.Header.Get("Date"), Answers: append(p.rec.msg.InReplyTo[:len(p.rec.msg.InReplyTo):len(p.rec.msg.InReplyTo)], p.rec.msg.References...),
		})
		if st, refused := statusOf(err); refused {
			return t.overtaken(tx, o, p, files, st)
		}
		if err != nil {
			return err
		}
		o.state, o.reason, o.status, p.rec.trace = done.State, done.Reason, statusPosted, done.Trace
		if done.State == gateway.ReplyDuplicate {
			o.status = statusKnown
			return dropFiles(tx, p.to.row.App, files)
		}
		return nil
	}}
}

// overtaken records that permission was lost between RCPT and the commit. A
// temporary refusal keeps nothing: the sender tries again.
func (t *transaction) overtaken(tx store.Tx, o *outcome, p posting, files []gateway.Attachment, st gateway.Status) error {
	if !st.Permanent() {
		return st
	}
	o.state, o.reason, o.status = gateway.ReplyRejected, chat.ReasonOf(st), st
	if err := dropFiles(tx, p.to.row.App, files); err != nil {
		return err
	}
	r := p.rec.record(p.to)
	r.ID = gateway.ReplyID(tx.NewID(gateway.PrefixReply))
	r.State, r.Reason, r.Content, r.Raw = o.state, o.reason, p.content, p.rec.sealed.Ref
	return t.Chat.RecordReply(tx, p.rec.at, p.to.row.App, r)
}

func dropFiles(tx store.Tx, app gateway.AppID, files []gateway.Attachment) error {
	for _, f := range files {
		if err := tx.Drop(app, f.Blob); err != nil {
			return err
		}
	}
	return nil
}

// held stores a reply that waits for approval. A copy of one that waits, or was
// decided about, is a duplicate: a person decides once.
func (t *transaction) held(p posting, why gateway.Reason) *outcome {
	return &outcome{to: p.to, status: statusHeld, store: func(tx store.Tx, o *outcome) error {
		r := p.rec.record(p.to)
		r.ID = gateway.ReplyID(tx.NewID(gateway.PrefixReply))
		first, err := p.firstHeld(tx, r.ID)
		if err != nil {
			return err
		}
		o.state, o.reason, r.Content, r.Digest = gateway.ReplyHeld, why, p.content, p.digest
		if !first {
			o.state, o.reason = gateway.ReplyDuplicate, gateway.ReasonDuplicate
		} else if r.Attachments, err = p.keepFiles(tx); err != nil {
			return err
		}
		r.State, r.Reason = o.state, o.reason
		return t.keepRecord(tx, p.rec, p.to, r)
	}}
}

// firstHeld remembers a held mail as chat.PostReply does a posted one, under a
// name of its own, and tells whether it is the first of its kind.
func (p *posting) firstHeld(tx store.Tx, id gateway.ReplyID) (bool, error) {
	name := p.rec.msg.MessageID
	if name == "" {
		name = "date " + p.rec.msg.Header.Get("Date")
	}
	row := p.to.row
	sum := sha256.Sum256(fmt.Appendf(nil, "held %d %d %s %s", row.Handle, len(name), name, p.digest))
	k := store.ConversationKey(row.App, row.Conversation).String(string(row.User)).String(hex.EncodeToString(sum[:]))
	if _, found, err := store.Dedups.Find(tx, k); err != nil || found {
		return false, err
	}
	if err := store.Dedups.Put(tx, k, store.Dedup{Reply: id, At: p.rec.at}); err != nil {
		return false, err
	}
	return true, store.ExpireAt(tx, store.Dedups.Table, k, p.rec.at.Add(store.DedupAge))
}
