package notify_test

import (
	"slices"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
)

// t0 is when the one message of the basic case was posted; the delay is 2 min.
var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const delay = 2 * time.Minute

func message(number uint64, sender gateway.UserID, after time.Duration) gateway.Message {
	return gateway.Message{
		ID: gateway.MessageID("msg_" + string(rune('0'+number))), Conversation: "c", Number: number, Sender: sender,
		Type: gateway.UserMessage, Origin: gateway.OriginREST, Text: "hello", CreatedAt: t0.Add(after),
	}
}

// basic is the plain case: ann wrote to bob, who is offline, at t0.
func basic() notify.Input {
	d := delay
	return notify.Input{
		App:          &gateway.App{ID: "app", Roles: map[string]gateway.Role{gateway.DefaultRole: {Delay: &d}}},
		Conversation: gateway.Conversation{ID: "c", Count: 1},
		Participant: gateway.Participant{
			Conversation: "c", User: "bob", Access: gateway.ReadWrite, Notify: gateway.NotifyAll, JoinedAt: t0.Add(-time.Hour),
		},
		User:      gateway.User{ID: "bob", Name: "Bob"},
		Addresses: []notify.Address{{Address: gateway.Address{LocalPart: "bob", Domain: "example.com"}}},
		Messages:  []gateway.Message{message(1, "ann", 0)},
		Senders:   map[gateway.UserID]gateway.Presence{},
	}
}

func looking(since time.Time, until time.Time) gateway.Presence {
	return gateway.Presence{
		Online: true, HasFocus: true, SelectedConversation: "c", ExpiresAt: until,
		Looked: map[gateway.ConversationID]time.Time{"c": since},
	}
}

func TestDecide(t *testing.T) {
	due := t0.Add(delay)
	for _, c := range []struct {
		sentence string
		change   func(*notify.Input)
		now      time.Time
		act      notify.Act
		reason   gateway.Reason
		until    time.Time
	}{
		{"offline, unread, allowed: due at last activity + delay",
			func(*notify.Input) {}, due, notify.Send, "", time.Time{}},
		{"before that, wait until then",
			func(*notify.Input) {}, due.Add(-time.Millisecond), notify.Wait, "", due},
		{"a restart long after: due at once",
			func(*notify.Input) {}, due.Add(300 * 24 * time.Hour), notify.Send, "", time.Time{}},
		{"a clock that was set back: wait, but never without an end",
			func(*notify.Input) {}, t0.Add(-notify.ClockSlack), notify.Wait, "", due},
		{"a clock that was set back by far: the delay cannot be measured any more, told",
			func(*notify.Input) {}, t0.Add(-time.Hour), notify.Send, "", time.Time{}},
		{"online in another conversation counts as away",
			func(in *notify.Input) {
				in.Presence = gateway.Presence{Online: true, HasFocus: true, SelectedConversation: "other"}
			}, due, notify.Send, "", time.Time{}},
		{"online with no conversation on screen counts as away",
			func(in *notify.Input) { in.Presence = gateway.Presence{Online: true, HasFocus: true} }, due, notify.Send, "", time.Time{}},
		{"on screen in a tab without focus counts as away",
			func(in *notify.Input) {
				in.Presence = gateway.Presence{Online: true, SelectedConversation: "c"}
			}, due, notify.Send, "", time.Time{}},
		{"a session that timed out before the message counts as away",
			func(in *notify.Input) { in.Presence = looking(t0.Add(-time.Hour), t0.Add(-time.Second)) }, due, notify.Send, "", time.Time{}},
		{"a session that timed out after the message saw it",
			func(in *notify.Input) { in.Presence = looking(t0.Add(-time.Hour), t0.Add(time.Second)) }, due, notify.Skip, gateway.ReasonReturned, time.Time{}},
		{"looking at it: not told",
			func(in *notify.Input) { in.Presence = looking(t0.Add(-time.Hour), t0.Add(time.Hour)) }, t0, notify.Skip, gateway.ReasonReturned, time.Time{}},
		{"looked at it since and went away again: cancelled by returning",
			func(in *notify.Input) {
				in.Presence.Looked = map[gateway.ConversationID]time.Time{"c": t0.Add(time.Second)}
			}, due, notify.Skip, gateway.ReasonReturned, time.Time{}},
		{"looked at it before the message: told",
			func(in *notify.Input) {
				in.Presence.Looked = map[gateway.ConversationID]time.Time{"c": t0.Add(-time.Second)}
			}, due, notify.Send, "", time.Time{}},
		{"looked at another conversation since: told",
			func(in *notify.Input) {
				in.Presence.Looked = map[gateway.ConversationID]time.Time{"other": due}
			}, due, notify.Send, "", time.Time{}},
		{"read: cancelled",
			func(in *notify.Input) { in.Participant.ReadCount = 1 }, due, notify.Skip, gateway.ReasonRead, time.Time{}},
		{"one's own message: never",
			func(in *notify.Input) { in.Messages[0].Sender = "bob" }, due, notify.Skip, gateway.ReasonOwnMessage, time.Time{}},
		{"a system message: never",
			func(in *notify.Input) { in.Messages[0].Type, in.Messages[0].Sender = gateway.SystemMessage, "" }, due, notify.Skip, gateway.ReasonOwnMessage, time.Time{}},
		{"an imported message: never",
			func(in *notify.Input) { in.Messages[0].Origin = gateway.OriginImport }, due, notify.Skip, gateway.ReasonOwnMessage, time.Time{}},
		{"deleted before it was due",
			func(in *notify.Input) { in.Messages = nil }, due, notify.Skip, gateway.ReasonDeleted, time.Time{}},
		{"joined after the message",
			func(in *notify.Input) { in.Participant.JoinedAt = t0.Add(time.Second) }, due, notify.Skip, gateway.ReasonJoinedLater, time.Time{}},
		{"bots get no mail",
			func(in *notify.Input) { in.User.Kind = gateway.KindBot }, due, notify.Skip, gateway.ReasonBot, time.Time{}},
		{"agents do",
			func(in *notify.Input) { in.User.Kind = gateway.KindAgent }, due, notify.Send, "", time.Time{}},
		{"read-only participants do",
			func(in *notify.Input) { in.Participant.Access = gateway.ReadOnly }, due, notify.Send, "", time.Time{}},
		{"access None",
			func(in *notify.Input) { in.Participant.Access = gateway.NoneAccess }, due, notify.Skip, gateway.ReasonNoAccess, time.Time{}},
		{"left",
			func(in *notify.Input) { in.Participant.Left = true }, due, notify.Skip, gateway.ReasonNoAccess, time.Time{}},
		{"mail is off for the role",
			func(in *notify.Input) {
				in.User.Role = "quiet"
				in.App.Roles["quiet"] = gateway.Role{EmailDisabled: true}
			}, due, notify.Skip, gateway.ReasonDisabled, time.Time{}},
		{"an undefined role is the default one",
			func(in *notify.Input) { in.User.Role = "nobody defined it" }, due, notify.Send, "", time.Time{}},
		{"muted",
			func(in *notify.Input) { in.Participant.Notify = gateway.NotifyNone }, due, notify.Skip, gateway.ReasonMuted, time.Time{}},
		{"mentions only, and none",
			func(in *notify.Input) { in.Participant.Notify = gateway.NotifyMentions }, due, notify.Skip, gateway.ReasonNoMention, time.Time{}},
		{"mentions only, of somebody else",
			func(in *notify.Input) {
				in.Participant.Notify, in.Messages[0].Text = gateway.NotifyMentions, "hi <@bobby|Bob>"
			}, due, notify.Skip, gateway.ReasonNoMention, time.Time{}},
		{"mentions only, and mentioned",
			func(in *notify.Input) {
				in.Participant.Notify, in.Messages[0].Text = gateway.NotifyMentions, "hi <@bob|Bob>"
			}, due, notify.Send, "", time.Time{}},
		{"no address",
			func(in *notify.Input) { in.Addresses = nil }, due, notify.Skip, gateway.ReasonNoAddress, time.Time{}},
		{"no address yet: it may be given during the delay",
			func(in *notify.Input) { in.Addresses = nil }, t0, notify.Wait, "", due},
		{"every address unsubscribed",
			func(in *notify.Input) { in.Addresses[0].Blocked = gateway.ReasonUnsubscribed }, due, notify.Skip, gateway.ReasonUnsubscribed, time.Time{}},
		{"every address unsubscribed: it is not waited for",
			func(in *notify.Input) { in.Addresses[0].Blocked = gateway.ReasonUnsubscribed }, t0, notify.Skip, gateway.ReasonUnsubscribed, time.Time{}},
		{"every address bounced",
			func(in *notify.Input) { in.Addresses[0].Blocked = gateway.ReasonSuppressed }, due, notify.Skip, gateway.ReasonSuppressed, time.Time{}},
		{"one bounced, one unsubscribed: the person's own will is named",
			func(in *notify.Input) {
				in.Addresses = []notify.Address{{Blocked: gateway.ReasonSuppressed}, {Blocked: gateway.ReasonUnsubscribed}}
			}, due, notify.Skip, gateway.ReasonUnsubscribed, time.Time{}},
		{"read and muted: the first reason is given",
			func(in *notify.Input) { in.Participant.Notify, in.Participant.ReadCount = gateway.NotifyNone, 1 }, due, notify.Skip, gateway.ReasonRead, time.Time{}},
		{"forced: without delay",
			func(in *notify.Input) { in.Conversation.Forced = 1 }, t0, notify.Send, "", time.Time{}},
		{"forced, but on screen: still not told",
			func(in *notify.Input) {
				in.Conversation.Forced, in.Presence = 1, looking(t0, t0.Add(time.Hour))
			}, t0, notify.Skip, gateway.ReasonReturned, time.Time{}},
		{"the sender types: wait until they stop",
			func(in *notify.Input) { in.Senders["ann"] = typing("c") }, due, notify.Wait, "", due.Add(notify.TypingPause)},
		{"the sender types elsewhere: do not wait",
			func(in *notify.Input) { in.Senders["ann"] = typing("other") }, due, notify.Send, "", time.Time{}},
		{"somebody who wrote nothing types: do not wait",
			func(in *notify.Input) { in.Senders["eve"] = typing("c") }, due, notify.Send, "", time.Time{}},
		{"typing puts it off by ten minutes at most",
			func(in *notify.Input) { in.Senders["ann"] = typing("c") }, due.Add(gateway.DefaultMaxDefer), notify.Send, "", time.Time{}},
		{"and is looked at again no later than then",
			func(in *notify.Input) { in.Senders["ann"] = typing("c") }, due.Add(gateway.DefaultMaxDefer - time.Second), notify.Wait, "", due.Add(gateway.DefaultMaxDefer)},
		{"a further message starts the delay anew",
			func(in *notify.Input) { in.Messages = append(in.Messages, message(2, "ann", time.Minute)) }, due, notify.Wait, "", due.Add(time.Minute)},
		{"further messages put it off by ten minutes at most",
			func(in *notify.Input) {
				for i := range 30 {
					in.Messages = append(in.Messages, message(uint64(i+2), "ann", time.Duration(i)*time.Minute))
				}
			}, due.Add(gateway.DefaultMaxDefer), notify.Send, "", time.Time{}},
		{"even when the first of them are not loaded any more",
			func(in *notify.Input) {
				in.Messages[0].CreatedAt = due.Add(gateway.DefaultMaxDefer - time.Second)
				in.Earlier, in.Since = 100_000, t0
			}, due.Add(gateway.DefaultMaxDefer), notify.Send, "", time.Time{}},
	} {
		in := basic()
		c.change(&in)
		got := notify.Decide(in, c.now)
		if got.Act != c.act || got.Reason != c.reason || !got.Until.Equal(c.until) {
			t.Errorf("%s: got %v %q until %v, want %v %q until %v", c.sentence, got.Act, got.Reason, got.Until, c.act, c.reason, c.until)
		}
		if got.Act == notify.Skip && !got.Reason.Known() {
			t.Errorf("%s: the reason %q is not in the registry", c.sentence, got.Reason)
		}
		if got.Act != notify.Wait && got.UpTo != in.Conversation.Count {
			t.Errorf("%s: decided up to %d of %d", c.sentence, got.UpTo, in.Conversation.Count)
		}
	}
}

func typing(c gateway.ConversationID) gateway.Presence {
	return gateway.Presence{Online: true, IsTyping: true, SelectedConversation: c}
}

// TestDelayOfZero: mail is due with the message itself.
func TestDelayOfZero(t *testing.T) {
	in := basic()
	none := time.Duration(0)
	in.App.Roles[gateway.DefaultRole] = gateway.Role{Delay: &none}
	if d := notify.Decide(in, t0); d.Act != notify.Send {
		t.Errorf("got %v until %v", d.Act, d.Until)
	}
}

// TestGrouping: everything since goes into one mail, and nothing else.
func TestGrouping(t *testing.T) {
	in := basic()
	in.Messages = []gateway.Message{
		message(1, "ann", 0),             // read
		message(2, "ann", time.Second),   // looked at
		message(3, "bob", 2*time.Second), // one's own
		message(4, "ann", 3*time.Second),
		message(5, "", 4*time.Second), // the system's: shown, and no news
		message(6, "cy", 5*time.Second),
	}
	in.Messages[4].Type = gateway.SystemMessage
	in.Conversation.Count = 6
	in.Participant.ReadCount = 1
	in.Presence.Looked = map[gateway.ConversationID]time.Time{"c": t0.Add(time.Second)}
	in.Addresses = append(in.Addresses,
		notify.Address{Address: gateway.Address{LocalPart: "old", Domain: "example.com"}, Blocked: gateway.ReasonSuppressed},
		notify.Address{Address: gateway.Address{LocalPart: "bob", Domain: "example.net"}})
	d := notify.Decide(in, t0.Add(5*time.Second+delay))
	if d.Act != notify.Send || len(d.News) != 2 || d.News[0].Number != 4 || d.News[1].Number != 6 || len(d.Messages) != 3 || d.Earlier != 0 || d.UpTo != 6 {
		t.Errorf("got %v %q: %d messages, %d earlier, up to %d", d.Act, d.Reason, len(d.Messages), d.Earlier, d.UpTo)
	}
	want := []string{"bob@example.com", "bob@example.net"}
	var got []string
	for _, a := range d.Addresses {
		got = append(got, a.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("mails %v, want %v", got, want)
	}
}

// TestShownIsBounded: the newest are shown, the others counted.
func TestShownIsBounded(t *testing.T) {
	in := basic()
	in.Messages = nil
	for i := range notify.MaxMessages {
		in.Messages = append(in.Messages, message(uint64(i+11), "ann", time.Duration(i)*time.Millisecond))
	}
	in.Conversation.Count, in.Earlier, in.Since = notify.MaxMessages+10, 10, t0
	d := notify.Decide(in, t0.Add(time.Hour))
	newest := d.Messages[len(d.Messages)-1]
	if len(d.Messages) != gateway.MaxMaxShown || d.Earlier != notify.MaxMessages-gateway.MaxMaxShown+10 || newest.Number != notify.MaxMessages+10 {
		t.Errorf("shows %d, %d earlier, the newest is %d", len(d.Messages), d.Earlier, newest.Number)
	}
}

// TestEveryWaitEnds follows a conversation in which messages and typing never
// stop: from its first message on, the answers lead to a mail in bounded time
// and a bounded number of looks.
func TestEveryWaitEnds(t *testing.T) {
	in := basic()
	in.Senders["ann"] = typing("c")
	now, looks := t0, 0
	for ; ; looks++ {
		d := notify.Decide(in, now)
		if d.Act == notify.Send {
			break
		}
		if d.Act != notify.Wait || !d.Until.After(now) || looks > 1000 {
			t.Fatalf("at %v, look %d: %v %q until %v", now.Sub(t0), looks, d.Act, d.Reason, d.Until)
		}
		now = d.Until
		n := uint64(len(in.Messages) + 1)
		in.Messages = append(in.Messages, message(n, "ann", now.Sub(t0)-time.Millisecond))
	}
	if took := now.Sub(t0); took != delay+gateway.DefaultMaxDefer {
		t.Errorf("mailed after %v, want %v", took, delay+gateway.DefaultMaxDefer)
	}
}
