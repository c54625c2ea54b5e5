package dkim

import (
	"bytes"
	"hash"
)

// relaxedHeader appends a field in relaxed form (RFC 6376, section 3.4.2),
// without its final CRLF.
func relaxedHeader(dst []byte, name string, value []byte) []byte {
	for i := range len(name) {
		dst = append(dst, lower(name[i]))
	}
	dst = append(dst, ':')
	start, space := len(dst), false
	for _, c := range value {
		switch c {
		case ' ', '\t', '\r', '\n':
			space = true
		default:
			if space && len(dst) > start {
				dst = append(dst, ' ')
			}
			dst, space = append(dst, c), false
		}
	}
	return dst
}

// relaxedBody writes a body of CRLF lines to h in relaxed form (RFC 6376,
// section 3.4.4).
func relaxedBody(h hash.Hash, body []byte) {
	buf := make([]byte, 0, 4096)
	empty := 0 // lines held back, since those at the end do not count
	for len(body) > 0 {
		line := body
		if i := bytes.IndexByte(body, '\n'); i >= 0 {
			line = body[:i+1]
		}
		body = body[len(line):]
		line = bytes.TrimRight(line, " \t\r\n")
		if len(line) == 0 {
			empty++
			continue
		}
		for ; empty > 0; empty-- {
			buf = flushFull(h, append(buf, '\r', '\n'))
		}
		for word := range words(line) {
			buf = flushFull(h, append(buf, word...))
		}
		buf = flushFull(h, append(buf, '\r', '\n'))
	}
	h.Write(buf)
}

// words cuts a line into pieces in which every run of white space is one space.
func words(line []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		start := 0
		for i := 0; i < len(line); i++ {
			if c := line[i]; c != ' ' && c != '\t' {
				continue
			}
			end := i + 1
			for end < len(line) && (line[end] == ' ' || line[end] == '\t') {
				end++
			}
			if end == i+1 && line[i] == ' ' {
				continue
			}
			if !yield(line[start:i]) || !yield([]byte{' '}) {
				return
			}
			start, i = end, end-1
		}
		yield(line[start:])
	}
}

// flushFull empties a buffer that has grown to be worth a Write.
func flushFull(h hash.Hash, buf []byte) []byte {
	if len(buf) < 3072 {
		return buf
	}
	h.Write(buf)
	return buf[:0]
}
