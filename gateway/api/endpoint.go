package api

import (
	"slices"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
)

// shownEndpoint is an endpoint as GET shows it: never with its secrets.
type shownEndpoint struct {
	ID       gateway.EndpointID  `json:"id"`
	URL      string              `json:"url"`
	Types    []gateway.EventType `json:"types"`
	Disabled bool                `json:"disabled"`
	Ordering string              `json:"ordering"`
	// Secret is shown once, when the endpoint is made.
	Secret string `json:"secret,omitempty"`
}

func showEndpoint(e gateway.Endpoint, secret string) shownEndpoint {
	ordering := "lane"
	if e.Strict {
		ordering = "strict"
	}
	return shownEndpoint{e.ID, e.URL, append([]gateway.EventType{}, e.Types...), e.Disabled, ordering, secret}
}

func putEndpoint(c *call, ids []string) (any, error) {
	var in struct {
		URL      string              `json:"url"`
		Types    []gateway.EventType `json:"types"`
		Disabled bool                `json:"disabled"`
		Ordering string              `json:"ordering"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	if in.Ordering != "" && in.Ordering != "strict" && in.Ordering != "lane" {
		return nil, gateway.Wrong("ordering", `ordering is "lane" or "strict".`)
	}
	e, secret, err := c.Apps.PutEndpoint(c.ctx, c.app.ID, gateway.EndpointID(ids[0]), app.EndpointSettings{
		URL: in.URL, Types: in.Types, Disabled: in.Disabled, Strict: in.Ordering == "strict",
	})
	if err != nil {
		return nil, err
	}
	return showEndpoint(e, secret), nil
}

func getEndpoint(c *call, ids []string) (any, error) {
	i := slices.IndexFunc(c.app.Endpoints, func(e gateway.Endpoint) bool { return e.ID == gateway.EndpointID(ids[0]) })
	if i < 0 {
		return nil, gateway.NotFound{What: "endpoint", ID: ids[0]}
	}
	return showEndpoint(c.app.Endpoints[i], ""), nil
}

func listEndpoints(c *call, _ []string) (any, error) {
	out := []shownEndpoint{}
	for _, e := range c.app.Endpoints {
		out = append(out, showEndpoint(e, ""))
	}
	return list{out}, nil
}

func deleteEndpoint(c *call, ids []string) (any, error) {
	return nil, c.Apps.DeleteEndpoint(c.ctx, c.app.ID, gateway.EndpointID(ids[0]))
}
