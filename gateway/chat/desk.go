package chat

import (
	"slices"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
)

// MaxRouted bounds the agents who are told of one conversation.
const MaxRouted = 300

// A support conversation is one with a department or an assignee; and in an app
// that has agents, one in which a single user takes part, with agents, bots or
// nobody. All others are people's own, and every participant is told.

// routed finds out whether the conversation is a support team's, and returns
// the agents it goes to who take no part in it.
func (l *pendingLoader) routed(people []gateway.Participant) ([]gateway.Participant, error) {
	support, err := l.isSupport(people)
	if err != nil || !support {
		return nil, err
	}
	if err := l.openDesk(people); err != nil {
		return nil, err
	}
	who, all, _ := l.desk.Agents()
	if all {
		if who, err = l.everyAgent(people); err != nil {
			return nil, err
		}
	}
	var out []gateway.Participant
	for _, id := range who {
		if m, ok := l.outsider(people, id); ok && waitsAtAll(m, l.p.Conversation) {
			out = append(out, m)
		}
	}
	return out[:min(len(out), MaxRouted)], nil
}

func (l *pendingLoader) isSupport(people []gateway.Participant) (bool, error) {
	if c := &l.p.Conversation; c.Department != "" || c.Assignee != "" {
		return true, nil
	}
	if any, err := hasAgents(l.rd, l.p.App.ID); err != nil || !any {
		return false, err
	}
	clients := 0
	for _, m := range people {
		if m.Called {
			return false, nil // the backend says who is told
		}
		if m.Left {
			continue
		}
		u, err := l.user(m.User)
		if err != nil {
			return false, err
		}
		if u.Kind != gateway.KindAgent && u.Kind != gateway.KindBot {
			clients++
		}
		if clients > 1 {
			return false, nil
		}
	}
	return clients == 1, nil
}

// openDesk loads what the conversation is routed by. A handler who may not read
// it any more does not handle it.
func (l *pendingLoader) openDesk(people []gateway.Participant) error {
	c := &l.p.Conversation
	l.desk = &notify.Desk{Assignee: c.Assignee, Kinds: map[gateway.UserID]gateway.Kind{}}
	if c.Department != "" {
		d, _, err := store.Departments.Find(l.rd, store.AppKey(l.p.App.ID).String(string(c.Department)))
		if err != nil {
			return err
		}
		l.desk.Team = d.Agents
	}
	for _, m := range people {
		if m.User == c.Handler && m.MayRead() {
			l.desk.Handler = c.Handler
		}
		if err := l.know(m.User); err != nil {
			return err
		}
	}
	return nil
}

// know notes who somebody is.
func (l *pendingLoader) know(id gateway.UserID) error {
	u, err := l.user(id)
	if err == nil {
		l.desk.Kinds[id] = u.Kind
	}
	return err
}

// knowSenders notes who wrote, for those may take part no more.
func (l *pendingLoader) knowSenders() error {
	if l.desk == nil {
		return nil
	}
	for _, m := range slices.Concat(l.messages, l.tests) {
		if m.Sender == "" {
			continue
		}
		if err := l.know(m.Sender); err != nil {
			return err
		}
	}
	return nil
}

// everyAgent lists the app's agents, unless some take part: then those are the
// conversation's.
func (l *pendingLoader) everyAgent(people []gateway.Participant) ([]gateway.UserID, error) {
	for _, m := range people {
		if !m.Left && l.desk.Kinds[m.User] == gateway.KindAgent {
			return nil, nil
		}
	}
	var out []gateway.UserID
	rg := store.Range{Prefix: store.AppKey(l.p.App.ID)}
	err := store.Agents.Scan(l.rd, rg, func(_ store.Key, a store.Agent) (bool, error) {
		out = append(out, a.User)
		return len(out) < MaxRouted, nil
	})
	return out, err
}

// outsider is the place in the conversation of an agent who takes no part; ok
// is false for one who takes part, or did and left.
func (l *pendingLoader) outsider(people []gateway.Participant, id gateway.UserID) (m gateway.Participant, ok bool) {
	if at := slices.IndexFunc(people, func(m gateway.Participant) bool { return m.User == id }); at >= 0 {
		return people[at], people[at].Routed
	}
	l.desk.Kinds[id] = gateway.KindAgent
	return outsider(l.p.Conversation, id), true
}

// outsider is an agent who takes no part and was told of nothing yet. What an
// agent has answered is no news.
func outsider(c gateway.Conversation, id gateway.UserID) gateway.Participant {
	return gateway.Participant{
		Conversation: c.ID, User: id, Access: gateway.ReadWrite, Notify: gateway.NotifyAll,
		Left: true, Routed: true, NotifiedCount: c.HandledCount, TestCount: c.HandledCount,
	}
}

// route gives an agent who takes no part a place in the conversation.
func (r *room) route(u gateway.UserID) error {
	r.people = append(r.people, outsider(r.conv, u))
	return r.putPerson(&r.people[len(r.people)-1])
}

func hasAgents(rd store.Reader, app gateway.AppID) (any bool, err error) {
	err = store.Agents.Scan(rd, store.Range{Prefix: store.AppKey(app)}, func(store.Key, store.Agent) (bool, error) {
		any = true
		return false, nil
	})
	return any, err
}

// handled notes that an agent wrote: the conversation is theirs now.
func (r *room) handled(m gateway.Message) error {
	u, err := r.user(m.Sender)
	if err != nil {
		return err
	}
	agent := u.Kind == gateway.KindAgent || m.Sender == r.conv.Assignee
	if !agent && r.conv.Department != "" && u.Kind != gateway.KindBot {
		d, _, err := store.Departments.Find(r.tx, store.AppKey(r.app.ID).String(string(r.conv.Department)))
		if err != nil {
			return err
		}
		agent = slices.Contains(d.Agents, m.Sender)
	}
	if agent {
		r.conv.Handler, r.conv.HandledCount = m.Sender, m.Number
	}
	return nil
}

// answerOutside makes an agent who replies by mail to a conversation nobody
// handles its participant and assignee. Later ones post all the same.
func (r *room) answerOutside(p *gateway.Participant) error {
	if !p.Routed || r.conv.Handler != "" && r.conv.Assignee != p.User {
		return nil
	}
	if r.conv.Assignee == "" {
		r.conv.Assignee = p.User
	}
	return r.join(p.User, gateway.ReadWrite, gateway.NotifyAll)
}
