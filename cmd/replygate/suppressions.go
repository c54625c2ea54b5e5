package main

import (
	"fmt"
	"net/http"
)

type suppressionsCommand struct {
	List   suppressionsListCommand   `cmd:"" help:"List the addresses that get no mail, and why."`
	Show   suppressionsShowCommand   `cmd:"" help:"Show why an address gets no mail."`
	Add    suppressionsAddCommand    `cmd:"" help:"End mail to an address; what is queued is cancelled."`
	Remove suppressionsRemoveCommand `cmd:"" help:"Lift what stands against an address."`
}

type suppressionsListCommand struct {
	recordFlags
	pageFlags
}

// Help shows an example.
func (suppressionsListCommand) Help() string {
	return "Example: replygate suppressions list shop --config replygate.toml"
}

// Run lists.
func (c suppressionsListCommand) Run(e *env) error {
	type shown struct {
		Address string `json:"address"`
		Reason  string `json:"reason"`
		Kind    string `json:"kind"`
		Detail  string `json:"detail"`
		At      int64  `json:"at"`
	}
	return list(e, c.recordFlags, c.path("suppressions")+c.query(nil), func(v shown) string {
		return fmt.Sprintf("%s  %s  %s (%s)  %q", stamp(v.At), v.Address, v.Reason, v.Kind, v.Detail)
	})
}

// addressFlags name an address.
type addressFlags struct {
	recordFlags
	Address string `arg:"" help:"The e-mail address."`
}

type suppressionsShowCommand struct{ addressFlags }

// Help shows an example.
func (suppressionsShowCommand) Help() string {
	return "Example: replygate suppressions show shop bob@example.com --config replygate.toml"
}

// Run shows.
func (c suppressionsShowCommand) Run(e *env) error {
	return c.show(e, http.MethodGet, c.path("suppressions", c.Address), nil)
}

type suppressionsAddCommand struct {
	addressFlags
	Unsubscribed bool   `help:"As its owner's own wish: of notifications only."`
	Detail       string `help:"Why, in your words."`
}

// Help shows an example.
func (suppressionsAddCommand) Help() string {
	return "Example: replygate suppressions add shop bob@example.com --detail \"asked by phone\" --config replygate.toml"
}

// Run suppresses.
func (c suppressionsAddCommand) Run(e *env) error {
	in := map[string]string{"detail": c.Detail, "reason": "suppressed"}
	if c.Unsubscribed {
		in["reason"] = "unsubscribed"
	}
	if err := c.call(e, http.MethodPut, c.path("suppressions", c.Address), in, nil); err != nil {
		return err
	}
	return c.show(e, http.MethodGet, c.path("suppressions", c.Address), nil)
}

type suppressionsRemoveCommand struct{ addressFlags }

// Help shows an example.
func (suppressionsRemoveCommand) Help() string {
	return "Example: replygate suppressions remove shop bob@example.com --config replygate.toml\n\n" +
		"Below a suppression may lie its owner's unsubscribing, which then stands again: remove that only for somebody who asked to be mailed again."
}

// Run lifts.
func (c suppressionsRemoveCommand) Run(e *env) error {
	return c.show(e, http.MethodDelete, c.path("suppressions", c.Address), nil)
}
