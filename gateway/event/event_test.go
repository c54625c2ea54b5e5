package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
	"github.com/replygate/replygate/storage/bolt"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) store.Store {
	t.Helper()
	e, err := bolt.Open(t.TempDir(), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func record(t *testing.T, s store.Store, app *gateway.App, conv *gateway.Conversation, typ gateway.EventType) gateway.EventID {
	t.Helper()
	var id gateway.EventID
	err := s.Update(context.Background(), store.AppScope(app.ID), func(tx store.Tx) (err error) {
		id, err = event.Record(tx, app, conv, typ, map[string]int{"x": 1}, now, "trc_1")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestRecord: numbered per conversation, queued for whoever wants the type,
// with the number each was told before.
func TestRecord(t *testing.T) {
	s := open(t)
	app := &gateway.App{ID: "shop", Endpoints: []gateway.Endpoint{
		{ID: "all"}, {ID: "sent", Types: []gateway.EventType{gateway.EventMessageSent}}, {ID: "off", Disabled: true},
	}}
	conv := &gateway.Conversation{ID: "c"}
	type told struct{ seq, all, sent uint64 } // sent 99: not queued
	var ids []gateway.EventID
	for i, c := range []struct {
		conv *gateway.Conversation
		typ  gateway.EventType
		want told
	}{
		{conv, gateway.EventMessageSent, told{1, 0, 0}},
		{conv, gateway.EventMessageRead, told{2, 1, 99}},
		{nil, gateway.EventUserCreated, told{0, 0, 99}},
		{conv, gateway.EventMessageSent, told{3, 2, 1}},
		{&gateway.Conversation{ID: "d"}, gateway.EventMessageSent, told{1, 0, 0}},
	} {
		id := record(t, s, app, c.conv, c.typ)
		ids = append(ids, id)
		err := s.View(context.Background(), func(rd store.Reader) error {
			e, err := store.EventLog.Get(rd, event.Key("shop", id))
			if err != nil {
				return err
			}
			if e.Seq != c.want.seq || e.Type != c.typ || !e.CreatedAt.Equal(now) || string(e.Data) != `{"x":1}` || e.Trace != "trc_1" {
				t.Errorf("%d: logged %+v", i, e)
			}
			for ep, prev := range map[gateway.EndpointID]uint64{"all": c.want.all, "sent": c.want.sent, "off": 99} {
				it, err := rd.Item(store.EventItem("shop", e.Conversation, id, ep))
				if queued := err == nil; queued != (prev != 99) {
					t.Errorf("%d: queued for %s is %v (%v)", i, ep, queued, err)
					continue
				} else if !queued {
					continue
				}
				tell, err := store.EventTells.Get(rd, event.TellKey("shop", id, ep))
				if err != nil || tell.PrevSeq != prev || tell.State != event.Waiting || it.Lane != event.Lane(ep, e.Conversation, "") || it.Group != string(ep) || !it.Due.Equal(now) {
					t.Errorf("%d: %s is told %+v, %v in %+v", i, ep, tell, err, it)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i < len(ids); i++ {
		if ids[i] <= ids[i-1] || strings.Contains(string(ids[i]), ".") {
			t.Errorf("event ids %s and %s", ids[i-1], ids[i])
		}
	}
}

// TestRetention: log and what became of telling go after thirty days.
func TestRetention(t *testing.T) {
	s := open(t)
	id := record(t, s, &gateway.App{ID: "shop", Endpoints: []gateway.Endpoint{{ID: "all"}}}, nil, gateway.EventUserCreated)
	kept := func() bool {
		var a, b error
		err := s.View(context.Background(), func(rd store.Reader) error {
			_, a = store.EventLog.Get(rd, event.Key("shop", id))
			_, b = store.EventTells.Get(rd, event.TellKey("shop", id, "all"))
			return nil
		})
		if err != nil || errors.Is(a, store.ErrNotFound) != errors.Is(b, store.ErrNotFound) {
			t.Fatalf("%v, %v, %v", err, a, b)
		}
		return a == nil
	}
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{event.Retention - time.Hour, true}, {event.Retention + time.Second, false}} {
		if _, err := store.Sweep(context.Background(), s, now.Add(c.after)); err != nil {
			t.Fatal(err)
		}
		if kept() != c.want {
			t.Errorf("kept after %v is %v", c.after, !c.want)
		}
	}
}

// TestLongData: an event of whatever size fits into the body of a webhook, says that
// something is missing, and still says whom and what it is about.
func TestLongData(t *testing.T) {
	id := func(c string) string { return strings.Repeat(c, 512) }
	many := func(n int, v string) map[string]string {
		out := map[string]string{}
		for i := range n {
			out[fmt.Sprint(i, id("k"))[:512]] = v
		}
		return out
	}
	message := func(text string, custom map[string]string) wire.Message {
		return wire.Message{ID: gateway.MessageID(id("m")), ConversationID: gateway.ConversationID(id("\x00")), Text: text, Custom: custom, CreatedAt: 1767225600123, ReadBy: []gateway.UserID{}}
	}
	people := map[gateway.UserID]wire.Participant{}
	for u := range many(1000, "") {
		people[gateway.UserID(u)] = wire.Participant{}
	}
	var messages []wire.Message
	for range 50 {
		messages = append(messages, message(strings.Repeat("ü", 32<<10), nil))
	}
	hostile := []wire.Message{}
	for range 20 {
		hostile = append(hostile, message(strings.Repeat("\x00", 16<<10), many(20, strings.Repeat("\x00", 500))))
	}
	long := strings.Repeat("<&>\n", 16<<10)
	for about, data := range map[string]any{
		"a long mail":              wire.MessageData{Message: message(long, nil), Reply: &wire.MailReply{Text: long, HTML: long, Quoted: long, Signature: long}},
		"many long messages":       wire.NotificationData{NotificationID: "ntf_1", Messages: messages},
		"a crowd":                  wire.MessageData{Message: message("x", nil), Conversation: wire.Conversation{ID: "c", Participants: people}},
		"a user with a library":    wire.UserData{User: wire.User{ID: "u", CreatedAt: 1767225600123, Custom: many(1000, "x")}},
		"a key as long as a book":  wire.UserData{User: wire.User{ID: "u", CreatedAt: 1767225600123, Custom: map[string]string{strings.Repeat("k", 1<<20): "v"}}},
		"all of it, to be hostile": wire.NotificationData{NotificationID: "ntf_1", Messages: hostile, Conversation: wire.Conversation{Participants: people, Custom: many(900, id("\x01"))}},
	} {
		s := open(t)
		app, conv := &gateway.App{ID: "shop", Endpoints: []gateway.Endpoint{{ID: "ep"}}}, &gateway.Conversation{ID: "c"}
		var e gateway.EventID
		if err := s.Update(context.Background(), store.AppScope("shop"), func(tx store.Tx) (err error) {
			e, err = event.Record(tx, app, conv, gateway.EventMessageSent, data, now, "")
			return err
		}); err != nil {
			t.Errorf("%s: %v", about, err)
			continue
		}
		if err := s.View(context.Background(), func(rd store.Reader) error {
			got, _, err := event.Find(rd, "shop", e)
			body, _ := json.Marshal(wire.EventOf(got))
			var told struct{ Data map[string]any }
			if err := json.Unmarshal(body, &told); err != nil {
				t.Errorf("%s: %v", about, err)
			}
			if len(body) > 256_000 || told.Data["truncated"] != true {
				t.Errorf("%s: %d octets, truncated %v", about, len(body), told.Data["truncated"])
			}
			for name, want := range map[string]string{"message": id("m"), "user": "u"} {
				if m, ok := told.Data[name].(map[string]any); ok && (m["id"] != want || m["createdAt"] != 1767225600123.0) {
					t.Errorf("%s: the %s is %v of %v", about, name, m["id"], m["createdAt"])
				}
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
}

func TestRecordOfWhatCannotBeWritten(t *testing.T) {
	s := open(t)
	conv := &gateway.Conversation{ID: "c"}
	err := s.Update(context.Background(), store.AppScope("shop"), func(tx store.Tx) error {
		_, err := event.Record(tx, &gateway.App{ID: "shop"}, conv, gateway.EventMessageSent, func() {}, now, "")
		return err
	})
	var unsupported *json.UnsupportedTypeError
	if !errors.As(err, &unsupported) || conv.EventSeq != 0 {
		t.Errorf("%v, seq %d", err, conv.EventSeq)
	}
}

// TestLanesNeverMix: whatever ids callers choose.
func TestLanesNeverMix(t *testing.T) {
	ids := []string{"", "a", `"`, `a"`, `"a`, `""`, `/`, `"/"`, "a\x00", "\x00", "\xff", "\u00ff", `\x00`, "a b", " "}
	seen := map[string]string{"": "no lane"}
	for _, ep := range ids {
		for _, id := range ids[1:] {
			for kind, lane := range map[string]string{
				"conversation": event.Lane(gateway.EndpointID(ep), gateway.ConversationID(id), "x"), "subject": event.Lane(gateway.EndpointID(ep), "", id),
			} {
				pair := fmt.Sprintf("%q %s %q", ep, kind, id)
				if other, taken := seen[lane]; taken || strings.Contains(lane, "\x00") {
					t.Errorf("%s and %s share the lane %q", pair, other, lane)
				}
				seen[lane] = pair
			}
		}
	}
	if event.Lane("a", "", "") != "" {
		t.Error("what is about nothing waits for something")
	}
}

// TestLanesBySubject: events of no conversation wait for those about the same
// user only.
func TestLanesBySubject(t *testing.T) {
	s := open(t)
	app := &gateway.App{ID: "shop", Endpoints: []gateway.Endpoint{{ID: "ep"}}}
	lanes := map[string]int{}
	err := s.Update(context.Background(), store.AppScope("shop"), func(tx store.Tx) error {
		for _, data := range []any{
			wire.UserData{User: wire.User{ID: "ann"}}, wire.UserData{User: wire.User{ID: "ann"}}, wire.UserData{User: wire.User{ID: "bob"}}, "nobody",
		} {
			id, err := event.Record(tx, app, nil, gateway.EventUserUpdated, data, now, "")
			if err != nil {
				return err
			}
			it, err := tx.Item(store.EventItem("shop", "", id, "ep"))
			if err != nil {
				return err
			}
			lanes[it.Lane]++
		}
		return nil
	})
	if err != nil || len(lanes) != 3 || lanes[event.Lane("ep", "", "ann")] != 2 || lanes[""] != 1 {
		t.Errorf("lanes %v, %v", lanes, err)
	}
}
