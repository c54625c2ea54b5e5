package server

import (
	"time"

	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/webhook"
)

// The rooms tell what they do in their own words; here they become figures.

func (s *Server) told(o webhook.Observation) {
	s.metrics.Event(o.State, o.Status, o.Attempt == 1, o.Took, o.Since)
}

func (s *Server) handled(o queue.Observation) {
	s.metrics.Item(string(o.Queue), string(o.Outcome), o.Late, o.Took)
}

func (s *Server) called(method, route string, status int, took time.Duration) {
	s.metrics.Request(route, method, status, took)
}
