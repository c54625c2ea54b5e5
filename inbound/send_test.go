package inbound

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// mail is a mail to be written. Left empty, From is bob's and the Message-ID unique.
type mail struct {
	from, subject, id string
	head              string // more fields, each with its LF
	body              string
	sign              string // the domain that signs; "-" for none; From's by default
	path              string // MAIL FROM; From's by default
}

var unique struct {
	sync.Mutex
	n int
}

func nextID() string {
	unique.Lock()
	defer unique.Unlock()
	unique.n++
	return time.Now().Format("150405.000000000") + "." + strings.Repeat("x", unique.n%7) + string(rune('a'+unique.n%26)) + "@mail.people.test"
}

// bytes writes the mail, unsigned.
func (m mail) bytes() []byte {
	if m.from == "" {
		m.from = "Bob <bob@" + people + ">"
	}
	if m.id == "" {
		m.id = nextID()
	}
	if m.subject == "" {
		m.subject = "Re: Order"
	}
	head := "From: " + m.from + "\nTo: Somebody <someone@elsewhere.test>\nSubject: " + m.subject +
		"\nDate: " + time.Now().Format(time.RFC1123Z) + "\nMessage-ID: <" + m.id + ">\n" + m.head
	if !strings.Contains(m.head, "Content-Type:") {
		head += "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
	}
	if m.id == "-" {
		head = strings.Replace(head, "Message-ID: <->\n", "", 1)
	}
	return crlf(head + "\n" + m.body)
}

func crlf(s string) []byte {
	return []byte(strings.ReplaceAll(strings.ReplaceAll(strings.TrimSuffix(s, "\n")+"\n", "\r\n", "\n"), "\n", "\r\n"))
}

// send writes, signs and sends the mail to recipients.
func (l *lab) send(m mail, to ...string) session {
	l.Helper()
	from := m.from
	if from == "" {
		from = "bob@" + people
	}
	if i := strings.IndexByte(from, '<'); i >= 0 {
		from = strings.Trim(from[i:], "<>")
	}
	_, domain, _ := strings.Cut(strings.ToLower(from), "@")
	raw := m.bytes()
	if m.sign == "" {
		m.sign = domain
	}
	if _, has := l.keys[m.sign]; has {
		raw = l.sign(m.sign, raw)
	}
	if m.path == "" {
		m.path = from
	}
	return l.deliver(strings.TrimPrefix(m.path, "-"), raw, to...)
}

// session is what a sending server heard.
type session struct {
	t    testing.TB
	rcpt []string // the answers to RCPT
	dot  string   // to the final dot; empty if it was not sent
}

// is holds that the mail was answered so: the beginning of the last answer.
func (s session) is(want string) session {
	s.t.Helper()
	got := s.dot
	if got == "" {
		got = strings.Join(s.rcpt, " / ")
	}
	if !strings.HasPrefix(got, want) {
		s.t.Errorf("answered %q, want %q", got, want)
	}
	return s
}

func (s session) accepted() bool { return strings.HasPrefix(s.dot, "250") }

// deliver has a conversation with the server. from is without brackets.
func (l *lab) deliver(from string, raw []byte, to ...string) session {
	l.Helper()
	s, err := talk(l, l.addr, from, raw, to)
	if err != nil {
		l.Errorf("the session broke off: %v", err)
	}
	return s
}

func talk(t testing.TB, addr, from string, raw []byte, to []string) (s session, err error) {
	s.t = t
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return s, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	c := textproto.NewConn(conn)
	say := func(line string) string {
		if err == nil && line != "" {
			err = c.PrintfLine("%s", line)
		}
		if err != nil {
			return ""
		}
		var code int
		var text string
		code, text, err = c.ReadResponse(0)
		var refused *textproto.Error
		if errors.As(err, &refused) {
			err = nil
		}
		return strconv.Itoa(code) + " " + text
	}
	say("")
	say("EHLO mail.people.test")
	if got := say("MAIL FROM:<" + from + ">"); !strings.HasPrefix(got, "250") {
		s.rcpt = append(s.rcpt, got)
		return s, err
	}
	taken := false
	for _, r := range to {
		got := say("RCPT TO:<" + r + ">")
		s.rcpt = append(s.rcpt, got)
		taken = taken || strings.HasPrefix(got, "250")
	}
	if !taken {
		say("QUIT")
		return s, err
	}
	say("DATA")
	w := c.DotWriter()
	io.Copy(w, bytes.NewReader(raw))
	w.Close()
	s.dot = say("")
	say("QUIT")
	return s, err
}
