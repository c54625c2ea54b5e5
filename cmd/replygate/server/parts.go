package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/webhook"
	"github.com/replygate/replygate/inbound"
	"github.com/replygate/replygate/outbound"
	"github.com/replygate/replygate/outbound/delivery"
	"github.com/replygate/replygate/outbound/route"
)

func (s *Server) linkHosts() []string {
	if u, err := url.Parse(s.Config.HTTP.PublicURL); err == nil {
		return []string{u.Host}
	}
	return nil
}

// notifier decides about notifications and writes their mails.
func (s *Server) notifier() *outbound.Notifier {
	return &outbound.Notifier{
		Store: s.engine, Chat: s.chat, Tokens: s.tokens, Box: s.box, Keys: s.Keys, Domain: s.Config.Domain,
		PublicURL: s.Config.HTTP.PublicURL, Sender: inbound.General, Log: s.Log.With("room", "notifier"),
	}
}

// queues are the runners of the three queues.
func (s *Server) queues() ([]func(context.Context) error, error) {
	c := s.Config
	router, client, err := s.smarthost()
	if err != nil {
		return nil, err
	}
	notifier := s.notifier()
	courier := &outbound.Courier{
		Notifier: notifier, Store: s.engine, Chat: s.chat, Tokens: s.tokens, Box: s.box, Router: router, Client: client,
		Mailbox: s.mailbox.Mails, Captive: s.Captive, Domain: c.Domain, Log: s.Log.With("room", "courier"), Observe: s.metrics.Delivery,
	}
	teller := webhook.New(s.telling())
	run := func(q store.Queue, workers int, h queue.Handler, limit queue.Limit, end func()) func(context.Context) error {
		r := queue.New(queue.Config{
			Store: s.engine, Queue: q, Handler: h, Workers: workers, Limit: limit, Drain: config.QueueDrain,
			Owner: c.Hostname, Log: s.Log, Observe: s.handled,
		})
		s.metrics.Queue(string(q), r.Running, r.Overdue, nil)
		return func(ctx context.Context) error {
			defer end()
			return r.Run(ctx)
		}
	}
	return []func(context.Context) error{
		run(store.Notifications, 4, notifier.Handle, nil, func() {}),
		run(store.Deliveries, 64, courier.Handle, nil, func() { client.Close() }),
		run(store.Events, webhook.Workers, teller.Handle, teller.Limit, teller.Close),
	}, nil
}

// telling is how backends are reached, to be told events and to be asked.
func (s *Server) telling() webhook.Config {
	c := s.Config.Webhook
	return webhook.Config{
		Store: s.engine, Box: s.box, Log: s.Log.With("room", "webhook"), Resolver: s.hostResolver(),
		AllowNetworks: c.Prefixes(), AllowHTTP: c.AllowHTTP, UserAgent: "Replygate/" + s.Version, Observe: s.told,
	}
}

// guard says which addresses endpoints may have.
func (s *Server) guard() webhook.Guard {
	c := s.Config.Webhook
	return webhook.Guard{AllowNetworks: c.Prefixes(), AllowHTTP: c.AllowHTTP}
}

// smarthost is the next hop of every mail and the client that speaks to it; there
// is no hop when no mail leaves.
func (s *Server) smarthost() (*route.Relay, *delivery.Client, error) {
	h := s.Config.Smarthost
	if s.Captive {
		return nil, &delivery.Client{Hostname: s.Config.Hostname, Logger: s.Log}, nil
	}
	relay, err := route.Smarthost{Host: h.Host, Port: h.Port, TLS: route.TLSMode(h.TLS), Username: h.User, Password: h.Password}.Relay()
	if err != nil {
		return nil, nil, err
	}
	client := &delivery.Client{Hostname: s.Config.Hostname, Logger: s.Log.With("room", "delivery")}
	if h.CAFile == "" {
		return relay, client, nil
	}
	pem, err := os.ReadFile(h.CAFile)
	if err != nil {
		return nil, nil, fmt.Errorf("smarthost.ca_file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, nil, errors.New("smarthost.ca_file: holds no certificate in PEM")
	}
	client.TLSConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return relay, client, nil
}

// hostResolver looks up the endpoints' hosts where the configuration says.
func (s *Server) hostResolver() *net.Resolver {
	server := s.Config.DNS.Resolver
	if server == "" {
		return nil
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, server)
	}}
}

// sweepEvery is how often rows whose time is over are looked for.
const sweepEvery = time.Minute

// sweep deletes what has expired and what is left of deleted conversations, ends
// sessions, and rejects the held replies nobody decided about.
func (s *Server) sweep(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if _, err := store.Sweep(ctx, s.engine, time.Now()); err != nil && ctx.Err() == nil {
			s.Log.Error("sweeping failed", "error", err)
		}
		if err := s.chat.EndSessions(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("ending sessions failed", "error", err)
		}
		if err := s.chat.ExpireRaw(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("expiring mail as received failed", "error", err)
		}
		if err := s.chat.RemoveRest(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("removing deleted conversations failed", "error", err)
		}
		if err := s.chat.ExpireHeld(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("rejecting held replies failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
