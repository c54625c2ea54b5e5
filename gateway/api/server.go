package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
	"github.com/replygate/replygate/gateway/wire"
)

// Server answers API calls. It is an http.Handler and safe for concurrent use.
type Server struct {
	Chat  *chat.Service
	Apps  app.Service
	Store store.Store
	Links wire.Links
	Log   *slog.Logger
	// Renderer shows mails without sending them.
	Renderer Renderer
	// Parser reads mails without posting them.
	Parser Parser
	// Mailbox is the built-in one.
	Mailbox Mailbox
	// Templates checks templates before they are stored; nil: by size only.
	Templates TemplateChecker
	// URLs checks the addresses of endpoints before they are stored; nil: by form only.
	URLs URLChecker
	// Domains tells what is to be published for apps' own domains; nil: nothing.
	Domains Domains
	// Asker asks the app's authorise hook on demand.
	Asker Asker
	// Stopping is closed when calls that wait are to end; nil: never.
	Stopping <-chan struct{}
	// Limit bounds the calls of each key; zero: DefaultLimit.
	Limit Limit
	// Observe, if set, is told of every answer, with the route's pattern.
	Observe func(method, route string, status int, took time.Duration)

	routes []route
	limits *limiter
	// uploading holds as many as maxUploading.
	uploading chan struct{}
	waiting   *waiting
}

// call is one request on its way.
type call struct {
	*Server
	ctx    context.Context
	method string
	app    gateway.App
	key    gateway.Key
	path   []string // below /v1/{appId}, decoded
	body   []byte
	query  url.Values
	head   http.Header
}

// New completes a Server.
func New(s Server) *Server {
	s.routes, s.limits, s.uploading = table(), newLimiter(s.Limit), make(chan struct{}, maxUploading)
	s.waiting = &waiting{beat: streamBeat, n: map[gateway.AppID]int{}}
	return &s
}

// ServeHTTP answers one call. It never redirects, and always answers in JSON.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	status, body := s.answer(r)
	switch status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "1") // seconds: every key regains a call within one
	}
	if long, ok := body.(streamed); ok {
		long.stream(w) // for how long it waits says nothing of us
		return
	}
	write(w, status, body)
	if s.Observe != nil {
		s.Observe(r.Method, s.pattern(r), status, time.Since(began))
	}
}

func (s *Server) answer(r *http.Request) (status int, body any) {
	return s.guard(r.Method, func() string { return s.pattern(r) }, func() (any, error) { return s.serve(r) })
}

// guard makes a call and turns its error, or its panic, into an answer.
func (s *Server) guard(method string, route func() string, make func() (any, error)) (status int, body any) {
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("api call panicked", "method", method, "route", route(), "panic", p)
			f := failureOf(errors.New("panic"))
			status, body = f.status, f.problem
		}
	}()
	out, err := make()
	if err == nil {
		return http.StatusOK, out
	}
	f := failureOf(err)
	if f.status >= http.StatusInternalServerError {
		s.Log.Error("api call failed", "method", method, "route", route(), "error", err)
	}
	return f.status, f.problem
}

// serve finds the app, checks the key and hands the call to its route.
func (s *Server) serve(r *http.Request) (any, error) {
	path, ok := segments(r.URL.EscapedPath())
	if !ok || len(path) < 2 || path[0] != "v1" || path[1] == "" {
		return nil, fail(http.StatusNotFound, "NOT_FOUND", "path", "There is nothing here; the API begins with /v1/{appId}.")
	}
	if isDocument(r.Method, path) {
		return document(), nil
	}
	c := &call{Server: s, ctx: r.Context(), method: r.Method, query: queryOf(r.URL.RawQuery), head: r.Header}
	if err := c.authenticate(r, gateway.AppID(path[1]), path[2:]); err != nil {
		return nil, err
	}
	c.path = path[2:]
	if err := c.spend(); err != nil {
		return nil, err
	}
	var err error
	if c.body, err = c.readAll(r); err != nil {
		return nil, err
	}
	return c.dispatch()
}

// dispatch hands the call to its route.
func (c *call) dispatch() (any, error) {
	h, ids, known := find(c.routes, c.method, c.path)
	switch {
	case h == nil && known:
		return nil, fail(http.StatusNotFound, "NOT_FOUND", "method", "This path does not take "+c.method+".")
	case h == nil:
		return nil, fail(http.StatusNotFound, "NOT_FOUND", "path", "There is no such route.")
	}
	if err := c.permit(c.method, c.path); err != nil {
		return nil, err
	}
	return h(c, ids)
}

// authenticate checks the key. Which of app and key is wrong is not told.
func (c *call) authenticate(r *http.Request, id gateway.AppID, path []string) error {
	scheme, presented, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	presented = strings.TrimSpace(presented)
	elsewhere := false // not in the header: only a run-only key may be
	if !strings.EqualFold(scheme, "Bearer") {
		presented = ""
	}
	if presented == "" && isRun(path) {
		var err error
		if presented, err = c.runKey(r); err != nil {
			return err
		}
		elsewhere = true
	}
	if presented != "" {
		a, k, err := c.identify(id, presented)
		if err == nil && (k.Scope != gateway.ScopeRun || isRun(path)) && (!elsewhere || k.Scope == gateway.ScopeRun) {
			c.app, c.key = a, k
			return nil
		}
		if err != nil && !errors.Is(err, app.ErrUnauthorized) {
			return err
		}
	}
	return fail(http.StatusUnauthorized, "UNAUTHORIZED", "authorization",
		"Send the app's secret key as \"Authorization: Bearer <key>\"; this one does not open this.")
}

// pattern is the route's pattern with ids left out, for logs and metrics.
func (s *Server) pattern(r *http.Request) string {
	path, ok := segments(r.URL.EscapedPath())
	if !ok || len(path) < 2 {
		return "unknown"
	}
	for _, rt := range s.routes {
		if _, ok := match(rt.path, path[2:]); ok {
			return "/v1/*/" + strings.Join(rt.path, "/")
		}
	}
	return "unknown"
}
