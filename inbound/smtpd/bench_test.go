//go:build unix

package smtpd

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/gatewaytest"
)

// trivial accepts everything at once.
type trivial struct{}

func (trivial) Begin(context.Context, Client, gateway.ReversePath, MailOptions) (Transaction, error) {
	return trivial{}, nil
}
func (trivial) Rcpt(context.Context, gateway.Address) error { return nil }
func (trivial) Data(context.Context, Mail) ([]gateway.Status, error) {
	return []gateway.Status{status(250, 2, 0, 0, "Queued")}, nil
}
func (trivial) Refused(_ context.Context, r Refusal) (gateway.Status, error) { return r.Status, nil }
func (trivial) Close()                                                       {}

// BenchmarkSession is one connection with one mail of 4 kB over loopback, the
// client's part included.
func BenchmarkSession(b *testing.B) {
	for name, secure := range map[string]bool{"plain": false, "tls": true} {
		b.Run(name, func(b *testing.B) {
			conf := testConfig(b)
			conf.ConnectionRate = -1
			addr, stop := serve(b, conf, trivial{})
			defer stop()
			mail := strings.Repeat(strings.Repeat("x", 78)+"\r\n", 50) + ".\r\nQUIT\r\n"
			b.ReportAllocs()
			begun := gatewaytest.ProcessorTime()
			b.SetBytes(int64(len(mail)))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := benchSession(b, addr, secure, mail); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64((gatewaytest.ProcessorTime()-begun).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

func benchSession(b *testing.B, addr string, secure bool, mail string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	p := newPeer(b, conn)
	steps := []step{
		say("", "220 "), say("EHLO c\r\n", "250-"), say("MAIL FROM:<ann@sender.example> SIZE=4000\r\n", "250 "),
		say("RCPT TO:<bob@chat.example>\r\n", "250 "), say("DATA\r\n", "354 "), say(mail, "250 ", "221 "),
	}
	for i, s := range steps {
		if i == 1 && secure {
			p.secure()
		}
		if _, err := io.WriteString(p.conn, s.send); err != nil {
			return err
		}
		for _, want := range s.want {
			if got, err := p.reply(); err != nil || !strings.HasPrefix(got, want) {
				return fmt.Errorf("got %q, %w; want %s", got, err, want)
			}
		}
	}
	return nil
}
