package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/dkim"
)

func options(t *testing.T) Options {
	t.Helper()
	dir, err := os.MkdirTemp("", "rg") // a socket's name has room for some 100 octets only
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	key, err := dkim.GenerateEd25519("reply.example.com", "e1")
	if err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	c.Domain, c.Hostname, c.Data, c.KeyFile = "reply.example.com", "mx.example.com", dir, filepath.Join(dir, "keys")
	c.HTTP = config.HTTP{Listen: "127.0.0.1:0", PublicURL: "https://reply.example.com"}
	c.SMTP.Listen = []string{"127.0.0.1:0"}
	c.Smarthost = config.Smarthost{Host: "127.0.0.1", Port: 2525, TLS: "none"}
	c.DNS.Resolver = "127.0.0.1:53000"
	return Options{Config: c, Keys: []dkim.Key{key}, Log: slog.New(slog.DiscardHandler), Version: "test"}
}

// TestQueueThatEnds: when a queue cannot go on, the fronts take nothing more.
func TestQueueThatEnds(t *testing.T) {
	s, err := Open(options(t))
	if err != nil {
		t.Fatal(err)
	}
	addr := s.SMTPAddr().String()
	broken := errors.New("broken")
	s.work = append(s.work, func(context.Context) error { return broken })
	done := make(chan error, 1)
	go func() { done <- s.Run(context.Background()) }()
	select {
	case err := <-done:
		if !errors.Is(err, broken) {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the fronts go on without a queue")
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("somebody still listens")
	}
}

// TestOpenThatFails says why before anything runs, and frees what it took.
func TestOpenThatFails(t *testing.T) {
	o := options(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for want, change := range map[string]func(*config.Config){
		"smarthost.ca_file": func(c *config.Config) { c.Smarthost.TLS, c.Smarthost.CAFile = "starttls", "/nonexistent" },
		"http.listen":       func(c *config.Config) { c.HTTP.Listen = taken.Addr().String() },
		"smtp.listen":       func(c *config.Config) { c.SMTP.Listen = []string{"127.0.0.1:0", taken.Addr().String()} },
		"smtp.tls_cert":     func(c *config.Config) { c.SMTP.TLSCert, c.SMTP.TLSKey = "/nonexistent", "/nonexistent" },
	} {
		bad := o
		change(&bad.Config)
		if s, err := Open(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
			if err == nil {
				s.Close()
			}
		}
	}
	s, err := Open(o)
	if err != nil {
		t.Fatalf("what failed has left something behind: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestStops at once when there is nothing to finish, again and again.
func TestStops(t *testing.T) {
	o := options(t)
	for range 3 {
		s, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("it ended with %v", err)
			}
		case <-time.After(time.Minute):
			t.Fatal("it does not stop")
		}
	}
}
