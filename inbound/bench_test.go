//go:build unix

package inbound

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/gatewaytest"
)

// BenchmarkAccept is a reply of 4 kB, DKIM-signed with RSA-2048, that quotes the
// notification it answers: from MAIL to the 250 behind its commit, over SMTP and
// on the real engine. cpu-ms/mail holds the client's share too.
func BenchmarkAccept(b *testing.B) {
	for _, sessions := range []int{1, 50} {
		b.Run(fmt.Sprint("sessions=", sessions), func(b *testing.B) {
			l := newLab(b)
			load := newLoad(l)
			b.ReportAllocs()
			b.ResetTimer()
			begun := gatewaytest.ProcessorTime()
			var next atomic.Int64
			var all sync.WaitGroup
			for range sessions {
				all.Go(func() {
					if err := load.session(b.N, &next); err != nil {
						b.Error(err)
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64((gatewaytest.ProcessorTime()-begun).Microseconds())/1000/float64(b.N), "cpu-ms/mail")
		})
	}
}

// load is mails and the addresses to send them to: the same mail to another
// address is no copy.
type load struct {
	addr  string
	to    []string
	mails [][]byte
}

func newLoad(l *lab) *load {
	key, err := dkim.GenerateRSA(people, "rsa")
	l.ok(err)
	r, err := key.Record()
	l.ok(err)
	l.dns.Set(r.Name, "TXT", r.Value())
	l.keys[people] = key
	out := &load{addr: l.addr}
	const sent = "Ann Field wrote:\n\n" +
		"Hi Bob, the blue one is sold out. Shall we send the green one instead?\nIt is the same size and has the same handle.\n\n" +
		"Answer this mail, and your words appear in the conversation.\n"
	for i := range 400 {
		c := gateway.ConversationID(fmt.Sprint("bench-", i))
		l.ok(l.chat.PutConversation(l.Context(), shop, c, chat.ConversationPatch{Participants: chat.Give([]gateway.UserID{"ann", "bob"})}))
		l.notified("bob", c, "bob@"+people, sent)
		out.to = append(out.to, l.address(c, "bob"))
	}
	quoted := "> " + strings.ReplaceAll(strings.TrimSpace(sent), "\n", "\n> ")
	html := "<div dir=\"ltr\">Green is fine, thank you!</div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Mon wrote:<br></div><blockquote class=\"gmail_quote\">" +
		strings.Repeat("<p style=\"margin:0 0 12px;font-family:sans-serif\">Hi Bob, the blue one is sold out.</p>\n", 26) + "</blockquote></div>"
	for i := range 64 {
		m := mail{
			id: fmt.Sprintf("%d.bench@mail.people.test", i), head: "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b1\n",
			body: fmt.Sprintf("--b1\nContent-Type: text/plain; charset=utf-8\n\nGreen is fine, thank you! (%d)\n\nOn Mon, Nov 20, 2026 at 3:04 PM Ann via Shop <notifications@reply.example.com> wrote:\n\n%s\n\n--b1\nContent-Type: text/html; charset=utf-8\n\n%s\n--b1--\n", i, quoted, html),
		}
		out.mails = append(out.mails, l.sign(people, m.bytes()))
	}
	return out
}

// session sends mails over one connection until n were sent by all sessions.
func (l *load) session(n int, next *atomic.Int64) error {
	conn, err := net.Dial("tcp", l.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	say := func(what, want string) error {
		if _, err := conn.Write([]byte(what)); err != nil {
			return err
		}
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return err
			}
			if len(line) > 3 && line[3] == '-' {
				continue
			}
			if !strings.HasPrefix(line, want) {
				return fmt.Errorf("%.40q was answered %q", what, line)
			}
			return nil
		}
	}
	if err := say("", "220 "); err != nil {
		return err
	}
	if err := say("EHLO mail.people.test\r\n", "250 "); err != nil {
		return err
	}
	for {
		i := int(next.Add(1)) - 1
		if i >= n {
			return say("QUIT\r\n", "221 ")
		}
		raw := l.mails[(i/len(l.to))%len(l.mails)]
		for _, step := range [][2]string{
			{"MAIL FROM:<bob@people.test>\r\n", "250 "}, {"RCPT TO:<" + l.to[i%len(l.to)] + ">\r\n", "250 "},
			{"DATA\r\n", "354 "}, {string(raw) + ".\r\n", "250 2.0.0 Posted"},
		} {
			if err := say(step[0], step[1]); err != nil {
				return err
			}
		}
	}
}
