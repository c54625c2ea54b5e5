package api

import (
	"slices"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/store"
)

// URLChecker says what of an endpoint's URL can be told without reaching it:
// whether the operator lets it be reached. Its error is a sentence for the caller.
type URLChecker interface {
	CheckURL(url string) error
}

// shownEndpoint is an endpoint as it is shown: never with its secrets.
type shownEndpoint struct {
	ID         gateway.EndpointID  `json:"id"`
	URL        string              `json:"url"`
	Types      []gateway.EventType `json:"types"`
	Disabled   bool                `json:"disabled"`
	DisabledBy *gateway.DisabledBy `json:"disabledBy"`
	Ordering   string              `json:"ordering"`
	Secrets    []shownSecret       `json:"secrets"`
	CreatedAt  int64               `json:"createdAt"`
	// Secret is shown once, when the endpoint is made.
	Secret string `json:"secret,omitempty"`
}

// shownSecret tells of a secret without its value.
type shownSecret struct {
	CreatedAt int64  `json:"createdAt"`
	Until     *int64 `json:"until"` // null: until it is replaced
}

func showEndpoint(e gateway.Endpoint, secret string) shownEndpoint {
	out := shownEndpoint{
		ID: e.ID, URL: e.URL, Types: append([]gateway.EventType{}, e.Types...), Disabled: e.Disabled, Ordering: orderingLane,
		CreatedAt: e.CreatedAt.UnixMilli(), Secret: secret,
	}
	if e.Strict {
		out.Ordering = orderingStrict
	}
	if e.DisabledBy != "" {
		out.DisabledBy = &e.DisabledBy
	}
	out.Secrets = showSecrets(e.Secrets)
	return out
}

func showSecrets(all []gateway.EndpointSecret) []shownSecret {
	out := []shownSecret{}
	for _, s := range all {
		shown := shownSecret{CreatedAt: s.CreatedAt.UnixMilli()}
		if !s.Until.IsZero() {
			until := s.Until.UnixMilli()
			shown.Until = &until
		}
		out = append(out, shown)
	}
	return out
}

// The values of ordering.
const (
	orderingLane   = "lane"
	orderingStrict = "strict"
)

// endpointState is an endpoint with how it is doing.
type endpointState struct {
	shownEndpoint
	// FailingSince is since when every attempt has failed.
	FailingSince *int64       `json:"failingSince"`
	Replay       *shownReplay `json:"replay"` // the one under way
}

// stateOf reads how an endpoint is doing.
func stateOf(rd store.Reader, app gateway.AppID, e gateway.Endpoint) (endpointState, error) {
	out := endpointState{shownEndpoint: showEndpoint(e, "")}
	t, found, err := store.Troubles.Find(rd, store.AppKey(app).String(string(e.ID)))
	if found {
		since := t.Since.UnixMilli()
		out.FailingSince = &since
	}
	if err == nil {
		out.Replay, err = replayOf(rd, app, e.ID)
	}
	return out, err
}

// putEndpoint makes an endpoint, or changes what the body names.
func putEndpoint(c *call, ids []string) (any, error) {
	var in struct {
		URL      *string              `json:"url"`
		Types    *[]gateway.EventType `json:"types"`
		Disabled *bool                `json:"disabled"`
		Ordering string               `json:"ordering"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	var s app.EndpointSettings
	if old, err := c.endpoint(ids[0]); err == nil {
		s = app.EndpointSettings{URL: old.URL, Types: old.Types, Disabled: old.Disabled, Strict: old.Strict}
	}
	switch in.Ordering {
	case "":
	case orderingLane, orderingStrict:
		s.Strict = in.Ordering == orderingStrict
	default:
		return nil, gateway.Wrong("ordering", `ordering is "lane" or "strict".`)
	}
	set(&s.URL, in.URL)
	set(&s.Types, in.Types)
	set(&s.Disabled, in.Disabled)
	if c.URLs != nil && in.URL != nil {
		if err := c.URLs.CheckURL(s.URL); err != nil {
			return nil, gateway.Wrong("url", "%s.", sentence(err))
		}
	}
	e, secret, err := c.Apps.PutEndpoint(c.ctx, c.app.ID, gateway.EndpointID(ids[0]), s)
	if err != nil {
		return nil, err
	}
	return showEndpoint(e, secret), nil
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// sentence begins an error with a capital.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:]
}

// endpoint finds one of the app's.
func (c *call) endpoint(id string) (gateway.Endpoint, error) {
	i := slices.IndexFunc(c.app.Endpoints, func(e gateway.Endpoint) bool { return e.ID == gateway.EndpointID(id) })
	if i < 0 {
		return gateway.Endpoint{}, gateway.NotFound{What: "endpoint", ID: id}
	}
	return c.app.Endpoints[i], nil
}

func getEndpoint(c *call, ids []string) (any, error) {
	e, err := c.endpoint(ids[0])
	if err != nil {
		return nil, err
	}
	var out endpointState
	err = c.Store.View(c.ctx, func(rd store.Reader) (err error) {
		out, err = stateOf(rd, c.app.ID, e)
		return err
	})
	return out, err
}

func listEndpoints(c *call, _ []string) (any, error) {
	out := []endpointState{}
	err := c.Store.View(c.ctx, func(rd store.Reader) error {
		out = out[:0]
		for _, e := range c.app.Endpoints {
			s, err := stateOf(rd, c.app.ID, e)
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		return nil
	})
	return list{out}, err
}

func deleteEndpoint(c *call, ids []string) (any, error) {
	return nil, c.Apps.DeleteEndpoint(c.ctx, c.app.ID, gateway.EndpointID(ids[0]))
}

// pingEndpoint has a webhook.ping told to one endpoint, disabled or not.
func pingEndpoint(c *call, ids []string) (any, error) {
	e, err := c.endpoint(ids[0])
	if err != nil {
		return nil, err
	}
	return c.once(store.AppScope(c.app.ID), func(c *call) (any, error) {
		var id gateway.EventID
		err := c.Store.Update(c.ctx, store.AppScope(c.app.ID), func(tx store.Tx) (err error) {
			id, err = event.Ping(tx, c.app.ID, e, time.Now())
			return err
		})
		return map[string]gateway.EventID{"eventId": id}, err
	})
}
