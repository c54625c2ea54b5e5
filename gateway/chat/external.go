package chat

import (
	"context"
	"sync/atomic"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Bounds of a run.
const (
	// runSlice is how many conversations are looked up at once.
	runSlice = 500
	// runAtOnce is how many are given free at once, sharing commits.
	runAtOnce = 32
)

// markExternal notes that the conversation may have messages which wait for an
// external schedule, once.
func markExternal(tx store.Tx, app gateway.AppID, c gateway.ConversationID) error {
	k := store.AppKey(app).String(string(c))
	if _, found, err := store.External.Find(tx, k); err != nil || found {
		return err
	}
	return store.External.Put(tx, k, store.ExternalWork{Conversation: c})
}

// Run starts the mails of the roles that have an external schedule: every
// conversation in which something waits for it is due now. It returns how many
// those are. Runs that overlap mail once, since each message is decided about
// once for each person.
func (s *Service) Run(ctx context.Context, app gateway.AppID) (int, error) {
	return s.run(ctx, app, false)
}

// RunTests is Run about test messages alone.
func (s *Service) RunTests(ctx context.Context, app gateway.AppID) (int, error) {
	return s.run(ctx, app, true)
}

func (s *Service) run(ctx context.Context, app gateway.AppID, test bool) (int, error) {
	var ran atomic.Int64
	var after store.Key
	for {
		slice, last, err := s.externalSlice(ctx, app, after)
		if err != nil || len(slice) == 0 {
			return int(ran.Load()), err
		}
		err = each(ctx, slice, func(ctx context.Context, c gateway.ConversationID) error {
			done, err := s.runOne(ctx, app, c, test)
			if done {
				ran.Add(1)
			}
			return err
		})
		if err != nil {
			return int(ran.Load()), err
		}
		after = last
	}
}

// externalSlice returns some conversations that wait, after a key.
func (s *Service) externalSlice(ctx context.Context, app gateway.AppID, after store.Key) (out []gateway.ConversationID, last store.Key, err error) {
	rg := store.Range{Prefix: store.AppKey(app)}
	if after != nil {
		rg.From = after.Next()
	}
	err = s.view(ctx, "find external work", func(rd store.Reader) error {
		out, last = nil, nil
		return store.External.Scan(rd, rg, func(k store.Key, w store.ExternalWork) (bool, error) {
			out, last = append(out, w.Conversation), append(store.Key(nil), k...)
			return len(out) < runSlice, nil
		})
	})
	return out, last, err
}

// runOne gives what waits in one conversation free, and has it decided now.
func (s *Service) runOne(ctx context.Context, app gateway.AppID, c gateway.ConversationID, test bool) (done bool, err error) {
	now := s.now()
	err = s.update(ctx, store.ConversationScope(app, c), "run notifications", func(tx store.Tx) error {
		done = false
		if !test { // after a run of tests the others still wait
			if err := store.External.Delete(tx, store.AppKey(app).String(string(c))); err != nil {
				return err
			}
		}
		r, err := s.open(tx, now, app, c)
		if isMissing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if done = true; test {
			r.conv.TestRan = r.conv.Count
		} else {
			r.conv.Ran = r.conv.Count
		}
		if err := hasten(tx, app, c, now, now); err != nil {
			return err
		}
		return r.close()
	})
	return done, err
}
