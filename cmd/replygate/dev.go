package main

import (
	"time"

	"github.com/replygate/replygate/cmd/replygate/dev"
	"github.com/replygate/replygate/gateway"
)

type devCommand struct {
	HTTP    string         `name:"http" default:"127.0.0.1:8025" help:"Where the API, and a page to look at, listen; ${default} by default." placeholder:"ADDRESS"`
	SMTP    string         `name:"smtp" default:"127.0.0.1:2525" help:"Where replies come in; ${default} by default." placeholder:"ADDRESS"`
	Data    string         `help:"Directory that keeps everything, the key too; without it all is gone with the end." placeholder:"DIR" type:"path"`
	App     string         `default:"demo" help:"The app's id, as it stands in API paths."`
	Key     string         `help:"The app's key, of your choice (16 characters or more); one is made by default." placeholder:"KEY"`
	Webhook string         `help:"Address that is told every event, on this machine; plain http will do." placeholder:"URL"`
	Delay   *time.Duration `help:"How long after a message somebody who is away is mailed; 2s at first." placeholder:"2s"`
	JSON    bool           `name:"json" help:"Print one JSON object, then \"ready\"."`
}

// Help shows an example.
func (devCommand) Help() string {
	return "Example: replygate dev --webhook http://127.0.0.1:3000/hooks\n\n" +
		"Stays up without a configuration. Mail that would go out is kept in a mailbox with an API, and never leaves this machine:\n" +
		"GET /dev/mails?to=&wait=30, GET /dev/mails/{id}, GET /dev/mails/{id}/raw, DELETE /dev/mails.\n" +
		"Replies are sent to the SMTP port. Who writes from this machine or a private network is believed, whatever the domain;\n" +
		"POST /dev/dns {\"name\": \"people.example\", \"type\": \"TXT\", \"value\": \"v=spf1 -all\"} makes one that is not."
}

// Run stays up until the context ends.
func (c devCommand) Run(e *env) error {
	return dev.Run(e.ctx, dev.Options{
		HTTP: c.HTTP, SMTP: c.SMTP, Data: c.Data, App: gateway.AppID(c.App), Key: c.Key, Webhook: c.Webhook,
		Delay: c.Delay, JSON: c.JSON, Version: version(),
	}, e.stdout, e.stderr)
}
