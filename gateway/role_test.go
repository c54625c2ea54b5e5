package gateway_test

import (
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
)

func TestRoleDefaults(t *testing.T) {
	second, long := time.Second, 30*24*time.Hour
	a := gateway.App{Roles: map[string]gateway.Role{
		"cron":  {Schedule: gateway.ScheduleExternal},
		"slow":  {Schedule: gateway.ScheduleExternal, Delay: &second, Context: gateway.ContextMissed},
		"bound": {Delay: &long, MaxDefer: &long, MaxShown: 1000},
	}}
	if r := a.Role("nobody"); r.WaitsFor() != gateway.DefaultDelay || r.Defers() != gateway.DefaultMaxDefer || r.Shows() != gateway.MaxMaxShown || r.ShownContext() != gateway.ContextMissed {
		t.Errorf("the default role: %+v", r)
	}
	if r := a.Role("cron"); r.WaitsFor() != 0 || r.ShownContext() != gateway.ContextWhole {
		t.Error("with an external schedule the whole conversation is shown, at once")
	}
	if r := a.Role("slow"); r.WaitsFor() != second || r.ShownContext() != gateway.ContextMissed {
		t.Error("what an external schedule sets stands")
	}
	if r := a.Role("bound"); r.WaitsFor() != gateway.MaxDelay || r.Defers() != gateway.MaxMaxDefer || r.Shows() != gateway.MaxMaxShown {
		t.Error("bounds hold")
	}
	if a.MinDelay() != gateway.DefaultDelay || !a.External() {
		t.Errorf("the shortest built-in delay is %v", a.MinDelay())
	}
	a.Roles["away"] = gateway.Role{DelayFrom: gateway.DelayFromOffline, Delay: &long}
	if a.MinDelay() != 0 {
		t.Error("who has been away long is told at once")
	}
	if a.RoleName("cron") != "cron" || a.RoleName("nobody") != gateway.DefaultRole {
		t.Error("an undefined role is the default one")
	}
}

func TestPresenceAway(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for what, c := range map[string]struct {
		p    gateway.Presence
		want time.Time
	}{
		"never seen":       {gateway.Presence{}, time.Time{}},
		"here":             {gateway.Presence{Online: true, HasFocus: true, ExpiresAt: now.Add(time.Minute)}, now},
		"without focus":    {gateway.Presence{Online: true, AttendedAt: now.Add(-time.Hour), ExpiresAt: now.Add(time.Minute)}, now.Add(-time.Hour)},
		"ended by itself":  {gateway.Presence{Online: true, HasFocus: true, AttendedAt: now.Add(-time.Hour), ExpiresAt: now.Add(-time.Minute)}, now.Add(-time.Minute)},
		"a clock put back": {gateway.Presence{Online: true, HasFocus: true, AttendedAt: now.AddDate(1, 0, 0), ExpiresAt: now.AddDate(1, 0, 0)}, now},
	} {
		if got := c.p.AwaySince(now); !got.Equal(c.want) {
			t.Errorf("%s: away since %v, want %v", what, got, c.want)
		}
	}
}
