// Command replygate is a self-hosted mail gateway: it mails people what they
// missed in a chat and posts what they answer by mail.
//
// This package is the command line: it reads flags and the configuration, wires
// the rooms together (server) and prints. `replygate --help` lists the commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // quiet hours and times in mails, also where the machine knows no zones

	"github.com/alecthomas/kong"

	"github.com/replygate/replygate/storage/bolt"
)

// cli is the command line. Each command is a struct with a Run method.
type cli struct {
	Demo          demoCommand          `cmd:"" help:"Run the whole loop once, on loopback, printed step by step."`
	Dev           devCommand           `cmd:"" help:"Stay up on this machine, for a chat backend's developer: mail stays in a built-in mailbox."`
	Serve         serveCommand         `cmd:"" help:"Run the gateway."`
	App           appCommand           `cmd:"" help:"Make and list apps (tenants), their keys and endpoints."`
	Import        importCommand        `cmd:"" help:"Take over what was exported from TalkJS."`
	Notifications notificationsCommand `cmd:"" help:"See who was mailed, or not, and why; start notifications from outside."`
	Queue         queueCommand         `cmd:"" help:"See, retry and cancel the mails that wait to go out."`
	Replies       repliesCommand       `cmd:"" help:"See received mails, and decide about those that are held."`
	Events        eventsCommand        `cmd:"" help:"See what the chat backend was told, and tell it again."`
	Suppressions  suppressionsCommand  `cmd:"" help:"See and change which addresses get no mail."`
	DKIM          dkimCommand          `cmd:"" name:"dkim" help:"Make and show signing keys."`
	DNS           dnsCommand           `cmd:"" name:"dns" help:"Print the DNS records to publish, as a zone file."`
	Extract       extractCommand       `cmd:"" help:"Show what a person wrote in a reply mail."`
	Version       versionCommand       `cmd:"" help:"Print the version."`
}

// env is what commands have of the world around them.
type env struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(os.Args[1:], &env{ctx, os.Stdin, os.Stdout, os.Stderr}))
}

// run is main with everything handed in; it returns the exit code: 0 done, 1
// failed, 2 not understood, 3 the database is damaged.
func run(args []string, e *env) int {
	var c cli
	code := -1
	parser, err := kong.New(&c,
		kong.Name("replygate"),
		kong.Description("A mail gateway that lets people keep a chat conversation going from their mail client.\n\nExample: replygate demo"),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: false}),
		kong.Writers(e.stdout, e.stderr),
		kong.Exit(func(n int) { code = n }),
	)
	if err != nil {
		fmt.Fprintln(e.stderr, "replygate:", err)
		return 2
	}
	command, err := parser.Parse(args)
	if code >= 0 { // --help
		return code
	}
	if err != nil {
		parser.Errorf("%s", err)
		return 2
	}
	err = command.Run(e)
	if err == nil {
		return 0
	}
	fmt.Fprintln(e.stderr, "replygate:", err)
	if errors.Is(err, bolt.ErrDamaged) {
		return 3
	}
	return 1
}
