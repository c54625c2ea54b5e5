package inbound

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/inbound/message"
)

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
	// reaction is the emoji of a reaction mail: it is told, and not posted.
	reaction string
	// rule is why the mail may be a program's, if it is held for that.
	rule string
	// seen are the pictures of a signature that are posted this once.
	seen []store.Key
	// quick: the answer came sooner than people write.
	quick bool
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

// input is the reply as the conversation takes it.
func (p *posting) input(r gateway.Reply, files []gateway.Attachment) chat.ReplyInput {
	return chat.ReplyInput{
		App: p.to.row.App, Handle: p.to.row.Handle, Reply: r, Files: files, Digest: p.digest,
		Date: p.rec.msg.Header.Get("Date"), Answers: p.rec.answers(),
		Braked: true, Quick: p.quick,
	}
}

// posted posts the reply in the transaction, which reads permission again.
func (t *transaction) posted(p posting) *outcome {
	return &outcome{to: p.to, status: statusPosted, store: func(tx store.Tx, o *outcome) error {
		files, err := p.keepFiles(tx)
		if err != nil {
			return err
		}
		r := p.rec.record(p.to)
		r.Content, r.Reaction = p.content, p.reaction
		if r.Raw, err = tx.Keep(p.rec.sealed); err != nil {
			return err
		}
		done, err := t.Chat.PostReply(tx, p.rec.at, p.input(r, files))
		if errors.Is(err, chat.ErrBraked) {
			return t.braked(tx, o, p, files)
		}
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
		return p.rememberPictures(tx)
	}}
}

// braked holds what would be posted if there were not so much of it.
func (t *transaction) braked(tx store.Tx, o *outcome, p posting, files []gateway.Attachment) error {
	o.status = statusHeld
	if err := t.held(p, gateway.ReasonRate).store(tx, o); err != nil {
		return err
	}
	// It has references of its own to what was kept for posting.
	if err := dropFiles(tx, p.to.row.App, files); err != nil {
		return err
	}
	return tx.Drop(p.to.row.App, p.rec.sealed.Ref)
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

// held stores a reply that waits for approval, and has the participant asked
// whether they wrote it. A copy of one that waits, or was
// decided about, is a duplicate: a person decides once.
func (t *transaction) held(p posting, why gateway.Reason) *outcome {
	return &outcome{to: p.to, status: statusHeld, store: func(tx store.Tx, o *outcome) error {
		r := p.rec.record(p.to)
		r.ID = gateway.ReplyID(tx.NewID(gateway.PrefixReply))
		first, err := p.firstHeld(tx, r.ID)
		if err != nil {
			return err
		}
		o.state, o.reason, r.Content, r.Digest, r.Reaction = gateway.ReplyHeld, why, p.content, p.digest, p.reaction
		r.Rule = p.rule
		if !first {
			o.state, o.reason = gateway.ReplyDuplicate, gateway.ReasonDuplicate
		} else if r.Attachments, err = p.keepFiles(tx); err != nil {
			return err
		}
		r.State, r.Reason = o.state, o.reason
		if err := t.keepRecord(tx, p.rec, p.to, r); err != nil || !first {
			return err
		}
		return chat.QueueNotice(tx, p.rec.at, p.to.row.App, chat.NoticeOf(gateway.NoticeConfirm, r))
	}}
}

// firstHeld remembers a held mail as chat.PostReply does a posted one, under a
// name of its own, and tells whether it is the first of its kind.
func (p *posting) firstHeld(tx store.Tx, id gateway.ReplyID) (bool, error) {
	name, row := p.rec.name(), p.to.row
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
