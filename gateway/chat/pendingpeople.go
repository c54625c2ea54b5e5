package chat

import (
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/notify"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// knowPresences notes whether those who wrote are still at it.
func (l *pendingLoader) knowPresences(in *notify.Input) (err error) {
	for _, x := range in.Messages {
		if x.Sender == "" {
			continue
		}
		if in.Senders[x.Sender], err = l.presence(x.Sender); err != nil {
			return err
		}
	}
	return nil
}

func (l *pendingLoader) user(id gateway.UserID) (gateway.User, error) {
	if u, ok := l.users[id]; ok {
		return u, nil
	}
	u, err := LoadUser(l.rd, l.p.App.ID, id)
	l.users[id] = u
	return u, err
}

func (l *pendingLoader) presence(u gateway.UserID) (gateway.Presence, error) {
	if p, ok := l.presences[u]; ok {
		return p, nil
	}
	p, _, err := store.Presences.Find(l.rd, store.UserKey(l.p.App.ID, u))
	l.presences[u] = p
	return p, err
}

// addresses are a user's usable addresses with what is kept of them.
func addresses(rd store.Reader, app gateway.AppID, u *gateway.User) ([]notify.Address, error) {
	var out []notify.Address
	for _, a := range u.Addresses() {
		s, _, err := suppression.Find(rd, app, a)
		if err != nil {
			return nil, err
		}
		out = append(out, notify.Address{Address: a, Blocked: s.Reason})
	}
	return out, nil
}

// mailings are the mails queued for a user of late, the newest first; none are
// read when the role has no caps.
func mailings(rd store.Reader, app gateway.AppID, u gateway.UserID, role gateway.Role) ([]notify.Mailed, error) {
	if role.DailyCap == 0 && role.ConversationCap == 0 {
		return nil, nil
	}
	var out []notify.Mailed
	rg := store.Range{Prefix: store.UserKey(app, u), Reverse: true}
	err := store.Mailings.Scan(rd, rg, func(_ store.Key, m store.Mailing) (bool, error) {
		out = append(out, notify.Mailed{At: m.At, Conversation: m.Conversation})
		return len(out) < maxMailings, nil
	})
	return out, err
}
