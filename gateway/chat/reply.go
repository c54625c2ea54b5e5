package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
)

// NarrowedFor is how long after losing the right to write a participant's mail
// is put off instead of refused: bots take it away while they think.
const NarrowedFor = 15 * time.Minute

// maxSentLook is how many of the mails sent to a participant are looked at for
// the one that was answered.
const maxSentLook = 64

// Refusals of a participant's mail, as the sending server hears them.
var (
	StatusReadOnly = gateway.Status{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "You may read this conversation, but not write in it. Your message was not posted"}
	StatusRemoved  = gateway.Status{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "This reply address is no longer valid: you are no longer in this conversation, or it was deleted. Your message was not posted"}
	StatusReplyOff = gateway.Status{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "Answering by mail is switched off here. Your message was not posted; please write in the application"}
	StatusUnread   = gateway.Status{Code: 550, Enhanced: [3]int{5, 6, 0}, Text: "The mail could not be read; it can only be rejected"}
	StatusNarrowed = gateway.Status{Code: 451, Enhanced: [3]int{4, 7, 1}, Text: "Writing in this conversation is not possible at the moment, please try again"}
)

// ReplyInput is a received mail that is to be posted as a participant.
type ReplyInput struct {
	App gateway.AppID
	// Handle is that of the reply address the mail came to.
	Handle gateway.Handle
	// Reply is the record, as far as it is known: ReceivedAt, From, MessageID,
	// Subject, Size, Verdicts, Raw, Content, Reaction and Trace. An empty ID is minted;
	// the ID of a held reply posts that one.
	Reply gateway.Reply
	// Files are blobs kept in this transaction, in the order of the mail.
	Files []gateway.Attachment
	// Digest is the hash of extracted text and attachments. Date stands in for
	// a Message-ID that is missing.
	Digest, Date string
	// Answers are the ids in In-Reply-To and References, without angle brackets.
	Answers []string
	// Braked has the Service's Brake applied; Quick tells it that this answer came
	// sooner than QuickAnswer after what it answers was mailed.
	Braked, Quick bool
}

// MayReply looks up who a reply address stands for, and whether they may post.
// A nil error says yes; a gateway.Status is the refusal the sender hears, and
// store.ErrNotFound says that there is no such address. The row is returned
// whenever there is one, so that the refusal can be recorded.
func MayReply(rd store.Reader, now time.Time, h gateway.Handle) (store.HandleRow, error) {
	row, err := replyRow(rd, h)
	if err != nil {
		return row, err
	}
	if _, err := LoadConversation(rd, row.App, row.Conversation); err != nil {
		return row, removedIfMissing(err)
	}
	p, found, err := store.Participants.Find(rd, store.ParticipantKey(row.App, row.Conversation, row.User))
	if err != nil {
		return row, err
	}
	if !found {
		return row, StatusRemoved
	}
	if err := mayPost(&p, now); err != nil {
		return row, err
	}
	app, err := loadApp(rd, row.App)
	if err != nil {
		return row, err
	}
	u, err := LoadUser(rd, row.App, row.User)
	if err != nil {
		return row, err
	}
	return row, replyOn(&app, &u)
}

// replyOn refuses replies of a role for which they are switched off.
func replyOn(app *gateway.App, u *gateway.User) error {
	if app.Role(u.Role).ReplyDisabled {
		return StatusReplyOff
	}
	return nil
}

// replyRow returns what a reply handle stands for.
func replyRow(rd store.Reader, h gateway.Handle) (store.HandleRow, error) {
	row, err := store.Handles.Get(rd, store.HandleKey(h))
	switch {
	case err != nil:
		return row, err
	case row.Purpose != string(rune(token.Reply)):
		return store.HandleRow{}, store.ErrNotFound
	case row.RevokedAt != nil:
		return row, StatusRemoved
	}
	return row, nil
}

// ReasonOf is the reason to record for a refusal of MayReply or PostReply.
func ReasonOf(st gateway.Status) gateway.Reason {
	switch st {
	case StatusRemoved:
		return gateway.ReasonRemoved
	case StatusReplyOff:
		return gateway.ReasonReplyOff
	}
	return gateway.ReasonReadOnly
}

func mayPost(p *gateway.Participant, now time.Time) error {
	switch {
	case !p.MayRead():
		return StatusRemoved
	case p.MayWrite():
		return nil
	case !p.NarrowedAt.IsZero() && now.Sub(p.NarrowedAt) < NarrowedFor:
		return StatusNarrowed
	}
	return StatusReadOnly
}

func removedIfMissing(err error) error {
	var missing NotFound
	if errors.As(err, &missing) {
		return StatusRemoved
	}
	return err
}

// PostReply posts what came by mail, in the transaction that answers the mail.
// It reads permission again: a gateway.Status says that the mail is refused, and
// nothing was written. What was posted before within store.DedupAge is recorded
// as a duplicate and posts nothing. Otherwise the messages, their events and
// the due item are stored, what the answered mail showed counts as read, and
// the record says "posted". A reaction is told instead of posted. ErrBraked says
// that a person has to decide: nothing but their pace was written.
func (s *Service) PostReply(tx store.Tx, now time.Time, in ReplyInput) (gateway.Reply, error) {
	row, err := replyRow(tx, in.Handle)
	if err != nil {
		return gateway.Reply{}, err
	}
	if row.App != in.App {
		return gateway.Reply{}, store.ErrNotFound
	}
	r, err := s.open(tx, now, in.App, row.Conversation)
	if err != nil {
		return gateway.Reply{}, removedIfMissing(err)
	}
	p := r.person(row.User)
	if p == nil {
		return gateway.Reply{}, StatusRemoved
	}
	if err := mayPost(p, now); err != nil {
		return gateway.Reply{}, err
	}
	u, err := r.user(p.User)
	if err != nil {
		return gateway.Reply{}, err
	}
	if err := replyOn(&r.app, &u); err != nil {
		return gateway.Reply{}, err
	}
	reply := in.Reply
	reply.Conversation, reply.Participant, reply.UpdatedAt, reply.Test = r.conv.ID, p.User, r.now, row.Test
	if reply.ReceivedAt.IsZero() {
		reply.ReceivedAt = r.now
	}
	if reply.ID == "" {
		reply.ID = gateway.ReplyID(tx.NewID(gateway.PrefixReply))
	}
	k := copyKey(p.Conversation, p.User, in)
	if _, copied, err := store.Dedups.Find(tx, k); err != nil {
		return reply, err
	} else if copied {
		reply.State, reply.Reason = gateway.ReplyDuplicate, gateway.ReasonDuplicate
		return reply, r.recordReply(reply)
	}
	if in.Braked && !row.Test {
		if err := s.Brake.take(r, p, in.Quick); err != nil {
			return reply, err
		}
	}
	if err := r.rememberCopy(k, reply.ID); err != nil {
		return reply, err
	}
	if reply.Reaction != "" {
		return r.react(p, in, reply)
	}
	return r.postReply(p, in, reply)
}

// Posted tells whether a copy of a mail was posted, so that PostReply would
// record it as a duplicate.
func Posted(rd store.Reader, c gateway.ConversationID, u gateway.UserID, in ReplyInput) (bool, error) {
	_, found, err := store.Dedups.Find(rd, copyKey(c, u, in))
	return found, err
}

// copyKey is the same for copies of a mail: by who it posts as, its id and its
// contents.
func copyKey(c gateway.ConversationID, u gateway.UserID, in ReplyInput) store.Key {
	name := in.Reply.MessageID
	if name == "" {
		name = "date " + in.Date
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s %s", in.Handle, len(name), name, in.Digest))
	return store.ConversationKey(in.App, c).String(string(u)).String(hex.EncodeToString(sum[:]))
}

// rememberCopy has copies of a mail recognised from now on.
func (r *room) rememberCopy(k store.Key, id gateway.ReplyID) error {
	if err := store.Dedups.Put(r.tx, k, store.Dedup{Reply: id, At: r.now}); err != nil {
		return err
	}
	return store.ExpireAt(r.tx, store.Dedups.Table, k, r.now.Add(store.DedupAge))
}

// postReply writes the messages of a reply and its record.
func (r *room) postReply(p *gateway.Participant, in ReplyInput, reply gateway.Reply) (gateway.Reply, error) {
	if !reply.Test {
		if err := r.answerOutside(p); err != nil {
			return reply, err
		}
		p.RepliedAt, p.Unread = r.now, false
	}
	before := r.conv.Count
	about, err := r.markShown(p, in.Answers, reply.Test)
	if err != nil {
		return reply, err
	}
	if reply.Trace == "" {
		reply.Trace = gateway.TraceID(r.tx.NewID(gateway.PrefixTrace))
	}
	messages, err := r.replyMessages(p, in, reply)
	if err != nil {
		return reply, err
	}
	messages[0].ReferencedMessage = about
	told := wire.MailReplyOf(reply.Content, reply.Verdicts)
	reply.Posted, reply.Attachments = nil, nil
	for _, m := range messages {
		m, err := r.post(m, told)
		if err != nil {
			return reply, err
		}
		reply.Posted = append(reply.Posted, m.ID)
		// The words are told once; files that follow come by the same mail.
		told = &wire.MailReply{Method: told.Method, Confidence: told.Confidence, Verdicts: told.Verdicts, OtherRecipients: told.OtherRecipients}
	}
	if p.NotifiedCount == before { // nothing of others waits: one's own words need no decision
		p.NotifiedCount, p.NotifiedAt = r.conv.Count, r.conv.LastMessageAt
	}
	if err := r.putPerson(p); err != nil {
		return reply, err
	}
	reply.State, reply.Reason = gateway.ReplyPosted, ""
	if err := putReply(r.tx, r.app.ID, reply); err != nil {
		return reply, err
	}
	return reply, r.close()
}

// replyMessages are the text with the first file, and each further file as a
// message of its own.
func (r *room) replyMessages(p *gateway.Participant, in ReplyInput, reply gateway.Reply) ([]gateway.Message, error) {
	base := gateway.Message{
		Sender: p.User, Type: gateway.UserMessage, Origin: gateway.OriginEmail, Test: reply.Test, Trace: reply.Trace,
	}
	out := []gateway.Message{base}
	if reply.Content != nil {
		out[0].Text = reply.Content.Text
	}
	for i, f := range in.Files {
		h, err := r.fileHandle(f)
		if err != nil {
			return nil, err
		}
		f.Handle = h
		if i > 0 {
			out = append(out, base)
		}
		out[i].Attachment = &f
	}
	return out, nil
}

// fileHandle gives a file the handle of its signed link.
func (r *room) fileHandle(f gateway.Attachment) (gateway.Handle, error) {
	return store.Allocate(r.tx, store.HandleRow{
		App: r.app.ID, Purpose: string(rune(token.Attachment)), Conversation: r.conv.ID, Attachment: &f, CreatedAt: r.now,
	})
}

// markShown marks read what the answered mail showed; if it is not known which
// one was answered, what any mail sent to the person showed. It returns the
// message that the reply is about, which is known only if the answered mail
// showed no other. An answer to a test mail marks nothing: the person has not seen
// that mail.
func (r *room) markShown(p *gateway.Participant, answers []string, test bool) (about gateway.MessageID, err error) {
	rg := store.Range{
		Prefix:  store.ConversationKey(r.app.ID, r.conv.ID).String(string(p.User)),
		Reverse: true,
	}
	looked, newest, answered := 0, uint64(0), uint64(0)
	err = store.SentMails.Scan(r.tx, rg, func(_ store.Key, m gateway.Sent) (bool, error) {
		looked++
		if m.Test != test {
			return looked < maxSentLook, nil
		}
		newest = max(newest, m.UpTo)
		if slices.Contains(answers, m.MessageID) {
			answered = m.UpTo
			if len(m.Shown) == 1 {
				about = m.Shown[0]
			}
			return false, nil // the newest that is named
		}
		return len(answers) > 0 && looked < maxSentLook, nil
	})
	if answered == 0 {
		answered = newest
	}
	if !test {
		p.ReadCount = max(p.ReadCount, min(answered, r.conv.Count))
	}
	if err != nil || about == "" {
		return "", err
	}
	_, err = store.FindMessage(r.tx, r.app.ID, r.conv.ID, about)
	if errors.Is(err, store.ErrNotFound) { // deleted since
		return "", nil
	}
	return about, err
}

func replyKey(app gateway.AppID, id gateway.ReplyID) store.Key {
	return store.AppKey(app).String(string(id))
}
