package notify

import (
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
)

// situation is an Input with what follows from it. Its message lists grow
// narrower from theirs to wanted.
type situation struct {
	Input
	now    time.Time
	role   gateway.Role
	looked time.Time

	theirs []gateway.Message // written by other people
	since  []gateway.Message // … after the person joined
	unread []gateway.Message // … and not marked read
	unseen []gateway.Message // … nor on the person's screen
	wanted []gateway.Message // … and asked for (mentions; what support tells)
}

func newSituation(in Input, now time.Time) *situation {
	s := &situation{Input: in, now: now, role: in.App.Role(in.User.Role)}
	s.looked = LookedAt(in.Presence, in.Conversation.ID, now)
	s.theirs = keep(in.Messages, s.isTheirs)
	s.since = keep(s.theirs, s.isSince)
	s.unread = keep(s.since, s.isUnread)
	s.unseen = keep(s.unread, s.isUnseen)
	s.wanted = keep(s.unseen, s.isWanted)
	return s
}

func (s *situation) isTheirs(m gateway.Message) bool {
	return m.Type == gateway.UserMessage && m.Sender != s.User.ID && m.Origin != gateway.OriginImport &&
		s.isFor(m) && s.Desk.concerns(s.User.ID, m)
}

// nothingSaid tells whether nothing was posted since the last decision, and
// something imported, or posted with a test key.
func (s *situation) nothingSaid() bool {
	return len(s.Messages) == 0 && max(s.Conversation.ImportedUpTo, s.Conversation.TestCount) > s.Participant.NotifiedCount
}

// isFor tells whether a message is for the person: what names nobody is for
// everybody but those who are told by single calls only.
func (s *situation) isFor(m gateway.Message) bool {
	if m.For == "" {
		return !s.Participant.Called
	}
	return m.For == s.User.ID
}

func (s *situation) isSince(m gateway.Message) bool {
	return !m.CreatedAt.Before(s.Participant.JoinedAt)
}

func (s *situation) isUnread(m gateway.Message) bool {
	return m.Number > s.Participant.ReadCount && !slices.Contains(m.ReadBy, s.User.ID)
}

func (s *situation) isUnseen(m gateway.Message) bool { return m.CreatedAt.After(s.looked) }

func (s *situation) isWanted(m gateway.Message) bool {
	if s.Participant.Notify == gateway.NotifyMentions && !slices.Contains(gateway.Mentions(m.Text), s.User.ID) {
		return false
	}
	return s.Desk.wants(s, m)
}

// isMissed tells whether a mail tells of a message, also of one that was passed
// over by an earlier decision.
func (s *situation) isMissed(m gateway.Message) bool {
	return s.isTheirs(m) && s.isSince(m) && s.isUnread(m) && s.isUnseen(m) && s.isWanted(m)
}

func keep(ms []gateway.Message, want func(gateway.Message) bool) []gateway.Message {
	var out []gateway.Message
	for _, m := range ms {
		if want(m) {
			out = append(out, m)
		}
	}
	return out
}

// LookedAt is the last moment the person had the conversation in front of them;
// a session that ended by itself counts until it ended.
func LookedAt(p gateway.Presence, c gateway.ConversationID, now time.Time) time.Time {
	looked := p.Looked[c]
	if looked.After(now.Add(ClockSlack)) {
		looked = time.Time{}
	}
	if !p.Online || !p.HasFocus || p.SelectedConversation != c {
		return looked
	}
	end := now
	switch {
	case p.ExpiresAt.Sub(now) > gateway.MaxSession:
		return looked // begun by a clock that was set back
	case !p.ExpiresAt.IsZero() && p.ExpiresAt.Before(now):
		end = p.ExpiresAt
	}
	if end.After(looked) {
		return end
	}
	return looked
}

// shown is what the mail shows by the role's context, and how many messages
// before it are not shown. It always shows some of the news: what was said after
// the last of them beyond what a mail has room for is left out.
func (s *situation) shown() ([]gateway.Message, int) {
	past, earlier := s.History, s.HistoryEarlier
	if past == nil {
		past, earlier = s.Messages, s.Earlier
	}
	past = keep(past, func(m gateway.Message) bool { return m.For == "" || m.For == s.User.ID })
	if s.role.ShownContext() == gateway.ContextMissed {
		past = s.missed(past)
	}
	last := slices.IndexFunc(past, s.isNewest)
	switch {
	case last < 0:
		return s.bounded(s.wanted, earlier)
	case last < len(past)-s.role.Shows():
		past = past[:last+1]
	}
	return s.bounded(past, earlier)
}

// isNewest tells whether a message is the last of the news.
func (s *situation) isNewest(m gateway.Message) bool {
	return len(s.wanted) > 0 && m.ID == s.wanted[len(s.wanted)-1].ID
}

// missed are the messages the person did not see; what the system said between
// them is shown as context.
func (s *situation) missed(past []gateway.Message) []gateway.Message {
	begun := false
	return keep(past, func(m gateway.Message) bool {
		news := s.isMissed(m)
		begun = begun || news
		return news || begun && m.Type == gateway.SystemMessage
	})
}

// bounded keeps the newest messages that a mail has room for and counts people's
// messages before them.
func (s *situation) bounded(ms []gateway.Message, earlier int) ([]gateway.Message, int) {
	hidden := max(0, len(ms)-s.role.Shows())
	for _, m := range ms[:hidden] {
		if m.Type == gateway.UserMessage {
			earlier++
		}
	}
	return ms[hidden:], earlier
}
