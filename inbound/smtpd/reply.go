package smtpd

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/replygate/replygate/gateway"
)

// maxReplyLine is the longest line of an answer in octets without its CR LF
// (RFC 5321, section 4.5.3.1.5: 512 with it).
const maxReplyLine = 500

// appendReply appends st as it goes on the wire. RFC 2034, section 4: every
// line has the enhanced code. A long text becomes several lines.
func appendReply(dst []byte, st gateway.Status) []byte {
	code := strconv.Itoa(st.Code)
	enhanced := fmt.Sprintf("%d.%d.%d ", st.Enhanced[0], st.Enhanced[1], st.Enhanced[2])
	if st.Enhanced == ([3]int{}) {
		enhanced = ""
	}
	room := maxReplyLine - len(code) - 1 - len(enhanced)
	text := printable(st.Text)
	for {
		line, rest := cutLine(text, room)
		sep := " "
		if rest != "" {
			sep = "-"
		}
		dst = append(append(append(append(append(dst, code...), sep...), enhanced...), line...), "\r\n"...)
		if rest == "" {
			return dst
		}
		text = rest
	}
}

// cutLine takes at most room octets off text, at a space if there is one.
func cutLine(text string, room int) (line, rest string) {
	if len(text) <= room {
		return text, ""
	}
	if i := strings.LastIndexByte(text[:room+1], ' '); i > 0 {
		return text[:i], strings.TrimLeft(text[i:], " ")
	}
	return text[:room], text[room:]
}

// printable makes text fit for an answer: printable ASCII on one line.
func printable(text string) string {
	sound := func(r rune) bool { return ' ' <= r && r < 0x7f }
	if strings.IndexFunc(text, func(r rune) bool { return !sound(r) }) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case sound(r):
			return r
		case r == '\n', r == '\r', r == '\t':
			return ' '
		}
		return '?'
	}, text)
}

// proper makes sure that st is an answer at all: a final one, its enhanced
// code of the class of its code (RFC 2034, section 4).
func proper(st gateway.Status) gateway.Status {
	if st.Code < 200 || st.Code > 599 || st.Code/100 == 3 {
		return gateway.InternalError
	}
	if st.Enhanced[0] != st.Code/100 {
		st.Enhanced = [3]int{st.Code / 100, 0, 0}
	}
	return st
}

// readStatus takes the engine's one-line answer ("250 2.0.0 Text") apart.
func readStatus(line []byte) gateway.Status {
	st := gateway.Status{}
	code, text, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(" "))
	st.Code, _ = strconv.Atoi(string(code))
	st.Text = string(text)
	enhanced, rest, _ := strings.Cut(st.Text, " ")
	var e [3]int
	if n, _ := fmt.Sscanf(enhanced, "%d.%d.%d", &e[0], &e[1], &e[2]); n == 3 {
		st.Enhanced, st.Text = e, rest
	}
	return st
}

// status is a Status on one line of code.
func status(code, class, subject, detail int, text string) gateway.Status {
	return gateway.Status{Code: code, Enhanced: [3]int{class, subject, detail}, Text: text}
}
