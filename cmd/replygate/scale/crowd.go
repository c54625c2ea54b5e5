package scale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Crowd is an app full of conversations of two. Every fourth has a message; in
// those that are pending nobody was told of it yet.
type Crowd struct {
	App           gateway.AppID
	Conversations int
	// Pending is how many wait to be decided about, spread evenly; it divides
	// Conversations. Due of them, which divides Pending, are due at Now, the
	// others within the thirty days behind it.
	Pending, Due int
	Now          time.Time
}

// slice is how many conversations, or users, one transaction writes.
const slice = 20_000

// Fill writes the crowd into a store that has its app and nothing of it yet.
func (c Crowd) Fill(ctx context.Context, s store.Store) error {
	talks := c.places(c.Conversations, func(i int) string { return string(c.Conversation(i)) })
	people := c.places(c.Users(), func(i int) string { return string(c.User(i)) })
	for _, part := range []struct {
		name  string
		order []int32
		write func(store.Tx, int) error
	}{
		{"conversations", talks, c.conversation},
		{"lists", interleaved(c.Conversations), c.lists},
		{"users", people, c.user},
		{"memberships", people, c.memberships},
		{"addresses", interleaved(c.Users()), c.address},
		{"the past", interleaved(c.Conversations / 10), c.past},
	} {
		if err := inSlices(ctx, s, part.order, part.write); err != nil {
			return fmt.Errorf("fill %s: %w", part.name, err)
		}
	}
	return nil
}

// inSlices writes what belongs to each number, in order.
func inSlices(ctx context.Context, s store.Store, order []int32, write func(store.Tx, int) error) error {
	for len(order) > 0 {
		now := order[:min(slice, len(order))]
		order = order[len(now):]
		err := s.Update(ctx, store.SystemScope("fill"), func(tx store.Tx) error {
			for _, i := range now {
				if err := write(tx, int(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// places orders numbers as the keys of what they name are, by shard.
func (c Crowd) places(n int, name func(int) string) []int32 {
	var shards [256][]int32
	for i := range n {
		at := store.ShardOf(c.App, name(i))
		shards[at] = append(shards[at], int32(i))
	}
	all := make([]int32, 0, n)
	for _, s := range shards {
		all = append(all, s...)
	}
	return twice(all)
}

func interleaved(n int) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	return twice(all)
}

// twice takes three of five at first, the others between them later: pages that
// are only ever written to at their end stay half empty, as few in use are.
func twice(all []int32) []int32 {
	out := make([]int32, 0, len(all))
	for _, first := range []bool{true, false} {
		for i, n := range all {
			if (i%5 < 3) == first {
				out = append(out, n)
			}
		}
	}
	return out
}

// Users is how many people talk, each in ten conversations.
func (c Crowd) Users() int { return max(2, c.Conversations/5) }

// Conversation, User and Address name what a number stands for; the names of one
// kind are of one length.
func (c Crowd) Conversation(i int) gateway.ConversationID {
	return gateway.ConversationID(fmt.Sprintf("c%08d", i))
}

// User names a person.
func (c Crowd) User(i int) gateway.UserID { return gateway.UserID(fmt.Sprintf("u%07d", i)) }

// Address is a person's only address.
func (c Crowd) Address(i int) string { return string(c.User(i)) + "@people.test" }

// Speaker and Listener are the two who take part in a conversation.
func (c Crowd) Speaker(i int) int { return i % c.Users() }

// Listener is the one who does not write.
func (c Crowd) Listener(i int) int { return (i + 1) % c.Users() }

// PendingAt is the conversation of the nth pending item.
func (c Crowd) PendingAt(n int) int { return n * (c.Conversations / c.Pending) }

// DueAt is the conversation of the nth that is due.
func (c Crowd) DueAt(n int) int { return c.PendingAt(n * (c.Pending / c.Due)) }

func (c Crowd) pending(i int) bool { return c.Pending > 0 && i%(c.Conversations/c.Pending) == 0 }

// began is when a conversation was: they lie a second apart, the last an hour ago.
func (c Crowd) began(i int) time.Time {
	return c.Now.Add(-time.Hour - time.Duration(c.Conversations-i)*time.Second).Truncate(time.Millisecond)
}

func (c Crowd) message(i int) gateway.MessageID {
	return gateway.MessageID(fmt.Sprintf("%s%026d", gateway.PrefixMessage, i))
}

// conversation writes a conversation with its people, its message and, if it is
// pending, its item.
func (c Crowd) conversation(tx store.Tx, i int) error {
	id, at := c.Conversation(i), c.began(i)
	conv := gateway.Conversation{ID: id, CreatedAt: at, Incarnation: fmt.Sprintf("%026d", i)}
	told := uint64(0)
	if c.pending(i) || i%4 == 0 {
		conv.Count, conv.LastMessage, conv.LastMessageAt, conv.LastActivity = 1, c.message(i), at, at
		if !c.pending(i) {
			told = 1
		}
		if err := c.say(tx, i, at); err != nil {
			return err
		}
	}
	for _, u := range []int{c.Speaker(i), c.Listener(i)} {
		p := gateway.Participant{
			Conversation: id, User: c.User(u), Access: gateway.ReadWrite, Notify: gateway.NotifyAll, JoinedAt: at, NotifiedCount: told,
		}
		if err := store.Participants.Put(tx, store.ParticipantKey(c.App, id, p.User), p); err != nil {
			return err
		}
	}
	if c.pending(i) {
		if err := c.enqueue(tx, i); err != nil {
			return err
		}
	}
	return store.Conversations.Put(tx, store.ConversationKey(c.App, id), conv)
}

func (c Crowd) say(tx store.Tx, i int, at time.Time) error {
	id := c.Conversation(i)
	m := gateway.Message{
		ID: c.message(i), Conversation: id, Sender: c.User(c.Speaker(i)), Type: gateway.UserMessage, Origin: gateway.OriginREST,
		Text: "The blue one is sold out, shall we send the green one?", CreatedAt: at, Number: 1,
	}
	place := store.ConversationKey(c.App, id).String(string(m.ID))
	return errors.Join(
		store.Messages.Put(tx, store.MessageKey(c.App, id, at, 1), m),
		store.MessagePlaces.Put(tx, place, store.MessagePlace{CreatedAt: at, Number: 1}))
}

func (c Crowd) enqueue(tx store.Tx, i int) error {
	n := i / (c.Conversations / c.Pending)
	due := c.Now.Add(time.Hour + time.Duration(n%720)*time.Hour)
	if c.Due > 0 && n%(c.Pending/c.Due) == 0 {
		due = c.Now
	}
	return tx.Enqueue(store.Item{ItemRef: store.NotificationItem(c.App, c.Conversation(i)), Due: due, EnqueuedAt: c.began(i)})
}

func (c Crowd) lists(tx store.Tx, i int) error {
	for _, by := range []store.ListOrder{store.ListByActivity, store.ListByCreation} {
		k := store.ListKey(c.App, by, c.began(i), c.Conversation(i))
		if err := store.Listing.Put(tx, k, store.ListPlace{Conversation: c.Conversation(i)}); err != nil {
			return err
		}
	}
	return nil
}

// user writes a person; every second was online once.
func (c Crowd) user(tx store.Tx, i int) error {
	k := store.UserKey(c.App, c.User(i))
	u := gateway.User{ID: c.User(i), Name: fmt.Sprintf("Person %07d", i), Email: []string{c.Address(i)}, CreatedAt: c.began(0)}
	if err := store.Users.Put(tx, k, u); err != nil || i%2 == 0 {
		return err
	}
	at := c.began(0)
	return store.Presences.Put(tx, k, gateway.Presence{Online: true, HasFocus: true, ExpiresAt: at, LastOnlineAt: at, AttendedAt: at})
}

func (c Crowd) memberships(tx store.Tx, u int) error {
	n := c.Users()
	for from := u; from < c.Conversations+n; from += n {
		for _, i := range []int{from - 1, from} { // where u listens, and where u speaks
			if i < 0 || i >= c.Conversations || c.Speaker(i) != u && c.Listener(i) != u {
				continue
			}
			k := store.UserKey(c.App, c.User(u)).String(string(c.Conversation(i)))
			if err := store.Memberships.Put(tx, k, store.Membership{Conversation: c.Conversation(i)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// address writes whose an address is; every hundredth is suppressed.
func (c Crowd) address(tx store.Tx, u int) error {
	a, err := gateway.ParseAddress(c.Address(u))
	if err != nil {
		return err
	}
	k := store.AddressKey(c.App, a)
	if err := store.AddressOwners.Put(tx, k.String(string(c.User(u))), store.AddressOwner{User: c.User(u)}); err != nil || u%100 != 99 {
		return err
	}
	return store.Suppressions.Put(tx, k, store.Suppression{Address: a, Reason: gateway.ReasonSuppressed, Kind: "hard", At: c.began(0)})
}

// past writes a notification and an event of days ago, and of every second
// the mail and its answer.
func (c Crowd) past(tx store.Tx, n int) error {
	i := n * 10
	at := c.Now.Add(-5*24*time.Hour + time.Duration(n)*time.Millisecond).Truncate(time.Millisecond)
	d := gateway.Notification{
		ID: gateway.NotificationID(fmt.Sprintf("%s%026d", gateway.PrefixNotification, n)), Conversation: c.Conversation(i), Recipient: c.User(c.Listener(i)),
		State: gateway.NotificationSkipped, Reason: gateway.ReasonRead, CreatedAt: at, UpdatedAt: at, UpTo: 1,
	}
	if n%2 == 0 {
		d.State, d.Reason = gateway.NotificationSent, ""
	}
	e := gateway.Event{
		ID: gateway.EventID(fmt.Sprintf("%s%026d", gateway.PrefixEvent, n)), App: c.App, Type: gateway.EventMessageSent, CreatedAt: at,
		Conversation: c.Conversation(i), Seq: 1, Data: []byte(`{"message":{"text":"The blue one is sold out."}}`),
	}
	k := store.AppKey(c.App).String(string(e.ID))
	return errors.Join(store.AddDecision(tx, c.App, d), store.EventLog.Put(tx, k, e),
		store.ExpireAt(tx, store.EventLog.Table, k, at.Add(7*24*time.Hour)), c.mailed(tx, n, d))
}

// mailed writes what went out and came back of a notification that was sent.
func (c Crowd) mailed(tx store.Tx, n int, of gateway.Notification) error {
	if of.State != gateway.NotificationSent {
		return nil
	}
	to, err := gateway.ParseAddress(string(of.Recipient) + "@people.test")
	if err != nil {
		return err
	}
	err = store.AddDelivery(tx, c.App, gateway.Delivery{
		ID: gateway.DeliveryID(fmt.Sprintf("%s%026d", gateway.PrefixDelivery, n)), Notification: of.ID, Conversation: of.Conversation, Recipient: of.Recipient,
		To: to, State: gateway.DeliverySent, CreatedAt: of.CreatedAt, UpdatedAt: of.UpdatedAt,
	})
	if err != nil {
		return err
	}
	return store.PutReply(tx, c.App, gateway.Reply{
		ID: gateway.ReplyID(fmt.Sprintf("%s%026d", gateway.PrefixReply, n)), Conversation: of.Conversation, Participant: of.Recipient,
		From: to, State: gateway.ReplyPosted, ReceivedAt: of.CreatedAt, UpdatedAt: of.UpdatedAt,
	})
}
