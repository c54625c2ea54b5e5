package notify_test

import (
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
)

// TestOncePerAbsence: one mail until the person is back, or replies.
func TestOncePerAbsence(t *testing.T) {
	now := t0.Add(delay)
	mailed := t0.Add(-time.Hour)
	base := func() notify.Input {
		in := basic()
		in.Messages[0].Number, in.Conversation.Count = 5, 5
		in.Participant.LastMailAt, in.Participant.MailedCount, in.Participant.NotifiedCount = mailed, 3, 4
		with(&in, func(r *gateway.Role) { r.Policy = gateway.PolicyOncePerAbsence })
		return in
	}
	hold(t, base, []decision{
		{"mailed since they went away: not again",
			func(*notify.Input) {}, now, "skip once_per_absence"},
		{"never mailed: now",
			func(in *notify.Input) { in.Participant.LastMailAt = time.Time{} }, now, "send"},
		{"online since, and gone again: armed anew",
			func(in *notify.Input) { in.Presence.LastOnlineAt = mailed.Add(time.Second) }, now, "send"},
		{"online before the mail only: not",
			func(in *notify.Input) { in.Presence.LastOnlineAt = mailed.Add(-time.Second) }, now, "skip once_per_absence"},
		{"online now, elsewhere: armed",
			func(in *notify.Input) { in.Presence = gateway.Presence{Online: true} }, now, "send"},
		{"replied by mail since: armed anew",
			func(in *notify.Input) { in.Participant.RepliedAt = mailed.Add(time.Second) }, now, "send"},
		{"read what the mail told of: they were there",
			func(in *notify.Input) { in.Participant.ReadCount = 3 }, now, "send"},
		{"grouped: again for every new message",
			func(in *notify.Input) { with(in, func(r *gateway.Role) { r.Policy = gateway.PolicyGrouped }) }, now, "send"},
		{"forced: again",
			func(in *notify.Input) { in.Conversation.Forced = 5 }, now, "send"},
		{"a mail of the future, before the clock was set back: armed",
			func(in *notify.Input) { in.Participant.LastMailAt = now.AddDate(1, 0, 0) }, now, "send"},
	})
}

// TestRestraint: interval, caps and quiet hours.
func TestRestraint(t *testing.T) {
	due := t0.Add(delay) // 12:02 in UTC
	mails := func(c gateway.ConversationID, ago ...time.Duration) func(*notify.Input) {
		return func(in *notify.Input) {
			for _, d := range ago {
				in.Mailed = append(in.Mailed, notify.Mailed{At: due.Add(-d), Conversation: c})
			}
			with(in, func(r *gateway.Role) { r.DailyCap, r.ConversationCap = 3, 2 })
		}
	}
	hold(t, basic, []decision{
		{"within the interval since the last mail: later",
			func(in *notify.Input) {
				in.Participant.LastMailAt = t0.Add(-time.Minute)
				with(in, func(r *gateway.Role) { r.MinInterval = 10 * time.Minute })
			}, due, "wait 9m0s"},
		{"when it is over: now",
			func(in *notify.Input) {
				in.Participant.LastMailAt = t0.Add(-8 * time.Minute)
				with(in, func(r *gateway.Role) { r.MinInterval = 10 * time.Minute })
			}, due, "send"},
		{"a mail of the future, before the clock was set back: no interval",
			func(in *notify.Input) {
				in.Participant.LastMailAt = due.AddDate(1, 0, 0)
				with(in, func(r *gateway.Role) { r.MinInterval = 10 * time.Minute })
			}, due, "send"},
		{"below the caps", mails("c", time.Hour), due, "send"},
		{"as many about this conversation as allowed", mails("c", time.Hour, 2*time.Hour), due, "skip conversation_cap"},
		{"as many in all as allowed", mails("other", time.Hour, 2*time.Hour, 3*time.Hour), due, "skip daily_cap"},
		{"the day before does not count", mails("other", 24*time.Hour, 25*time.Hour, 26*time.Hour), due, "send"},
		{"nor what a clock that was set back noted", mails("other", -25*time.Hour, -26*time.Hour, -27*time.Hour), due, "send"},
		{"forced: whatever the caps", func(in *notify.Input) {
			mails("c", time.Hour, 2*time.Hour, 3*time.Hour)(in)
			in.Conversation.Forced = 1
		}, due, "send"},
		{"in quiet hours: when they end",
			func(in *notify.Input) {
				with(in, func(r *gateway.Role) { r.QuietHours = &gateway.QuietHours{From: 12 * 60, To: 13 * 60} })
			}, due, "wait 1h0m0s"},
		{"the person's own stand above the role's",
			func(in *notify.Input) {
				in.User.QuietHours = &gateway.QuietHours{From: 14 * 60, To: 15 * 60}
				with(in, func(r *gateway.Role) { r.QuietHours = &gateway.QuietHours{From: 12 * 60, To: 13 * 60} })
			}, due, "send"},
		{"in the person's time zone",
			func(in *notify.Input) {
				in.User.TimeZone = "Asia/Tokyo" // 21:02
				with(in, func(r *gateway.Role) { r.QuietHours = &gateway.QuietHours{From: 21 * 60, To: 22 * 60, TimeZone: "UTC"} })
			}, due, "wait 1h0m0s"},
		{"else in that of the hours",
			func(in *notify.Input) {
				with(in, func(r *gateway.Role) {
					r.QuietHours = &gateway.QuietHours{From: 21 * 60, To: 22 * 60, TimeZone: "Asia/Tokyo"}
				})
			}, due, "wait 1h0m0s"},
		{"an interval that ends in quiet hours: when both are over",
			func(in *notify.Input) {
				in.Participant.LastMailAt = t0
				with(in, func(r *gateway.Role) {
					r.MinInterval, r.QuietHours = 10*time.Minute, &gateway.QuietHours{From: 12*60 + 5, To: 13 * 60}
				})
			}, due, "wait 1h0m0s"},
		{"forced: quiet or not", func(in *notify.Input) {
			in.Conversation.Forced = 1
			with(in, func(r *gateway.Role) { r.QuietHours = &gateway.QuietHours{From: 12 * 60, To: 13 * 60} })
		}, due, "send"},
		{"the conversation is muted",
			func(in *notify.Input) { in.Conversation.Muted = true }, due, "skip conversation_muted"},
		{"forced, but muted: never",
			func(in *notify.Input) { in.Conversation.Muted, in.Conversation.Forced = true, 1 }, due, "skip conversation_muted"},
		{"mail is off for the app",
			func(in *notify.Input) { in.App.EmailDisabled = true }, due, "skip disabled"},
	})
}

// TestExternalSchedule: nothing is sent but by a call.
func TestExternalSchedule(t *testing.T) {
	base := func() notify.Input {
		in := basic()
		in.App.Roles[gateway.DefaultRole] = gateway.Role{Schedule: gateway.ScheduleExternal}
		return in
	}
	late, minute := t0.Add(30*24*time.Hour), time.Minute
	hold(t, base, []decision{
		{"however long it waits, the queue leaves it", func(*notify.Input) {}, late, "leave"},
		{"a call sends it, without a delay", func(in *notify.Input) { in.Conversation.Ran = 1 }, t0, "send"},
		{"a call before this message does not", func(in *notify.Input) {
			in.Conversation.Ran, in.Messages[0].Number, in.Conversation.Count = 1, 2, 2
		}, late, "leave"},
		{"a delay that was set holds: the next call finds it", func(in *notify.Input) {
			in.Conversation.Ran = 1
			with(in, func(r *gateway.Role) { r.Delay = &minute })
		}, t0, "leave"},
		{"and when it is over, it is sent", func(in *notify.Input) {
			in.Conversation.Ran = 1
			with(in, func(r *gateway.Role) { r.Delay = &minute })
		}, t0.Add(minute), "send"},
		{"what was read needs no call", func(in *notify.Input) { in.Participant.ReadCount = 1 }, t0, "skip read"},
		{"forced: without a call", func(in *notify.Input) { in.Conversation.Forced = 1 }, t0, "send"},
	})
}

// TestWithdraw: a reason that arises before the time, unless there was nothing
// to tell.
func TestWithdraw(t *testing.T) {
	in := basic()
	if d := notify.Withdraw(in, gateway.ReasonMuted, t0); told(d) != "skip muted" || len(d.News) != 1 || d.UpTo != 1 {
		t.Errorf("withdrawn: %s about %d", told(d), len(d.News))
	}
	in.Participant.ReadCount = 1
	if d := notify.Withdraw(in, gateway.ReasonMuted, t0); told(d) != "skip read" {
		t.Errorf("read before: %s", told(d))
	}
	in.Messages[0].Sender = "bob"
	if d := notify.Withdraw(in, gateway.ReasonMuted, t0); !d.Quiet() {
		t.Errorf("one's own: %s", told(d))
	}
}

// TestPreview: a mail whatever the rules say, as long as somebody wrote.
func TestPreview(t *testing.T) {
	in := basic()
	in.Participant.ReadCount, in.Participant.Notify = 1, gateway.NotifyNone
	in.Addresses[0].Blocked = gateway.ReasonSuppressed
	if d := notify.Preview(in, t0); d.Act != notify.Send || len(d.News) != 1 || len(d.Messages) != 1 || len(d.Addresses) != 1 {
		t.Errorf("%s about %d, showing %d to %d", told(d), len(d.News), len(d.Messages), len(d.Addresses))
	}
	in.Messages[0].Sender = "bob"
	if d := notify.Preview(in, t0); len(d.News) != 0 {
		t.Errorf("nobody else wrote: about %d", len(d.News))
	}
}
