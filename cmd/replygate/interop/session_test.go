package interop

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"time"
)

// session is one SMTP connection; after the first error nothing more is done.
type session struct {
	conn net.Conn
	r    *bufio.Reader
	err  error
}

func (s *session) send(text string) {
	if s.err == nil {
		s.conn.SetDeadline(time.Now().Add(time.Minute))
		_, s.err = s.conn.Write([]byte(text))
	}
}

// expect sends a line, unless it is empty, and reads one answer.
func (s *session) expect(line string, code int) {
	if line != "" {
		s.send(line + "\r\n")
	}
	if s.r == nil {
		s.r = bufio.NewReader(s.conn)
	}
	for s.err == nil {
		var answer string
		if answer, s.err = s.r.ReadString('\n'); s.err != nil || strings.HasPrefix(answer, fmt.Sprintf("%d-", code)) {
			continue
		}
		if !strings.HasPrefix(answer, fmt.Sprintf("%d ", code)) {
			s.err = fmt.Errorf("%q was answered with %q, want %d", line, answer, code)
		}
		return
	}
}
