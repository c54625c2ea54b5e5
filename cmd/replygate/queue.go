package main

import (
	"fmt"
	"net/http"
)

type queueCommand struct {
	List   queueListCommand   `cmd:"" help:"List the mails that wait to go out, by address."`
	Show   queueShowCommand   `cmd:"" help:"Show a mail with every attempt."`
	Retry  queueRetryCommand  `cmd:"" help:"Try a waiting mail now."`
	Cancel queueCancelCommand `cmd:"" help:"Take a waiting mail back."`
}

type queueListCommand struct {
	recordFlags
	pageFlags
}

// Help shows an example.
func (queueListCommand) Help() string {
	return "Example: replygate queue list shop --config replygate.toml"
}

// Run lists.
func (c queueListCommand) Run(e *env) error {
	type shown struct {
		ID       string `json:"id"`
		To       string `json:"to"`
		State    string `json:"state"`
		DueAt    *int64 `json:"dueAt"`
		Attempts []struct {
			Status string `json:"status"`
		} `json:"attempts"`
	}
	return list(e, c.recordFlags, c.path("queue")+c.query(nil), func(v shown) string {
		due, last := "-", ""
		if v.DueAt != nil {
			due = stamp(*v.DueAt)
		}
		if n := len(v.Attempts); n > 0 {
			last = fmt.Sprintf("%d attempts, the last: %q", n, v.Attempts[n-1].Status)
		}
		return fmt.Sprintf("%s  %-8s to %s, next at %s  %s", v.ID, v.State, v.To, due, last)
	})
}

// mailFlags name a mail.
type mailFlags struct {
	recordFlags
	ID string `arg:"" help:"The mail's id (dlv_…)."`
}

type queueShowCommand struct{ mailFlags }

// Help shows an example.
func (queueShowCommand) Help() string {
	return "Example: replygate queue show shop dlv_01 --config replygate.toml"
}

// Run shows.
func (c queueShowCommand) Run(e *env) error {
	return c.show(e, http.MethodGet, c.path("queue", c.ID), nil)
}

type queueRetryCommand struct{ mailFlags }

// Help shows an example.
func (queueRetryCommand) Help() string {
	return "Example: replygate queue retry shop dlv_01 --config replygate.toml"
}

// Run has it tried.
func (c queueRetryCommand) Run(e *env) error {
	return c.show(e, http.MethodPost, c.path("queue", c.ID, "retry"), nil)
}

type queueCancelCommand struct{ mailFlags }

// Help shows an example.
func (queueCancelCommand) Help() string {
	return "Example: replygate queue cancel shop dlv_01 --config replygate.toml\n\nA mail that is on the wire at this moment may still arrive."
}

// Run takes it back.
func (c queueCancelCommand) Run(e *env) error {
	return c.show(e, http.MethodPost, c.path("queue", c.ID, "cancel"), nil)
}
