package chat

import (
	"slices"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
)

// Pending is what a conversation's due item is about: everybody who has
// messages that nothing was decided about.
type Pending struct {
	App          gateway.App
	Conversation gateway.Conversation
	Inputs       []notify.Input
}

// Bounds of what is read for a decision.
const (
	// maxExamined is how many rows are read for the messages of one; imported
	// ones are passed over and count, those of test keys do not count.
	maxExamined = 2000
	// maxMailings is how many mails of late are counted against the caps.
	maxMailings = 2000
	// maxPreviewed is how many messages a preview tells of when none wait.
	maxPreviewed = 10
)

// LoadPending loads what notify.Decide needs for all participants of a
// conversation, and for the agents a support conversation is routed to; a
// conversation that is gone is NotFound.
func LoadPending(rd store.Reader, app gateway.AppID, c gateway.ConversationID) (Pending, error) {
	l, people, err := openPending(rd, app, c)
	if err != nil {
		return l.p, err
	}
	routed, err := l.routed(people)
	if err != nil {
		return l.p, err
	}
	people = slices.DeleteFunc(people, func(m gateway.Participant) bool {
		return m.Routed || !waitsAtAll(m, l.p.Conversation)
	})
	return l.p, l.load(append(people, routed...))
}

// LoadPendingOf is LoadPending for one participant; Inputs is empty when
// nothing waits for them.
func LoadPendingOf(rd store.Reader, app gateway.AppID, c gateway.ConversationID, u gateway.UserID) (Pending, error) {
	p, err := LoadPending(rd, app, c)
	p.Inputs = slices.DeleteFunc(p.Inputs, func(in notify.Input) bool { return in.User.ID != u })
	return p, err
}

// LoadPreview is what notify.Preview needs for one person: what waits for them,
// else the last messages. Who takes no part is NotFound, but for agents of a
// support conversation.
func LoadPreview(rd store.Reader, app gateway.AppID, c gateway.ConversationID, u gateway.UserID) (Pending, error) {
	l, people, err := openPending(rd, app, c)
	if err != nil {
		return l.p, err
	}
	routed, err := l.routed(people)
	if err != nil {
		return l.p, err
	}
	people = append(people, routed...)
	at := slices.IndexFunc(people, func(m gateway.Participant) bool { return m.User == u && (!m.Left || m.Routed) })
	if at < 0 {
		return l.p, NotFound{What: "participant", ID: string(u)}
	}
	m := people[at]
	l.whatever = true
	if !waits(m, l.p.Conversation) {
		m.NotifiedCount = l.p.Conversation.Count - min(l.p.Conversation.Count, maxPreviewed)
	}
	return l.p, l.load([]gateway.Participant{m})
}

// waits tells whether messages were posted that nothing was decided about; for
// one who left only those from before.
func waits(m gateway.Participant, c gateway.Conversation) bool {
	if m.Left && !m.Routed {
		return m.NotifiedCount < m.LeftCount
	}
	return m.NotifiedCount < c.Count
}

// waitsForTests is waits for test messages; nobody who left is told of them.
func waitsForTests(m gateway.Participant, c gateway.Conversation) bool {
	return (!m.Left || m.Routed) && m.TestCount < c.TestCount
}

// waitsAtAll tells whether something waits to be decided about.
func waitsAtAll(m gateway.Participant, c gateway.Conversation) bool {
	return waits(m, c) || waitsForTests(m, c)
}

// pendingLoader loads what several participants share once.
type pendingLoader struct {
	rd        store.Reader
	p         Pending
	desk      *notify.Desk
	messages  []gateway.Message // those of people and the system, oldest first
	complete  bool              // messages are all that anybody is to be shown
	tests     []gateway.Message // those of test keys, apart
	whatever  bool              // test messages are among the others: nothing of this is sent
	whole     []gateway.Message // the end of the conversation, imported ones too
	more      bool              // there are messages before whole
	users     map[gateway.UserID]gateway.User
	presences map[gateway.UserID]gateway.Presence
}

// openPending loads the conversation and everybody who takes or took part.
func openPending(rd store.Reader, app gateway.AppID, c gateway.ConversationID) (*pendingLoader, []gateway.Participant, error) {
	l := &pendingLoader{rd: rd, users: map[gateway.UserID]gateway.User{}, presences: map[gateway.UserID]gateway.Presence{}}
	var err error
	if l.p.App, err = loadApp(rd, app); err != nil {
		return l, nil, err
	}
	if l.p.Conversation, err = LoadConversation(rd, app, c); err != nil {
		return l, nil, err
	}
	people, err := LoadParticipants(rd, app, c)
	return l, people, err
}

// load gathers the inputs of people.
func (l *pendingLoader) load(people []gateway.Participant) error {
	if len(people) == 0 {
		return nil
	}
	least, whole, tested := people[0].NotifiedCount, false, l.p.Conversation.TestCount
	for _, m := range people {
		tested = min(tested, m.TestCount)
		above, all, err := l.reach(m)
		if err != nil {
			return err
		}
		least, whole = min(least, above), whole || all
	}
	if err := l.loadMessages(least); err != nil {
		return err
	}
	if whole {
		if err := l.loadWhole(); err != nil {
			return err
		}
	}
	if err := l.loadTests(tested); err != nil {
		return err
	}
	if err := l.knowSenders(); err != nil {
		return err
	}
	for _, m := range people {
		if err := l.ask(m); err != nil {
			return err
		}
	}
	return nil
}

// ask adds the inputs about a participant: of what test keys posted, and of all else.
func (l *pendingLoader) ask(m gateway.Participant) error {
	in, err := l.input(m)
	if err != nil {
		return err
	}
	if l.whatever || waits(m, l.p.Conversation) {
		l.p.Inputs = append(l.p.Inputs, in)
	}
	if l.whatever || !waitsForTests(m, l.p.Conversation) {
		return nil
	}
	if in, err = l.testInput(in); err == nil {
		l.p.Inputs = append(l.p.Inputs, in)
	}
	return err
}

// reach is the number above which messages may be shown to a participant, and
// whether it is the whole conversation.
func (l *pendingLoader) reach(m gateway.Participant) (above uint64, whole bool, err error) {
	u, err := l.user(m.User)
	if err != nil {
		return 0, false, err
	}
	switch role := l.p.App.Role(u.Role); role.ShownContext() {
	case gateway.ContextWhole:
		return m.NotifiedCount, true, nil
	case gateway.ContextSinceLastMail:
		return min(m.NotifiedCount, m.MailedCount), false, nil
	}
	if m.Owed > 0 {
		return min(m.NotifiedCount, m.Owed-1), false, nil
	}
	return m.NotifiedCount, false, nil
}

// input gathers what is known of one participant.
func (l *pendingLoader) input(m gateway.Participant) (notify.Input, error) {
	app, conv := &l.p.App, l.p.Conversation
	in := notify.Input{App: app, Conversation: conv, Participant: m, Desk: l.desk, Senders: map[gateway.UserID]gateway.Presence{}}
	var err error
	if in.User, err = l.user(m.User); err != nil {
		return in, err
	}
	if in.Presence, err = l.presence(m.User); err != nil {
		return in, err
	}
	if in.Addresses, err = addresses(l.rd, app.ID, &in.User); err != nil {
		return in, err
	}
	if in.Mailed, err = mailings(l.rd, app.ID, m.User, app.Role(in.User.Role)); err != nil {
		return in, err
	}
	in.Messages, in.Earlier = l.above(m.NotifiedCount)
	if in.Earlier > 0 {
		if in.Since, err = l.firstAfter(m); err != nil {
			return in, err
		}
	}
	if in.History, in.HistoryEarlier, err = l.history(m); err != nil {
		return in, err
	}
	return in, l.knowPresences(&in)
}
