package chat

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// Order is what conversations are listed by.
type Order string

// The orders.
const (
	ByLastActivity Order = "lastActivity" // last message, else creation
	ByCreatedAt    Order = "createdAt"
)

// ConversationsQuery narrows a list of conversations.
type ConversationsQuery struct {
	Limit         int
	OrderBy       Order // empty: ByLastActivity
	Ascending     bool
	StartingAfter gateway.ConversationID
	// Offset lists only what lies behind this time in the order.
	Offset time.Time
	// LastMessageAfter and LastMessageBefore list only conversations whose last
	// message lies there.
	LastMessageAfter, LastMessageBefore time.Time
	// Custom lists only conversations that have these entries.
	Custom map[string]string
	// For a user's list. Unread lists only conversations unread by the user, Left
	// also those the user left. With Known, a user who was never PUT and never took
	// part in anything is NotFound instead of having an empty list.
	Unread, Left, Known bool
}

// at is what a conversation is listed by.
func (q ConversationsQuery) at(c *gateway.Conversation) time.Time {
	if q.OrderBy == ByCreatedAt {
		return c.CreatedAt
	}
	return c.ActiveAt()
}

// compare orders two conversations; ids break ties.
func (q ConversationsQuery) compare(a, b gateway.Conversation) int {
	n := q.at(&a).Compare(q.at(&b))
	if n == 0 {
		n = strings.Compare(string(a.ID), string(b.ID))
	}
	if !q.Ascending {
		n = -n
	}
	return n
}

func (q ConversationsQuery) matches(c *gateway.Conversation) bool {
	for k, v := range q.Custom {
		if got, ok := c.Custom[k]; !ok || got != v {
			return false
		}
	}
	last := c.LastMessageAt
	if !q.LastMessageAfter.IsZero() && !last.After(q.LastMessageAfter) ||
		!q.LastMessageBefore.IsZero() && (last.IsZero() || !last.Before(q.LastMessageBefore)) {
		return false
	}
	if q.Offset.IsZero() {
		return true
	}
	if q.Ascending {
		return q.at(c).After(q.Offset)
	}
	return q.at(c).Before(q.Offset)
}

// page keeps the first conversations of the query's order out of any number.
type page struct {
	q     ConversationsQuery
	after *gateway.Conversation
	rows  []gateway.Conversation
}

func newPage(rd store.Reader, app gateway.AppID, q ConversationsQuery) (*page, error) {
	p := &page{q: q}
	if q.StartingAfter == "" {
		return p, nil
	}
	c, err := LoadConversation(rd, app, q.StartingAfter)
	if err != nil {
		return nil, gateway.Wrong("startingAfter", "There is no conversation %q.", q.StartingAfter)
	}
	p.after = &c
	return p, nil
}

// add puts a conversation in its place if it belongs to the page.
func (p *page) add(c gateway.Conversation) {
	if c.Deleted || !p.q.matches(&c) || p.after != nil && p.q.compare(c, *p.after) <= 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(p.rows, c, p.q.compare)
	if at >= p.q.Limit {
		return
	}
	p.rows = slices.Insert(p.rows, at, c)
	p.rows = p.rows[:min(len(p.rows), p.q.Limit)]
}

// by is the list that has the query's order.
func (q ConversationsQuery) by() store.ListOrder {
	if q.OrderBy == ByCreatedAt {
		return store.ListByCreation
	}
	return store.ListByActivity
}

// span is the part of the list that can hold what the query asks for.
func (q ConversationsQuery) span(rd store.Reader, app gateway.AppID) (store.Range, error) {
	prefix := store.ListPrefix(app, q.by())
	rg := store.Range{Prefix: prefix, Reverse: !q.Ascending}
	from := func(k store.Key) {
		if rg.From == nil || bytes.Compare(k, rg.From) > 0 {
			rg.From = k
		}
	}
	to := func(k store.Key) {
		if rg.To == nil || bytes.Compare(k, rg.To) < 0 {
			rg.To = k
		}
	}
	if q.StartingAfter != "" {
		c, err := LoadConversation(rd, app, q.StartingAfter)
		if err != nil {
			return rg, gateway.Wrong("startingAfter", "There is no conversation %q.", q.StartingAfter)
		}
		if k := store.ListKey(app, q.by(), q.at(&c), c.ID); q.Ascending {
			from(k.Next())
		} else {
			to(k)
		}
	}
	switch {
	case q.Offset.IsZero():
	case q.Ascending:
		from(prefix.Time(q.Offset))
	default:
		to(prefix.Time(q.Offset))
	}
	if q.OrderBy != ByCreatedAt && !q.LastMessageAfter.IsZero() {
		from(prefix.Time(q.LastMessageAfter))
	}
	if q.OrderBy != ByCreatedAt && !q.LastMessageBefore.IsZero() {
		to(prefix.Time(q.LastMessageBefore))
	}
	return rg, nil
}

// Conversations lists the app's conversations: it reads as many as the page
// holds, and those the query's filter passes over.
func (s *Service) Conversations(ctx context.Context, app gateway.AppID, q ConversationsQuery) ([]wire.Conversation, error) {
	var out []wire.Conversation
	err := s.view(ctx, "list conversations", func(rd store.Reader) error {
		out = []wire.Conversation{}
		rg, err := q.span(rd, app)
		if err != nil {
			return err
		}
		return store.Listing.Scan(rd, rg, func(_ store.Key, at store.ListPlace) (bool, error) {
			c, found, err := store.Conversations.Find(rd, store.ConversationKey(app, at.Conversation))
			if err != nil || !found || c.Deleted || !q.matches(&c) {
				return err == nil, errors.Join(err, ctx.Err())
			}
			shown, err := s.showConversation(rd, app, c)
			out = append(out, shown)
			return len(out) < q.Limit, err
		})
	})
	return out, err
}

// UserConversations lists the conversations a user takes part in.
func (s *Service) UserConversations(ctx context.Context, app gateway.AppID, u gateway.UserID, q ConversationsQuery) ([]wire.UserConversation, error) {
	var out []wire.UserConversation
	err := s.view(ctx, "list a user's conversations", func(rd store.Reader) error {
		p, err := newPage(rd, app, q)
		if err != nil {
			return err
		}
		known := false
		rg := store.Range{Prefix: store.UserKey(app, u)}
		err = store.Memberships.Scan(rd, rg, func(_ store.Key, m store.Membership) (bool, error) {
			known = true
			if m.Left && !q.Left {
				return true, ctx.Err()
			}
			c, found, err := store.Conversations.Find(rd, store.ConversationKey(app, m.Conversation))
			if err != nil || !found {
				return err == nil, err
			}
			if q.Unread {
				if unread, err := isUnread(rd, app, u, c); err != nil || !unread {
					return err == nil, err
				}
			}
			p.add(c)
			return true, ctx.Err()
		})
		if err == nil && q.Known && !known {
			err = mustKnow(rd, app, u)
		}
		if err != nil {
			return err
		}
		out, err = s.showUserConversations(rd, app, u, p.rows)
		return err
	})
	return out, err
}

// mustKnow says NotFound of a user who was never PUT.
func mustKnow(rd store.Reader, app gateway.AppID, u gateway.UserID) error {
	found, err := LoadUser(rd, app, u)
	if err == nil && found.Stub {
		err = NotFound{What: "user", ID: string(u)}
	}
	return err
}

func (s *Service) showUserConversations(rd store.Reader, app gateway.AppID, u gateway.UserID, rows []gateway.Conversation) ([]wire.UserConversation, error) {
	out := make([]wire.UserConversation, len(rows))
	for i, c := range rows {
		var err error
		if out[i].Conversation, err = s.showConversation(rd, app, c); err != nil {
			return nil, err
		}
		if out[i].IsUnread, err = isUnread(rd, app, u, c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// isUnread tells whether the last message is somebody else's and not read, or
// the user marked the conversation unread.
func isUnread(rd store.Reader, app gateway.AppID, u gateway.UserID, c gateway.Conversation) (bool, error) {
	last, err := lastMessage(rd, app, c)
	if err != nil {
		return false, err
	}
	p, err := store.Participants.Get(rd, store.ParticipantKey(app, c.ID, u))
	if err != nil || p.Unread || last == nil || last.Sender == u {
		return p.Unread, err
	}
	return last.Number > p.ReadCount && !slices.Contains(last.ReadBy, u), nil
}
