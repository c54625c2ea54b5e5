package main

import "github.com/replygate/replygate/cmd/replygate/demo"

type demoCommand struct{}

// Help shows an example.
func (demoCommand) Help() string {
	return "Example: replygate demo\n\nNeeds no configuration, no network and leaves nothing behind. It exits 0 only when the reply is in the conversation and the webhook's signature verified."
}

// Run plays the demo.
func (demoCommand) Run(e *env) error { return demo.Run(e.ctx, e.stdout) }
