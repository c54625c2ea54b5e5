package chat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

func (h *house) post(body string) ([]gateway.MessageID, error) {
	var in []chat.NewMessage
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		return nil, err
	}
	return h.PostMessages(h.ctx, "shop", "c1", in, chat.Posting{})
}

func (h *house) texts(limit int, after gateway.MessageID) string {
	h.t.Helper()
	ms, err := h.Messages(h.ctx, "shop", "c1", chat.MessagesQuery{Limit: limit, StartingAfter: after})
	h.ok(err)
	var out []string
	for _, m := range ms {
		out = append(out, m.Text)
	}
	return strings.Join(out, " ")
}

func TestPostMessages(t *testing.T) {
	h := newHouse(t)
	h.talk()
	n := len(h.events(0))
	ids, err := h.post(`[{"text":"1 <@bob|Bob> <@stranger>","sender":"ann","type":"UserMessage","custom":{"a":"b","c":null},"referencedMessageId":"msg_x"},
		{"text":"2","type":"SystemMessage","sender":"ignored"},
		{"text":"","sender":"bob","attachment":{"url":"https://f/x.pdf","size":5,"name":"x.pdf"},"location":[1,2]}]`)
	h.ok(err)
	if len(ids) != 3 || !strings.HasPrefix(string(ids[0]), gateway.PrefixMessage) {
		t.Fatalf("ids %v", ids)
	}
	if got := h.texts(10, ""); got != " 2 1 <@bob|Bob> <@stranger>" {
		t.Errorf("listed %q: not the newest first", got)
	}
	if got := h.texts(1, ids[1]); got != "1 <@bob|Bob> <@stranger>" {
		t.Errorf("after the second: %q", got)
	}
	var told []wire.MessageData
	for i, e := range h.events(n) {
		var d wire.MessageData
		h.ok(json.Unmarshal(e.Data, &d))
		told = append(told, d)
		if e.Type != gateway.EventMessageSent || e.Seq != uint64(i+1) || e.Conversation != "c1" || e.Trace == "" {
			t.Errorf("event %d: %+v", i, e)
		}
		if d.Message.ID != ids[i] || d.Conversation.LastMessage.ID != ids[i] || len(d.Conversation.Participants) != 2 || d.Reply != nil {
			t.Errorf("event %d tells %+v", i, d)
		}
	}
	if d := told[0]; d.Sender.Name != "Ann" || fmt.Sprint(d.MentionedUserIDs) != "[bob]" || d.Message.Custom["a"] != "b" || *d.Message.ReferencedMessageID != "msg_x" || d.Message.Origin != gateway.OriginREST {
		t.Errorf("the first tells %+v", d)
	}
	if d := told[1]; d.Sender != nil || d.Message.SenderID != nil || d.MentionedUserIDs == nil {
		t.Errorf("the system's tells %+v", d)
	}
	if d := told[2]; d.Message.Attachment.URL != "https://f/x.pdf" || d.Message.Location[1] != 2 {
		t.Errorf("the file tells %+v", d)
	}
	if due := h.due("c1"); !due.Equal(h.now.Add(gateway.DefaultDelay)) {
		t.Errorf("due %v", due)
	}
}

func TestPostMessagesRefuses(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.ok(h.Join(h.ctx, "shop", "c1", "gone", chat.ParticipantPatch{}))
	h.ok(h.Leave(h.ctx, "shop", "c1", "gone"))
	one := `{"text":"x","sender":"ann"}`
	for body, field := range map[string]string{
		`[` + one + `,{"text":"x","sender":"stranger","type":"UserMessage"}]`:     "[1].sender",
		`[{"text":"x","sender":"gone"}]`:                                          "[0].sender",
		`[{"text":"x"}]`:                                                          "[0].sender",
		`[{"text":"x","sender":"ann","type":"Shout"}]`:                            "[0].type",
		`[{"sender":"ann"}]`:                                                      "[0].text",
		`[{"text":null,"sender":"ann"}]`:                                          "[0].text",
		`[{"text":"` + strings.Repeat("x", chat.MaxText+1) + `","sender":"ann"}]`: "[0].text",
		`[{"text":5,"sender":"ann"}]`:                                             "text",
		`[{"text":"x","sender":{}}]`:                                              "sender",
		`[{"text":"x","sender":"ann","custom":{"a":{}}}]`:                         "custom",
		`[` + strings.TrimSuffix(strings.Repeat(one+",", 11), ",") + `]`:          "messages",
	} {
		if _, err := h.post(body); wrongField(err) != field {
			t.Errorf("%.80s: names %q (%v), want %q", body, wrongField(err), err, field)
		}
	}
	if c := h.conversation("c1"); c.Count != 0 || c.EventSeq != 0 || !h.due("c1").IsZero() {
		t.Errorf("refused messages left something: %+v", c)
	}
	if _, err := h.PostMessages(h.ctx, "shop", "no", nil, chat.Posting{}); !missing(err) {
		t.Errorf("an unknown conversation: %v", err)
	}
	h.ok(h.Join(h.ctx, "shop", "c1", "reader", chat.ParticipantPatch{Access: chat.Give(gateway.ReadOnly)}))
	h.say("c1", "reader", "access binds people, not the backend")
}

// TestOneDueItem: however many messages, one item, never rewritten; none for
// what tells nobody.
func TestOneDueItem(t *testing.T) {
	h := newHouse(t)
	h.put("c1", `{"participants":["ann"]}`)
	h.say("c1", "ann", "to nobody")
	if !h.due("c1").IsZero() {
		t.Error("due with nobody to tell")
	}
	h.ok(h.Join(h.ctx, "shop", "c1", "bob", chat.ParticipantPatch{}))
	_, err := h.post(`[{"text":"x","type":"SystemMessage"}]`)
	h.ok(err)
	if !h.due("c1").IsZero() {
		t.Error("due for a system message")
	}
	first := h.now.Add(gateway.DefaultDelay)
	for range 5 {
		h.say("c1", "ann", "x", "y")
		h.now = h.now.Add(time.Minute)
	}
	if due := h.due("c1"); !due.Equal(first) {
		t.Errorf("due %v, want %v", due, first)
	}
	h.ok(h.ForceNotification(h.ctx, "shop", "c1"))
	if due := h.due("c1"); !due.Equal(first) && !due.Equal(h.now) || due.After(h.now) {
		t.Errorf("forced, due %v at %v", due, h.now)
	}
	if c := h.conversation("c1"); c.Forced != c.Count {
		t.Errorf("forced up to %d of %d", c.Forced, c.Count)
	}
}

func TestIdempotencyKeys(t *testing.T) {
	h := newHouse(t)
	h.talk()
	first, err := h.post(`[{"text":"a","sender":"ann","idempotencyKey":"k1"},{"text":"b","sender":"ann","idempotencyKey":"k1"}]`)
	h.ok(err)
	second, err := h.post(`[{"text":"c","sender":"ann","idempotencyKey":"k2"},{"text":"d","sender":"ann","idempotencyKey":"k1"}]`)
	h.ok(err)
	if first[0] != first[1] || second[1] != first[0] || second[0] == first[0] {
		t.Errorf("ids %v and %v", first, second)
	}
	if got := h.texts(10, ""); got != "c a" {
		t.Errorf("posted %q", got)
	}
	_, err = store.Sweep(h.ctx, h.Store, h.now.Add(store.IdempotencyAge+time.Second))
	h.ok(err)
	if again, err := h.post(`[{"text":"e","sender":"ann","idempotencyKey":"k1"}]`); err != nil || again[0] == first[0] {
		t.Errorf("a day later: %v, %v", again, err)
	}
}

// TestPostingHooks: what the hooks write is part of the same transaction, and
// an answered call does nothing.
func TestPostingHooks(t *testing.T) {
	h := newHouse(t)
	h.talk()
	k := store.AppKey("shop").String("key").String("call")
	in := []chat.NewMessage{{Text: chat.Give("x"), Sender: chat.Give(gateway.UserID("ann"))}}
	how := chat.Posting{
		Before: func(tx store.Tx) (bool, error) {
			_, found, err := store.Idempotencies.Find(tx, k)
			return found, err
		},
		After: func(tx store.Tx, ids []gateway.MessageID) error {
			return store.Idempotencies.Put(tx, k, store.Idempotency{Status: len(ids)})
		},
	}
	for range 2 {
		_, err := h.PostMessages(h.ctx, "shop", "c1", in, how)
		h.ok(err)
	}
	if got := h.texts(10, ""); got != "x" {
		t.Errorf("posted %q", got)
	}
	broken := errors.New("broken")
	how = chat.Posting{After: func(store.Tx, []gateway.MessageID) error { return broken }}
	if _, err := h.PostMessages(h.ctx, "shop", "c1", in, how); !errors.Is(err, broken) || h.texts(10, "") != "x" {
		t.Errorf("a failed hook: %v, %q", err, h.texts(10, ""))
	}
}

func TestEditAndDelete(t *testing.T) {
	h := newHouse(t)
	h.talk()
	ids := h.say("c1", "ann", "one", "two")
	n := len(h.events(0))
	h.now = h.now.Add(time.Second)
	var p chat.MessagePatch
	h.ok(json.Unmarshal([]byte(`{"custom":{"a":"b"}}`), &p))
	h.ok(h.EditMessage(h.ctx, "shop", "c1", ids[0], p))
	if m, err := h.Message(h.ctx, "shop", "c1", ids[0]); err != nil || m.EditedAt != nil || m.Custom["a"] != "b" {
		t.Errorf("custom alone: %+v, %v", m, err)
	}
	h.ok(json.Unmarshal([]byte(`{"text":"uno","custom":null}`), &p))
	h.ok(h.EditMessage(h.ctx, "shop", "c1", ids[0], p))
	if m, err := h.Message(h.ctx, "shop", "c1", ids[0]); err != nil || m.EditedAt == nil || *m.EditedAt != h.now.UnixMilli() || m.Text != "uno" || len(m.Custom) != 0 {
		t.Errorf("a new text: %+v, %v", m, err)
	}
	h.ok(h.DeleteMessage(h.ctx, "shop", "c1", ids[1]))
	if c, err := h.Conversation(h.ctx, "shop", "c1"); err != nil || c.LastMessage.ID != ids[0] {
		t.Errorf("the last message is %+v, %v", c.LastMessage, err)
	}
	h.ok(h.DeleteMessage(h.ctx, "shop", "c1", ids[0]))
	if c, err := h.Conversation(h.ctx, "shop", "c1"); err != nil || c.LastMessage != nil {
		t.Errorf("the last message is %+v, %v", c.LastMessage, err)
	}
	if err := h.DeleteMessage(h.ctx, "shop", "c1", ids[0]); !missing(err) {
		t.Errorf("deleted twice: %v", err)
	}
	if err := h.EditMessage(h.ctx, "shop", "c1", ids[0], p); !missing(err) {
		t.Errorf("edited when gone: %v", err)
	}
	var types []gateway.EventType
	for _, e := range h.events(n) {
		types = append(types, e.Type)
	}
	if want := []gateway.EventType{gateway.EventMessageUpdated, gateway.EventMessageUpdated, gateway.EventMessageDeleted, gateway.EventMessageDeleted}; !slices.Equal(types, want) {
		t.Errorf("told %v", types)
	}
}

func TestMarkRead(t *testing.T) {
	h := newHouse(t)
	h.talk()
	ids := h.say("c1", "ann", "one", "two", "three")
	h.say("c1", "bob", "mine")
	n := len(h.events(0))
	readBy := func() (out []int) {
		ms, err := h.Messages(h.ctx, "shop", "c1", chat.MessagesQuery{Limit: 10})
		h.ok(err)
		for _, m := range ms {
			out = append(out, len(m.ReadBy))
		}
		return out
	}
	h.ok(h.MarkRead(h.ctx, "shop", "c1", "bob", ids[1]))
	if got := fmt.Sprint(readBy()); got != "[0 0 1 1]" {
		t.Errorf("read by %s", got)
	}
	var d wire.ReadData
	if h.only(n, gateway.EventMessageRead, &d); d.Message.ID != ids[1] || d.Sender.ID != "ann" || d.Recipient.ID != "bob" {
		t.Errorf("told %+v", d)
	}
	n = len(h.events(0))
	h.ok(h.MarkRead(h.ctx, "shop", "c1", "bob", ids[0]))
	if got := fmt.Sprint(readBy()); got != "[0 0 1 1]" || len(h.events(n)) != 0 {
		t.Errorf("reading what was read changed something: %s", got)
	}
	h.ok(h.MarkRead(h.ctx, "shop", "c1", "bob", ""))
	if got := fmt.Sprint(readBy()); got != "[0 1 1 1]" {
		t.Errorf("read by %s", got)
	}
	if h.only(n, gateway.EventMessageRead, &d); d.Message.ID != ids[2] {
		t.Errorf("told %+v", d)
	}
	if err := h.MarkRead(h.ctx, "shop", "c1", "stranger", ""); !missing(err) {
		t.Errorf("a stranger: %v", err)
	}
	if err := h.MarkRead(h.ctx, "shop", "c1", "bob", "msg_no"); !missing(err) {
		t.Errorf("an unknown message: %v", err)
	}
}

// TestManyPostAtOnce: fifty at once lose no message, number each once, and tell
// the endpoint in one unbroken order.
func TestManyPostAtOnce(t *testing.T) {
	h := newHouse(t)
	h.talk()
	const people, each = 50, 4
	var wg sync.WaitGroup
	errs := make([]error, people)
	for i := range people {
		wg.Go(func() {
			for k := range each {
				in := []chat.NewMessage{{Text: chat.Give(fmt.Sprint(i, "/", k)), Sender: chat.Give(gateway.UserID("ann"))}}
				if _, err := h.PostMessages(h.ctx, "shop", "c1", in, chat.Posting{}); err != nil {
					errs[i] = err
				}
			}
		})
	}
	wg.Wait()
	h.ok(errors.Join(errs...))
	numbers, texts := map[uint64]bool{}, map[string]bool{}
	h.view(func(rd store.Reader) error {
		return store.Messages.Scan(rd, store.Range{Prefix: store.ConversationKey("shop", "c1")}, func(_ store.Key, m gateway.Message) (bool, error) {
			numbers[m.Number], texts[m.Text] = true, true
			return true, nil
		})
	})
	c := h.conversation("c1")
	if len(numbers) != people*each || len(texts) != people*each || c.Count != people*each || c.EventSeq != people*each {
		t.Errorf("%d numbers, %d texts, %+v", len(numbers), len(texts), c)
	}
	var seqs, prevs []uint64
	for _, e := range h.events(0) {
		if e.Type != gateway.EventMessageSent {
			continue
		}
		h.view(func(rd store.Reader) error {
			tell, err := store.EventTells.Get(rd, event.TellKey("shop", e.ID, "hook"))
			seqs, prevs = append(seqs, e.Seq), append(prevs, tell.PrevSeq)
			return err
		})
	}
	for i := range seqs {
		if seqs[i] != uint64(i+1) || prevs[i] != uint64(i) {
			t.Fatalf("the %dth event has seq %d after %d", i, seqs[i], prevs[i])
		}
	}
}

// TestClockStepsBack: messages stay in the order they were posted.
func TestClockStepsBack(t *testing.T) {
	h := newHouse(t)
	h.talk()
	h.say("c1", "ann", "one")
	h.now = h.now.Add(-time.Hour)
	h.say("c1", "ann", "two")
	if got := h.texts(10, ""); got != "two one" {
		t.Errorf("listed %q", got)
	}
}
