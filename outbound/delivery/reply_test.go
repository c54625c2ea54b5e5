package delivery

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzReply: whatever a peer says, reading it ends within bounds, and what is
// recorded of it is one clean line.
func FuzzReply(f *testing.F) {
	for _, s := range []string{
		"250 ok\r\n", "250-a\r\n250 b\r\n", "250\r\n", "550 5.1.1 no\r\n550 more\r\n", "550-5.1.1 a\r\n550 5.1.1 b\r\n", "354 go\n", "999 x\r\n",
		"250-a\r\n251 b\r\n", "25", "250 \xff\x00\x1b\r\n", "550 5.1.1\r\n", "550 5.1000.1 x\r\n", "550 5..1 x\r\n", "250-" + strings.Repeat("x", 5000) + "\r\n250 \r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		br := bufio.NewReaderSize(bytes.NewReader(in), 4096)
		r, err := readReply(br)
		if err != nil {
			return
		}
		if r.code < 200 || r.code > 599 || len(r.lines) == 0 || len(r.lines) > maxReplyLines {
			t.Fatalf("%q: read as %v", in, r)
		}
		s := r.status()
		if s.Code != r.code || s.Enhanced[0] != r.code/100 || s.Enhanced[1] > 999 || s.Enhanced[2] > 999 {
			t.Errorf("%q: %v", in, s)
		}
		if len(s.Text) > maxReplyText || !utf8.ValidString(s.Text) || strings.ContainsAny(s.Text, "\r\n\x00\x1b") {
			t.Errorf("%q: text %q", in, s.Text)
		}
		again, err := readReply(bufio.NewReader(bytes.NewReader(r.line())))
		if err != nil || again.code != r.code || r.code/100 != 3 && again.status() != s {
			t.Errorf("%q: handed on as %q, read as %v, %v", in, r.line(), again, err)
		}
	})
}
