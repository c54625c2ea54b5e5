package chat

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// MaxPast is how many messages of an export one call takes.
const MaxPast = 100

// PastMessage is a message as an export of another service shows it.
type PastMessage struct {
	ID gateway.MessageID
	ImportedMessage
	EditedAt Field[float64] // Unix milliseconds
}

// UnmarshalJSON reads what GET shows; the sender may also be called "sender",
// as an id or a whole user, and the time "timestamp".
func (p *PastMessage) UnmarshalJSON(b []byte) error {
	*p = PastMessage{}
	var created Field[float64]
	var sender Field[pastSender]
	fields := p.NewMessage.fields()
	delete(fields, "idempotencyKey")
	delete(fields, "attachmentToken")
	fields["id"], fields["editedAt"], fields["readBy"] = &p.ID, &p.EditedAt, &p.ReadBy
	fields["timestamp"], fields["createdAt"] = &p.Timestamp, &created
	fields["senderId"], fields["sender"] = &p.Sender, &sender
	err := decode(b, fields)
	if !p.Timestamp.has() {
		p.Timestamp = created
	}
	p.Sender.Value = cmp.Or(p.Sender.Value, gateway.UserID(sender.Value))
	return err
}

// check says what cannot be taken.
func (p PastMessage) check() error {
	v := Invalid{}
	switch p.Type.Value {
	case "", gateway.UserMessage:
		if err := checkID("senderId", string(p.Sender.Value)); err != nil {
			v.Add("senderId", "A message of type UserMessage has a sender.")
		}
	case gateway.SystemMessage:
	default:
		v.Add("type", `type is "UserMessage" or "SystemMessage".`)
	}
	if len(p.Text.Value) > MaxText {
		v.Add("text", "text has at most %d octets.", MaxText)
	}
	if len(p.ID) > MaxID {
		v.Add("id", "An id has at most %d octets.", MaxID)
	}
	if len(p.ReadBy.Value) > MaxParticipants {
		v.Add("readBy", "readBy names at most %d users.", MaxParticipants)
	}
	return v.Err()
}

// ImportHistory stores messages of an export, the oldest first: with the ids and
// times they have there, and with origin "import". One whose id is in the
// conversation already is left as it is, so that a call may be made again. Those
// who wrote need not take part any more. It tells nobody: there is no event and
// no mail.
func (s *Service) ImportHistory(ctx context.Context, app gateway.AppID, c gateway.ConversationID, in []PastMessage) (Past, error) {
	if len(in) > MaxPast {
		return Past{}, gateway.Wrong("messages", "One call takes at most %d messages.", MaxPast)
	}
	var out Past
	err := s.in(ctx, app, c, "import history", func(r *room) error {
		out = Past{}
		before := r.conv.Count
		for _, m := range in {
			if err := r.takePast(m, &out); err != nil {
				return err
			}
		}
		return r.passOver(before)
	})
	return out, err
}

// takePast stores one message of an export, unless it is here.
func (r *room) takePast(p PastMessage, out *Past) error {
	id := p.ID
	if id == "" {
		id = p.nameless()
	}
	at, ok := past(p.Timestamp, r.now)
	err := p.check()
	if err == nil && !ok {
		err = gateway.Wrong("createdAt", "createdAt is when the message was written, in milliseconds since 1970.")
	}
	if err != nil {
		out.skip(string(id), err.Error())
		return nil
	}
	place := store.ConversationKey(r.app.ID, r.conv.ID).String(string(id))
	if _, known, err := store.MessagePlaces.Find(r.tx, place); err != nil || known {
		out.count(false)
		return err
	}
	m := p.message(gateway.OriginImport)
	m.ID, m.CreatedAt = id, at
	if edited, ok := past(p.EditedAt, r.now); ok {
		m.EditedAt = &edited
	}
	out.count(true)
	return r.keepPast(m, p.ReadBy.Value)
}

// nameless makes the id of a message that has none: the same whenever the
// message is read.
func (p PastMessage) nameless() gateway.MessageID {
	h := sha256.Sum256(fmt.Appendf(nil, "%f %q %q %q", p.Timestamp.Value, p.Type.Value, p.Sender.Value, p.Text.Value))
	return gateway.MessageID(gateway.PrefixMessage + hex.EncodeToString(h[:16]))
}
