package main

import (
	"fmt"
	"net/http"
	"net/url"
)

type notificationsCommand struct {
	Run notificationsRunCommand `cmd:"" help:"Start the notifications of roles with an external schedule."`
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
