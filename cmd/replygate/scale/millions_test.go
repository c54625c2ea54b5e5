package scale

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/suppression"
)

// The sizes the claim is about.
var (
	small = Crowd{App: shop, Conversations: 10_000, Pending: 1_000}
	large = Crowd{App: shop, Conversations: 10_000_000, Pending: 1_000_000}
)

// TestMillions does with ten million conversations, a million of them pending,
// what it does with ten thousand, in turns, and compares how long each took. Then
// it has the binary serve them. It takes 14 GB of disk, and half an hour the first
// time; REPLYGATE_SCALE names a directory to keep the database in.
func TestMillions(t *testing.T) {
	if !long {
		t.Skip("REPLYGATE_LONG is not set: ten million conversations take half an hour")
	}
	home := os.Getenv("REPLYGATE_SCALE")
	if home == "" {
		home = t.TempDir()
	}
	t.Run("decisions", func(t *testing.T) {
		few, many := keptWorld(t, t.TempDir(), small), keptWorld(t, home, large)
		defer few.close()
		defer many.close()
		many.sample()
		compare(t, few, many)
		few.cancelMails()
		many.cancelMails()
	})
	t.Run("serving", func(t *testing.T) { serving(t, home) })
}

// keptWorld opens the world of a directory, and makes it if there is none.
func keptWorld(t *testing.T, home string, c Crowd) *world {
	t.Helper()
	data, note := filepath.Join(home, "data", "db"), filepath.Join(home, "made")
	keys := masterKeys(t, filepath.Join(home, "data", "keys"))
	if b, err := os.ReadFile(note); err == nil {
		key, at, _ := strings.Cut(string(b), " ")
		began := time.Now()
		w := openWorld(t, data, keys, c)
		t.Logf("%d conversations: the database opens in %v", c.Conversations, time.Since(began))
		w.key = key
		w.crowd.Now, err = time.Parse(time.RFC3339Nano, at)
		w.ok(err)
		return w
	}
	c.Now = time.Now().Truncate(time.Millisecond)
	began := time.Now()
	w := newWorld(t, data, keys, c)
	t.Logf("%d conversations: made in %v, %d MB", c.Conversations, time.Since(began), w.engine.Stats().FileBytes>>20)
	w.ok(os.WriteFile(note, []byte(w.key+" "+c.Now.Format(time.RFC3339Nano)), 0o600))
	return w
}

// masterKeys reads the key file, and makes it if there is none.
func masterKeys(t *testing.T, path string) *secret.Keys {
	t.Helper()
	made := secret.Generate()
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		b = made.Format()
		err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, b, 0o600))
	}
	keys, bad := secret.Parse(b)
	if err = errors.Join(err, bad); err != nil {
		t.Fatal(err)
	}
	return keys
}

// sample reads some of the crowd back as a backend would.
func (w *world) sample() {
	w.Helper()
	c := w.crowd
	for n := range 50 {
		i := c.PendingAt(c.Pending / 50 * n)
		conv, who := c.Conversation(i), c.User(c.Listener(i))
		shown, err := w.chat.Conversation(w.Context(), shop, conv)
		w.ok(err)
		if len(shown.Participants) != 2 || shown.LastMessage == nil || *shown.LastMessage.SenderID != c.User(c.Speaker(i)) {
			w.Errorf("%s is shown as %+v", conv, shown)
		}
		for path, want := range map[string]int{
			"/conversations/" + string(conv) + "/messages":                     1,
			"/users/" + string(who) + "/conversations?limit=30":                10,
			"/notifications?conversationId=" + string(c.Conversation(i/10*10)): 1,
		} {
			if got := w.call("GET", path, ""); got < want {
				w.Errorf("%s: %d, want %d or more", path, got, want)
			}
		}
	}
	w.call("GET", "/conversations?limit=30", "")
	w.call("GET", "/users?isOnline=true&limit=30", "")
}

// arm has as many pending conversations as asked for, spread evenly, decided
// about now, and returns them.
func arm(t *testing.T, s store.Store, c Crowd, want int) (out []gateway.ConversationID) {
	t.Helper()
	step := c.Pending / want
	err := s.Update(context.Background(), store.SystemScope("arm"), func(tx store.Tx) error {
		out = nil
		for n := 0; len(out) < want && n < c.Pending*step; n += step {
			i := c.PendingAt(n%c.Pending + n/c.Pending) // an earlier run may have used up some
			armed, err := armOne(tx, c, i)
			if err != nil {
				return err
			}
			if armed {
				out = append(out, c.Conversation(i))
			}
		}
		return nil
	})
	if err != nil || len(out) < want {
		t.Fatalf("only %d of the crowd wait: %v", len(out), err)
	}
	return out
}

// armOne has one conversation decided about now, if it is as the crowd made it.
func armOne(tx store.Tx, c Crowd, i int) (bool, error) {
	conv, who := c.Conversation(i), c.Listener(i)
	p, err := store.Participants.Get(tx, store.ParticipantKey(c.App, conv, c.User(who)))
	if err != nil || p.NotifiedCount > 0 || who%100 == 99 {
		return false, err
	}
	ref := store.NotificationItem(c.App, conv)
	if _, err := tx.Item(ref); err != nil {
		return false, ignoreMissing(err)
	}
	return true, tx.Move(ref, time.Now().Add(-time.Minute))
}

func ignoreMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// compare acts on the few and the many in turns.
func compare(t *testing.T, few, many *world) {
	const rounds = 200
	a, b := arm(t, few.engine, few.crowd, rounds), arm(t, many.engine, many.crowd, rounds)
	acts := []struct {
		name string
		do   func(w *world, c gateway.ConversationID)
	}{ // the first is what is claimed
		{"deciding, mail composed and signed", (*world).decideOne},
		{"a message", func(w *world, c gateway.ConversationID) {
			w.call("POST", "/conversations/"+string(c)+"/messages", fmt.Sprintf(`[{"sender":%q,"type":"UserMessage","text":"Hello"}]`, w.people(c)[0]))
		}},
		{"reading", func(w *world, c gateway.ConversationID) {
			w.call("POST", fmt.Sprintf("/conversations/%s/readBy/%s", c, w.people(c)[1]), `{}`)
		}},
		{"presence", func(w *world, c gateway.ConversationID) {
			w.call("PUT", "/users/"+string(w.people(c)[1])+"/presence", `{"ttl":60}`)
		}},
		{"a list of notifications", func(w *world, c gateway.ConversationID) {
			w.call("GET", "/notifications?limit=10&recipientId="+string(w.people(c)[1]), "")
		}},
		{"muting", func(w *world, c gateway.ConversationID) {
			w.call("PATCH", fmt.Sprintf("/conversations/%s/participants/%s", c, w.people(c)[1]), `{"notify":false}`)
		}},
	}
	for n, act := range acts {
		var x, y []time.Duration
		for i := range rounds {
			x = append(x, timed(func() { act.do(few, a[i]) }))
			y = append(y, timed(func() { act.do(many, b[i]) }))
		}
		slices.Sort(x)
		slices.Sort(y)
		at := func(ds []time.Duration, percent int) time.Duration {
			return ds[(len(ds)-1)*percent/100].Round(10 * time.Microsecond)
		}
		t.Logf("%-36s among few: p50 %v p99 %v max %v; among many: p50 %v p99 %v max %v; ratio of p50 %.2f, of p99 %.2f", act.name,
			at(x, 50), at(x, 99), at(x, 100), at(y, 50), at(y, 99), at(y, 100),
			float64(at(y, 50))/float64(at(x, 50)), float64(at(y, 99))/float64(at(x, 99)))
		if at(y, 50) > 2*at(x, 50) || n == 0 && at(y, 99) > 2*at(x, 99) {
			t.Errorf("%s takes %v among many and %v among few", act.name, at(y, 50), at(x, 50))
		}
	}
}

func timed(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

// people are who writes in a conversation of the crowd, and who does not.
func (w *world) people(c gateway.ConversationID) [2]gateway.UserID {
	var i int
	if _, err := fmt.Sscanf(string(c), "c%d", &i); err != nil {
		w.Fatal(err)
	}
	return [2]gateway.UserID{w.crowd.User(w.crowd.Speaker(i)), w.crowd.User(w.crowd.Listener(i))}
}

// decideOne decides about a conversation, or another that is due in its shard.
func (w *world) decideOne(c gateway.ConversationID) {
	w.Helper()
	ls := w.lease(store.Notifications, store.ShardOf(shop, string(c)), 1)
	if len(ls) != 1 {
		w.Fatalf("nothing is due in the shard of %s", c)
	}
	w.settle(ls[0], w.notifier.Handle(w.Context(), ls[0]))
}

// cancelMails takes back what was queued.
func (w *world) cancelMails() {
	w.Helper()
	w.ok(w.engine.Update(context.Background(), store.AppScope(shop), func(tx store.Tx) error {
		return store.Unsent.Scan(tx, store.Range{Prefix: store.AppKey(shop)}, func(_ store.Key, m store.UnsentMail) (bool, error) {
			d, err := store.Mails.Get(tx, store.AppKey(shop).String(string(m.Delivery)))
			if err != nil {
				return false, err
			}
			_, err = suppression.Cancel(tx, shop, d, gateway.ReasonNoAddress, time.Now())
			return true, err
		})
	}))
}
