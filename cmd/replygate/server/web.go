package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway/api"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/pages"
	"github.com/replygate/replygate/gateway/suppression"
)

// serveHTTP answers the chat backend and the recipients' browsers.
func (s *Server) serveHTTP(ctx context.Context) error {
	return serve(ctx, &http.Server{
		Handler:           s.handler(ctx.Done()),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}, api.Listener(s.http))
}

// handler tells the parts of the listener apart by their path's beginning. No
// ServeMux: it answers unusual paths with redirects. Calls that wait end when
// stopping is closed.
func (s *Server) handler(stopping <-chan struct{}) http.Handler {
	calls := api.New(api.Server{
		Chat: s.chat, Apps: s.Apps, Store: s.engine, Links: s.links, Log: s.Log.With("room", "api"), Observe: s.called,
		Renderer: renderer{s.notifier()}, Parser: parser{s.Config.Domain, s.linkHosts()}, Templates: templates{}, URLs: s.guard(), Domains: domains{s}, Asker: s.asker, Stopping: stopping, Mailbox: s.mailbox,
		Limit: api.Limit{PerSecond: float64(s.Config.API.CallsPerSecond), Burst: s.Config.API.CallBurst},
	})
	seen := pages.New(pages.Config{
		Store: s.engine, Unsubscriber: chat.Subscriptions{Service: suppression.Service{Store: s.engine}}, Tokens: s.tokens, Chat: s.chat, Asker: s.asker,
		Domain: s.Config.Domain, Box: s.box, Log: s.Log.With("room", "pages"),
	})
	operator := s.operator().Remote(s.Config.HTTP.OperatorKey)
	measured := s.metrics.Handler()
	own := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.EscapedPath(); {
		case path == "/v1" || strings.HasPrefix(path, "/v1/"):
			calls.ServeHTTP(w, r)
		case path == api.OperatorPath || strings.HasPrefix(path, api.OperatorPath+"/"):
			operator.ServeHTTP(w, r)
		case path == "/healthz":
			health(w, nil)
		case path == "/readyz":
			health(w, s.ready())
		case path == "/metrics":
			measured.ServeHTTP(w, r)
		default:
			seen.ServeHTTP(w, r)
		}
	})
	if s.Around != nil {
		return s.Around(own, calls.OpenMailbox)
	}
	return own
}

// ready says why mail and calls should go elsewhere for now; nil: they may come.
func (s *Server) ready() error {
	select {
	case <-s.engine.Failed():
		return errors.New("storage has failed")
	default:
		return nil
	}
}

func health(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		w.Write([]byte(err.Error() + "\n"))
		return
	}
	w.Write([]byte("ok\n"))
}
