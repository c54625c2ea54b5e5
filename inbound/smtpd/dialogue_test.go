package smtpd

import (
	"strings"
	"testing"
)

// step is what the client sends and how the answer begins; "" sends or awaits
// nothing, "EOF" is the end of the session.
type step struct{ send, want string }

const ok = "EHLO client.example\r\n"

// begun is a session that has said EHLO.
func begun(steps ...step) []step { return append([]step{{ok, "250-mx.example "}}, steps...) }

// addressed is one that has a mail under way.
func addressed(steps ...step) []step {
	return begun(append([]step{
		{"MAIL FROM:<ann@sender.example>\r\n", "250 2.1.0 "},
		{"RCPT TO:<bob@chat.example>\r\n", "250 2.1.5 "},
	}, steps...)...)
}

func TestDialogues(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for name, c := range map[string]struct {
		steps []step
		seen  string // events, joined by "|"
	}{
		"one mail": {addressed(
			step{"DATA\r\n", "354 "}, step{"Subject: x\r\n\r\nHi\r\n.\r\n", "250 2.0.0 Queued\r\n"},
			step{"QUIT\r\n", "221 2.0.0 "}, step{"", "EOF"},
		), `MAIL <ann@sender.example>|RCPT bob@chat.example|DATA "Subject: x\r\n\r\nHi\r\n"|CLOSE`},
	} {
		t.Run(name, func(t *testing.T) {
			_ = long
			r := &recorder{}
			addr := start(t, testConfig(t), r)
			both(t, addr, func(t *testing.T, p *peer) {
				r.mu.Lock()
				r.events = nil
				r.mu.Unlock()
				for _, s := range c.steps {
					p.send(s.send)
					if s.want != "" {
						p.want(s.want)
					}
				}
				if got := strings.Join(r.seen(), "|"); got != c.seen {
					t.Errorf("the backend saw\n%s\nwant\n%s", got, c.seen)
				}
			})
		})
	}
}
