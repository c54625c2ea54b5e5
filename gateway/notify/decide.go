package notify

import (
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
)

// Decide answers whether the participant is to be told now.
//
// First it is asked whether there is anything to tell (pointless, in this
// order); if so, whether it is time; and only then whether the person may and
// can be mailed (forbidden, in this order), so that what changes during the
// delay, say an address that is added, counts. Of several reasons the first is
// given.
func Decide(in Input, now time.Time) Decision {
	s := newSituation(in, now)
	if r := first(pointless, s); r != "" {
		return s.skip(r)
	}
	if until := s.waitUntil(); until.After(now) {
		return Decision{Act: Wait, Until: until}
	}
	if r := first(forbidden, s); r != "" {
		return s.skip(r)
	}
	return s.send()
}

// rule gives its reason when it holds.
type rule struct {
	reason gateway.Reason
	holds  func(*situation) bool
}

// pointless: there is nothing (any more) to tell the person.
var pointless = []rule{
	{gateway.ReasonDeleted, func(s *situation) bool { return s.Conversation.Deleted || len(s.Messages) == 0 }},
	{gateway.ReasonOwnMessage, func(s *situation) bool { return len(s.theirs) == 0 }},
	{gateway.ReasonJoinedLater, func(s *situation) bool { return len(s.since) == 0 }},
	{gateway.ReasonRead, func(s *situation) bool { return len(s.unread) == 0 }},
	{gateway.ReasonReturned, func(s *situation) bool { return len(s.unseen) == 0 }},
}

// forbidden: the person is not to be mailed, or cannot be.
var forbidden = []rule{
	{gateway.ReasonBot, func(s *situation) bool { return s.User.Kind == gateway.KindBot }},
	{gateway.ReasonNoAccess, func(s *situation) bool { return !s.Participant.MayRead() }},
	{gateway.ReasonDisabled, func(s *situation) bool { return s.role.EmailDisabled }},
	{gateway.ReasonMuted, func(s *situation) bool { return s.Participant.Notify == gateway.NotifyNone }},
	{gateway.ReasonNoMention, func(s *situation) bool { return len(s.wanted) == 0 }},
	{gateway.ReasonNoAddress, func(s *situation) bool { return len(s.Addresses) == 0 }},
	{gateway.ReasonUnsubscribed, func(s *situation) bool { return s.blocked(gateway.ReasonUnsubscribed) }},
	{gateway.ReasonSuppressed, func(s *situation) bool { return s.blocked(gateway.ReasonSuppressed) }},
}

func first(rules []rule, s *situation) gateway.Reason {
	for _, r := range rules {
		if r.holds(s) {
			return r.reason
		}
	}
	return ""
}

// situation is an Input with what follows from it. Its message lists grow
// narrower from theirs to wanted.
type situation struct {
	Input
	now  time.Time
	role gateway.Role

	theirs []gateway.Message // written by other people
	since  []gateway.Message // … after the person joined
	unread []gateway.Message // … and not marked read
	unseen []gateway.Message // … nor on the person's screen
	wanted []gateway.Message // … and asked for (mentions)
}

func newSituation(in Input, now time.Time) *situation {
	s := &situation{Input: in, now: now, role: in.App.Role(in.User.Role)}
	looked := lookedAt(in.Presence, in.Conversation.ID, now)
	s.theirs = keep(in.Messages, func(m gateway.Message) bool {
		return m.Type == gateway.UserMessage && m.Sender != in.User.ID && m.Origin != gateway.OriginImport
	})
	s.since = keep(s.theirs, func(m gateway.Message) bool { return !m.CreatedAt.Before(in.Participant.JoinedAt) })
	s.unread = keep(s.since, func(m gateway.Message) bool {
		return m.Number > in.Participant.ReadCount && !slices.Contains(m.ReadBy, in.User.ID)
	})
	s.unseen = keep(s.unread, func(m gateway.Message) bool { return m.CreatedAt.After(looked) })
	s.wanted = keep(s.unseen, func(m gateway.Message) bool {
		return in.Participant.Notify != gateway.NotifyMentions || slices.Contains(gateway.Mentions(m.Text), in.User.ID)
	})
	return s
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

// lookedAt is the last moment the person had the conversation in front of them;
// a session that ended by itself counts until it ended.
func lookedAt(p gateway.Presence, c gateway.ConversationID, now time.Time) time.Time {
	looked := p.Looked[c]
	if !p.Online || !p.HasFocus || p.SelectedConversation != c {
		return looked
	}
	end := now
	if !p.ExpiresAt.IsZero() && p.ExpiresAt.Before(now) {
		end = p.ExpiresAt
	}
	if end.After(looked) {
		return end
	}
	return looked
}

// waitUntil is when the person is to be told: the delay after the last message,
// later while its writers type, but never more than MaxDefer after the delay of
// the first. What was forced does not wait.
func (s *situation) waitUntil() time.Time {
	oldest, newest := s.unseen[0], s.unseen[len(s.unseen)-1]
	if oldest.Number <= s.Conversation.Forced {
		return s.now
	}
	begin := oldest.CreatedAt
	if s.Earlier > 0 && s.Since.Before(begin) {
		begin = s.Since
	}
	delay := s.role.WaitsFor()
	latest := begin.Add(delay + MaxDefer)
	due := newest.CreatedAt.Add(delay)
	if !due.After(s.now) && s.typing() {
		due = s.now.Add(TypingPause)
	}
	if due.After(latest) {
		return latest
	}
	return due
}

// typing tells whether somebody who wrote is writing on.
func (s *situation) typing() bool {
	for _, m := range s.unseen {
		if s.Senders[m.Sender].TypingIn(s.Conversation.ID, s.now) {
			return true
		}
	}
	return false
}

// blocked tells whether no address may be mailed and this is the reason: a
// person's own unsubscribing is named before a bounce of another address.
func (s *situation) blocked(r gateway.Reason) bool {
	found := false
	for _, a := range s.Addresses {
		if a.Blocked == "" {
			return false
		}
		found = found || a.Blocked == r
	}
	return found
}

func (s *situation) skip(r gateway.Reason) Decision {
	d := s.about(s.theirs)
	d.Act, d.Reason = Skip, r
	return d
}

func (s *situation) send() Decision {
	d := s.about(s.wanted)
	d.Act = Send
	for _, a := range s.Addresses {
		if a.Blocked == "" {
			d.Addresses = append(d.Addresses, a.Address)
		}
	}
	return d
}

// about names the newest messages, and counts those before them.
func (s *situation) about(ms []gateway.Message) Decision {
	hidden := max(0, len(ms)-MaxShown)
	return Decision{Messages: ms[hidden:], Earlier: s.Earlier + hidden, UpTo: s.Conversation.Count}
}
