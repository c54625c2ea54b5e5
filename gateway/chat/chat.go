// Package chat makes every change to users, conversations, participants and
// messages, and writes down every decision about notifications and every
// received reply.
//
// It promises that a change, the events that tell of it and the notifications
// it makes due are one transaction; that a message costs the same number of
// writes however many people take part; that permission is read in the
// transaction that uses it; and that input it does not take is a
// gateway.Invalid naming the field, what does not exist a gateway.NotFound.
// What a mail says is left to inbound, what is written in one to outbound, when
// somebody is told to notify, and the HTTP of it all to api.
//
// Methods that take a context run a transaction of their own. Those that take a
// store.Tx or store.Reader are parts of the caller's, which must name
// store.ConversationScope of the conversation.
package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/wire"
)

// Errors about what callers give. They are the language's own.
type (
	Invalid  = gateway.Invalid
	NotFound = gateway.NotFound
)

// Service is the conversations of an installation. It is safe for concurrent use.
type Service struct {
	Store  store.Store
	Tokens *token.Minter
	// Domain is the installation's mail domain (A-labels, lower case): that of
	// reply addresses of apps without one of their own, and of links.
	Domain string
	Links  wire.Links
	// RawAge is how long mail as received is kept; 0 means store.RawAge.
	RawAge time.Duration
	// Brake bounds what comes by mail; the zero value does not.
	Brake Brake
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// MaxID bounds the ids that callers choose, in octets.
const MaxID = 512

// now is the time of a change, to the millisecond in which rows are kept.
func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now().Truncate(time.Millisecond)
	}
	return time.Now().Truncate(time.Millisecond)
}

func (s *Service) update(ctx context.Context, scope store.Scope, what string, fn func(store.Tx) error) error {
	return wrap(what, s.Store.Update(ctx, scope, fn))
}

func (s *Service) view(ctx context.Context, what string, fn func(store.Reader) error) error {
	return wrap(what, s.Store.View(ctx, fn))
}

// wrap says what was being done; what the caller is told stays as it is.
func wrap(what string, err error) error {
	var invalid Invalid
	var batch BatchInvalid
	var missing NotFound
	if err == nil || errors.As(err, &invalid) || errors.As(err, &batch) || errors.As(err, &missing) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

func isMissing(err error) bool {
	var missing NotFound
	return errors.As(err, &missing)
}

func checkID(field, id string) error {
	if id == "" || len(id) > MaxID {
		return gateway.Wrong(field, "An id has 1 to %d octets.", MaxID)
	}
	return nil
}

func loadApp(rd store.Reader, id gateway.AppID) (gateway.App, error) {
	a, found, err := store.FindApp(rd, id)
	if err == nil && !found {
		err = NotFound{What: "app", ID: string(id)}
	}
	return a, err
}

// LoadConversation returns a conversation; one that is deleted, though rows of
// it are left, is NotFound.
func LoadConversation(rd store.Reader, app gateway.AppID, id gateway.ConversationID) (gateway.Conversation, error) {
	c, found, err := store.Conversations.Find(rd, store.ConversationKey(app, id))
	if err == nil && (!found || c.Deleted) {
		err = NotFound{What: "conversation", ID: string(id)}
	}
	return c, err
}

// LoadUser returns a user; one who was never PUT is a stub with nothing but an
// id. Stubs are not stored: naming somebody needs no row of them.
func LoadUser(rd store.Reader, app gateway.AppID, id gateway.UserID) (gateway.User, error) {
	u, found, err := store.Users.Find(rd, store.UserKey(app, id))
	if err == nil && !found {
		u = gateway.User{ID: id, Stub: true}
	}
	return u, err
}

// LoadParticipants returns everybody who takes or took part in a conversation,
// in the order of their ids.
func LoadParticipants(rd store.Reader, app gateway.AppID, id gateway.ConversationID) ([]gateway.Participant, error) {
	var out []gateway.Participant
	rg := store.Range{Prefix: store.ConversationKey(app, id)}
	err := store.Participants.Scan(rd, rg, func(_ store.Key, p gateway.Participant) (bool, error) {
		out = append(out, p)
		return true, nil
	})
	return out, err
}

// room is a conversation opened in a transaction, with what an event about it
// shows. Changes to conv are kept until close puts them.
type room struct {
	*Service
	tx     store.Tx
	now    time.Time
	app    gateway.App
	conv   gateway.Conversation
	listed time.Time             // conv's place in the lists by activity
	people []gateway.Participant // those who left too
	users  map[gateway.UserID]gateway.User
}

// open loads a conversation and its participants, or says NotFound.
func (s *Service) open(tx store.Tx, now time.Time, app gateway.AppID, id gateway.ConversationID) (*room, error) {
	r := &room{Service: s, tx: tx, now: now.Truncate(time.Millisecond), users: map[gateway.UserID]gateway.User{}}
	var err error
	if r.app, err = loadApp(tx, app); err != nil {
		return nil, err
	}
	if r.conv, err = LoadConversation(tx, app, id); err != nil {
		return nil, err
	}
	r.listed = r.conv.ActiveAt()
	r.people, err = LoadParticipants(tx, app, id)
	return r, err
}

// close puts what changed about the conversation itself.
func (r *room) close() error {
	if err := r.list(); err != nil {
		return err
	}
	return store.Conversations.Put(r.tx, store.ConversationKey(r.app.ID, r.conv.ID), r.conv)
}

// list keeps the conversation's place in the app's lists.
func (r *room) list() error {
	at := r.conv.ActiveAt()
	if at.Equal(r.listed) && !r.conv.Deleted {
		return nil
	}
	old := store.ListKey(r.app.ID, store.ListByActivity, r.listed, r.conv.ID)
	if err := store.Listing.Delete(r.tx, old); err != nil {
		return err
	}
	if r.conv.Deleted {
		return store.Listing.Delete(r.tx, store.ListKey(r.app.ID, store.ListByCreation, r.conv.CreatedAt, r.conv.ID))
	}
	r.listed = at
	return store.Listing.Put(r.tx, store.ListKey(r.app.ID, store.ListByActivity, at, r.conv.ID), store.ListPlace{Conversation: r.conv.ID})
}

// in runs fn with the conversation open, in its own transaction.
func (s *Service) in(ctx context.Context, app gateway.AppID, id gateway.ConversationID, what string, fn func(*room) error) error {
	now := s.now()
	return s.update(ctx, store.ConversationScope(app, id), what, func(tx store.Tx) error {
		r, err := s.open(tx, now, app, id)
		if err != nil {
			return err
		}
		if err := fn(r); err != nil {
			return err
		}
		return r.close()
	})
}

// event records an event of the conversation.
func (r *room) event(typ gateway.EventType, data any, trace gateway.TraceID) error {
	_, err := event.Record(r.tx, &r.app, &r.conv, typ, data, r.now, trace)
	return err
}

// person finds who takes or took part; nil for a stranger.
func (r *room) person(id gateway.UserID) *gateway.Participant {
	for i := range r.people {
		if r.people[i].User == id {
			return &r.people[i]
		}
	}
	return nil
}

// member finds who takes part; nil for a stranger and for one who left.
func (r *room) member(id gateway.UserID) *gateway.Participant {
	if p := r.person(id); p != nil && !p.Left {
		return p
	}
	return nil
}

func (r *room) putPerson(p *gateway.Participant) error {
	return store.Participants.Put(r.tx, store.ParticipantKey(r.app.ID, r.conv.ID, p.User), *p)
}

// user loads a user once.
func (r *room) user(id gateway.UserID) (gateway.User, error) {
	if u, ok := r.users[id]; ok {
		return u, nil
	}
	u, err := LoadUser(r.tx, r.app.ID, id)
	if err == nil {
		r.users[id] = u
	}
	return u, err
}

// sender shows who wrote something; nil for the system.
func (r *room) sender(id gateway.UserID) (*wire.User, error) {
	if id == "" {
		return nil, nil
	}
	u, err := r.user(id)
	if err != nil {
		return nil, err
	}
	shown := wire.UserOf(u)
	return &shown, nil
}

// show is the conversation as GET shows it.
func (r *room) show() (wire.Conversation, error) {
	last, err := lastMessage(r.tx, r.app.ID, r.conv)
	if err != nil {
		return wire.Conversation{}, err
	}
	return wire.ConversationOf(r.conv, r.people, last, r.Links), nil
}

// lastMessage returns the newest message of a conversation, nil if it has none.
func lastMessage(rd store.Reader, app gateway.AppID, c gateway.Conversation) (*gateway.Message, error) {
	if c.LastMessage == "" {
		return nil, nil
	}
	m, err := store.FindMessage(rd, app, c.ID, c.LastMessage)
	if err != nil {
		return nil, err
	}
	return &m, nil
}
