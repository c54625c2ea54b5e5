package queue_test

import (
	"testing"
	"time"

	"github.com/replygate/replygate/gateway/queue"
)

func TestSchedule(t *testing.T) {
	began := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	table := queue.Schedule{Delays: []time.Duration{0, 10 * time.Second, time.Minute}}
	aged := queue.Schedule{Delays: []time.Duration{0, time.Hour}, MaxAge: 3 * time.Hour}
	for _, c := range []struct {
		name  string
		s     queue.Schedule
		tries int
		now   time.Duration
		rnd   float64
		want  time.Duration
		more  bool
	}{
		{"first at once", table, 0, 0, 0.9, 0, true},
		{"second", table, 1, time.Second, 0.5, 11 * time.Second, true},
		{"jitter low", table, 1, 0, 0, 9 * time.Second, true},
		{"jitter high", table, 1, 0, 0.9999999999, 11 * time.Second, true},
		{"end of table", table, 3, 0, 0.5, 0, false},
		{"last repeats", aged, 7, time.Hour, 0.5, 2 * time.Hour, true},
		{"once more at the end", aged, 7, 150 * time.Minute, 0.5, 3 * time.Hour, true},
		{"too old", aged, 7, 3 * time.Hour, 0.5, 0, false},
		{"older still", aged, 7, 4 * time.Hour, 0.5, 0, false},
		{"empty", queue.Schedule{}, 0, 0, 0.5, 0, false},
	} {
		at, more := c.s.Next(c.tries, began, began.Add(c.now), c.rnd)
		if more != c.more || more && at.Sub(began).Round(time.Millisecond) != c.want {
			t.Errorf("%s: %v %v, want %v %v", c.name, at.Sub(began), more, c.want, c.more)
		}
	}
}
