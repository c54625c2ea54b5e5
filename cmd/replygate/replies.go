package main

import (
	"fmt"
	"net/http"
)

type repliesCommand struct {
	List    repliesListCommand    `cmd:"" help:"List received mails, the newest first, and what became of them."`
	Show    repliesShowCommand    `cmd:"" help:"Show one."`
	Approve repliesApproveCommand `cmd:"" help:"Post a held reply."`
	Reject  repliesRejectCommand  `cmd:"" help:"End a held reply without posting it; its writer is told."`
}

type repliesListCommand struct {
	recordFlags
	pageFlags
	State        string `help:"Only those in a state: posted, held, rejected, duplicate, automatic, bounce."`
	Conversation string `help:"Only those of this conversation." placeholder:"ID"`
}

// Help shows an example.
func (repliesListCommand) Help() string {
	return "Example: replygate replies list shop --state held --config replygate.toml"
}

// Run lists.
func (c repliesListCommand) Run(e *env) error {
	type shown struct {
		ID             string  `json:"id"`
		ConversationID *string `json:"conversationId"`
		ParticipantID  *string `json:"participantId"`
		State          string  `json:"state"`
		Reason         *string `json:"reason"`
		From           *string `json:"from"`
		Subject        string  `json:"subject"`
		ReceivedAt     int64   `json:"receivedAt"`
	}
	path := c.path("replies") + c.query(map[string]string{"state": c.State, "conversationId": c.Conversation})
	return list(e, c.recordFlags, path, func(v shown) string {
		return fmt.Sprintf("%s  %s  %-9s %-16s from %s as %q in %q: %q", stamp(v.ReceivedAt), v.ID, v.State, text(v.Reason), text(v.From),
			text(v.ParticipantID), text(v.ConversationID), v.Subject)
	})
}

// replyFlags name a reply.
type replyFlags struct {
	recordFlags
	ID string `arg:"" help:"The reply's id (rpl_…)."`
}

type repliesShowCommand struct{ replyFlags }

// Help shows an example.
func (repliesShowCommand) Help() string {
	return "Example: replygate replies show shop rpl_01 --config replygate.toml"
}

// Run shows.
func (c repliesShowCommand) Run(e *env) error {
	return c.show(e, http.MethodGet, c.path("replies", c.ID), nil)
}

type repliesApproveCommand struct{ replyFlags }

// Help shows an example.
func (repliesApproveCommand) Help() string {
	return "Example: replygate replies approve shop rpl_01 --config replygate.toml"
}

// Run approves.
func (c repliesApproveCommand) Run(e *env) error {
	return c.show(e, http.MethodPost, c.path("replies", c.ID, "approve"), nil)
}

type repliesRejectCommand struct{ replyFlags }

// Help shows an example.
func (repliesRejectCommand) Help() string {
	return "Example: replygate replies reject shop rpl_01 --config replygate.toml"
}

// Run rejects.
func (c repliesRejectCommand) Run(e *env) error {
	return c.show(e, http.MethodPost, c.path("replies", c.ID, "reject"), nil)
}
