package api

import (
	"net/http"

	"github.com/replygate/replygate/gateway"
)

// eventRoutes are an app's endpoints and events for its operator: the same
// handlers as the app's own, without waiting and streams.
func (o Operator) eventRoutes() []route {
	const get, put, post, delete_ = http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete
	const endpoint = "apps/*/endpoints/*"
	return []route{
		on(get, "apps/*/endpoints", o.of(listEndpoints)),
		on(get, endpoint, o.of(getEndpoint)),
		on(put, endpoint, o.of(putEndpoint)),
		on(delete_, endpoint, o.of(deleteEndpoint)),
		on(post, endpoint+"/secrets", o.of(newSecret)),
		on(delete_, endpoint+"/secrets", o.of(endOldSecrets)),
		on(post, endpoint+"/ping", o.of(pingEndpoint)),
		on(post, endpoint+"/replay", o.of(replayEvents)),
		on(get, endpoint+"/attempts", o.of(listAttempts)),
		on(get, "apps/*/events", o.of(listEvents)),
		on(get, "apps/*/events/*", o.of(getEvent)),
		on(post, "apps/*/events/*/redeliver", o.of(redeliverEvent)),
	}
}

// of has a handler serve the app that the path names first.
func (o Operator) of(h handler) handler {
	return func(c *call, ids []string) (any, error) {
		a, err := o.Apps.App(c.ctx, gateway.AppID(ids[0]))
		if err != nil {
			return nil, err
		}
		c.Server, c.app = &Server{Apps: o.Apps, Chat: o.Chat, Store: o.Store, Links: o.Chat.Links, URLs: o.URLs, Domains: o.Domains, Log: o.Log}, a
		c.query.Del("wait")
		return h(c, ids[1:])
	}
}
