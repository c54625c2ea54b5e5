package gateway

import (
	"fmt"
	"time"
)

// QuietHours are a part of every day, by the wall clock, in which nobody is
// mailed. From may lie after To: the night. The same minute for both is none.
type QuietHours struct {
	// From (inclusive) and To (exclusive) are minutes since midnight.
	From int `json:"from"`
	To   int `json:"to"`
	// TimeZone is used for those who have none of their own; empty means UTC.
	TimeZone string `json:"timeZone,omitempty"`
}

// ParseClock reads "22:00" as minutes since midnight.
func ParseClock(s string) (int, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a time of day like 22:00", s)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// Clock writes minutes since midnight as "22:00".
func Clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// contains tells whether a minute of the day is quiet.
func (q QuietHours) contains(minute int) bool {
	if q.From <= q.To {
		return q.From <= minute && minute < q.To
	}
	return minute >= q.From || minute < q.To
}

// EndOf returns when the quiet time around t ends; t itself if t is not quiet.
// It goes by the wall clock of the zone, also in the nights in which that is
// changed: what it returns is never quiet, and where the changed clock passes
// over the end, it is up to the change later.
func (q QuietHours) EndOf(t time.Time, zone *time.Location) time.Time {
	quiet := func(t time.Time) bool { return q.contains(t.Hour()*60 + t.Minute()) }
	local := t.In(zone)
	if !quiet(local) {
		return t
	}
	for day := range 3 {
		end := time.Date(local.Year(), local.Month(), local.Day()+day, 0, q.To, 0, 0, zone)
		for _, late := range []time.Duration{0, 30 * time.Minute, time.Hour} { // by as much clocks are changed
			if at := end.Add(late); at.After(t) && !quiet(at) {
				return at
			}
		}
	}
	return t // there is no minute that is not quiet
}
