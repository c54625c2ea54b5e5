package server

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/replygate/replygate/cmd/replygate/config"
)

// TestStopIsBounded: the fronts and the queues together stay within 35 s, with
// some seconds to close what is left.
func TestStopIsBounded(t *testing.T) {
	const whole, closing = 35 * time.Second, 2 * time.Second
	if took := max(config.DrainTime, config.QueueTime+config.QueueDrain) + closing; took > whole {
		t.Errorf("a stop may take %v", took)
	}
}

// TestQueuesStopWithoutTheFronts: mail that comes in for as long as it may does
// not keep the queues waiting; queues that end before are not waited for.
func TestQueuesStopWithoutTheFronts(t *testing.T) {
	for name, c := range map[string]struct{ fronts, queues, want time.Duration }{
		"slow fronts":        {time.Minute, 0, time.Minute + config.QueueTime},
		"fronts are done":    {time.Minute, time.Minute + time.Second, time.Minute + time.Second},
		"queues end at once": {time.Hour, time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fronts, endFronts := context.WithTimeout(context.Background(), c.fronts)
				defer endFronts()
				queues, endQueues := context.WithCancel(context.Background())
				defer endQueues()
				if c.queues > 0 {
					time.AfterFunc(c.queues, endQueues)
				}
				begun := time.Now()
				limitQueues(fronts, queues, endQueues)
				if took := time.Since(begun); took != c.want || queues.Err() == nil {
					t.Errorf("they went on for %v, want %v; ended: %v", took, c.want, queues.Err())
				}
			})
		})
	}
}
