package queue

import (
	"math"
	"time"
)

// Schedule says when something is tried again: a table of waits, each varied by
// up to a tenth so that what failed together does not come back together.
type Schedule struct {
	// Delays[n] is the wait before the try that follows n tries; Delays[0] is
	// that before the first.
	Delays []time.Duration
	// MaxAge is how long after its beginning something may still be tried; the
	// last delay repeats until then, and the last try of all is at its end. 0: the
	// table's end is the end.
	MaxAge time.Duration
}

// Forever as MaxAge never gives up.
const Forever = time.Duration(math.MaxInt64)

// jitter is the largest part of a delay by which it is varied.
const jitter = 0.1

// Next returns when to try again after so many tries, for something that began
// at since; false means to give up. rnd in [0,1) varies the delay.
func (s Schedule) Next(tries int, since, now time.Time, rnd float64) (time.Time, bool) {
	if len(s.Delays) == 0 || tries >= len(s.Delays) && s.MaxAge == 0 {
		return time.Time{}, false
	}
	d := s.Delays[min(max(0, tries), len(s.Delays)-1)]
	at := now.Add(d + time.Duration(float64(d)*jitter*(2*rnd-1)))
	if s.MaxAge == 0 || at.Sub(since) <= s.MaxAge {
		return at, true
	}
	end := since.Add(s.MaxAge)
	return end, now.Before(end)
}
