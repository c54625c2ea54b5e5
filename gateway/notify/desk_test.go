package notify_test

import (
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
)

// desk is the plain support case: a visitor wrote, nobody handles it, and one of
// the app's agents, who takes no part, is looked at.
func desk(agent gateway.UserID) func() notify.Input {
	return func() notify.Input {
		in := basic()
		in.Messages[0].Sender = "visitor"
		in.Desk = &notify.Desk{Kinds: map[gateway.UserID]gateway.Kind{
			"visitor": gateway.KindUser, "bot": gateway.KindBot, "a1": gateway.KindAgent, "a2": gateway.KindAgent,
		}}
		in.User = gateway.User{ID: agent, Kind: in.Desk.Kinds[agent]}
		in.Participant = gateway.Participant{Conversation: "c", User: agent, Access: gateway.ReadWrite, Notify: gateway.NotifyAll}
		return in
	}
}

// visitor is the other side of it: an agent answered.
func visitor() notify.Input {
	in := desk("visitor")()
	in.Messages[0].Sender = "a1"
	in.Desk.Handler = "a1"
	return in
}

var online = gateway.Presence{Online: true, HasFocus: true, SelectedConversation: "other"}

// say adds a message to the case.
func say(in *notify.Input, sender gateway.UserID) *gateway.Message {
	n := uint64(len(in.Messages) + 1)
	in.Messages = append(in.Messages, message(n, sender, time.Duration(n)*time.Second))
	in.Conversation.Count = n
	return &in.Messages[n-1]
}

// TestRouting: a test per sentence about who of a support team is told.
func TestRouting(t *testing.T) {
	now := t0.Add(time.Hour)
	hold(t, desk("a1"), []decision{
		{"first message: the department's agents",
			func(in *notify.Input) { in.Desk.Team = []gateway.UserID{"a1"} }, now, "send"},
		{"… online or not",
			func(in *notify.Input) { in.Desk.Team, in.Presence = []gateway.UserID{"a1"}, online }, now, "send"},
		{"… and no others",
			func(in *notify.Input) { in.Desk.Team = []gateway.UserID{"a2"} }, now, "skip other_agent"},
		{"first message: the assigned agent",
			func(in *notify.Input) { in.Desk.Assignee = "a1" }, now, "send"},
		{"… online or not",
			func(in *notify.Input) { in.Desk.Assignee, in.Presence = "a1", online }, now, "send"},
		{"… and no others",
			func(in *notify.Input) { in.Desk.Assignee = "a2" }, now, "skip other_agent"},
		{"… who stands above the department",
			func(in *notify.Input) { in.Desk.Assignee, in.Desk.Team = "a2", []gateway.UserID{"a1", "a2"} }, now, "skip other_agent"},
		{"… but not one who has it on screen",
			func(in *notify.Input) {
				in.Desk.Assignee = "a1"
				in.Presence = looking(t0.Add(-time.Hour), now.Add(time.Hour))
			}, now, "skip returned"},
		{"else: all offline agents",
			func(*notify.Input) {}, now, "send"},
		{"… and none who is online",
			func(in *notify.Input) { in.Presence = online }, now, "skip online"},
		{"later: the last agent who handled it",
			func(in *notify.Input) { in.Desk.Handler = "a1" }, now, "send"},
		{"… only",
			func(in *notify.Input) { in.Desk.Handler = "a2" }, now, "skip other_agent"},
		{"… also of a department, and whoever it is assigned to",
			func(in *notify.Input) {
				in.Desk.Handler, in.Desk.Assignee, in.Desk.Team = "a2", "a1", []gateway.UserID{"a1"}
			}, now, "skip other_agent"},
		{"… if offline",
			func(in *notify.Input) { in.Desk.Handler, in.Presence = "a1", online }, now, "skip online"},
		{"agents are not told of each other",
			func(in *notify.Input) { in.Messages[0].Sender = "a2" }, now, "skip own_message"},
		{"nor of what a bot says by itself",
			func(in *notify.Input) { in.Messages[0].Sender = "bot" }, now, "skip own_message"},
		{"a bot that answered suppresses",
			func(in *notify.Input) { say(in, "bot") }, now, "skip bot_answered"},
		{"… unless it is marked answered: false",
			func(in *notify.Input) { say(in, "bot").Unanswered = true }, now, "send"},
		{"… or a human took over",
			func(in *notify.Input) { say(in, "bot"); in.Conversation.HumanTakeover = true }, now, "send"},
		{"… and what is asked after its answer is told",
			func(in *notify.Input) { say(in, "bot"); say(in, "visitor") }, now, "send"},
		{"a bot in a conversation that is no support's does not suppress",
			func(in *notify.Input) { say(in, "bot"); in.Desk = nil }, now, "send"},
	})
	hold(t, visitor, []decision{
		{"users when an agent replied",
			func(*notify.Input) {}, now, "send"},
		{"… and they are offline",
			func(in *notify.Input) { in.Presence = online }, now, "skip online"},
		{"… only: not of what a bot answers",
			func(in *notify.Input) { in.Messages[0].Sender = "bot" }, now, "skip no_agent_reply"},
		{"… nor of other users",
			func(in *notify.Input) { in.Messages[0].Sender = "friend" }, now, "skip no_agent_reply"},
		{"whoever is in the department is an agent",
			func(in *notify.Input) { in.Messages[0].Sender, in.Desk.Team = "friend", []gateway.UserID{"friend"} }, now, "send"},
		{"forced: online or not",
			func(in *notify.Input) { in.Presence, in.Conversation.Forced = online, 1 }, now, "send"},
	})
}

// TestRoutedNewsIsUnanswered: the mail is about what no bot has answered.
func TestRoutedNewsIsUnanswered(t *testing.T) {
	in := desk("a1")()
	say(&in, "bot")
	say(&in, "visitor")
	d := notify.Decide(in, t0.Add(time.Hour))
	if d.Act != notify.Send || len(d.News) != 1 || d.News[0].Number != 3 {
		t.Errorf("%s about %d messages", told(d), len(d.News))
	}
}
