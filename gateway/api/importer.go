package api

import (
	"encoding/json"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// importMessages stores messages of the past and answers with a bare array of
// their ids, in order.
func importMessages(c *call, ids []string) (any, error) {
	var in []chat.ImportedMessage
	if err := c.into(&in); err != nil {
		return nil, err
	}
	return c.posting(func(how chat.Posting) ([]gateway.MessageID, error) {
		return c.Chat.ImportMessages(c.ctx, c.app.ID, gateway.ConversationID(ids[0]), in, how)
	})
}

// posting makes a call that stores messages, once for each Idempotency-Key, and
// returns their ids.
func (c *call) posting(post func(chat.Posting) ([]gateway.MessageID, error)) ([]posted, error) {
	idem, err := c.idempotency()
	if err != nil {
		return nil, err
	}
	made, err := post(chat.Posting{
		Test: c.key.Test, Before: idem.before,
		After: func(tx store.Tx, made []gateway.MessageID) error { return idem.after(tx, postedOf(made)) },
	})
	if err != nil || idem == nil || idem.answer == nil {
		return postedOf(made), err
	}
	var before []posted
	return before, json.Unmarshal(idem.answer, &before)
}
