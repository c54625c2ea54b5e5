// Package server wires the rooms of the gateway together and runs them: the
// SMTP front, the HTTP listener, the operator's socket and the three queues over
// one database. What each does is said in its own package; this one only knows
// them all, starts them in order and stops them in order.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/api"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/dns"
	"github.com/replygate/replygate/gateway/mailbox"
	"github.com/replygate/replygate/gateway/metrics"
	"github.com/replygate/replygate/gateway/secret"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/tlscert"
	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/gateway/webhook"
	"github.com/replygate/replygate/gateway/wire"
	"github.com/replygate/replygate/storage/bolt"
)

// Options are what a Server is made of.
type Options struct {
	Config config.Config
	Keys   []dkim.Key
	Log    *slog.Logger
	// Version is shown in metrics.
	Version string
	// Captive keeps every mail in the built-in mailbox: none leaves, and the
	// smarthost is not looked at.
	Captive bool
	// Senders is the DNS server (host:port) that is asked about senders of mail;
	// empty: the configured one. The endpoints' hosts are looked up there in any case.
	Senders string
	// Around, if set, makes the handler of the HTTP listener of the product's own
	// and of what shows the mailbox of an app without keys.
	Around func(own http.Handler, open func(gateway.AppID) http.Handler) http.Handler
}

// Server is an opened gateway: its database is locked and its ports are bound.
type Server struct {
	Options
	Apps app.Service

	engine   *bolt.Engine
	box      *secret.Box
	tokens   *token.Minter
	links    wire.Links
	chat     *chat.Service
	resolver *dns.Resolver
	metrics  *metrics.Metrics
	mailbox  api.Mailbox
	asker    *webhook.Asker
	certs    *tlscert.Files
	work     []func(context.Context) error // the queues, each until its context ends

	http net.Listener
	smtp []net.Listener
	lmtp []net.Listener
	ctl  net.Listener
}

// Open opens the database and binds every port, so that what is wrong with
// either is said before anything runs. Close, or Run to its end, frees them.
func Open(o Options) (_ *Server, err error) {
	s := &Server{Options: o}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	keys, err := loadKeys(o.Config, o.Log)
	if err != nil {
		return nil, err
	}
	if s.engine, err = bolt.Open(filepath.Join(o.Config.Data, "db"), bolt.Options{Logger: o.Log}); err != nil {
		return nil, err
	}
	if err := s.assemble(keys); err != nil {
		return nil, err
	}
	if s.work, err = s.queues(); err != nil {
		return nil, err
	}
	return s, s.listen()
}

// OpenStore opens what the operator's commands need, without binding a port;
// Serve nothing, Close it after use.
func OpenStore(o Options) (_ *Server, err error) {
	s := &Server{Options: o}
	keys, err := loadKeys(o.Config, o.Log)
	if err != nil {
		return nil, err
	}
	if s.engine, err = bolt.Open(filepath.Join(o.Config.Data, "db"), bolt.Options{Logger: o.Log}); err != nil {
		return nil, err
	}
	s.box = secret.NewBox(keys)
	s.Apps = app.Service{Store: s.engine, Box: s.box}
	s.chat = &chat.Service{Store: s.engine, Tokens: token.NewMinter(keys), Domain: o.Config.Domain}
	return s, nil
}

func (s *Server) assemble(keys *secret.Keys) (err error) {
	c := s.Config
	s.box, s.tokens = secret.NewBox(keys), token.NewMinter(keys)
	s.links = wire.NewLinks(s.tokens, c.Domain, c.HTTP.PublicURL)
	s.Apps = app.Service{Store: s.engine, Box: s.box}
	s.chat = &chat.Service{Store: s.engine, Tokens: s.tokens, Domain: c.Domain, Links: s.links, RawAge: c.Retention.RawAge(),
		Brake: chat.Brake{PerHour: c.Replies.PerHour, Quick: c.Replies.Quick},
	}
	s.mailbox = api.Mailbox{Mails: mailbox.Service{Store: s.engine, Box: s.box}, Reader: mailReader{}}
	if s.resolver, err = s.newResolver(); err != nil {
		return err
	}
	s.metrics = metrics.New(s.Version)
	s.asker = webhook.NewAsker(s.telling())
	s.measureStore()
	return s.openCertificate()
}

func (s *Server) listen() (err error) {
	if s.http, err = net.Listen("tcp", s.Config.HTTP.Listen); err != nil {
		return fmt.Errorf("http.listen: %w", err)
	}
	if err = s.listenSMTP(); err != nil {
		return err
	}
	s.ctl, err = listenControl(s.Config)
	return err
}

// HTTPAddr and SMTPAddr are where the first listeners are.
func (s *Server) HTTPAddr() net.Addr { return s.http.Addr() }

// SMTPAddr is the first address that mail comes in by.
func (s *Server) SMTPAddr() net.Addr { return slices.Concat(s.smtp, s.lmtp)[0].Addr() }

// Mailbox is the built-in mailbox.
func (s *Server) Mailbox() api.Mailbox { return s.mailbox }

// Close frees what Open took.
func (s *Server) Close() error {
	for _, l := range slices.Concat(s.smtp, s.lmtp, []net.Listener{s.http, s.ctl}) {
		if l != nil {
			l.Close()
		}
	}
	if s.engine == nil {
		return nil
	}
	return s.engine.Close()
}

// collectorFloor is memory that is taken and never touched, so it is not resident.
// The collector sets its next run by all memory in use: a few megabytes of it would
// be collected for every ten mails, which costs a quarter of the processor's time.
// With the floor it runs a fourth as often, and where much is in use, as usual.
const collectorFloor = 20 << 20

// Run serves until ctx ends, then drains: what is in progress is finished, what
// waits stays in the database. It returns nil after a clean stop.
func (s *Server) Run(ctx context.Context) error {
	defer s.Close()
	defer runtime.KeepAlive(make([]byte, collectorFloor))
	// The fronts stop first; the queues go on until nobody can add to them, or
	// until their time is over: what is added later waits in the database.
	fronts, frontCtx := errgroup.WithContext(ctx)
	queueCtx, stopQueues := context.WithCancel(context.WithoutCancel(ctx))
	defer stopQueues()
	queues, queueCtx := errgroup.WithContext(queueCtx)

	fronts.Go(func() error { return s.watchStore(frontCtx) })
	fronts.Go(func() error { return s.serveHTTP(frontCtx) })
	fronts.Go(func() error { return s.serveControl(frontCtx) })
	front := s.smtpFront()
	for _, l := range s.smtp {
		fronts.Go(func() error { return front.Serve(frontCtx, l) })
	}
	for _, l := range s.lmtp {
		fronts.Go(func() error { return front.ServeLMTP(frontCtx, l) })
	}
	fronts.Go(func() error { return s.watchCertificate(frontCtx) })
	for _, run := range s.work {
		queues.Go(func() error { return run(queueCtx) })
	}
	fronts.Go(func() error { return watchQueues(frontCtx, queueCtx) })
	queues.Go(func() error { limitQueues(frontCtx, queueCtx, stopQueues); return nil })
	queues.Go(func() error { return s.sweep(queueCtx) })
	queues.Go(func() error { s.inspect(queueCtx); return nil })

	s.Log.Info("replygate runs", "http", s.HTTPAddr().String(), "smtp", s.SMTPAddr().String(), "domain", s.Config.Domain)
	err := fronts.Wait()
	s.asker.Close()
	stopQueues()
	err = errors.Join(ignoreCancel(err), ignoreCancel(queues.Wait()))
	s.Log.Info("replygate stopped", "error", err)
	return err
}

// inspect reads the whole database once, in the background: Open looked at a
// sample only. Damage is said loudly, and met again by whoever reads it.
func (s *Server) inspect(ctx context.Context) {
	if err := s.engine.Check(ctx); err != nil && ctx.Err() == nil {
		s.Log.Error("the database is damaged; stop, keep a copy of it, and restore a backup", "error", err)
	}
}

// watchStore ends the process when the disk fails: after a failed sync nothing
// can be promised any more.
func (s *Server) watchStore(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.engine.Failed():
		return store.ErrFailed
	}
}

// watchQueues ends the fronts when a queue cannot go on: nothing is taken in that
// nobody works off.
func watchQueues(fronts, queues context.Context) error {
	select {
	case <-fronts.Done():
		return nil
	case <-queues.Done():
		return errors.New("a queue has ended before its time")
	}
}

// limitQueues stops the queues config.QueueTime after the fronts began to stop,
// unless they are stopped before.
func limitQueues(fronts, queues context.Context, stop func()) {
	select {
	case <-fronts.Done():
	case <-queues.Done():
		return
	}
	late := time.NewTimer(config.QueueTime)
	defer late.Stop()
	select {
	case <-late.C:
		stop()
	case <-queues.Done():
	}
}

func ignoreCancel(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
