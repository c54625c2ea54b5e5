package chat

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Who is online is a list of its own, so that asking for it does not look at
// everybody who ever was. A user stands in it from the first sign of a session
// until EndSessions finds that none is left; renewing one writes nothing here.

// listOnline keeps a user's place in the list after a change of the presence.
func listOnline(tx store.Tx, s store.Session, p gateway.Presence) error {
	k := store.UserKey(s.App, s.User)
	if !p.Online {
		return store.Online.Delete(tx, k)
	}
	if _, listed, err := store.Online.Find(tx, k); err != nil || listed {
		return err
	}
	if err := store.Online.Put(tx, k, s); err != nil {
		return err
	}
	return store.SessionEnds.Put(tx, store.SessionEndKey(p.ExpiresAt, s), s)
}

// Bounds of EndSessions: how many are looked up at once, and how many of them are
// ended at once, sharing commits.
const (
	endSlice  = 500
	endAtOnce = 32
)

// EndSessions takes those whose sessions ended by themselves off the list of who
// is online. It is to be called every now and then: until it is, lists are right
// and only longer to read.
func (s *Service) EndSessions(ctx context.Context) error {
	for {
		ended, now, err := s.endedSessions(ctx)
		if err != nil {
			return err
		}
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(endAtOnce)
		for k, who := range ended {
			g.Go(func() error {
				return s.update(ctx, store.UserScope(who.App, who.User), "end session", func(tx store.Tx) error {
					return endSession(tx, store.Key(k), who, now)
				})
			})
		}
		if err := g.Wait(); err != nil || len(ended) < endSlice {
			return err
		}
	}
}

// endedSessions returns some of those whose time has come, by their keys.
func (s *Service) endedSessions(ctx context.Context) (out map[string]store.Session, now time.Time, err error) {
	now = s.now()
	err = s.view(ctx, "find ended sessions", func(rd store.Reader) error {
		out = map[string]store.Session{}
		return store.SessionEnds.Scan(rd, store.Range{To: store.Key(nil).Time(now)}, func(k store.Key, who store.Session) (bool, error) {
			out[string(k)] = who
			return len(out) < endSlice, nil
		})
	})
	return out, now, err
}

// endSession takes a user off the list, or has one whose session was renewed
// looked at again when that ends.
func endSession(tx store.Tx, end store.Key, who store.Session, now time.Time) error {
	if err := store.SessionEnds.Delete(tx, end); err != nil {
		return err
	}
	k := store.UserKey(who.App, who.User)
	p, _, err := store.Presences.Find(tx, k)
	switch {
	case err != nil:
		return err
	case !p.OnlineAt(now):
		return store.Online.Delete(tx, k)
	case p.ExpiresAt.After(now):
		return store.SessionEnds.Put(tx, store.SessionEndKey(p.ExpiresAt, who), who)
	}
	return nil
}

// eachOnline calls fn for those in a range of users who are online, in the order
// of their keys.
func eachOnline(ctx context.Context, rd store.Reader, rg store.Range, now time.Time, fn func(store.Session, gateway.Presence) (more bool, err error)) error {
	return store.Online.Scan(rd, rg, func(k store.Key, who store.Session) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		p, _, err := store.Presences.Find(rd, k)
		if err != nil || !p.OnlineAt(now) {
			return err == nil, err
		}
		return fn(who, p)
	})
}
