package scale

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
)

// long tells whether the proofs run at the size they are claimed for.
var long = os.Getenv("REPLYGATE_LONG") != ""

// The burst: how many are in the group, and how many of those look at it.
const (
	crowded = 300
	present = 20
	perCall = chat.MaxMessageBatch
)

// TestBurst has one of a group of three hundred write a thousand messages within
// seconds (the long form: a hundred thousand): each who was away gets one mail,
// nobody who was there gets any, and a message writes as much as in a group of
// three.
func TestBurst(t *testing.T) {
	messages := 500
	if long {
		messages = 100_000
	}
	dir, began, bytes := t.TempDir(), time.Now(), int64(0)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, dir, secret.Generate(), Crowd{App: shop, Conversations: 200, Pending: 100, Now: time.Now().Truncate(time.Millisecond)})
		defer w.close()
		w.group("few", "f", 3)
		w.group("many", "g", crowded)
		for i := range present {
			w.call("PUT", fmt.Sprintf("/users/g%03d/presence", i), `{"ttl":86400,"selectedConversationId":"many"}`)
		}
		stop := w.run()
		defer stop()
		small := w.burst("few", "f000", 3*perCall)
		w.burst("many", "g000", perCall) // makes the item
		before := w.engine.Stats()
		large := w.burst("many", "g000", messages-perCall)
		if large != small {
			t.Errorf("a call of %d messages writes %d records to %d people, and %d to three", perCall, large, crowded, small)
		}
		bytes = (w.engine.Stats().WrittenBytes - before.WrittenBytes) / int64(messages-perCall)
		if n := len(w.mailed("many")); n != 0 {
			t.Errorf("%d mails went out while they were writing", n)
		}
		time.Sleep(time.Hour)
		w.onePerAbsent(uint64(messages))
		time.Sleep(24 * time.Hour)
		w.onePerAbsent(uint64(messages))
	})
	t.Logf("%d messages to %d people, %d bytes written for each, and %d mails: %v", messages, crowded, bytes, crowded-present, time.Since(began))
}

// run works the notifications queue off until stop is called.
func (w *world) run() (stop func()) {
	r := queue.New(queue.Config{Store: w.engine, Queue: store.Notifications, Handler: w.notifier.Handle, Poll: time.Hour, Log: w.notifier.Log})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.ok(r.Run(ctx)) })
	return func() {
		cancel()
		running.Wait()
	}
}

// burst posts messages, one a millisecond, and returns how many records the
// calls, but for the first, wrote each: all the same, or it fails.
func (w *world) burst(c gateway.ConversationID, sender gateway.UserID, n int) (perCallWritten int64) {
	w.Helper()
	call := make([]chat.NewMessage, perCall)
	for at := 0; at < n; at += perCall {
		for i := range call {
			call[i] = chat.NewMessage{Sender: chat.Give(sender), Text: chat.Give(fmt.Sprintf("Message %d of many", at+i))}
		}
		before := w.engine.Stats().WrittenRecords
		_, err := w.chat.PostMessages(w.Context(), shop, c, call, chat.Posting{})
		w.ok(err)
		written := w.engine.Stats().WrittenRecords - before
		if at > perCall && written != perCallWritten {
			w.Fatalf("call %d writes %d records, the one before it %d", at/perCall, written, perCallWritten)
		}
		if perCallWritten = written; at == 0 {
			perCallWritten = 0
		}
		time.Sleep(perCall * time.Millisecond)
	}
	return perCallWritten
}

// mailed counts the mails about a conversation by recipient.
func (w *world) mailed(c gateway.ConversationID) map[gateway.UserID]int {
	w.Helper()
	var out map[gateway.UserID]int
	w.ok(w.engine.View(context.Background(), func(rd store.Reader) error {
		out = map[gateway.UserID]int{}
		return store.Mails.Scan(rd, store.Range{Prefix: store.AppKey(shop)}, func(_ store.Key, d gateway.Delivery) (bool, error) {
			if d.Conversation == c {
				out[d.Recipient]++
			}
			return true, nil
		})
	}))
	return out
}

// onePerAbsent holds that each who was away has one mail about all messages.
func (w *world) onePerAbsent(upTo uint64) {
	w.Helper()
	mails := w.mailed("many")
	if len(mails) != crowded-present {
		w.Errorf("%d people were mailed, %d were away", len(mails), crowded-present)
	}
	for i := range crowded {
		u := gateway.UserID(fmt.Sprintf("g%03d", i))
		want := 1
		if i < present {
			want = 0
		}
		if mails[u] != want {
			w.Errorf("%s got %d mails, want %d", u, mails[u], want)
		}
		if p := get(w, store.Participants, store.ParticipantKey(shop, "many", u)); p.NotifiedCount != upTo || want == 1 && p.MailedCount != upTo {
			w.Errorf("%s was told up to %d, mailed up to %d, of %d", u, p.NotifiedCount, p.MailedCount, upTo)
		}
	}
}
