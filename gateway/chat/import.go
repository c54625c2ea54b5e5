package chat

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
)

// importAhead is how far in the future an imported message may lie: what lies
// further was not written in milliseconds.
const importAhead = 24 * time.Hour

// ImportedMessage is a message of the past.
type ImportedMessage struct {
	NewMessage
	// Timestamp is when it was written, in Unix milliseconds.
	Timestamp Field[float64]
	// ReadBy are those who have read it.
	ReadBy Field[[]gateway.UserID]
}

// UnmarshalJSON reads one element of the body of a POST; "createdAt" is another
// name of "timestamp".
func (m *ImportedMessage) UnmarshalJSON(b []byte) error {
	*m = ImportedMessage{}
	var created Field[float64]
	err := readMessage(b, &m.NewMessage, map[string]any{"timestamp": &m.Timestamp, "createdAt": &created, "readBy": &m.ReadBy})
	if !m.Timestamp.has() {
		m.Timestamp = created
	}
	return err
}

func (m ImportedMessage) check(v Invalid, i int, now time.Time) {
	m.NewMessage.check(v, i)
	field := fmt.Sprintf("[%d].timestamp", i)
	switch {
	case !m.Timestamp.has():
		v.Add(field, "timestamp is when the message was written, in milliseconds since 1970.")
	case m.Timestamp.Value < 0, m.Timestamp.Value > float64(now.Add(importAhead).UnixMilli()):
		v.Add(field, "timestamp is a time of the past, in milliseconds since 1970.")
	}
	if len(m.ReadBy.Value) > MaxParticipants {
		v.Add(fmt.Sprintf("[%d].readBy", i), "readBy names at most %d users.", MaxParticipants)
	}
}

// ImportMessages stores up to MaxMessageBatch messages of the past, all or none,
// in any order of time, and returns their ids. It tells nobody: there is no
// event and no mail. Messages imported twice are there twice.
func (s *Service) ImportMessages(ctx context.Context, app gateway.AppID, c gateway.ConversationID, in []ImportedMessage, how Posting) ([]gateway.MessageID, error) {
	now, v := s.now(), Invalid{}
	if len(in) > MaxMessageBatch {
		v.Add("messages", "One call imports at most %d messages.", MaxMessageBatch)
	}
	for i, m := range in {
		m.check(v, i, now)
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	return s.posting(ctx, app, c, "import messages", how, func(r *room) ([]gateway.MessageID, error) {
		return r.importAll(in)
	})
}

func (r *room) importAll(in []ImportedMessage) ([]gateway.MessageID, error) {
	before := r.conv.Count
	ids := make([]gateway.MessageID, 0, len(in))
	for i, m := range in {
		id, err := r.importOne(i, m)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, r.passOver(before)
}

// importOne stores the i-th message of a call.
func (r *room) importOne(i int, in ImportedMessage) (gateway.MessageID, error) {
	m := in.message(gateway.OriginImport)
	if m.Type == gateway.UserMessage && r.member(m.Sender) == nil {
		return "", gateway.Wrong(fmt.Sprintf("[%d].sender", i), "The sender %q does not take part in the conversation.", m.Sender)
	}
	if err := r.attach(i, in.NewMessage, &m); err != nil {
		return "", err
	}
	m.ID = gateway.MessageID(r.tx.NewID(gateway.PrefixMessage))
	m.CreatedAt = time.UnixMilli(int64(in.Timestamp.Value)).UTC()
	return m.ID, r.keepPast(m, in.ReadBy.Value)
}

// keepPast stores a message of the past, which has an id and a time, with those
// who have read it.
func (r *room) keepPast(m gateway.Message, readBy []gateway.UserID) error {
	r.conv.Count++
	r.conv.ImportedUpTo = r.conv.Count
	m.Conversation, m.Number = r.conv.ID, r.conv.Count
	for _, u := range readBy {
		if u != "" && u != m.Sender && !slices.Contains(m.ReadBy, u) {
			m.ReadBy = append(m.ReadBy, u)
		}
	}
	if !m.CreatedAt.Before(r.conv.LastMessageAt) {
		r.conv.LastMessage, r.conv.LastMessageAt = m.ID, m.CreatedAt
	}
	return r.putMessage(m)
}

// passOver notes that nothing is to be decided about the messages numbered above
// a number, for those for whom nothing else waits.
func (r *room) passOver(before uint64) error {
	for i := range r.people {
		p := &r.people[i]
		if p.Left && !p.Routed || p.NotifiedCount != before {
			continue
		}
		p.NotifiedCount = r.conv.Count
		if err := r.putPerson(p); err != nil {
			return err
		}
	}
	return nil
}
