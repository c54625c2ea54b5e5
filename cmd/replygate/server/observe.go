package server

import (
	"time"

	"github.com/replygate/replygate/gateway/metrics"
	"github.com/replygate/replygate/gateway/queue"
	"github.com/replygate/replygate/gateway/webhook"
	"github.com/replygate/replygate/storage/bolt"
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

// measureStore shows the database's figures whenever somebody asks for them.
func (s *Server) measureStore() {
	figure := func(pick func(bolt.Stats) int64) func() int64 {
		return func() int64 { return pick(s.engine.Stats()) }
	}
	s.metrics.Store(metrics.StoreFigures{
		FileBytes: figure(func(st bolt.Stats) int64 { return st.FileBytes }),
		FreeBytes: figure(func(st bolt.Stats) int64 { return st.FreeBytes }),
		Leases:    figure(func(st bolt.Stats) int64 { return int64(st.Leases) }),
		Commits:   figure(func(st bolt.Stats) int64 { return st.Commits }),
		Updates:   figure(func(st bolt.Stats) int64 { return st.Updates }),
	})
}
