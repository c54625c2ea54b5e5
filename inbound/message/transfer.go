package message

import (
	"bytes"
	"encoding/base64"
)

// decodeTransfer undoes a content transfer encoding (RFC 2045, section 6). It
// never fails: what is not encoded properly is kept as it stands, what is not
// base64 is passed over. An unknown encoding is taken for none. The answer may
// share memory with body.
func decodeTransfer(body []byte, encoding string) []byte {
	switch encoding {
	case "base64":
		return decodeBase64(body)
	case "quoted-printable":
		return decodeQuotedPrintable(body)
	}
	return body
}

// decodeBase64 decodes well-formed base64 by the standard library, what is
// damaged as far as it goes, and leaves alone what only claims to be base64.
func decodeBase64(body []byte) []byte {
	out := make([]byte, base64.StdEncoding.DecodedLen(len(body)))
	if n, err := base64.StdEncoding.Decode(out, body); err == nil {
		return out[:n]
	}
	if isProse(body) {
		return body
	}
	return decodeLooseBase64(out[:0], body)
}

// isProse tells text from damaged base64: one octet in sixteen or more is
// neither of the alphabet nor a line end.
func isProse(body []byte) bool {
	strange := 0
	for _, c := range body {
		if unbase64(c) < 0 && c != '=' && c != '\r' && c != '\n' {
			strange++
		}
	}
	return strange > 8 && strange > len(body)/16
}

// decodeLooseBase64 passes over octets outside the alphabet (RFC 2045, section
// 6.8) and starts anew after padding, as joined pieces have it in the middle.
func decodeLooseBase64(out, body []byte) []byte {
	var group uint32
	have := 0
	flush := func() {
		switch have {
		case 2:
			out = append(out, byte(group>>4))
		case 3:
			out = append(out, byte(group>>10), byte(group>>2))
		}
		group, have = 0, 0
	}
	for _, c := range body {
		v := unbase64(c)
		if c == '=' {
			flush()
		}
		if v < 0 {
			continue
		}
		group = group<<6 | uint32(v)
		if have++; have == 4 {
			out = append(out, byte(group>>16), byte(group>>8), byte(group))
			group, have = 0, 0
		}
	}
	flush()
	return out
}

func unbase64(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case '0' <= c && c <= '9':
		return int(c-'0') + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return -1
}

// decodeQuotedPrintable undoes RFC 2045, section 6.7. White space before a line
// end is dropped (rule 3), an equals sign that escapes nothing stays.
func decodeQuotedPrintable(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for len(body) > 0 {
		line, end := body, []byte(nil)
		if i := bytes.IndexByte(body, '\n'); i >= 0 {
			line, end = body[:i], body[i:i+1]
			body = body[i+1:]
		} else {
			body = nil
		}
		if n := len(line); n > 0 && line[n-1] == '\r' && end != nil {
			line, end = line[:n-1], line[n-1:n+1:n+1]
		}
		line = bytes.TrimRight(line, " \t")
		if n := len(line); n > 0 && line[n-1] == '=' {
			line, end = line[:n-1], nil
		}
		out = append(unescapeLine(out, line), end...)
	}
	return out
}

func unescapeLine(out, line []byte) []byte {
	for {
		i := bytes.IndexByte(line, '=')
		if i < 0 {
			return append(out, line...)
		}
		out = append(out, line[:i]...)
		line = line[i:]
		if len(line) >= 3 {
			if hi, lo := unhex(line[1]), unhex(line[2]); hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				line = line[3:]
				continue
			}
		}
		out = append(out, '=')
		line = line[1:]
	}
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
