package outbound

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
)

// TestPeople: a mail about a group says who takes part, one about two does not;
// who left, and who may not read, is not named, nor anybody if the role says so.
func TestPeople(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*lab)
		want   string // in the mail to bob; "": nothing
	}{
		"two":   {func(*lab) {}, ""},
		"three": {func(l *lab) { l.converse("c1", "eve") }, "In this conversation: The ann, The eve, You"},
		"one left": {func(l *lab) {
			l.converse("c1", "eve", "fay", "gus")
			l.ok(l.chat.Leave(context.Background(), shop, "c1", "eve"))
			l.ok(l.chat.PatchParticipant(context.Background(), shop, "c1", "gus", chat.ParticipantPatch{Access: chat.Give(gateway.NoneAccess)}))
		}, "In this conversation: The ann, fay, You"},
		"twelve": {func(l *lab) {
			for i := range 10 {
				l.converse("c1", gateway.UserID(fmt.Sprint("u", i)))
			}
		}, "In this conversation: The ann, u0, u1, u2, u3, u4, You +5"},
		"not to be said": {func(l *lab) {
			l.converse("c1", "eve")
			l.ok(l.roles(map[string]gateway.Role{"default": {HidePeople: true}}))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(l *lab) {
				c.before(l)
				l.say("c1", "Hello")
				l.pass(delay + time.Second)
				for _, m := range l.peer.mails() {
					if m.to != "bob@people.test" {
						continue
					}
					text := strings.Join(strings.Fields(strings.ReplaceAll(string(m.raw), "=\n", "")), " ")
					if c.want == "" && strings.Contains(text, "In this conversation") || !strings.Contains(text, c.want) {
						t.Errorf("want %q in\n%s", c.want, m.raw)
					}
					return
				}
				t.Error("bob got no mail")
			})
		})
	}
}
