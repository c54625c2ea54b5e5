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

const day = 24 * 60

// contains tells whether a minute of the day is quiet.
func (q QuietHours) contains(minute int) bool {
	if q.From <= q.To {
		return q.From <= minute && minute < q.To
	}
	return minute >= q.From || minute < q.To
}

// EndOf returns when the quiet time around t ends; t itself if t is not quiet.
// It goes by the wall clock of the zone, also in the nights in which that is
// changed: the end is never within quiet hours, and where the changed clock
// passes over it, it is up to the change later.
func (q QuietHours) EndOf(t time.Time, zone *time.Location) time.Time {
	minute := func(t time.Time) int { return t.Hour()*60 + t.Minute() }
	end := t.In(zone)
	for range 4 { // one step, and one more for each change of the clock
		if !q.contains(minute(end)) {
			return q.earliest(end, t)
		}
		step := time.Duration((q.To-minute(end)+day)%day) * time.Minute
		end = end.Add(step).Truncate(time.Minute)
	}
	return end
}

// earliest takes back what a clock that was put forward made a step too long.
func (q QuietHours) earliest(end, t time.Time) time.Time {
	if !end.After(t) {
		return t
	}
	over := time.Duration((end.Hour()*60+end.Minute()-q.To+day)%day) * time.Minute
	back := end.Add(-over)
	if over < 6*time.Hour && back.After(t) && !q.contains(back.Hour()*60+back.Minute()) {
		return back
	}
	return end
}
