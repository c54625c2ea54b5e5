package chat

import (
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
)

// What test keys post is decided about apart: a notification tells of test
// messages or of others, never of both. So no test message stands in a mail that
// leaves, and none of the others is lost in one that does not.

// loadTests reads the newest test messages numbered above a number.
func (l *pendingLoader) loadTests(above uint64) error {
	if l.whatever || above >= l.p.Conversation.TestCount {
		return nil
	}
	rg := store.Range{Prefix: store.ConversationKey(l.p.App.ID, l.p.Conversation.ID), Reverse: true}
	examined := 0
	err := store.Messages.Scan(l.rd, rg, func(_ store.Key, m gateway.Message) (bool, error) {
		examined++
		switch {
		case m.Origin == gateway.OriginImport:
		case m.Number <= above:
			return false, nil
		case m.Test:
			l.tests = append(l.tests, m)
		}
		return len(l.tests) < notify.MaxMessages && examined < maxExamined, nil
	})
	slices.Reverse(l.tests)
	return err
}

// testInput is the input about the test messages that wait for somebody, from
// the one about all others: as for one who was never told of anything.
func (l *pendingLoader) testInput(in notify.Input) (notify.Input, error) {
	p, c := &in.Participant, &in.Conversation
	in.Test = true
	in.Messages = nil
	for _, m := range l.tests {
		if m.Number > p.TestCount {
			in.Messages = append(in.Messages, m)
		}
	}
	p.NotifiedCount, p.LastMailAt, p.MailedCount, p.Owed = p.TestCount, time.Time{}, 0, 0
	c.Forced, c.Ran = c.TestForced, c.TestRan
	in.Earlier, in.Since, in.History, in.HistoryEarlier, in.Mailed = 0, time.Time{}, nil, 0, nil
	in.Senders = map[gateway.UserID]gateway.Presence{}
	return in, l.knowPresences(&in)
}
