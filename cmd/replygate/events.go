package main

import (
	"fmt"
	"net/http"
)

type eventsCommand struct {
	List      eventsListCommand      `cmd:"" help:"List the newest events, or those an endpoint was not told in the end."`
	Show      eventsShowCommand      `cmd:"" help:"Show an event, and what became of telling it."`
	Redeliver eventsRedeliverCommand `cmd:"" help:"Tell an event again."`
}

type eventsListCommand struct {
	recordFlags
	pageFlags
	Dead     bool   `help:"Only those that an endpoint was not told in the end, the oldest first."`
	Endpoint string `help:"With --dead: of this endpoint." placeholder:"ID"`
}

// Help shows examples.
func (eventsListCommand) Help() string {
	return "Examples:\n  replygate events list shop --config replygate.toml\n  replygate events list shop --dead --endpoint main --config replygate.toml"
}

// Run lists.
func (c eventsListCommand) Run(e *env) error {
	path := c.path("events", "newest") + c.query(nil)
	if c.Dead || c.Endpoint != "" {
		narrow := map[string]string{"status": "dead", "endpoint": c.Endpoint, "after": c.After}
		c.After = ""
		path = c.path("events") + c.query(narrow)
	}
	type shown struct {
		ID        string `json:"id"`
		CreatedAt int64  `json:"createdAt"`
		Type      string `json:"type"`
		Seq       uint64 `json:"seq"`
		Data      struct {
			Conversation *struct {
				ID string `json:"id"`
			} `json:"conversation"`
		} `json:"data"`
	}
	return list(e, c.recordFlags, path, func(v shown) string {
		about := ""
		if v.Data.Conversation != nil {
			about = fmt.Sprintf("%q seq %d", v.Data.Conversation.ID, v.Seq)
		}
		return fmt.Sprintf("%s  %s  %-24s %s", stamp(v.CreatedAt), v.ID, v.Type, about)
	})
}

type eventsShowCommand struct {
	recordFlags
	ID string `arg:"" help:"The event's id (evt_…)."`
}

// Help shows an example.
func (eventsShowCommand) Help() string {
	return "Example: replygate events show shop evt_01 --config replygate.toml"
}

// Run shows.
func (c eventsShowCommand) Run(e *env) error {
	return c.show(e, http.MethodGet, c.path("events", c.ID), nil)
}

type eventsRedeliverCommand struct {
	recordFlags
	ID       string `arg:"" help:"The event's id (evt_…)."`
	Endpoint string `help:"To this endpoint only; by default to all that want it." placeholder:"ID"`
}

// Help shows an example.
func (eventsRedeliverCommand) Help() string {
	return "Example: replygate events redeliver shop evt_01 --config replygate.toml\n\nIt is told with the same id and the same bytes."
}

// Run has it told again.
func (c eventsRedeliverCommand) Run(e *env) error {
	return c.show(e, http.MethodPost, c.path("events", c.ID, "redeliver"), map[string]string{"endpointId": c.Endpoint})
}
