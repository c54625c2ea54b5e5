package chat

import (
	"context"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// MaxParticipants bounds the people of one conversation, those who left
// included: every event about it reads and shows them all.
const MaxParticipants = 1000

// ConversationPatch is what a PUT says of a conversation: absent fields stay,
// null clears. Participants are added, and those present never changed.
type ConversationPatch struct {
	Subject         Field[string]
	PhotoURL        Field[string]
	WelcomeMessages Field[[]string]
	Custom          Field[map[string]*string]
	Participants    Field[[]gateway.UserID]
	Muted           Field[bool]
	Department      Field[gateway.DepartmentID]
	Assignee        Field[gateway.UserID]
	HumanTakeover   Field[bool]
}

// UnmarshalJSON reads the body of a PUT.
func (p *ConversationPatch) UnmarshalJSON(b []byte) error {
	*p = ConversationPatch{}
	return decode(b, map[string]any{
		"subject": &p.Subject, "photoUrl": &p.PhotoURL, "welcomeMessages": &p.WelcomeMessages,
		"custom": &p.Custom, "participants": &p.Participants,
		"muted": &p.Muted, "department": &p.Department, "assignee": &p.Assignee, "humanTakeover": &p.HumanTakeover,
	})
}

func (p ConversationPatch) check() error {
	for _, u := range p.Participants.Value {
		if err := checkID("participants", string(u)); err != nil {
			return err
		}
	}
	return nil
}

func (p ConversationPatch) apply(c *gateway.Conversation) {
	intoPointer(p.Subject, &c.Subject)
	intoPointer(p.PhotoURL, &c.PhotoURL)
	p.WelcomeMessages.into(&c.WelcomeMessages)
	intoMap(p.Custom, &c.Custom)
	p.Muted.into(&c.Muted)
	p.Department.into(&c.Department)
	p.HumanTakeover.into(&c.HumanTakeover)
	if p.Assignee.Set && p.Assignee.Value != c.Assignee {
		c.Assignee = p.Assignee.Value
		if c.Handler != c.Assignee {
			c.Handler = "" // the new one has it now
		}
	}
}

// PutConversation makes or merges a conversation. What is left of a deleted one
// of the same id is removed first.
func (s *Service) PutConversation(ctx context.Context, app gateway.AppID, id gateway.ConversationID, p ConversationPatch) error {
	if err := checkID("id", string(id)); err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	_, err := s.openOrMake(ctx, app, id, s.now(), func(r *room) error { return r.merge(p) })
	return err
}

// openOrMake runs fn with a conversation open, in its own transaction; one that
// is made for it has the age that is given.
func (s *Service) openOrMake(ctx context.Context, app gateway.AppID, id gateway.ConversationID, created time.Time, fn func(*room) error) (made bool, err error) {
	now := s.now()
	for {
		gone := false
		err := s.update(ctx, store.ConversationScope(app, id), "put conversation", func(tx store.Tx) error {
			c, found, err := store.Conversations.Find(tx, store.ConversationKey(app, id))
			if gone = found && c.Deleted; gone || err != nil {
				return err
			}
			if made = !found; made {
				c = gateway.Conversation{ID: id, CreatedAt: created, Incarnation: tx.NewID("")}
				if err := createConversation(tx, app, c); err != nil {
					return err
				}
			}
			r, err := s.open(tx, now, app, id)
			if err != nil {
				return err
			}
			return fn(r)
		})
		if err != nil || !gone {
			return made, err
		}
		if err := s.remove(ctx, app, id); err != nil {
			return false, err
		}
	}
}

// createConversation stores a new conversation and lists it.
func createConversation(tx store.Tx, app gateway.AppID, c gateway.Conversation) error {
	if err := store.Conversations.Put(tx, store.ConversationKey(app, c.ID), c); err != nil {
		return err
	}
	for _, by := range []store.ListOrder{store.ListByActivity, store.ListByCreation} {
		if err := store.Listing.Put(tx, store.ListKey(app, by, c.CreatedAt, c.ID), store.ListPlace{Conversation: c.ID}); err != nil {
			return err
		}
	}
	return nil
}

func (r *room) merge(p ConversationPatch) error {
	was := r.conv.Muted
	p.apply(&r.conv)
	if r.conv.Muted && !was {
		if err := r.withdrawAll(gateway.ReasonConversationMuted); err != nil {
			return err
		}
	}
	for _, u := range p.Participants.Value {
		if r.member(u) != nil {
			continue
		}
		if err := r.join(u, gateway.ReadWrite, gateway.NotifyAll); err != nil {
			return err
		}
	}
	return r.close()
}

// Conversation returns a conversation as GET shows it.
func (s *Service) Conversation(ctx context.Context, app gateway.AppID, id gateway.ConversationID) (wire.Conversation, error) {
	var out wire.Conversation
	err := s.view(ctx, "get conversation", func(rd store.Reader) error {
		c, err := LoadConversation(rd, app, id)
		if err != nil {
			return err
		}
		out, err = s.showConversation(rd, app, c)
		return err
	})
	return out, err
}

func (s *Service) showConversation(rd store.Reader, app gateway.AppID, c gateway.Conversation) (wire.Conversation, error) {
	people, err := LoadParticipants(rd, app, c.ID)
	if err != nil {
		return wire.Conversation{}, err
	}
	last, err := lastMessage(rd, app, c)
	return wire.ConversationOf(c, people, last, s.Links), err
}
