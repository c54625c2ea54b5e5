package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/gateway/api"
)

// ControlSocket is where the operator's commands reach a running server.
func ControlSocket(c config.Config) string { return filepath.Join(c.Data, "control.sock") }

// listenControl binds the operator's socket. The database's lock is held by
// now, so a socket that lies there is one that a crash left.
func listenControl(c config.Config) (net.Listener, error) {
	path := ControlSocket(c)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	return l, os.Chmod(path, 0o600)
}

func (s *Server) serveControl(ctx context.Context) error {
	return serve(ctx, &http.Server{Handler: s.Operator(), ReadHeaderTimeout: 10 * time.Second}, s.ctl)
}

// Operator answers the operator's commands.
func (s *Server) Operator() http.Handler { return api.NewOperator(s.operator()) }

func (s *Server) operator() api.Operator {
	return api.Operator{Apps: s.Apps, Chat: s.chat, Store: s.engine, URLs: s.guard(), Domains: domains{s}, Log: s.Log.With("room", "operator")}
}

// serve runs an HTTP server until ctx ends, and lets calls in progress finish.
func serve(ctx context.Context, srv *http.Server, l net.Listener) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), config.DrainTime)
		defer cancel()
		stopped <- srv.Shutdown(end)
	})
	err := srv.Serve(l)
	if stop() { // it ended by itself
		return err
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("stop http: %w", err)
	}
	return nil
}
