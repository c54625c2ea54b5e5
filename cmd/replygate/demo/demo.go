// Package demo runs the whole loop once, in one process and on loopback, with
// nothing simulated: real sockets, a real DNS server, the default policy. It
// prints each step with what crossed the wire and fails when anything that the
// product promises does not come true.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/cmd/replygate/server"
	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/dns"
)

// The cast. The domains are reserved for examples (RFC 2606).
const (
	mailDomain   = "reply.chat.example"
	peopleDomain = "people.example"
	appID        = "demo"
	conversation = "order-1047"
)

// world is everything the demo starts.
type world struct {
	*narrator
	log *slog.Logger // the gateway's
	dir string
	dns *dns.Server
	// resolver asks it over the wire, as anybody would.
	resolver *dns.Resolver
	mailbox  *mailbox
	backend  *backend
	gateway  *server.Server
	stop     context.CancelFunc
	stopped  chan error
	bob      person
	carol    person
}

// Run plays the demo and prints to out. It returns nil only when the reply is
// in the conversation and its webhook's signature verified.
func Run(ctx context.Context, out io.Writer) error {
	return (&world{narrator: &narrator{w: out}, log: slog.New(slog.DiscardHandler)}).play(ctx)
}

func (w *world) play(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.build(ctx); err != nil {
		return err
	}
	for _, act := range []func(context.Context) error{
		w.talk, w.notify, w.reply, w.again, w.hold, w.refuse,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	w.step("Done")
	w.say("The reply is in the conversation, its webhook was verified, and nobody else could write.")
	return nil
}

// build starts DNS, the recipients' mail server, the chat backend and the
// gateway, and publishes the DKIM keys of both sides.
func (w *world) build(ctx context.Context) (err error) {
	w.step("Start: a DNS server, a mail server, a chat backend and the gateway, all on 127.0.0.1")
	if w.dir, err = os.MkdirTemp("", "replygate-demo-"); err != nil {
		return err
	}
	if w.dns, err = dns.Listen("127.0.0.1:0"); err != nil {
		return err
	}
	if w.resolver, err = dns.NewResolver(dns.Options{Servers: []string{w.dns.Addr()}}); err != nil {
		return err
	}
	if w.mailbox, err = openMailbox(); err != nil {
		return err
	}
	if w.backend, err = openBackend(w.narrator); err != nil {
		return err
	}
	if w.bob, err = newPerson("Bob Stone", "bob@"+peopleDomain); err != nil {
		return err
	}
	w.carol = person{name: "Carol Reed", addr: "carol@" + peopleDomain, key: w.bob.key} // of the same provider
	keys, err := w.publish()
	if err != nil {
		return err
	}
	if err := w.openGateway(ctx, keys); err != nil {
		return err
	}
	w.say("DNS            %s   (answers for %s and %s)", w.dns.Addr(), mailDomain, peopleDomain)
	w.say("people's mail  %s", w.mailbox.addr)
	w.say("chat backend   %s   (receives webhooks)", w.backend.url())
	w.say("gateway        http://%s   smtp %s", w.gateway.HTTPAddr(), w.gateway.SMTPAddr())
	return nil
}

// publish makes the gateway's signing keys and puts all keys into DNS.
func (w *world) publish() ([]dkim.Key, error) {
	keys, err := dkim.GeneratePair(mailDomain, "1")
	if err != nil {
		return nil, err
	}
	for _, k := range append(keys, w.bob.key) {
		r, err := k.Record()
		if err != nil {
			return nil, err
		}
		if err := w.dns.Set(r.Name, "TXT", r.Value()); err != nil {
			return nil, err
		}
	}
	return keys, w.dns.Set("_dmarc."+peopleDomain, "TXT", "v=DMARC1; p=quarantine")
}

// openGateway starts the product as `serve` does, but for ports and limits.
func (w *world) openGateway(ctx context.Context, keys []dkim.Key) error {
	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := web.Addr().String()
	web.Close() // its number goes into links before the gateway listens
	c := config.Loopback(filepath.Join(w.dir, "data"), mailDomain)
	c.HTTP = config.HTTP{Listen: addr, PublicURL: "http://" + addr}
	c.Smarthost = config.Smarthost{Host: "127.0.0.1", Port: w.mailbox.addr.Port, TLS: "none"}
	c.DNS.Resolver = w.dns.Addr()
	if w.gateway, err = server.Open(server.Options{Config: c, Keys: keys, Log: w.log, Version: "demo"}); err != nil {
		return err
	}
	if err := w.makeApp(ctx); err != nil {
		return err
	}
	ctx, w.stop = context.WithCancel(ctx)
	w.stopped = make(chan error, 1)
	go func() { w.stopped <- w.gateway.Run(ctx) }()
	return nil
}

// makeApp makes the tenant with its key and webhook endpoint.
func (w *world) makeApp(ctx context.Context) error {
	apps := w.gateway.Apps
	if _, err := apps.Create(ctx, app.New{ID: appID, Name: "Acme Chat"}); err != nil {
		return err
	}
	key, err := apps.CreateKey(ctx, appID, false)
	if err != nil {
		return err
	}
	_, secret, err := apps.PutEndpoint(ctx, appID, "backend", app.EndpointSettings{URL: w.backend.url()})
	if err != nil {
		return err
	}
	w.backend.key, w.backend.secret = key.Secret, secret
	w.backend.base = "http://" + w.gateway.HTTPAddr().String() + "/v1/" + appID
	return nil
}

// close stops everything and removes the directory.
func (w *world) close() error {
	var err error
	if w.stop != nil {
		w.stop()
		select {
		case err = <-w.stopped:
		case <-time.After(config.DrainTime + 10*time.Second):
			err = errors.New("the gateway did not stop")
		}
	} else if w.gateway != nil {
		err = w.gateway.Close()
	}
	if w.backend != nil {
		w.backend.close()
	}
	if w.mailbox != nil {
		w.mailbox.close()
	}
	if w.dns != nil {
		err = errors.Join(err, w.dns.Close())
	}
	if w.dir != "" {
		err = errors.Join(err, os.RemoveAll(w.dir))
	}
	return err
}

// decode reads a webhook's data.
func decode[T any](h hook) (v T, err error) {
	if err = json.Unmarshal(h.Data, &v); err != nil {
		err = fmt.Errorf("%s: %w", h.Type, err)
	}
	return v, err
}
