package gateway_test

import (
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("no time zones here: %v", err)
	}
	return z
}

// TestQuietHours ends them by the wall clock, in the nights too in which that is
// changed: in Paris on 2026-03-29 at 02:00 and on 2026-10-25 at 03:00.
func TestQuietHours(t *testing.T) {
	paris := zone(t, "Europe/Paris")
	for _, c := range []struct {
		what     string
		from, to string
		now      time.Time
		want     time.Time
	}{
		{"by day", "22:00", "07:00", time.Date(2026, 5, 1, 12, 0, 0, 0, paris), time.Date(2026, 5, 1, 12, 0, 0, 0, paris)},
		{"the last minute before", "22:00", "07:00", time.Date(2026, 5, 1, 21, 59, 59, 0, paris), time.Date(2026, 5, 1, 21, 59, 59, 0, paris)},
		{"the evening", "22:00", "07:00", time.Date(2026, 5, 1, 22, 0, 0, 0, paris), time.Date(2026, 5, 2, 7, 0, 0, 0, paris)},
		{"the morning", "22:00", "07:00", time.Date(2026, 5, 2, 6, 59, 30, 0, paris), time.Date(2026, 5, 2, 7, 0, 0, 0, paris)},
		{"over", "22:00", "07:00", time.Date(2026, 5, 2, 7, 0, 0, 0, paris), time.Date(2026, 5, 2, 7, 0, 0, 0, paris)},
		{"within one day", "12:00", "14:00", time.Date(2026, 5, 2, 13, 0, 0, 0, paris), time.Date(2026, 5, 2, 14, 0, 0, 0, paris)},
		{"none at all", "07:00", "07:00", time.Date(2026, 5, 2, 7, 0, 0, 0, paris), time.Date(2026, 5, 2, 7, 0, 0, 0, paris)},
		{"the night that is an hour shorter", "22:00", "07:00", time.Date(2026, 3, 28, 23, 0, 0, 0, paris), time.Date(2026, 3, 29, 7, 0, 0, 0, paris)},
		{"the night that is an hour longer", "22:00", "07:00", time.Date(2026, 10, 24, 23, 0, 0, 0, paris), time.Date(2026, 10, 25, 7, 0, 0, 0, paris)},
		{"an end the clock passes over", "22:00", "02:30", time.Date(2026, 3, 29, 1, 0, 0, 0, paris), time.Date(2026, 3, 29, 3, 30, 0, 0, paris)},
	} {
		from, err := gateway.ParseClock(c.from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := gateway.ParseClock(c.to)
		if err != nil {
			t.Fatal(err)
		}
		q := gateway.QuietHours{From: from, To: to}
		if got := q.EndOf(c.now, paris); !got.Equal(c.want) {
			t.Errorf("%s: until %v, want %v", c.what, got, c.want)
		}
	}
}

// TestQuietHoursHold looks at every quarter of an hour of a year, with several
// hours and zones: what they answer is never quiet, never before, and at most a
// day and an hour later.
func TestQuietHoursHold(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo"} {
		z := zone(t, name)
		for _, q := range []gateway.QuietHours{{From: 22 * 60, To: 7 * 60}, {From: 60, To: 150}, {From: 0, To: 23*60 + 59}, {From: 23*60 + 30, To: 15}} {
			start := time.Date(2026, 1, 1, 0, 0, 0, 0, z)
			for at := start; at.Before(start.AddDate(1, 0, 0)); at = at.Add(15 * time.Minute) {
				end := q.EndOf(at, z)
				if end.Before(at) || end.Sub(at) > 25*time.Hour || !q.EndOf(end, z).Equal(end) {
					t.Fatalf("%s, %s to %s at %v: %v", name, gateway.Clock(q.From), gateway.Clock(q.To), at, end)
				}
			}
		}
	}
}

func TestParseClock(t *testing.T) {
	for in, want := range map[string]int{"00:00": 0, "07:05": 425, "23:59": 1439} {
		if got, err := gateway.ParseClock(in); err != nil || got != want || gateway.Clock(got) != in {
			t.Errorf("%s: %d, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "24:00", "7", "07:60", "-1:00", "07:00:00"} {
		if _, err := gateway.ParseClock(in); err == nil {
			t.Errorf("%q was taken", in)
		}
	}
}
