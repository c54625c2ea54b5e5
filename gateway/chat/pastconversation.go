package chat

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/wire"
)

// PastConversation is a conversation as an export of another service shows it.
type PastConversation struct {
	ID gateway.ConversationID
	ConversationPatch
	CreatedAt Field[float64] // Unix milliseconds
	// People are the participants, of whom the patch knows none.
	People map[gateway.UserID]ParticipantPatch
}

// UnmarshalJSON reads what GET shows; participants may also be an array of ids.
func (p *PastConversation) UnmarshalJSON(b []byte) error {
	*p = PastConversation{}
	var raw map[string]json.RawMessage
	if json.Unmarshal(b, &raw) != nil {
		return gateway.Wrong("body", "Write a JSON object.")
	}
	people := raw["participants"]
	delete(raw, "participants")
	rest, err := json.Marshal(raw)
	if err != nil {
		return err
	}
	if err := decode(rest, map[string]any{"id": &p.ID, "createdAt": &p.CreatedAt}); err != nil {
		return err
	}
	if err := p.ConversationPatch.UnmarshalJSON(rest); err != nil {
		return err
	}
	return p.readPeople(people)
}

func (p *PastConversation) readPeople(raw json.RawMessage) error {
	p.People = map[gateway.UserID]ParticipantPatch{}
	var ids []gateway.UserID
	if raw == nil || json.Unmarshal(raw, &ids) == nil {
		for _, u := range ids {
			p.People[u] = ParticipantPatch{}
		}
		return nil
	}
	return decode([]byte(`{"participants":`+string(raw)+`}`), map[string]any{"participants": &p.People})
}

// check says what cannot be taken.
func (p PastConversation) check() error {
	if err := checkID("id", string(p.ID)); err != nil {
		return err
	}
	for u, q := range p.People {
		if err := checkID("participants", string(u)); err != nil {
			return err
		}
		if _, err := q.pastAccess(); err != nil {
			return err
		}
	}
	return nil
}

// pastAccess is the access of one who took part; without one ReadWrite.
func (p ParticipantPatch) pastAccess() (gateway.Access, error) {
	if !p.Access.has() {
		return gateway.ReadWrite, nil
	}
	return p.access(true)
}

// ImportConversation makes or merges a conversation of an export with its
// participants. Those who take part here already get the settings of the export;
// nobody is taken out. One that is new here keeps the age the export tells. Made
// tells that it is new, and an Invalid what of it cannot be taken.
func (s *Service) ImportConversation(ctx context.Context, app gateway.AppID, p PastConversation) (made bool, err error) {
	if err := p.check(); err != nil {
		return false, err
	}
	created, ok := past(p.CreatedAt, s.now())
	if !ok {
		created = s.now()
	}
	return s.openOrMake(ctx, app, p.ID, created, func(r *room) error {
		if err := r.merge(p.ConversationPatch); err != nil {
			return err
		}
		for _, u := range slices.Sorted(maps.Keys(p.People)) {
			if err := r.place(u, p.People[u]); err != nil {
				return err
			}
		}
		return nil
	})
}

// place gives a participant the settings of an export.
func (r *room) place(u gateway.UserID, p ParticipantPatch) error {
	access, err := p.pastAccess()
	if err != nil {
		return err
	}
	notify := gateway.NotifyAll
	if p.Notify.has() {
		notify = gateway.Notify(wire.Notify(p.Notify.Value))
	}
	m := r.member(u)
	switch {
	case m == nil:
		return r.join(u, access, notify)
	case m.Access == access && m.Notify == notify:
		return nil
	}
	if err := r.setNotify(m, notify); err != nil {
		return err
	}
	return r.setAccess(m, access)
}
