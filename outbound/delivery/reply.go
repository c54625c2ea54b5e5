package delivery

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/replygate/replygate/gateway"
)

// Limits of one reply. RFC 5321, section 4.5.3.1.5 gives a line 512 octets and
// a reply no number of lines; real servers need more of the one and few of the other.
const (
	maxReplyLines = 128
	maxReplyBytes = 64 << 10
	// maxReplyText is how much of a reply's text is kept, in octets.
	maxReplyText = 1 << 10
)

// Errors of readReply beside those of the connection.
var (
	errGarbage   = errors.New("the answer is not SMTP")
	errReplyLong = errors.New("the answer does not end")
)

// reply is one answer of the peer: its code, 200 to 599, and its lines without
// code and line end, at least one.
type reply struct {
	code  int
	lines []string
}

// readReply reads one reply (RFC 5321, section 4.2.1), of bounded length, and
// nothing beyond it. A bare LF ends a line too.
func readReply(br *bufio.Reader) (reply, error) {
	var r reply
	left := maxReplyBytes
	for range maxReplyLines {
		line, err := readLine(br, &left)
		if err != nil {
			return reply{}, err
		}
		code, text, more, ok := splitLine(line)
		if !ok || r.code != 0 && code != r.code {
			return reply{}, fmt.Errorf("%w: %q", errGarbage, cut(line, 64))
		}
		r.code, r.lines = code, append(r.lines, text)
		if !more {
			return r, nil
		}
	}
	return reply{}, errReplyLong
}

// readLine reads one line, without its end, and takes its octets off left.
func readLine(br *bufio.Reader, left *int) (string, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		if *left -= len(part); *left < 0 {
			return "", errReplyLong
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
		case errors.Is(err, io.EOF) && len(line) > 0:
			return "", io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}

// splitLine takes "250-text", "250 text" or "250" apart.
func splitLine(line string) (code int, text string, more, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' || !digits(line[:3]) {
		return 0, "", false, false
	}
	code = int(line[0]-'0')*100 + int(line[1]-'0')*10 + int(line[2]-'0')
	if len(line) == 3 {
		return code, "", false, true
	}
	return code, line[4:], line[3] == '-', line[3] == '-' || line[3] == ' '
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// status is the reply as it is recorded: the enhanced code taken off every
// line, the lines joined, controls replaced, the first octets kept.
func (r reply) status() gateway.Status {
	s := gateway.Status{Code: r.code, Enhanced: [3]int{r.code / 100}}
	texts := make([]string, 0, len(r.lines))
	for i, line := range r.lines {
		enhanced, rest, ok := cutEnhanced(line, r.code/100)
		if ok && i == 0 {
			s.Enhanced = enhanced
		}
		if rest = strings.TrimSpace(rest); rest != "" {
			texts = append(texts, rest)
		}
	}
	s.Text = strings.TrimSpace(cut(plain(strings.Join(texts, " ")), maxReplyText))
	return s
}

// cutEnhanced takes an enhanced code (RFC 2034, section 4) of the given class
// off the front of a line.
func cutEnhanced(line string, class int) (code [3]int, rest string, ok bool) {
	word, rest, _ := strings.Cut(line, " ")
	parts := strings.Split(word, ".")
	if len(parts) != 3 || len(parts[0]) != 1 || len(word) > len("5.999.999") {
		return code, line, false
	}
	for i, p := range parts {
		if !digits(p) || len(p) > 3 {
			return code, line, false
		}
		for _, d := range p {
			code[i] = code[i]*10 + int(d-'0')
		}
	}
	if code[0] != class {
		return code, line, false
	}
	return code, rest, true
}

// plain makes a stranger's text fit for one line of a log or a record.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// cut keeps the first n octets, and no part of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
