// Package dev is the gateway on a developer's machine: everything `serve` runs,
// without a configuration. Mail that would go out stays in the built-in mailbox,
// which has an API; who writes in is checked as always, against a DNS server of
// its own. It promises that no mail leaves the machine, whoever it is to.
package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/cmd/replygate/server"
	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/dns"
)

// Domain is the mail domain; it is reserved for examples (RFC 2606).
const Domain = "reply.dev.example"

// believed is what every domain publishes here, unless /dev/dns says otherwise:
// mail from this machine and from private networks (containers) is theirs.
const believed = "v=spf1 ip4:127.0.0.0/8 ip6:::1 ip4:10.0.0.0/8 ip4:172.16.0.0/12 ip4:192.168.0.0/16 ip6:fc00::/7 -all"

// Options are the flags of the command.
type Options struct {
	HTTP, SMTP string // addresses to listen on
	// Data is where everything is kept; empty: a directory that goes with the end.
	Data string
	App  gateway.AppID
	// Key is the app's key; empty: the one it has, or a new one.
	Key string
	// Webhook is an address that is told every event; empty: none.
	Webhook string
	// Delay is how long somebody is away before a mail; nil: what the app has, at
	// first DefaultDelay.
	Delay *time.Duration
	// JSON prints what there is as one JSON object, then "ready".
	JSON    bool
	Version string
}

// DefaultDelay is the delay of a new app.
const DefaultDelay = 2 * time.Second

// gate is everything that is started.
type gate struct {
	Options
	dir     string
	passing bool // dir goes with the end
	dns     *dns.Server
	server  *server.Server
	facts   facts
}

// Run stays up until ctx ends. It prints to out what there is, and logs to errs.
func Run(ctx context.Context, o Options, out, errs io.Writer) (err error) {
	g := &gate{Options: o}
	defer func() { err = errors.Join(err, g.close()) }()
	if err := g.open(slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: slog.LevelWarn}))); err != nil {
		return explain(err)
	}
	if err := g.furnish(ctx); err != nil {
		return err
	}
	if err := g.facts.print(out, o.JSON); err != nil {
		return err
	}
	return g.server.Run(ctx)
}

// explain says what to do about a port that is taken.
func explain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "listen" {
		return fmt.Errorf("%w; choose other ports with --http 127.0.0.1:8026 --smtp 127.0.0.1:2526, or :0 for any", err)
	}
	return err
}

// open starts DNS and opens the gateway, whose ports are bound then.
func (g *gate) open(log *slog.Logger) (err error) {
	if g.dir = g.Data; g.dir == "" {
		g.passing = true
		if g.dir, err = os.MkdirTemp("", "replygate-dev-"); err != nil {
			return err
		}
	} else if g.dir, err = filepath.Abs(g.dir); err != nil {
		return err
	}
	if g.dns, err = dns.Listen("127.0.0.1:0"); err != nil {
		return err
	}
	g.dns.Uncached()
	if err := g.dns.SetSPF(believed); err != nil {
		return err
	}
	keys, err := g.publish()
	if err != nil {
		return err
	}
	web, err := pick(g.HTTP)
	if err != nil {
		return fmt.Errorf("--http %s: %w", g.HTTP, err)
	}
	c := config.Loopback(g.dir, Domain)
	c.HTTP = config.HTTP{Listen: web, PublicURL: "http://" + reachable(web)}
	c.SMTP.Listen = []string{g.SMTP}
	g.server, err = server.Open(server.Options{
		Config: c, Keys: keys, Log: log, Version: g.Version, Captive: true, Senders: g.dns.Addr(), Around: g.around,
	})
	return err
}

// publish makes the keys that sign outgoing mail and puts them into DNS.
func (g *gate) publish() ([]dkim.Key, error) {
	keys, err := dkim.GeneratePair(Domain, "1")
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		r, err := k.Record()
		if err != nil {
			return nil, err
		}
		if err := g.dns.Set(r.Name, "TXT", r.Value()); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// pick is the address with a port of its own if it asks for any: the number goes
// into links before the gateway listens.
func pick(listen string) (string, error) {
	if _, port, err := net.SplitHostPort(listen); err != nil || port != "0" {
		return listen, err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// reachable is where this machine reaches a listener, which may listen on all
// addresses.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// around puts the developer's pages beside the product's own.
func (g *gate) around(own http.Handler, open func(gateway.AppID) http.Handler) http.Handler {
	return newWeb(g, own, open(g.App))
}

// close frees what was opened, also after Run has ended.
func (g *gate) close() error {
	var err error
	if g.server != nil {
		err = g.server.Close()
	}
	if g.dns != nil {
		err = errors.Join(err, g.dns.Close())
	}
	if g.passing && g.dir != "" {
		err = errors.Join(err, os.RemoveAll(g.dir))
	}
	return err
}
