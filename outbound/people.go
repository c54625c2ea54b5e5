package outbound

import (
	"cmp"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// people are those who take part in a conversation: a mail to one of them hides
// who else gets what is answered, unless it says so.
type people struct {
	named []gateway.User // the first of them
	count int
}

const (
	// maxNamed is how many are looked up: as many as a mail names, and the
	// recipient.
	maxNamed = 7
	// group is how many people make it worth saying.
	group = 3
)

// everybody is who takes part in the batch's conversation, looked up once for
// all its mails.
func (b *batch) everybody(rd store.Reader) (*people, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.people != nil {
		return b.people, nil
	}
	found, err := loadPeople(rd, b.pending.App.ID, b.pending.Conversation.ID)
	if err == nil {
		b.people = found
	}
	return found, err
}

// loadPeople looks up who takes part. Of conversations that single calls tell of
// only the backend knows.
func loadPeople(rd store.Reader, app gateway.AppID, c gateway.ConversationID) (*people, error) {
	all, err := chat.LoadParticipants(rd, app, c)
	if err != nil {
		return nil, err
	}
	var out people
	for i := range all {
		switch m := &all[i]; {
		case m.Called:
			return &people{}, nil
		case m.Left || !m.MayRead():
			continue
		}
		if out.count++; len(out.named) == maxNamed {
			continue
		}
		u, err := chat.LoadUser(rd, app, all[i].User)
		if err != nil {
			return nil, err
		}
		out.named = append(out.named, u)
	}
	return &out, nil
}

// others are the names of some of the others, and how many more there are; none
// if two talk with each other.
func (p *people) others(to gateway.UserID) (names []string, more int) {
	if p.count < group {
		return nil, 0
	}
	for _, u := range p.named {
		if u.ID != to && len(names) < maxNamed-1 {
			names = append(names, cmp.Or(u.Name, string(u.ID)))
		}
	}
	return names, p.count - 1 - len(names)
}
