package notify

import (
	"time"

	"github.com/replygate/replygate/gateway"
)

// Decide answers whether the participant is to be told now.
//
// First it is asked whether there is anything to tell (pointless, in this
// order), and whether mail to the person is switched off or refused by all the
// addresses (refused); then whether it is time; and only then whether the person may and can be mailed
// (forbidden, in this order), so that what changes during the delay, say an
// address that is added, counts. Of several reasons the first is given.
//
// What was forced is told without waiting and whatever the role's policy and
// caps say; but it is not told to those who are not to be mailed.
func Decide(in Input, now time.Time) Decision {
	s := newSituation(in, now)
	if r := first(pointless, s); r != "" {
		return s.skip(r)
	}
	if r := first(refused, s); r != "" {
		return s.skip(r)
	}
	if s.external() && !s.ran() {
		return Decision{Act: Leave}
	}
	if until := s.waitUntil(); until.After(now) {
		if s.external() {
			return Decision{Act: Leave} // the next call will find it due
		}
		return Decision{Act: Wait, Until: until}
	}
	if r := first(forbidden, s); r != "" {
		return s.skip(r)
	}
	return s.send()
}

// Withdraw answers that the person is not told of what waits for them, for a
// reason that arose before its time; if there was nothing to tell, that is the
// reason.
func Withdraw(in Input, why gateway.Reason, now time.Time) Decision {
	s := newSituation(in, now)
	if r := first(pointless, s); r != "" {
		return s.skip(r)
	}
	return s.skip(why)
}

// Preview is a Send whatever the rules say, about what the person missed, or
// else about what others wrote last. News is empty if nobody wrote anything.
func Preview(in Input, now time.Time) Decision {
	s := newSituation(in, now)
	for _, ms := range [][]gateway.Message{s.unseen, s.unread, s.since, s.theirs} {
		if len(s.wanted) == 0 {
			s.wanted = ms
		}
	}
	d := s.send()
	for _, a := range s.Addresses {
		if a.Blocked != "" {
			d.Addresses = append(d.Addresses, a.Address)
		}
	}
	return d
}

// rule gives its reason when it holds.
type rule struct {
	reason gateway.Reason
	holds  func(*situation) bool
}

// pointless: there is nothing (any more) to tell the person.
var pointless = []rule{
	{gateway.ReasonOwnMessage, (*situation).nothingSaid},
	{gateway.ReasonDeleted, func(s *situation) bool { return s.Conversation.Deleted || len(s.Messages) == 0 }},
	{gateway.ReasonOwnMessage, func(s *situation) bool { return len(s.theirs) == 0 }},
	{gateway.ReasonJoinedLater, func(s *situation) bool { return len(s.since) == 0 }},
	{gateway.ReasonRead, func(s *situation) bool { return len(s.unread) == 0 }},
	{gateway.ReasonReturned, func(s *situation) bool { return len(s.unseen) == 0 }},
}

// refused: whoever has unsubscribed, whose mail bounces or is switched off is not
// waited for.
var refused = []rule{
	{gateway.ReasonBot, func(s *situation) bool { return s.User.Kind == gateway.KindBot }},
	{gateway.ReasonDisabled, func(s *situation) bool { return s.App.EmailDisabled || s.role.EmailDisabled }},
	{gateway.ReasonUnsubscribed, func(s *situation) bool { return s.blocked(gateway.ReasonUnsubscribed) }},
	{gateway.ReasonSuppressed, func(s *situation) bool { return s.blocked(gateway.ReasonSuppressed) }},
}

// forbidden: the person is not to be mailed, or cannot be.
var forbidden = []rule{
	{gateway.ReasonNoAccess, func(s *situation) bool { return !s.Participant.MayRead() }},
	{gateway.ReasonConversationMuted, func(s *situation) bool { return s.Conversation.Muted }},
	{gateway.ReasonMuted, func(s *situation) bool { return s.Participant.Notify == gateway.NotifyNone }},
	{gateway.ReasonOtherAgent, (*situation).otherAgent},
	{gateway.ReasonBotAnswered, (*situation).botAnswered},
	{gateway.ReasonNoAgentReply, (*situation).noAgentReply},
	{gateway.ReasonOnline, (*situation).online},
	{gateway.ReasonNoMention, func(s *situation) bool { return len(s.wanted) == 0 }},
	{gateway.ReasonNoAddress, func(s *situation) bool { return len(s.Addresses) == 0 }},
	{gateway.ReasonOncePerAbsence, (*situation).mailedThisAbsence},
	{gateway.ReasonConversationCap, func(s *situation) bool { return s.capped(gateway.ReasonConversationCap) }},
	{gateway.ReasonDailyCap, func(s *situation) bool { return s.capped(gateway.ReasonDailyCap) }},
}

// Restrained tells whether a reason keeps a person from being mailed too often,
// while the messages are still news to them: the next mail shows those too.
func Restrained(r gateway.Reason) bool {
	return r == gateway.ReasonOncePerAbsence || r == gateway.ReasonConversationCap || r == gateway.ReasonDailyCap
}

func first(rules []rule, s *situation) gateway.Reason {
	for _, r := range rules {
		if r.holds(s) {
			return r.reason
		}
	}
	return ""
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
	return Decision{Act: Skip, Reason: r, News: newest(s.theirs), UpTo: s.Conversation.Count, Test: s.Test}
}

func (s *situation) send() Decision {
	d := Decision{Act: Send, News: newest(s.wanted), UpTo: s.Conversation.Count, Test: s.Test}
	d.Messages, d.Earlier = s.shown()
	for _, a := range s.Addresses {
		if a.Blocked == "" {
			d.Addresses = append(d.Addresses, a.Address)
		}
	}
	return d
}

func newest(ms []gateway.Message) []gateway.Message {
	return ms[max(0, len(ms)-gateway.MaxMaxShown):]
}
