package api

import (
	"encoding/json"
	"errors"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/wire"
)

func putUser(c *call, ids []string) (any, error) {
	var p chat.UserPatch
	if err := c.into(&p); err != nil {
		return nil, err
	}
	_, err := c.Chat.PutUser(c.ctx, c.app.ID, gateway.UserID(ids[0]), p)
	return nil, err
}

func putUsers(c *call, _ []string) (any, error) {
	var raw map[gateway.UserID]json.RawMessage
	if err := c.into(&raw); err != nil {
		return nil, err
	}
	batch, wrong := map[gateway.UserID]chat.UserPatch{}, chat.BatchInvalid{}
	for id, r := range raw {
		var p chat.UserPatch
		var invalid gateway.Invalid
		if err := json.Unmarshal(r, &p); errors.As(err, &invalid) {
			wrong[id] = invalid // told by user, as what else is wrong with a batch
		} else if err != nil {
			return nil, err
		}
		batch[id] = p
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return nil, c.Chat.PutUsers(c.ctx, c.app.ID, batch)
}

func getUser(c *call, ids []string) (any, error) {
	u, err := c.Chat.User(c.ctx, c.app.ID, gateway.UserID(ids[0]))
	if err != nil {
		return nil, err
	}
	return wire.UserOf(u), nil
}

func listUsers(c *call, _ []string) (any, error) {
	limit, err := c.limit()
	if err != nil {
		return nil, err
	}
	users, err := c.Chat.Users(c.ctx, c.app.ID, chat.UsersQuery{
		Limit: limit, StartingAfter: gateway.UserID(c.param("startingAfter")), Online: c.param("isOnline") == "true",
	})
	if err != nil {
		return nil, err
	}
	out := make([]wire.User, 0, len(users))
	for _, u := range users {
		out = append(out, wire.UserOf(u))
	}
	return list{out}, nil
}
