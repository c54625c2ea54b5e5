package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// CallAge is how long the ids of messages that single calls told of are
// remembered.
const CallAge = 30 * 24 * time.Hour

// Call has one person told of messages at once, for a backend that keeps no
// users and conversations here: what it names is made as far as it is missing.
type Call struct {
	Conversation gateway.ConversationID
	About        ConversationPatch
	Recipient    gateway.UserID
	// Users are what is said of the recipient and of senders.
	Users map[gateway.UserID]UserPatch
	// Access is what the recipient may do: absent leaves it, at first ReadWrite.
	Access   Field[gateway.Access]
	Messages []CalledMessage
}

// CalledMessage is a message of a Call. Its ID is the caller's; empty mints one.
type CalledMessage struct {
	ID gateway.MessageID
	NewMessage
}

func (c Call) check() error {
	v := Invalid{}
	if len(c.Messages) == 0 || len(c.Messages) > MaxMessageBatch {
		v.Add("messages", "One call tells of 1 to %d messages.", MaxMessageBatch)
	}
	for i, m := range c.Messages {
		m.check(v, i)
		if len(m.ID) > MaxID {
			v.Add(fmt.Sprintf("[%d].id", i), "An id has 1 to %d octets.", MaxID)
		}
	}
	if a := c.Access; a.has() && a.Value != gateway.ReadWrite && a.Value != gateway.ReadOnly && a.Value != "Write" {
		v.Add("access", `access is "ReadWrite" or "Read".`)
	}
	return errors.Join(checkID("conversation.id", string(c.Conversation)), checkID("recipient.id", string(c.Recipient)), v.Err())
}

// Tell makes what a Call names and has its messages told, to the recipient
// alone. A message whose id this person was told of by an earlier call is not
// told again; it keeps its id. It returns the ids, in order.
//
// Users, conversation and messages are three transactions: a call that ends
// between them is repeated without harm.
func (s *Service) Tell(ctx context.Context, app gateway.AppID, c Call, how Posting) ([]gateway.MessageID, error) {
	if err := c.check(); err != nil {
		return nil, firstInvalid(err)
	}
	if err := s.mustHaveAddress(ctx, app, c); err != nil {
		return nil, err
	}
	if len(c.Users) > 0 {
		if err := s.PutUsers(ctx, app, c.Users); err != nil {
			return nil, err
		}
	}
	if err := s.PutConversation(ctx, app, c.Conversation, c.About); err != nil {
		return nil, err
	}
	return s.posting(ctx, app, c.Conversation, "tell", how, func(r *room) ([]gateway.MessageID, error) { return r.tell(c, how.Test) })
}

// firstInvalid takes the first of several errors about the input.
func firstInvalid(err error) error {
	var v Invalid
	if errors.As(err, &v) {
		return v
	}
	return err
}

// mustHaveAddress refuses a recipient who cannot be mailed as things stand.
func (s *Service) mustHaveAddress(ctx context.Context, app gateway.AppID, c Call) error {
	return s.view(ctx, "look at recipient", func(rd store.Reader) error {
		u, err := LoadUser(rd, app, c.Recipient)
		if err != nil {
			return err
		}
		p := c.Users[c.Recipient]
		if err := p.check(); err != nil {
			return err
		}
		if p.apply(&u); len(u.Addresses()) == 0 {
			return gateway.Wrong("recipient.email", "recipient has an email address, in this call or from an earlier one.")
		}
		return nil
	})
}

func (r *room) tell(c Call, test bool) ([]gateway.MessageID, error) {
	if err := r.callOn(c); err != nil {
		return nil, err
	}
	ids := make([]gateway.MessageID, 0, len(c.Messages))
	news := false
	for i, in := range c.Messages {
		id, told, err := r.tellOne(i, in, c.Recipient, test)
		if err != nil {
			return nil, err
		}
		ids, news = append(ids, id), news || told
	}
	if !news {
		return ids, nil
	}
	return ids, hasten(r.tx, r.app.ID, r.conv.ID, r.now, r.now)
}

// callOn makes the recipient take part, with the access that is asked for.
func (r *room) callOn(c Call) error {
	access := c.Access.Value
	if access == "Write" {
		access = gateway.ReadWrite
	}
	if p := r.member(c.Recipient); p != nil {
		if access == "" {
			return nil
		}
		return r.setAccess(p, access)
	}
	if access == "" {
		access = gateway.ReadWrite
	}
	if err := r.join(c.Recipient, access, gateway.NotifyAll); err != nil {
		return err
	}
	p := r.member(c.Recipient)
	p.Called = true
	return r.putPerson(p)
}

// tellOne posts the i-th message of a call for one person, once.
func (r *room) tellOne(i int, in CalledMessage, to gateway.UserID, test bool) (id gateway.MessageID, told bool, err error) {
	key := store.ConversationKey(r.app.ID, r.conv.ID).String("call").String(string(to)).String(string(in.ID))
	if test {
		key = key.String("test")
	}
	if in.ID != "" {
		if old, found, err := store.MessageKeys.Find(r.tx, key); err != nil || found {
			return old.Message, false, err
		}
	}
	m := in.message(gateway.OriginREST)
	m.For, m.Test = to, test
	if err := r.attach(i, in.NewMessage, &m); err != nil {
		return "", false, err
	}
	if in.ID != "" { // the caller's own, unless another person's message has it
		_, taken, err := store.MessagePlaces.Find(r.tx, store.ConversationKey(r.app.ID, r.conv.ID).String(string(in.ID)))
		if err != nil {
			return "", false, err
		}
		if !taken {
			m.ID = in.ID
		}
	}
	if m, err = r.post(m, nil); err != nil || in.ID == "" {
		return m.ID, true, err
	}
	if err := store.MessageKeys.Put(r.tx, key, store.PostedKey{Message: m.ID}); err != nil {
		return "", false, err
	}
	return m.ID, true, store.ExpireAt(r.tx, store.MessageKeys.Table, key, r.now.Add(CallAge))
}
