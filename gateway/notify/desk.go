package notify

import (
	"slices"

	"github.com/replygate/replygate/gateway"
)

// Desk is what a support team's conversation is routed by. The methods take a
// nil Desk, which routes nothing.
type Desk struct {
	// Handler is the agent who wrote last since the conversation was assigned,
	// Assignee whom it is assigned to; empty: nobody.
	Handler, Assignee gateway.UserID
	// Team are the agents of the conversation's department, if it has one.
	Team []gateway.UserID
	// Kinds tells who everybody is that takes part or wrote; those of Team and
	// the Assignee are agents whatever else they are.
	Kinds map[gateway.UserID]gateway.Kind
}

// Agents are whom a user's message goes to, and whether only to those of them
// who are offline. An agent who handles the conversation is the only one; else
// it goes to the agent it is assigned to, else to the department's, else (all)
// to every agent there is.
func (d *Desk) Agents() (who []gateway.UserID, all, offline bool) {
	switch {
	case d.Handler != "":
		return []gateway.UserID{d.Handler}, false, true
	case d.Assignee != "":
		return []gateway.UserID{d.Assignee}, false, false
	case len(d.Team) > 0:
		return d.Team, false, false
	}
	return nil, true, true
}

// kind tells users, agents and bots apart.
func (d *Desk) kind(u gateway.UserID) gateway.Kind {
	if u == d.Assignee || slices.Contains(d.Team, u) {
		return gateway.KindAgent
	}
	if k := d.Kinds[u]; k != "" {
		return k
	}
	return gateway.KindUser
}

// concerns tells whether a message is anything to a person at all: agents are
// told of what users write.
func (d *Desk) concerns(u gateway.UserID, m gateway.Message) bool {
	return d == nil || d.kind(u) != gateway.KindAgent || d.kind(m.Sender) == gateway.KindUser
}

// wants tells whether a person is mailed about a message that concerns them:
// agents about what no bot has answered, users about what agents write.
func (d *Desk) wants(s *situation, m gateway.Message) bool {
	switch {
	case d == nil:
		return true
	case d.kind(s.User.ID) == gateway.KindAgent:
		return !s.answered(m)
	}
	return d.kind(m.Sender) == gateway.KindAgent
}

// answered tells whether a bot answered a message and nobody took over from it.
func (s *situation) answered(m gateway.Message) bool {
	if s.Conversation.HumanTakeover {
		return false
	}
	past := s.History
	if past == nil {
		past = s.Messages
	}
	return slices.ContainsFunc(past, func(a gateway.Message) bool {
		return a.Number > m.Number && !a.Unanswered && a.Type == gateway.UserMessage && s.Desk.kind(a.Sender) == gateway.KindBot
	})
}

// isAgent tells whether the person is an agent of a support conversation.
func (s *situation) isAgent() bool {
	return s.Desk != nil && s.Desk.kind(s.User.ID) == gateway.KindAgent
}

// isClient tells whether the person is a user of a support conversation.
func (s *situation) isClient() bool { return s.Desk != nil && !s.isAgent() }

// otherAgent tells whether a message goes to other agents than this one.
func (s *situation) otherAgent() bool {
	if !s.isAgent() {
		return false
	}
	who, all, _ := s.Desk.Agents()
	return !all && !slices.Contains(who, s.User.ID)
}

func (s *situation) botAnswered() bool {
	return s.isAgent() && !slices.ContainsFunc(s.unseen, func(m gateway.Message) bool { return !s.answered(m) })
}

func (s *situation) noAgentReply() bool {
	return s.isClient() && !slices.ContainsFunc(s.unseen, func(m gateway.Message) bool {
		return s.Desk.kind(m.Sender) == gateway.KindAgent
	})
}

// online tells whether support does not mail the person for being online. What
// was forced is mailed all the same.
func (s *situation) online() bool {
	if s.Desk == nil || s.forced() || !s.Presence.OnlineAt(s.now) {
		return false
	}
	if !s.isAgent() {
		return true
	}
	_, _, offline := s.Desk.Agents()
	return offline
}
