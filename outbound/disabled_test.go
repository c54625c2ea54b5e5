package outbound

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// TestSwitchedOff: within a second of switching mail off, for a role or all of
// the app, what is queued is cancelled and what waits is skipped, and said so;
// also if the process ends right after. Others get their mail.
func TestSwitchedOff(t *testing.T) {
	ctx := context.Background()
	off := true
	role := func(s app.Service) error {
		_, err := s.ChangeRole(ctx, shop, "still", func(r *gateway.Role) error { r.EmailDisabled = true; return nil })
		return err
	}
	for name, c := range map[string]struct {
		do      func(app.Service) error
		restart bool
		mails   int
	}{
		"role":              {role, false, 2},
		"role, and a crash": {role, true, 2},
		"app": {func(s app.Service) error {
			_, err := s.PutSettings(ctx, shop, app.Settings{EmailDisabled: &off})
			return err
		}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(l *lab) {
				_, err := l.chat.PutUser(ctx, shop, "bob", chat.UserPatch{Role: chat.Give("still")})
				l.ok(err)
				settings := app.Service{Store: l.store}
				_, err = settings.ChangeRole(ctx, shop, "still", func(*gateway.Role) error { return nil })
				l.ok(err)
				l.converse("c2", "ann", "eve", "bob")
				l.peer.answers(always("RCPT", "451 4.7.1 later"))
				l.say("c1", "queued")
				l.pass(delay + time.Second)
				l.say("c2", "waits")
				l.pass(10 * time.Second)
				if c.restart {
					l.stop()
					l.start()
				}
				l.ok(c.do(app.Service{Store: l.store}))
				if c.restart {
					l.stop()
					l.start()
				}
				l.pass(time.Second)
				for _, n := range rows(l, store.Decisions, store.AppKey(shop)) {
					if n.Recipient != "bob" && name != "app" {
						t.Errorf("decided about %s", n.Recipient)
					}
					if n.Reason != gateway.ReasonDisabled || n.State != gateway.NotificationCancelled && n.State != gateway.NotificationSkipped {
						t.Errorf("%s about %s is %s, %s", n.Recipient, n.Conversation, n.State, n.Reason)
					}
				}
				if n := len(rows(l, store.Decisions, store.AppKey(shop))); name == "app" && n != 3 || name != "app" && n != 2 {
					t.Errorf("%d decisions", n)
				}
				l.peer.answers(nil)
				_, err = app.Service{Store: l.store}.ChangeRole(ctx, shop, "still", func(r *gateway.Role) error { r.EmailDisabled = false; return nil })
				l.ok(err)
				no := false
				_, err = app.Service{Store: l.store}.PutSettings(ctx, shop, app.Settings{EmailDisabled: &no})
				l.ok(err)
				l.pass(50 * time.Hour)
				if got := l.peer.mails(); len(got) != c.mails { // eve has two addresses
					t.Errorf("%d mails went out", len(got))
				}
				l.say("c1", "on again")
				l.pass(delay + time.Second)
				if got := l.peer.mails(); len(got) != c.mails+1 {
					t.Errorf("%s", fmt.Sprint(len(got), " mails when it is on again"))
				}
			})
		})
	}
}
