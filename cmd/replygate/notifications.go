package main

import (
	"fmt"
	"net/http"
	"net/url"
)

type notificationsCommand struct {
	List notificationsListCommand `cmd:"" help:"List what was decided about whom, the newest first, and why."`
	Show notificationsShowCommand `cmd:"" help:"Show a notification with its mails and every attempt."`
	Run  notificationsRunCommand  `cmd:"" help:"Start the notifications of roles with an external schedule."`
}

type notificationsListCommand struct {
	recordFlags
	pageFlags
	Recipient    string `help:"Only those to this user." placeholder:"ID"`
	Conversation string `help:"Only those about this conversation." placeholder:"ID"`
	State        string `help:"Only those in a state: triggered, sent, skipped, bounced, cancelled."`
	Reason       string `help:"Only those with a reason: read, muted, suppressed, …"`
}

// Help shows an example.
func (notificationsListCommand) Help() string {
	return "Example: replygate notifications list shop --recipient bob --config replygate.toml"
}

// Run lists.
func (c notificationsListCommand) Run(e *env) error {
	type shown struct {
		ID             string  `json:"id"`
		ConversationID string  `json:"conversationId"`
		RecipientID    string  `json:"recipientId"`
		State          string  `json:"state"`
		Sentence       *string `json:"sentence"`
		CreatedAt      int64   `json:"createdAt"`
	}
	path := c.path("notifications") + c.query(map[string]string{
		"recipientId": c.Recipient, "conversationId": c.Conversation, "state": c.State, "reason": c.Reason,
	})
	return list(e, c.recordFlags, path, func(v shown) string {
		why := ""
		if v.Sentence != nil {
			why = *v.Sentence
		}
		return fmt.Sprintf("%s  %s  %-9s to %q about %q  %s", stamp(v.CreatedAt), v.ID, v.State, v.RecipientID, v.ConversationID, why)
	})
}

type notificationsShowCommand struct {
	recordFlags
	ID string `arg:"" help:"The notification's id (ntf_…)."`
}

// Help shows an example.
func (notificationsShowCommand) Help() string {
	return "Example: replygate notifications show shop ntf_01 --config replygate.toml"
}

// Run shows.
func (c notificationsShowCommand) Run(e *env) error {
	return c.show(e, http.MethodGet, c.path("notifications", c.ID), nil)
}

type notificationsRunCommand struct {
	operatorFlags
	App string `arg:"" help:"The app's id."`
}

// Help shows an example.
func (notificationsRunCommand) Help() string {
	return "Example: replygate notifications run shop --config replygate.toml\n\n" +
		"For a crontab. Runs that overlap mail once. While the server does not run, what is started waits until it does."
}

// Run starts them.
func (c notificationsRunCommand) Run(e *env) error {
	var out struct {
		Conversations int `json:"conversations"`
	}
	if err := c.call(e, http.MethodPost, "/apps/"+url.PathEscape(c.App)+"/notifications/run", nil, &out); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e, out)
	}
	fmt.Fprintf(e.stdout, "started in %d conversations\n", out.Conversations)
	return nil
}
