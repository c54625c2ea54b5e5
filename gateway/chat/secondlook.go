package chat

import (
	"errors"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
)

// SecondLook is what is found out about a queued mail right before it is sent.
type SecondLook struct {
	// Unwanted is why it is not to be sent any more; empty: it is.
	Unwanted gateway.Reason
	// Edited tells that a message it shows was changed or deleted since it was
	// composed.
	Edited bool
}

// LookAgain looks whether a queued mail of a notification is still to be sent:
// between its decision and a try that succeeds may lie two days. What withdraws
// mails cancels them itself, but for these: that the person read what it tells
// of or came back, that all of that was deleted, and that mail was switched off
// for the app or the person's role.
func LookAgain(rd store.Reader, now time.Time, app gateway.AppID, d gateway.Delivery) (SecondLook, error) {
	var out SecondLook
	conv, err := LoadConversation(rd, app, d.Conversation)
	if isMissing(err) {
		return SecondLook{Unwanted: gateway.ReasonDeleted}, nil
	}
	if err != nil {
		return out, err
	}
	l := secondLook{rd: rd, now: now, app: app, conv: conv, delivery: d}
	if out.Unwanted, err = l.unwanted(); err != nil || out.Unwanted != "" || conv.Edits <= d.Edits {
		return out, err
	}
	out.Edited, err = l.edited()
	return out, err
}

type secondLook struct {
	rd       store.Reader
	now      time.Time
	app      gateway.AppID
	conv     gateway.Conversation
	delivery gateway.Delivery
}

func (l *secondLook) unwanted() (gateway.Reason, error) {
	a, err := loadApp(l.rd, l.app)
	if err != nil {
		return "", err
	}
	u, err := LoadUser(l.rd, l.app, l.delivery.Recipient)
	if err != nil {
		return "", err
	}
	if a.EmailDisabled || a.Role(u.Role).EmailDisabled {
		return gateway.ReasonDisabled, nil
	}
	newest, found, err := l.newest()
	if err != nil || !found {
		return gateway.ReasonDeleted, err
	}
	p, found, err := store.Participants.Find(l.rd, store.ParticipantKey(l.app, l.conv.ID, u.ID))
	switch {
	case err != nil:
		return "", err
	case !found || !p.MayRead():
		return gateway.ReasonNoAccess, nil
	case p.ReadCount >= newest.Number:
		return gateway.ReasonRead, nil
	}
	seen, _, err := store.Presences.Find(l.rd, store.UserKey(l.app, u.ID))
	if err != nil || newest.CreatedAt.After(notify.LookedAt(seen, l.conv.ID, l.now)) {
		return "", err
	}
	return gateway.ReasonReturned, nil
}

// newest is where the last of the news lies that is still there.
func (l *secondLook) newest() (store.MessagePlace, bool, error) {
	n, found, err := store.Decisions.Find(l.rd, store.AppKey(l.app).String(string(l.delivery.Notification)))
	if err != nil || !found {
		return store.MessagePlace{}, false, err
	}
	for i := len(n.Messages) - 1; i >= 0; i-- {
		at, found, err := store.MessagePlaces.Find(l.rd, store.ConversationKey(l.app, l.conv.ID).String(string(n.Messages[i])))
		if err != nil || found {
			return at, found, err
		}
	}
	return store.MessagePlace{}, false, nil
}

// edited tells whether what the mail shows, or quotes, is not what it was.
func (l *secondLook) edited() (bool, error) {
	sent, found, err := SentOf(l.rd, l.app, l.delivery)
	if err != nil || !found {
		return found, err // too old a mail to be rewritten
	}
	for _, id := range sent.Shown {
		m, err := l.message(id)
		if err != nil {
			return false, err
		}
		if l.isEdited(m) {
			return true, nil
		}
		if m.ReferencedMessage == "" {
			continue
		}
		if m, err = l.message(m.ReferencedMessage); err != nil || l.isEdited(m) {
			return err == nil, err
		}
	}
	return false, nil
}

// message is a message of the conversation, nil if it is gone.
func (l *secondLook) message(id gateway.MessageID) (*gateway.Message, error) {
	m, err := store.FindMessage(l.rd, l.app, l.conv.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &m, err
}

func (l *secondLook) isEdited(m *gateway.Message) bool { return m == nil || m.Edit > l.delivery.Edits }

// SentOf is what is remembered of a delivery's mail.
func SentOf(rd store.Reader, app gateway.AppID, d gateway.Delivery) (gateway.Sent, bool, error) {
	k := store.SentKey(app, gateway.Sent{Conversation: d.Conversation, Recipient: d.Recipient, SentAt: d.CreatedAt, Delivery: d.ID})
	return store.SentMails.Find(rd, k)
}
