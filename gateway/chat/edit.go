package chat

import (
	"context"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// MessagePatch is what a PUT says of a message.
type MessagePatch struct {
	Text   Field[string]
	Custom Field[map[string]*string]
}

// UnmarshalJSON reads the body of a PUT.
func (p *MessagePatch) UnmarshalJSON(b []byte) error {
	*p = MessagePatch{}
	return decode(b, map[string]any{"text": &p.Text, "custom": &p.Custom})
}

// EditMessage changes a message; only a new text counts as an edit. What was
// mailed stays as it was, what is still to be mailed shows the change, also if
// it is queued already.
func (s *Service) EditMessage(ctx context.Context, app gateway.AppID, c gateway.ConversationID, id gateway.MessageID, p MessagePatch) error {
	if len(p.Text.Value) > MaxText {
		return gateway.Wrong("text", "text has at most %d octets.", MaxText)
	}
	return s.in(ctx, app, c, "edit message", func(r *room) error {
		m, err := findMessage(r.tx, app, c, id)
		if err != nil {
			return err
		}
		if p.Text.has() && p.Text.Value != m.Text {
			m.Text, m.EditedAt = p.Text.Value, &r.now
		}
		intoMap(p.Custom, &m.Custom)
		r.conv.Edits++
		m.Edit = r.conv.Edits
		if err := store.Messages.Put(r.tx, store.MessageKey(app, c, m.CreatedAt, m.Number), m); err != nil {
			return err
		}
		return r.tellMessage(gateway.EventMessageUpdated, m, nil)
	})
}

// DeleteMessage removes a message with its file. Nobody is mailed about it any
// more, also by mails that are queued already; what was mailed cannot be taken back.
func (s *Service) DeleteMessage(ctx context.Context, app gateway.AppID, c gateway.ConversationID, id gateway.MessageID) error {
	return s.in(ctx, app, c, "delete message", func(r *room) error {
		m, err := findMessage(r.tx, app, c, id)
		if err != nil {
			return err
		}
		if err := r.dropMessage(m); err != nil {
			return err
		}
		return r.tellMessage(gateway.EventMessageDeleted, m, nil)
	})
}

func (r *room) dropMessage(m gateway.Message) error {
	r.conv.Edits++
	if err := dropFile(r.tx, r.app.ID, m.Attachment); err != nil {
		return err
	}
	base := store.ConversationKey(r.app.ID, r.conv.ID)
	if err := store.MessagePlaces.Delete(r.tx, base.String(string(m.ID))); err != nil {
		return err
	}
	if err := store.Messages.Delete(r.tx, store.MessageKey(r.app.ID, r.conv.ID, m.CreatedAt, m.Number)); err != nil {
		return err
	}
	if p := r.person(m.Sender); p != nil && p.NotifiedCount == m.Number-1 {
		// Nothing else waits before it: its sender needs no decision about it.
		p.NotifiedCount, p.NotifiedAt = m.Number, m.CreatedAt
		if err := r.putPerson(p); err != nil {
			return err
		}
	}
	if r.conv.LastMessage != m.ID {
		return nil
	}
	r.conv.LastMessage, r.conv.LastMessageAt = "", time.Time{}
	return store.Messages.Scan(r.tx, store.Range{Prefix: base, Reverse: true}, func(_ store.Key, m gateway.Message) (bool, error) {
		r.conv.LastMessage, r.conv.LastMessageAt = m.ID, m.CreatedAt
		return false, nil
	})
}
