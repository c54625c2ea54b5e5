package api

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
)

// conversationsQuery reads what narrows and orders a list of conversations.
func (c *call) conversationsQuery(limit int) (chat.ConversationsQuery, error) {
	q := chat.ConversationsQuery{Limit: limit, StartingAfter: gateway.ConversationID(c.param("startingAfter"))}
	wrong := gateway.Invalid{}
	c.order(wrong, &q)
	q.Offset = c.time(wrong, "offsetTs")
	q.LastMessageAfter, q.LastMessageBefore = c.time(wrong, "lastMessageAfter"), c.time(wrong, "lastMessageBefore")
	custom, ok := customFilter(c.param("filter"))
	if !ok {
		wrong.Add("filter", `filter is JSON like {"custom": {"key": "value"}}.`)
	}
	q.Custom = custom
	return q, wrong.Err()
}

// order reads what a list is ordered by, which callers could not choose before
// there was a choice.
func (c *call) order(wrong gateway.Invalid, q *chat.ConversationsQuery) {
	if !c.since(orderable) {
		q.OrderBy = chat.ByCreatedAt
		return
	}
	switch order := chat.Order(c.param("orderBy")); order {
	case "", chat.ByLastActivity, chat.ByCreatedAt:
		q.OrderBy = order
	default:
		wrong.Add("orderBy", `orderBy is "lastActivity" or "createdAt".`)
	}
	switch direction := strings.ToUpper(c.param("orderDirection")); direction {
	case "", "DESC":
	case "ASC":
		q.Ascending = true
	default:
		wrong.Add("orderDirection", `orderDirection is "DESC" or "ASC".`)
	}
}

// time reads a query value of Unix milliseconds.
func (c *call) time(wrong gateway.Invalid, name string) time.Time {
	v := c.param(name)
	if v == "" {
		return time.Time{}
	}
	ms, err := strconv.ParseInt(v, 10, 64)
	if err != nil || ms < 0 {
		wrong.Add(name, "%s is a time in milliseconds since 1970.", name)
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// customFilter reads the filter of a list; some clients encode it twice.
func customFilter(v string) (map[string]string, bool) {
	if strings.HasPrefix(v, "%") {
		if once, err := url.QueryUnescape(v); err == nil {
			v = once
		}
	}
	if v == "" {
		return nil, true
	}
	var in struct {
		Custom map[string]string `json:"custom"`
	}
	return in.Custom, json.Unmarshal([]byte(v), &in) == nil
}
