package smtpd

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway"
)

// codes reads the answers in a transcript: the code of each.
func codes(t testing.TB, transcript string) []string {
	var out []string
	for line := range strings.Lines(transcript) {
		if len(line) < 6 || !strings.HasSuffix(line, "\r\n") {
			t.Fatalf("%q is no line of an answer", line)
		}
		if line[3] == ' ' {
			out = append(out, line[:3])
		}
	}
	return out
}

var pathPattern = regexp.MustCompile(`(?i)^(?:MAIL FROM|RCPT TO): *<(.*?)>(?: [^"]*)?$`)

// reference reads a client's octets in the plainest way there is, by the
// server's answers: a line, an answer; after 354 everything up to the first
// CR LF "." CR LF, an answer. It returns what a backend may have seen of it.
func reference(t testing.TB, input []byte, answers []string) []string {
	var events []string
	open := false
	closed := func() {
		if open {
			events, open = append(events, "CLOSE"), false
		}
	}
	for _, a := 0, answers[1:]; len(a) > 0; {
		line, rest, found := bytes.Cut(input, []byte("\n"))
		if !found {
			break // what is left are words of parting
		}
		code := a[0]
		a, input = a[1:], rest
		command, ended := bytes.CutSuffix(line, []byte("\r"))
		verb, _, _ := strings.Cut(strings.ToUpper(string(command)), " ")
		positive := code[0] == '2'
		if (positive || code == "354") && !ended {
			t.Errorf("%q was obeyed with %s", line, code)
		}
		switch {
		case code == "354" && verb == "DATA":
			whole := append([]byte("\r\n"), input...)
			end := bytes.Index(whole, []byte("\r\n.\r\n"))
			if end < 0 {
				a = nil
				break
			}
			raw := whole[2 : end+2]
			if len(a) > 0 && a[0] == "250" {
				data := bytes.TrimPrefix(bytes.ReplaceAll(whole[:end+2], []byte("\r\n."), []byte("\r\n")), []byte("\r\n"))
				lines := bytes.ReplaceAll(raw, []byte("\r\n"), nil)
				if bytes.ContainsAny(lines, "\r\n\x00") {
					t.Errorf("accepted %q", raw)
				}
				events = append(events, fmt.Sprintf("DATA %q", data))
			}
			if len(a) > 0 {
				a = a[1:]
			}
			input = whole[end+5:]
			closed()
		case !positive:
		case verb == "MAIL":
			events, open = append(events, "MAIL <"+address(t, command)+">"), true
		case verb == "RCPT":
			events = append(events, "RCPT "+address(t, command))
		case verb == "RSET" || verb == "EHLO" || verb == "HELO":
			closed()
		}
	}
	closed()
	return events
}

func address(t testing.TB, command []byte) string {
	m := pathPattern.FindSubmatch(command)
	if m == nil {
		// Brackets within quotes are beyond the plainest way.
		m = [][]byte{nil, command[bytes.IndexByte(command, '<')+1 : bytes.LastIndexByte(command, '>')]}
	}
	path := string(m[1])
	if strings.EqualFold(path, "postmaster") {
		path = "postmaster@chat.example"
	}
	if len(command) > 0 && (command[0]|0x20) == 'm' {
		from, err := gateway.ParseReversePath(path)
		if err != nil {
			t.Errorf("obeyed %q: %v", command, err)
		}
		return from.Address.String()
	}
	to, err := gateway.ParseAddress(path)
	if err != nil {
		t.Errorf("obeyed %q: %v", command, err)
	}
	return to.String()
}

// memoryConn is a client that has sent everything already: reads bring at most
// step octets of it, then the end; writes are remembered.
type memoryConn struct {
	in     []byte
	step   int
	out    bytes.Buffer
	once   sync.Once
	closed chan struct{}
}

func (c *memoryConn) Read(p []byte) (int, error) {
	if len(c.in) == 0 {
		return 0, net.ErrClosed
	}
	n := copy(p, c.in[:min(c.step, len(c.in))])
	c.in = c.in[n:]
	return n, nil
}
func (c *memoryConn) Write(p []byte) (int, error) { return c.out.Write(p) }
func (c *memoryConn) Close() error                { c.once.Do(func() { close(c.closed) }); return nil }
func (c *memoryConn) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25} }
func (c *memoryConn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 999}
}
func (c *memoryConn) SetDeadline(time.Time) error      { return nil }
func (c *memoryConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memoryConn) SetWriteDeadline(time.Time) error { return nil }

// listener hands out the connections it is given.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newListener() *listener {
	return &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *listener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }

// replay runs one session over octets and returns the transcript and what the
// backend saw.
func replay(t testing.TB, c Config, input []byte, step int) (transcript string, seen []string) {
	r, l := &recorder{}, newListener()
	conn := &memoryConn{in: input, step: step, closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- New(c, r).Serve(ctx, l) }()
	l.conns <- conn
	select {
	case <-conn.closed:
	case <-time.After(time.Minute):
		t.Errorf("the session hangs on %q", input)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("serve: %v", err)
	}
	return conn.out.String(), r.seen()
}

// judge compares a session with the reference.
func judge(t testing.TB, c Config, input []byte, step int) (transcript string, seen []string) {
	transcript, seen = replay(t, c, input, step)
	want := reference(t, input, codes(t, transcript))
	if strings.Join(seen, "|") != strings.Join(want, "|") {
		t.Errorf("of %q\nthe backend saw %q\nthe reference  %q\nafter %q", input, seen, want, transcript)
	}
	return transcript, seen
}

func FuzzGuard(f *testing.F) {
	session := "EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@chat.example>\r\nDATA\r\n"
	for _, s := range []string{
		session + "x\r\n.\r\nQUIT\r\n",
		session + "..x\r\n.y\r\n\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\nRSET\r\n",
		session + "x\n.\r\ny\r.\r\n\r\r\n.\r\nRSET\r\n",
		session + "x\r\n.\rMAIL FROM:<s@s.example>\r\n.\r\n",
		"EHLO c\r\nMAIL FROM:<\"a>b\"@b.example> SIZE=3\r\nRCPT TO:<a\nb@chat.example>\r\nBDAT 3 LAST\r\nabcNOOP\r\n",
		"EHLO c\r\nSTARTTLS\r\nNOOP\r\n" + session,
		"GET / HTTP/1.1\r\n" + session,
		session + strings.Repeat("0123456789", 500) + "\r\n.\r\nNOOP\r\n",
		"EHLO c\r\nMAIL FROM:<a..b@b.example>\r\nRCPT TO:<.c.@chat.example>\r\nRSET\r\nMAIL FROM:<" + strings.Repeat("v", 256) + "@b.example>\r\n",
		"EHLO c\r\nMAIL FROM:<ü@b.example> SMTPUTF8\r\nRCPT TO:<ü@chat.example>\r\nNOOP\x00\r\n",
	} {
		f.Add([]byte(s), byte(0))
		f.Add([]byte(s), byte(7))
	}
	conf := Config{Hostname: "mx.example", Domain: "chat.example", ConnectionRate: -1, RefusalRate: -1, MaxSize: 4096, MaxRecipients: 3, Tarpit: 1, MaxRefused: 3}
	f.Fuzz(func(t *testing.T, input []byte, step byte) {
		judge(t, conf, input, int(step)*int(step)+1)
	})
}
