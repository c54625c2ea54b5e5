package chat

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// disabledSlice is how many mails or conversations WithdrawDisabled looks at in
// one call.
const disabledSlice = 500

// The parts of a pass over what is to be taken back; the first octet of where it
// goes on.
const (
	passMails    = 'm' // queued mails
	passWaiting  = 'w' // conversations with a due item, the latest first
	passExternal = 'x' // conversations that wait for an external schedule
)

// WithdrawDisabled takes back a part of what people wait for whose mail is
// switched off, for the app or for their role: queued mails are cancelled, and
// what waits for a decision is decided about now. It returns where to go on, nil
// if that was the last part; an empty from begins. Nothing is held up meanwhile,
// and what is done twice is done once.
func (s *Service) WithdrawDisabled(ctx context.Context, app gateway.AppID, from []byte) (next []byte, err error) {
	if len(from) == 0 {
		from = []byte{passMails}
	}
	part, key := from[0], store.Key(from[1:])
	switch part {
	case passMails:
		next = []byte{passWaiting}
		key, err = s.cancelDisabled(ctx, app, key)
	case passWaiting:
		next = []byte{passExternal}
		key, err = s.hastenWaiting(ctx, app, key)
	default:
		key, err = s.hastenExternal(ctx, app, key)
	}
	switch {
	case isMissing(err):
		return nil, nil // the app is gone
	case err != nil:
		return nil, err
	case key != nil:
		return append([]byte{part}, key...), nil
	}
	return next, nil
}

// cancelDisabled cancels some of the queued mails of those who get none.
func (s *Service) cancelDisabled(ctx context.Context, app gateway.AppID, from store.Key) (last store.Key, err error) {
	var mails []gateway.Delivery
	err = s.view(ctx, "find mails of a role", func(rd store.Reader) error {
		mails, last = nil, nil
		a, err := loadApp(rd, app)
		if err != nil {
			return err
		}
		rg, seen := store.Range{Prefix: store.AppKey(app)}, 0
		if len(from) > 0 {
			rg.From = from.Next()
		}
		return store.Unsent.Scan(rd, rg, func(k store.Key, m store.UnsentMail) (bool, error) {
			if seen++; seen == disabledSlice {
				last = slices.Clone(k)
			}
			d, found, err := store.Mails.Find(rd, store.AppKey(app).String(string(m.Delivery)))
			if err != nil {
				return false, err
			}
			off, err := mailOff(rd, &a, m.Recipient)
			if off && found && d.Notification != "" {
				mails = append(mails, d)
			}
			return err == nil && seen < disabledSlice, err
		})
	})
	if err != nil {
		return nil, err
	}
	now := s.now()
	return last, each(ctx, mails, func(ctx context.Context, d gateway.Delivery) error {
		return s.update(ctx, store.ConversationScope(app, d.Conversation), "withdraw mail", func(tx store.Tx) error {
			_, err := s.DeliverySettled(tx, now, app, Settled{Delivery: d.ID, State: gateway.DeliveryCancelled, Reason: gateway.ReasonDisabled})
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return err
		})
	})
}

// hastenWaiting has some of the conversations decided about in which somebody
// waits who gets no mail. Only those are looked at that were active so lately
// that somebody may wait by the queue's time.
func (s *Service) hastenWaiting(ctx context.Context, app gateway.AppID, from store.Key) (last store.Key, err error) {
	var found []gateway.ConversationID
	now := s.now()
	err = s.view(ctx, "find what waits", func(rd store.Reader) error {
		found, last = nil, nil
		a, err := loadApp(rd, app)
		if err != nil {
			return err
		}
		prefix := store.ListPrefix(app, store.ListByActivity)
		rg := store.Range{Prefix: prefix, From: prefix.Time(now.Add(-longestWait(&a))), Reverse: true}
		if len(from) > 0 {
			rg.To = from
		}
		seen := 0
		return store.Listing.Scan(rd, rg, func(k store.Key, place store.ListPlace) (bool, error) {
			if seen++; seen == disabledSlice {
				last = slices.Clone(k)
			}
			wanted, err := waitsInVain(rd, &a, place.Conversation)
			if wanted {
				found = append(found, place.Conversation)
			}
			return err == nil && seen < disabledSlice, err
		})
	})
	if err != nil {
		return nil, err
	}
	return last, s.hastenAll(ctx, app, found, now)
}

// hastenExternal is hastenWaiting for those of a role with an external schedule.
func (s *Service) hastenExternal(ctx context.Context, app gateway.AppID, from store.Key) (last store.Key, err error) {
	all, last, err := s.externalSlice(ctx, app, from)
	if err != nil {
		return nil, err
	}
	var found []gateway.ConversationID
	err = s.view(ctx, "find what waits", func(rd store.Reader) error {
		found = nil
		a, err := loadApp(rd, app)
		if err != nil {
			return err
		}
		for _, c := range all {
			wanted, err := waitsInVain(rd, &a, c)
			if err != nil {
				return err
			}
			if wanted {
				found = append(found, c)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return last, s.hastenAll(ctx, app, found, s.now())
}

func (s *Service) hastenAll(ctx context.Context, app gateway.AppID, all []gateway.ConversationID, now time.Time) error {
	return each(ctx, all, func(ctx context.Context, c gateway.ConversationID) error {
		return s.update(ctx, store.ConversationScope(app, c), "hasten decision", func(tx store.Tx) error {
			if _, err := LoadConversation(tx, app, c); isMissing(err) {
				return nil
			} else if err != nil {
				return err
			}
			return hasten(tx, app, c, now, now)
		})
	})
}

// longestWait is how long after a conversation's last message something may wait
// to be decided by the queue's time: a delay, what puts it off, the interval and
// a day of quiet hours.
func longestWait(a *gateway.App) time.Duration {
	longest := time.Duration(0)
	for _, r := range append(slices.Collect(maps.Values(a.Roles)), a.Role(gateway.DefaultRole)) {
		longest = max(longest, 2*r.WaitsFor()+r.Defers()+r.MinInterval)
	}
	return longest + 2*24*time.Hour
}

// waitsInVain tells whether messages of a conversation wait to be told to
// somebody whose mail is off.
func waitsInVain(rd store.Reader, a *gateway.App, id gateway.ConversationID) (bool, error) {
	c, err := LoadConversation(rd, a.ID, id)
	if isMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	people, err := LoadParticipants(rd, a.ID, id)
	if err != nil {
		return false, err
	}
	for _, p := range people {
		if !waitsAtAll(p, c) {
			continue
		}
		if off, err := mailOff(rd, a, p.User); off || err != nil {
			return off, err
		}
	}
	return false, nil
}

// mailOff tells whether mail is switched off for a user.
func mailOff(rd store.Reader, a *gateway.App, u gateway.UserID) (bool, error) {
	if a.EmailDisabled {
		return true, nil
	}
	user, err := LoadUser(rd, a.ID, u)
	return a.Role(user.Role).EmailDisabled, err
}

// each runs fn for all, some at once, so that they share commits.
func each[T any](ctx context.Context, all []T, fn func(context.Context, T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runAtOnce)
	for _, x := range all {
		g.Go(func() error { return fn(ctx, x) })
	}
	return g.Wait()
}
