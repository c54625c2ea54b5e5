package outbound

import (
	"bytes"
	"context"
	"io"
	"net"
	netmail "net/mail"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
)

// say posts a message as ann.
func (l *lab) say(c gateway.ConversationID, text string) {
	l.Helper()
	_, err := l.chat.PostMessages(context.Background(), shop, c, []chat.NewMessage{{Text: chat.Give(text), Sender: chat.Give[gateway.UserID]("ann")}}, chat.Posting{})
	l.ok(err)
}

// peer is a next hop of all mail.
type peer struct {
	mu sync.Mutex
	// answer says what is answered to a command (MAIL, RCPT, DATA, "." with the
	// recipient); empty is the usual answer, "hang up" ends the connection.
	answer func(verb, to string) string
	got    []delivered
	tries  int
}

type delivered struct {
	from, to string
	raw      []byte
	at       time.Time
}

func (d delivered) parse(t testing.TB) *netmail.Message {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(d.raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (p *peer) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go p.serve(theirs)
	return ours, nil
}

func (p *peer) say(verb, to, usual string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if verb == "RCPT" {
		p.tries++
	}
	if p.answer != nil {
		if a := p.answer(verb, to); a != "" {
			return a
		}
	}
	return usual
}

func (p *peer) answers(f func(verb, to string) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

// always answers a verb in one way.
func always(verb, what string) func(string, string) string {
	return func(v, _ string) string {
		if v == verb {
			return what
		}
		return ""
	}
}

// mails are what was taken, in order.
func (p *peer) mails() []delivered {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

func (p *peer) tried() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tries
}

func (p *peer) serve(conn net.Conn) {
	defer conn.Close()
	c := textproto.NewConn(conn)
	c.PrintfLine("220 relay.example.com ESMTP")
	var d delivered
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		verb, arg, _ := strings.Cut(line, " ")
		reply := "250 2.0.0 ok"
		switch verb {
		case "EHLO":
			reply = "250 relay.example.com"
		case "MAIL":
			d = delivered{from: strings.TrimSuffix(strings.TrimPrefix(arg, "FROM:<"), ">")}
			reply = p.say(verb, "", reply)
		case "RCPT":
			d.to = strings.TrimSuffix(strings.TrimPrefix(arg, "TO:<"), ">")
			reply = p.say(verb, d.to, reply)
		case "DATA":
			if reply = p.say(verb, d.to, "354 go on"); reply == "354 go on" {
				c.PrintfLine("%s", reply)
				if d.raw, err = io.ReadAll(c.DotReader()); err != nil {
					return
				}
				d.at = time.Now()
				if reply = p.say(".", d.to, "250 2.0.0 queued"); reply[0] == '2' || reply == "taken, hang up" {
					p.mu.Lock()
					p.got = append(p.got, d)
					p.mu.Unlock()
				}
			}
		case "QUIT":
			c.PrintfLine("221 2.0.0 bye")
			return
		}
		if strings.Contains(reply, "hang up") {
			return
		}
		c.PrintfLine("%s", reply)
	}
}
