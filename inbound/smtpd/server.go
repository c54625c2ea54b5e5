package smtpd

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Server receives mail for a Backend. It may serve several listeners at once;
// its bounds hold for all of them together.
type Server struct {
	config    Config
	backend   Backend
	admission *admission
	memory    budget
	// reading bounds what the backend has in hand of large messages.
	reading *semaphore.Weighted
	wides   sync.Pool // of wide inputs; see wire
}

// New makes a server.
func New(c Config, b Backend) *Server {
	c = c.withDefaults()
	s := &Server{config: c, backend: b, admission: newAdmission(c), reading: semaphore.NewWeighted(c.DataMemory)}
	s.memory.give(c.DataMemory)
	return s
}

// Serve receives mail on l until ctx is cancelled, then drains: it closes l,
// tells sessions that wait for a command 421, lets messages in progress finish
// for Config.DrainTimeout, and returns nil when every session has ended. An
// error means that l failed.
func (s *Server) Serve(ctx context.Context, l net.Listener) error { return s.serve(ctx, l, false) }

// ServeLMTP is Serve for a listener that relays hand mail over to (RFC 2033):
// over a unix socket anybody who may open it, over TCP Config.Trusted only.
func (s *Server) ServeLMTP(ctx context.Context, l net.Listener) error { return s.serve(ctx, l, true) }

func (s *Server) serve(ctx context.Context, l net.Listener, lmtp bool) error {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	v := &serving{
		srv: s, lmtp: lmtp, base: base, queue: newEngineQueue(),
		draining: make(chan struct{}), sessions: map[*session]struct{}{},
	}
	engine := newEngine(s.config)
	var running sync.WaitGroup
	running.Go(func() { engine.Serve(v.queue) }) // ends with the queue
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()

	err := v.accept(ctx, l)
	l.Close()
	v.drain(cancel)
	v.queue.Close()
	running.Wait()
	engine.Shutdown(context.WithoutCancel(ctx)) // waits for its last goroutines
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// serving is one listener being served.
type serving struct {
	srv      *Server
	lmtp     bool
	base     context.Context // of all calls of the backend; ends with the drain
	queue    *engineQueue
	draining chan struct{} // closed when a drain begins

	open     sync.WaitGroup
	mu       sync.Mutex
	sessions map[*session]struct{}
}

// Bounds of the pause after a failed accept.
const (
	minPause = 5 * time.Millisecond
	maxPause = time.Second
)

// accept takes connections until the listener is closed. When the machine runs
// out of descriptors it waits a moment: they come back.
func (v *serving) accept(ctx context.Context, l net.Listener) error {
	pause := minPause
	for {
		conn, err := l.Accept()
		var failed *net.OpError
		switch {
		case err == nil:
			pause = minPause
			v.enter(conn)
			continue
		case errors.Is(err, net.ErrClosed) || !errors.As(err, &failed):
			return err
		}
		v.srv.config.Logger.Error("smtp accept failed", "error", err)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		pause = min(2*pause, maxPause)
	}
}

// turnedAway is the answer to a connection too many.
var turnedAway = status(421, 4, 7, 0, "Too many connections, please try again")

// enter begins a session, if there is a place for it.
func (v *serving) enter(conn net.Conn) {
	if !v.srv.admission.enter() {
		v.srv.config.Observer.Connection("limit")
		turnAway(conn)
		return
	}
	s := newSession(v, conn)
	// Whose connection a load balancer brings is said in it; see unwrap.
	if !s.proxied && s.admit() != "accepted" {
		v.srv.admission.leave(s.network, false)
		turnAway(conn)
		return
	}
	v.open.Add(1)
	v.mu.Lock()
	v.sessions[s] = struct{}{}
	v.mu.Unlock()
	v.queue.conns <- &engineConn{session: s}
}

func turnAway(conn net.Conn) {
	conn.SetWriteDeadline(time.Now().Add(time.Second)) // a fresh socket takes it at once
	conn.Write(appendReply(nil, turnedAway))
	conn.Close()
}

// leave is the end of a session.
func (v *serving) leave(s *session) {
	v.srv.admission.leave(s.network, s.admitted)
	v.mu.Lock()
	delete(v.sessions, s)
	v.mu.Unlock()
	v.open.Done()
}

// drain ends all sessions, and waits for them.
func (v *serving) drain(cancel func()) {
	timeout := v.srv.config.DrainTimeout
	close(v.draining)
	v.each(func(s *session) { s.wire.drain(time.Now().Add(timeout)) })
	patience := time.AfterFunc(timeout+alarmGrace, func() {
		cancel()
		v.each(func(s *session) { s.wire.cut() })
	})
	defer patience.Stop()
	v.open.Wait()
}

func (v *serving) each(f func(*session)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for s := range v.sessions {
		f(s)
	}
}
