package storetest

import (
	"errors"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

var typedTests = []suiteTest{
	{"typed/rows", testTypedRows},
	{"typed/messages in order, and by id", testMessages},
	{"typed/a row that cannot be read", testBadRow},
}

func testTypedRows(h *harness) {
	key := store.ConversationKey(app, "c")
	subject := "Order 5"
	conv := gateway.Conversation{ID: "c", Subject: &subject, CreatedAt: epoch}
	h.update(func(tx store.Tx) error { return store.Conversations.Put(tx, key, conv) })
	h.view(func(r store.Reader) error {
		got, err := store.Conversations.Get(r, key)
		if err != nil || got.Subject == nil || *got.Subject != subject || !got.CreatedAt.Equal(epoch) {
			h.Errorf("got %+v", got)
		}
		_, found, missing := store.Conversations.Find(r, store.ConversationKey("other", "c"))
		if found || missing != nil {
			h.Errorf("find what is not there: %v, %v", found, missing)
		}
		if _, err := store.Conversations.Get(r, store.ConversationKey("other", "c")); !errors.Is(err, store.ErrNotFound) {
			h.Errorf("get what is not there: %v", err)
		}
		return err
	})
	h.update(func(tx store.Tx) error { return store.Conversations.Delete(tx, key) })
	h.view(func(r store.Reader) error {
		_, found, err := store.Conversations.Find(r, key)
		if found {
			h.Error("a deleted row is found")
		}
		return err
	})
}

// testMessages stores messages of two conversations out of order.
func testMessages(h *harness) {
	h.update(func(tx store.Tx) error {
		for _, m := range []gateway.Message{
			{ID: "late", Conversation: "c", CreatedAt: epoch.Add(time.Hour), Number: 1},
			{ID: "first", Conversation: "c", CreatedAt: epoch, Number: 2},
			{ID: "tie", Conversation: "c", CreatedAt: epoch, Number: 10},
			{ID: "other", Conversation: "cc", CreatedAt: epoch, Number: 1},
		} {
			err := errors.Join(
				store.Messages.Put(tx, store.MessageKey(app, m.Conversation, m.CreatedAt, m.Number), m),
				store.MessagePlaces.Put(tx, store.ConversationKey(app, m.Conversation).String(string(m.ID)), store.MessagePlace{CreatedAt: m.CreatedAt, Number: m.Number}))
			if err != nil {
				return err
			}
		}
		return nil
	})
	h.view(func(r store.Reader) error {
		var got string
		err := store.Messages.Scan(r, store.Range{Prefix: store.ConversationKey(app, "c")}, func(_ store.Key, m gateway.Message) (bool, error) {
			got += string(m.ID) + " "
			return true, nil
		})
		if got != "first tie late " {
			h.Errorf("messages of the conversation: %s", got)
		}
		m, errFind := store.FindMessage(r, app, "c", "tie")
		if m.Number != 10 {
			h.Errorf("found %+v", m)
		}
		if _, err := store.FindMessage(r, app, "c", "other"); !errors.Is(err, store.ErrNotFound) {
			h.Errorf("another conversation's message: %v", err)
		}
		return errors.Join(err, errFind)
	})
}

func testBadRow(h *harness) {
	key := store.AppKey(app)
	h.put(store.Apps.Table, string(key), "{")
	h.view(func(r store.Reader) error {
		if _, err := store.Apps.Get(r, key); err == nil || errors.Is(err, store.ErrNotFound) {
			h.Errorf("get: %v", err)
		}
		err := store.Apps.Scan(r, store.Range{}, func(store.Key, gateway.App) (bool, error) { return true, nil })
		if err == nil {
			h.Error("scan: no error")
		}
		return nil
	})
}
