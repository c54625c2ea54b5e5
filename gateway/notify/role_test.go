package notify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
)

// with sets the settings bob is mailed by; the delay is that of basic unless set.
func with(in *notify.Input, change func(*gateway.Role)) {
	r := in.App.Roles[gateway.DefaultRole]
	change(&r)
	in.App.Roles[gateway.DefaultRole] = r
}

// decision is one sentence about a decision.
type decision struct {
	sentence string
	change   func(*notify.Input)
	now      time.Time
	want     string // act, reason, and how long after t0 to wait until
}

func told(d notify.Decision) string {
	switch d.Act {
	case notify.Skip:
		return "skip " + string(d.Reason)
	case notify.Wait:
		return fmt.Sprint("wait ", d.Until.Sub(t0))
	}
	return d.Act.String()
}

func hold(t *testing.T, base func() notify.Input, cases []decision) {
	t.Helper()
	for _, c := range cases {
		in := base()
		c.change(&in)
		got := notify.Decide(in, c.now)
		if told(got) != c.want {
			t.Errorf("%s: %s, want %s", c.sentence, told(got), c.want)
		}
		if got.Act == notify.Skip && !got.Reason.Known() {
			t.Errorf("%s: %s has no sentence", c.sentence, got.Reason)
		}
	}
}

// TestDelayFromMessage: the delay counts from the last message; typing and the
// senders' activity put it off, by as much as the role allows.
func TestDelayFromMessage(t *testing.T) {
	due := t0.Add(delay)
	brief, none := time.Minute, time.Duration(0)
	hold(t, basic, []decision{
		{"how long the person has been away does not matter",
			func(in *notify.Input) { in.Presence.AttendedAt = t0.Add(-time.Hour) }, t0, "wait 2m0s"},
		{"nor that they are just leaving",
			func(in *notify.Input) { in.Presence.AttendedAt = due.Add(-time.Second) }, due, "send"},
		{"typing is waited for",
			func(in *notify.Input) { in.Senders["ann"] = typing("c") }, due, "wait 2m5s"},
		{"no longer than the role says",
			func(in *notify.Input) {
				in.Senders["ann"] = typing("c")
				with(in, func(r *gateway.Role) { r.MaxDefer = &brief })
			}, due.Add(brief), "send"},
		{"and not at all if it says so",
			func(in *notify.Input) {
				in.Senders["ann"] = typing("c")
				with(in, func(r *gateway.Role) { r.MaxDefer = &none })
			}, due, "send"},
		{"further messages are not waited for then either",
			func(in *notify.Input) {
				in.Messages = append(in.Messages, message(2, "ann", time.Minute))
				with(in, func(r *gateway.Role) { r.MaxDefer = &none })
			}, due, "send"},
	})
}

// TestDelayFromOffline: the delay counts from when the person went away.
func TestDelayFromOffline(t *testing.T) {
	base := func() notify.Input {
		in := basic()
		with(&in, func(r *gateway.Role) { r.DelayFrom = gateway.DelayFromOffline })
		return in
	}
	hold(t, base, []decision{
		{"away that long: a fresh message is due now",
			func(in *notify.Input) { in.Presence.AttendedAt = t0.Add(-delay) }, t0, "send"},
		{"never seen at all: now",
			func(*notify.Input) {}, t0, "send"},
		{"away for a while: when it is that long",
			func(in *notify.Input) { in.Presence.AttendedAt = t0.Add(-30 * time.Second) }, t0, "wait 1m30s"},
		{"without focus counts as away",
			func(in *notify.Input) {
				in.Presence = gateway.Presence{Online: true, SelectedConversation: "c", AttendedAt: t0.Add(-30 * time.Second)}
			}, t0, "wait 1m30s"},
		{"a session that ended by itself: from its end",
			func(in *notify.Input) {
				in.Presence = gateway.Presence{Online: true, HasFocus: true, ExpiresAt: t0.Add(-time.Minute)}
			}, t0, "wait 1m0s"},
		{"attentive elsewhere: from the message",
			func(in *notify.Input) {
				in.Presence = gateway.Presence{Online: true, HasFocus: true, SelectedConversation: "other"}
			}, t0, "wait 2m0s"},
		{"typing is not waited for",
			func(in *notify.Input) { in.Senders["ann"] = typing("c") }, t0, "send"},
		{"coming and going does not put it off for ever",
			func(in *notify.Input) { in.Presence.AttendedAt = t0.Add(2*delay - time.Second) }, t0.Add(2 * delay), "send"},
	})
}

// TestContext: what the mail shows beside the news; what it is about stays the
// same.
func TestContext(t *testing.T) {
	past := []gateway.Message{
		message(1, "ann", 0),             // mailed
		message(2, "bob", time.Second),   // bob's own
		message(3, "ann", 2*time.Second), // seen on his screen
		message(4, "", 3*time.Second),    // the system's
		message(5, "ann", 4*time.Second), // missed
		message(6, "", 5*time.Second),    // the system's
		message(7, "cy", 6*time.Second),  // missed
	}
	past[3].Type, past[5].Type = gateway.SystemMessage, gateway.SystemMessage
	for _, c := range []struct {
		context  gateway.MailContext
		schedule gateway.Schedule
		shown    int
		history  []gateway.Message
		before   int
		want     string
	}{
		{gateway.ContextMissed, "", 0, past[4:], 0, "[5 6 7] 0"},
		{"", "", 0, past[4:], 0, "[5 6 7] 0"},
		{gateway.ContextMissed, "", 1, past[4:], 3, "[7] 4"},
		{gateway.ContextMissed, "", 0, past[2:], 0, "[5 6 7] 0"},
		{gateway.ContextSinceLastMail, "", 0, past[1:], 0, "[2 3 4 5 6 7] 0"},
		{gateway.ContextSinceLastMail, "", 3, past[1:], 0, "[5 6 7] 2"},
		{gateway.ContextWhole, "", 0, past, 0, "[1 2 3 4 5 6 7] 0"},
		{gateway.ContextWhole, "", 2, past, 12, "[6 7] 16"},
		{"", gateway.ScheduleExternal, 0, past, 0, "[1 2 3 4 5 6 7] 0"},
		{gateway.ContextMissed, gateway.ScheduleExternal, 0, past[4:], 0, "[5 6 7] 0"},
	} {
		in := basic()
		with(&in, func(r *gateway.Role) { r.Context, r.Schedule, r.MaxShown = c.context, c.schedule, c.shown })
		in.Conversation.Count, in.Conversation.Ran = 7, 7
		in.Participant.NotifiedCount, in.Messages = 4, past[4:]
		in.Presence.Looked = map[gateway.ConversationID]time.Time{"c": t0.Add(2 * time.Second)}
		in.History, in.HistoryEarlier = c.history, c.before
		d := notify.Decide(in, t0.Add(time.Hour))
		var numbers []uint64
		for _, m := range d.Messages {
			numbers = append(numbers, m.Number)
		}
		if got := fmt.Sprint(numbers, " ", d.Earlier); got != c.want {
			t.Errorf("%s %s, at most %d: shows %s, want %s", c.context, c.schedule, c.shown, got, c.want)
		}
		if len(d.News) != 2 || d.News[0].Number != 5 || d.News[1].Number != 7 {
			t.Errorf("%s: is about %d messages", c.context, len(d.News))
		}
	}
}

// TestNewsAreShown: however much was said after them that is none.
func TestNewsAreShown(t *testing.T) {
	for _, context := range []gateway.MailContext{gateway.ContextMissed, gateway.ContextWhole} {
		in := basic()
		with(&in, func(r *gateway.Role) { r.Context, r.MaxShown = context, 2 })
		for n := uint64(2); n < 9; n++ {
			m := message(n, "", time.Duration(n)*time.Second)
			m.Type = gateway.SystemMessage
			in.Messages = append(in.Messages, m)
		}
		in.Conversation.Count = 8
		d := notify.Decide(in, t0.Add(time.Hour))
		if len(d.Messages) == 0 || d.Messages[len(d.Messages)-1].Number != 1 {
			t.Errorf("%s: shows %d messages, and not the one that is news", context, len(d.Messages))
		}
		in.History = in.Messages[1:]
		if d := notify.Decide(in, t0.Add(time.Hour)); len(d.Messages) != 1 || d.Messages[0].Number != 1 {
			t.Errorf("%s: a history that does not reach it shows %d", context, len(d.Messages))
		}
	}
}
