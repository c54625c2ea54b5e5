package smtpd

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/replygate/replygate/gateway"
)

// late is the answer for a backend that ran out of time.
var late = status(451, 4, 4, 3, "This takes us too long right now, please try again")

// alarmGrace is how long behind the end of its context a backend may still answer.
const alarmGrace = time.Second

// call asks the backend. It is the choke point of everything that can go wrong
// there: what is no Status of the backend's own becomes a temporary failure.
func (s *session) call(f func(context.Context) (gateway.Status, error)) gateway.Status {
	ctx, cancel := context.WithTimeout(s.serving.base, s.srv.config.AnswerTimeout)
	defer cancel()
	stop := s.alarm()
	st, err := s.contained(func() (gateway.Status, error) { return f(ctx) })
	if !stop() {
		s.end("internal")
		s.log.Error("smtp backend answered too late", "code", st.Code, "error", err)
	}
	var own gateway.Status
	switch {
	case err == nil:
		return proper(st)
	case errors.As(err, &own) && !own.Positive():
		return proper(own)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		st = late
	default:
		st = gateway.InternalError
	}
	s.log.Error("smtp backend failed", "verb", s.verb, "error", err)
	return st
}

// errPanicked is what a panicking backend is taken to have returned.
var errPanicked = errors.New("backend panicked")

// contained runs f and survives its panic.
func (s *session) contained(f func() (gateway.Status, error)) (st gateway.Status, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("smtp backend panicked", "verb", s.verb, "panic", p, "stack", string(debug.Stack()))
			st, err = gateway.Status{}, errPanicked
		}
	}()
	return f()
}

// alarm answers for a backend that does not heed its context, and closes the
// connection: the answer it may give later has nobody to hear it, but whoever
// waits here is told in time. Stop tells whether the backend was in time.
func (s *session) alarm() (stop func() bool) {
	rung := make(chan struct{})
	timer := time.AfterFunc(s.srv.config.AnswerTimeout+alarmGrace, func() {
		defer close(rung)
		s.reply(late)
		s.wire.flush()
		s.wire.cut()
	})
	return func() bool {
		if timer.Stop() {
			return true
		}
		<-rung
		return false
	}
}
