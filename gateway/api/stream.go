package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/event"
	"github.com/replygate/replygate/gateway/wire"
)

// streamed is an answer that takes its time and writes itself.
type streamed interface {
	stream(w http.ResponseWriter)
}

const (
	// maxWaiting is how many calls of an app may wait at once.
	maxWaiting = 64
	// streamBeat is how often a stream that has nothing to tell says so, and about
	// how often any looks whether its key still is one.
	streamBeat = 15 * time.Second
	// streamWrite bounds how long the reader of a stream may take.
	streamWrite = 20 * time.Second
)

// waiting counts the calls that wait, by app.
type waiting struct {
	beat time.Duration
	mu   sync.Mutex
	n    map[gateway.AppID]int
}

func (wg *waiting) enter(app gateway.AppID) bool {
	wg.mu.Lock()
	defer wg.mu.Unlock()
	if wg.n[app] >= maxWaiting {
		return false
	}
	wg.n[app]++
	return true
}

func (wg *waiting) leave(app gateway.AppID) {
	wg.mu.Lock()
	defer wg.mu.Unlock()
	if wg.n[app]--; wg.n[app] <= 0 {
		delete(wg.n, app)
	}
}

// admit lets a call wait, or answers that too many do.
func (c *call) admit(w http.ResponseWriter) bool {
	if c.waiting.enter(c.app.ID) {
		// The time in which a request is to be read must not end the answer.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // some writers cannot; they have none
		return true
	}
	w.Header().Set("Retry-After", "5")
	f := fail(http.StatusTooManyRequests, "TOO_MANY_WAITING", "wait", fmt.Sprintf("At most %d calls of an app wait for events at once.", maxWaiting))
	write(w, f.status, f.problem)
	return false
}

// next waits for events behind the query's place and moves it there. It returns
// an empty page when until, or the server, ends.
func (c *call) next(until <-chan time.Time, q *event.Query) (event.Page, error) {
	for {
		heard := c.Store.Listen(event.Topic(c.app.ID)) // before reading, so that nothing is missed
		p, err := c.readEvents(*q)
		q.After = p.Next
		if err != nil || len(p.Events) > 0 {
			return p, err
		}
		if p.More {
			continue
		}
		select {
		case <-heard:
		case <-until:
			return p, nil
		case <-c.Stopping:
			return p, errStopping
		case <-c.ctx.Done():
			return p, c.ctx.Err()
		}
	}
}

var errStopping = errors.New("the server is stopping")

// longPoll answers when there is an event, or with none when its time is over.
type longPoll struct {
	*call
	query event.Query
	wait  time.Duration
}

func (l *longPoll) stream(w http.ResponseWriter) {
	if !l.admit(w) {
		return
	}
	defer l.waiting.leave(l.app.ID)
	limit := time.NewTimer(l.wait)
	defer limit.Stop()
	p, err := l.next(limit.C, &l.query)
	if err != nil && !errors.Is(err, errStopping) { // then an empty answer: the client asks again, somewhere
		f := failureOf(err)
		write(w, f.status, f.problem)
		return
	}
	write(w, http.StatusOK, showPage(p))
}

// eventStream tells events as server-sent events (WHATWG HTML, section 9.2) for
// as long as the client listens, the server runs and the key is one.
type eventStream struct {
	*call
	query event.Query
}

func (s *eventStream) stream(w http.ResponseWriter) {
	if !s.admit(w) {
		return
	}
	defer s.waiting.leave(s.app.ID)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies are not to collect it
	beat := time.NewTicker(s.waiting.beat)
	defer beat.Stop()
	if s.send(w, []byte("retry: 2000\n\n")) != nil {
		return
	}
	s.query.Limit = maxLimit
	for checked := time.Now(); ; {
		p, err := s.next(beat.C, &s.query)
		if err != nil {
			return
		}
		if now := time.Now(); now.Sub(checked) > s.waiting.beat/2 {
			if checked = now; !s.keyLives() {
				return
			}
		}
		out, err := frames(p)
		if err != nil || s.send(w, out) != nil {
			return
		}
	}
}

// frames is a page as a stream tells it; an empty one is a comment.
func frames(p event.Page) ([]byte, error) {
	if len(p.Events) == 0 {
		return []byte(":\n\n"), nil
	}
	var b bytes.Buffer
	for _, e := range p.Events {
		data, err := encode(wire.EventOf(e))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "id: %s\nevent: %s\ndata: %s\n\n", e.ID, e.Type, data)
	}
	return b.Bytes(), nil
}

func (s *eventStream) send(w http.ResponseWriter, b []byte) error {
	ctl := http.NewResponseController(w)
	_ = ctl.SetWriteDeadline(time.Now().Add(streamWrite)) // some writers cannot; they have their own
	if _, err := w.Write(b); err != nil {
		return err
	}
	return ctl.Flush()
}

// keyLives tells whether the key that opened the stream has not been revoked.
func (s *eventStream) keyLives() bool {
	a, err := s.Apps.App(context.WithoutCancel(s.ctx), s.app.ID)
	return err == nil && slices.ContainsFunc(a.Keys, func(k gateway.Key) bool { return k.ID == s.key.ID && k.RevokedAt == nil })
}
