package chat

import (
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// Pending is what a conversation's due item is about: everybody who has
// messages that nothing was decided about.
type Pending struct {
	App          gateway.App
	Conversation gateway.Conversation
	Inputs       []notify.Input
}

// maxExamined bounds how many rows are read for the messages of one decision;
// imported ones are passed over and count.
const maxExamined = 2000

// LoadPending loads what notify.Decide needs for all participants of a
// conversation; a conversation that is gone is NotFound.
func LoadPending(rd store.Reader, app gateway.AppID, c gateway.ConversationID) (Pending, error) {
	return loadPending(rd, app, c, "")
}

// LoadPendingOf is LoadPending for one participant; Inputs is empty when
// nothing waits for them.
func LoadPendingOf(rd store.Reader, app gateway.AppID, c gateway.ConversationID, u gateway.UserID) (Pending, error) {
	return loadPending(rd, app, c, u)
}

func loadPending(rd store.Reader, app gateway.AppID, c gateway.ConversationID, only gateway.UserID) (Pending, error) {
	var p Pending
	var err error
	if p.App, err = loadApp(rd, app); err != nil {
		return p, err
	}
	if p.Conversation, err = LoadConversation(rd, app, c); err != nil {
		return p, err
	}
	people, err := LoadParticipants(rd, app, c)
	if err != nil {
		return p, err
	}
	people = slices.DeleteFunc(people, func(m gateway.Participant) bool {
		return !waits(m, p.Conversation) || only != "" && m.User != only
	})
	if len(people) == 0 {
		return p, nil
	}
	l := &pendingLoader{rd: rd, p: &p, presences: map[gateway.UserID]gateway.Presence{}}
	return p, l.load(people)
}

// waits tells whether messages were posted that nothing was decided about; for
// one who left only those from before.
func waits(m gateway.Participant, c gateway.Conversation) bool {
	if m.Left {
		return m.NotifiedCount < m.LeftCount
	}
	return m.NotifiedCount < c.Count
}

// pendingLoader loads what several participants share once.
type pendingLoader struct {
	rd        store.Reader
	p         *Pending
	messages  []gateway.Message // oldest first
	complete  bool              // messages are all that nothing was decided about
	presences map[gateway.UserID]gateway.Presence
}

func (l *pendingLoader) load(people []gateway.Participant) error {
	least := people[0].NotifiedCount
	for _, m := range people {
		least = min(least, m.NotifiedCount)
	}
	if err := l.loadMessages(least); err != nil {
		return err
	}
	for _, m := range people {
		in, err := l.input(m)
		if err != nil {
			return err
		}
		l.p.Inputs = append(l.p.Inputs, in)
	}
	return nil
}

// loadMessages reads the newest messages numbered above a number. Live messages
// lie in the order of their numbers; imported ones lie anywhere, and tell
// nobody anything.
func (l *pendingLoader) loadMessages(above uint64) error {
	rg := store.Range{Prefix: store.ConversationKey(l.p.App.ID, l.p.Conversation.ID), Reverse: true}
	examined := 0
	l.complete = true
	err := store.Messages.Scan(l.rd, rg, func(_ store.Key, m gateway.Message) (bool, error) {
		examined++
		switch {
		case m.Origin == gateway.OriginImport:
		case m.Number <= above:
			return false, nil
		case len(l.messages) == notify.MaxMessages:
			l.complete = false
			return false, nil
		default:
			l.messages = append(l.messages, m)
		}
		l.complete = examined < maxExamined
		return l.complete, nil
	})
	slices.Reverse(l.messages)
	return err
}

// input gathers what is known of one participant.
func (l *pendingLoader) input(m gateway.Participant) (notify.Input, error) {
	app, conv := &l.p.App, l.p.Conversation
	in := notify.Input{App: app, Conversation: conv, Participant: m, Senders: map[gateway.UserID]gateway.Presence{}}
	var err error
	if in.User, err = LoadUser(l.rd, app.ID, m.User); err != nil {
		return in, err
	}
	if in.Presence, err = l.presence(m.User); err != nil {
		return in, err
	}
	if in.Addresses, err = addresses(l.rd, app.ID, &in.User); err != nil {
		return in, err
	}
	at := slices.IndexFunc(l.messages, func(x gateway.Message) bool { return x.Number > m.NotifiedCount })
	if at >= 0 {
		in.Messages = l.messages[at:]
	}
	if at == 0 && !l.complete {
		in.Earlier = int(l.messages[0].Number - m.NotifiedCount - 1)
		if in.Since, err = l.firstAfter(m); err != nil {
			return in, err
		}
	}
	for _, x := range in.Messages {
		if x.Sender == "" {
			continue
		}
		if in.Senders[x.Sender], err = l.presence(x.Sender); err != nil {
			return in, err
		}
	}
	return in, nil
}

// firstAfter is when the first message was created that nothing was decided
// about.
func (l *pendingLoader) firstAfter(m gateway.Participant) (at time.Time, err error) {
	k := store.ConversationKey(l.p.App.ID, l.p.Conversation.ID)
	rg := store.Range{Prefix: k, From: k.Time(m.NotifiedAt)}
	at = l.messages[0].CreatedAt
	examined := 0
	err = store.Messages.Scan(l.rd, rg, func(_ store.Key, x gateway.Message) (bool, error) {
		examined++
		if x.Origin != gateway.OriginImport && x.Number > m.NotifiedCount {
			at = x.CreatedAt
			return false, nil
		}
		return examined < maxExamined, nil
	})
	return at, err
}

func (l *pendingLoader) presence(u gateway.UserID) (gateway.Presence, error) {
	if p, ok := l.presences[u]; ok {
		return p, nil
	}
	p, _, err := store.Presences.Find(l.rd, store.UserKey(l.p.App.ID, u))
	l.presences[u] = p
	return p, err
}

// addresses are a user's usable addresses with what is kept of them.
func addresses(rd store.Reader, app gateway.AppID, u *gateway.User) ([]notify.Address, error) {
	var out []notify.Address
	for _, a := range u.Addresses() {
		s, _, err := suppression.Find(rd, app, a)
		if err != nil {
			return nil, err
		}
		out = append(out, notify.Address{Address: a, Blocked: s.Reason})
	}
	return out, nil
}
