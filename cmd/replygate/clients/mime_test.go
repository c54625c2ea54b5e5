package clients

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
	"unicode/utf8"
)

// encodings are the transfer encodings of RFC 2045, section 6, that clients use.
var encodings = []string{"quoted-printable", "base64", "8bit"}

// raw makes the mail as it travels.
func (w written) raw(o *original, encoding string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s <%s>\r\nTo: r0aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj@%s\r\nSubject: %s\r\nDate: Sat, 21 Nov 2026 09:30:00 +0100\r\nMessage-ID: <reply.1@example.net>\r\nIn-Reply-To: %s\r\nReferences: %s\r\nMIME-Version: 1.0\r\n",
		ownName, own, domain, mime.QEncoding.Encode("utf-8", "Re: "+o.subject), o.messageID, o.messageID)
	if w.html == "" || w.text == "" {
		h, body := w.part(encoding, w.html != "")
		for _, k := range []string{"Content-Type", "Content-Transfer-Encoding"} {
			fmt.Fprintf(&b, "%s: %s\r\n", k, h.Get(k))
		}
		b.WriteString("\r\n")
		b.Write(body)
		return b.Bytes()
	}
	m := multipart.NewWriter(&b)
	fmt.Fprintf(&b, "Content-Type: multipart/alternative; boundary=%q\r\n\r\n", m.Boundary())
	for _, isHTML := range []bool{false, true} {
		h, body := w.part(encoding, isHTML)
		p, _ := m.CreatePart(h)
		p.Write(body)
	}
	m.Close()
	return b.Bytes()
}

func (w written) part(encoding string, isHTML bool) (textproto.MIMEHeader, []byte) {
	body, kind := w.text, "text/plain; charset=utf-8"
	switch {
	case isHTML:
		body, kind = w.html, "text/html; charset=utf-8"
	case w.delsp:
		body, kind = flow(body, true), kind+"; format=flowed; delsp=yes"
	case w.flowed:
		body, kind = flow(body, false), kind+"; format=flowed"
	}
	body = strings.ReplaceAll(body, "\n", "\r\n")
	h := textproto.MIMEHeader{"Content-Type": {kind}, "Content-Transfer-Encoding": {encoding}}
	return h, encode(encoding, body)
}

func encode(encoding, body string) []byte {
	var b bytes.Buffer
	switch encoding {
	case "quoted-printable":
		q := quotedprintable.NewWriter(&b)
		io.WriteString(q, body)
		q.Close()
	case "base64":
		s := base64.StdEncoding.EncodeToString([]byte(body))
		for ; len(s) > 76; s = s[76:] {
			b.WriteString(s[:76] + "\r\n")
		}
		b.WriteString(s + "\r\n")
	default:
		b.WriteString(body)
	}
	return b.Bytes()
}

// flow writes format=flowed (RFC 3676): lines of more than 72 characters are
// broken after a space, or anywhere with delsp; spaces, "From " and unquoted ">"
// at the beginning of a line are stuffed.
func flow(text string, delsp bool) string {
	var b strings.Builder
	for l := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		content := strings.TrimLeft(l, ">")
		mark := l[:len(l)-len(content)]
		content = strings.TrimRight(strings.TrimPrefix(content, " "), " ")
		if mark == "" {
			content = strings.TrimRight(l, " ")
		}
		for content != "" || l == mark {
			n := cut(content, 72-len(mark), delsp)
			piece, rest := content[:n], content[n:]
			b.WriteString(mark)
			if mark != "" && piece != "" || strings.HasPrefix(piece, " ") || strings.HasPrefix(piece, "From ") || strings.HasPrefix(piece, ">") {
				b.WriteByte(' ')
			}
			b.WriteString(piece)
			if rest != "" && delsp {
				b.WriteByte(' ')
			}
			b.WriteString("\n")
			if content = rest; content == "" {
				break
			}
		}
		if content == "" && l != mark && strings.TrimSpace(l) == "" {
			b.WriteString("\n")
		}
	}
	return b.String()
}

// cut is where a line is broken.
func cut(s string, width int, delsp bool) int {
	if utf8.RuneCountInString(s) <= width {
		return len(s)
	}
	at, n, space := 0, 0, 0
	for i, r := range s {
		if n == width {
			at = i
			break
		}
		n++
		if r == ' ' {
			space = i + 1
		}
	}
	if space > 0 {
		return space
	}
	if delsp {
		return at
	}
	if i := strings.IndexByte(s, ' '); i >= 0 {
		return i + 1
	}
	return len(s)
}
