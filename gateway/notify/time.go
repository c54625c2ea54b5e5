package notify

import (
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
)

// external tells whether a call from outside must start the mail.
func (s *situation) external() bool {
	return s.role.Schedule == gateway.ScheduleExternal && !s.forced()
}

// ran tells whether such a call has given something of this free.
func (s *situation) ran() bool { return s.unseen[0].Number <= s.Conversation.Ran }

// forced tells whether something of this is to be told without waiting.
func (s *situation) forced() bool {
	return s.unseen[0].Number <= s.Conversation.Forced ||
		slices.ContainsFunc(s.unseen, func(m gateway.Message) bool { return m.For != "" })
}

// waitUntil is when the person is to be told: when the delay is over, and after
// it no sooner than the interval to the last mail and the quiet hours allow.
func (s *situation) waitUntil() time.Time {
	if s.forced() {
		return s.now
	}
	if due := s.due(); due.After(s.now) {
		return due
	}
	return s.quietUntil(s.intervalUntil())
}

// due is when the delay is over.
func (s *situation) due() time.Time {
	oldest, newest := s.unseen[0], s.unseen[len(s.unseen)-1]
	if newest.CreatedAt.After(s.now.Add(ClockSlack)) {
		return s.now
	}
	begin := oldest.CreatedAt
	if s.Earlier > 0 && s.Since.Before(begin) {
		begin = s.Since
	}
	if s.role.DelayFrom == gateway.DelayFromOffline {
		return s.dueSinceAway(begin, newest.CreatedAt)
	}
	return s.dueSinceMessage(begin, newest.CreatedAt)
}

// dueSinceMessage is the delay after the last message, later while its writers
// type, but never more than the role's MaxDefer after the delay of the first.
func (s *situation) dueSinceMessage(begin, last time.Time) time.Time {
	delay := s.role.WaitsFor()
	latest := begin.Add(delay + s.role.Defers())
	due := last.Add(delay)
	if !due.After(s.now) && s.typing() {
		due = s.now.Add(TypingPause)
	}
	if due.After(latest) {
		return latest
	}
	return due
}

// dueSinceAway is the delay after the person went away: past, and so now, for
// one who has been away that long. For one who is attentive elsewhere it counts
// from the last message. Coming and going puts it off by no more than one delay.
func (s *situation) dueSinceAway(begin, last time.Time) time.Time {
	delay := s.role.WaitsFor()
	due := last.Add(delay)
	if !s.Presence.AttentiveAt(s.now) {
		due = s.Presence.AwaySince(s.now).Add(delay)
	}
	if latest := begin.Add(2 * delay); due.After(latest) {
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

// intervalUntil is when the interval since the last mail about the conversation
// is over, at least now.
func (s *situation) intervalUntil() time.Time {
	last := s.Participant.LastMailAt
	if until := last.Add(s.role.MinInterval); !last.IsZero() && s.believed(last) && until.After(s.now) {
		return until
	}
	return s.now
}

// quietUntil is when the quiet hours around t are over, t itself if there are
// none.
func (s *situation) quietUntil(t time.Time) time.Time {
	q := s.User.QuietHours
	if q == nil {
		q = s.role.QuietHours
	}
	if q == nil {
		return t
	}
	return q.EndOf(t, s.User.Zone(q.TimeZone))
}

// believed tells whether a time of the past is one: not if the clock was set
// back since.
func (s *situation) believed(t time.Time) bool { return !t.After(s.now.Add(ClockSlack)) }

// mailedThisAbsence tells whether the role mails once per absence and has done
// so: since then the person was neither online, nor read it, nor replied.
func (s *situation) mailedThisAbsence() bool {
	p := &s.Participant
	if s.role.Policy != gateway.PolicyOncePerAbsence || s.forced() || p.LastMailAt.IsZero() || !s.believed(p.LastMailAt) {
		return false
	}
	back := s.Presence.OnlineAt(s.now) || s.Presence.LastOnlineAt.After(p.LastMailAt) ||
		!p.RepliedAt.Before(p.LastMailAt) || p.MailedCount > 0 && p.ReadCount >= p.MailedCount
	return !back
}

// Capped tells which cap of a role the mails of late have reached, if any, for
// one more about conversation c.
func Capped(role gateway.Role, mailed []Mailed, c gateway.ConversationID, now time.Time) gateway.Reason {
	day, here := 0, 0
	for _, m := range mailed {
		if !m.At.After(now.Add(-CapWindow)) || m.At.After(now.Add(ClockSlack)) {
			continue
		}
		if day++; m.Conversation == c {
			here++
		}
	}
	switch {
	case role.ConversationCap > 0 && here >= role.ConversationCap:
		return gateway.ReasonConversationCap
	case role.DailyCap > 0 && day >= role.DailyCap:
		return gateway.ReasonDailyCap
	}
	return ""
}

// capped tells whether a cap stands against the mail, and is this one.
func (s *situation) capped(r gateway.Reason) bool {
	return !s.forced() && Capped(s.role, s.Mailed, s.Conversation.ID, s.now) == r
}
