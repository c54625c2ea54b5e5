package compose

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/emersion/go-message"
)

// write puts the mail together: multipart/alternative, the text first, the HTML
// last as the better one (RFC 2046, section 5.1.4).
func write(fields []field, seed, text, html string) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(4096 + 2*len(text) + 2*len(html))
	var h message.Header
	h.SetContentType("multipart/alternative", map[string]string{"boundary": boundary(seed)})
	h.AddRaw([]byte("MIME-Version: 1.0\r\n"))
	for i := len(fields) - 1; i >= 0; i-- { // the last one added is written first
		h.AddRaw([]byte(fields[i]))
	}
	w, err := message.CreateWriter(&b, h)
	if err != nil {
		return nil, fmt.Errorf("write header: %w", err)
	}
	for _, p := range []struct{ subtype, body string }{{"plain", text}, {"html", html}} {
		if err := writePart(w, p.subtype, p.body); err != nil {
			return nil, fmt.Errorf("write %s part: %w", p.subtype, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write end: %w", err)
	}
	return b.Bytes(), nil
}

// boundary holds "=_", which neither quoted-printable nor base64 can produce,
// so that no part contains it; it is the same whenever the mail is made again.
func boundary(seed string) string {
	sum := sha256.Sum256([]byte("boundary " + seed))
	return "=_" + lowerBase32.EncodeToString(sum[:15])
}

func writePart(w *message.Writer, subtype, body string) error {
	var h message.Header
	h.Set("Content-Transfer-Encoding", encodingOf(body))
	h.SetContentType("text/"+subtype, map[string]string{"charset": "utf-8"})
	p, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	// RFC 2046, section 4.1.1: text has CRLF line ends before it is encoded.
	if _, err := p.Write([]byte(strings.ReplaceAll(body, "\n", "\r\n"))); err != nil {
		return err
	}
	return p.Close()
}

// encodingOf picks what makes the part shorter: quoted-printable keeps Latin
// scripts readable, base64 suits all others.
func encodingOf(body string) string {
	quoted := 0
	for i := range len(body) {
		if c := body[i]; c >= 0x80 || c == '=' {
			quoted += 3
		} else {
			quoted++
		}
	}
	if quoted > base64.StdEncoding.EncodedLen(len(body)) {
		return "base64"
	}
	return "quoted-printable"
}
