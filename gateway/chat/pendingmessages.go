package chat

import (
	"slices"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
)

// loadMessages reads the newest messages numbered above a number. Live messages
// lie in the order of their numbers; imported ones lie anywhere, and tell
// nobody anything.
func (l *pendingLoader) loadMessages(above uint64) error {
	rg := store.Range{Prefix: store.ConversationKey(l.p.App.ID, l.p.Conversation.ID), Reverse: true}
	examined := 0
	l.complete = true
	err := store.Messages.Scan(l.rd, rg, func(_ store.Key, m gateway.Message) (bool, error) {
		examined++
		switch {
		case m.Origin == gateway.OriginImport:
		case m.Number <= above:
			return false, nil
		case m.Test && !l.whatever:
			examined-- // or enough of them would hide what is to be mailed
		case len(l.messages) == notify.MaxMessages:
			l.complete = false
			return false, nil
		default:
			l.messages = append(l.messages, m)
		}
		l.complete = examined < maxExamined
		return l.complete, nil
	})
	slices.Reverse(l.messages)
	return err
}

// loadWhole reads as many of the newest messages as a mail shows at most.
func (l *pendingLoader) loadWhole() error {
	rg := store.Range{Prefix: store.ConversationKey(l.p.App.ID, l.p.Conversation.ID), Reverse: true}
	err := store.Messages.Scan(l.rd, rg, func(_ store.Key, m gateway.Message) (bool, error) {
		if l.more = len(l.whole) == notify.MaxMessages; l.more {
			return false, nil
		}
		if m.Test && !l.whatever {
			return true, nil
		}
		l.whole = append(l.whole, m)
		return true, nil
	})
	slices.Reverse(l.whole)
	return err
}

// above are the loaded messages numbered above a number, and how many there are
// before them that were not loaded.
func (l *pendingLoader) above(number uint64) (ms []gateway.Message, earlier int) {
	at := slices.IndexFunc(l.messages, func(x gateway.Message) bool { return x.Number > number })
	if at < 0 {
		return nil, 0
	}
	if at == 0 && !l.complete {
		earlier = int(l.messages[0].Number - number - 1)
	}
	return l.messages[at:], earlier
}

// history is what the mail to a participant may show.
func (l *pendingLoader) history(m gateway.Participant) ([]gateway.Message, int, error) {
	above, whole, err := l.reach(m)
	if err != nil {
		return nil, 0, err
	}
	if !whole {
		ms, earlier := l.above(above)
		return ms, earlier, nil
	}
	if !l.more {
		return l.whole, 0, nil
	}
	return l.whole, max(0, int(l.p.Conversation.Count)-len(l.whole)), nil
}

// firstAfter is when the first message was created that nothing was decided
// about.
func (l *pendingLoader) firstAfter(m gateway.Participant) (at time.Time, err error) {
	k := store.ConversationKey(l.p.App.ID, l.p.Conversation.ID)
	rg := store.Range{Prefix: k, From: k.Time(m.NotifiedAt)}
	at = l.messages[0].CreatedAt
	examined := 0
	err = store.Messages.Scan(l.rd, rg, func(_ store.Key, x gateway.Message) (bool, error) {
		examined++
		if x.Origin != gateway.OriginImport && !x.Test && x.Number > m.NotifiedCount {
			at = x.CreatedAt
			return false, nil
		}
		return examined < maxExamined, nil
	})
	return at, err
}
