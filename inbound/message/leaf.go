package message

import (
	"bytes"
	"strings"
)

// leaf reads an entity without parts: words are returned, a file is noted,
// what belongs to the wrapping is dropped.
func (a *assembly) leaf(e, parent *entity) []piece {
	switch e.media.word {
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		if pieces, ok := a.unwrap(e); ok {
			return pieces
		}
		if enveloped(e) {
			a.enveloped = true
		} else {
			a.m.Signed = true
		}
	case "text/calendar", "application/ics":
		if a.m.CalendarMethod == "" {
			a.m.CalendarMethod = calendarMethod(e)
		}
	}
	switch {
	case a.isWrapping(e, parent):
		return nil
	case a.isWords(e, parent):
		return a.words(e)
	}
	a.files = append(a.files, e)
	return nil
}

// isWrapping tells parts that say nothing by themselves: signatures, the
// version part of an encrypted mail, Macintosh resource forks, and renderings
// for one kind of reader.
func (a *assembly) isWrapping(e, parent *entity) bool {
	switch e.media.word {
	case "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature":
		a.m.Signed = true
		return true
	case "application/pgp-encrypted":
		a.m.Encrypted = true
		return true
	case "application/applefile":
		return parent != nil && parent.media.word == "multipart/appledouble"
	case "text/x-amp-html", "text/watch-html", "text/enriched", "text/richtext":
		return parent != nil && parent.media.word == "multipart/alternative"
	}
	return false
}

// isWords tells whether a leaf is to be read rather than kept as a file.
func (a *assembly) isWords(e, parent *entity) bool {
	switch e.media.word {
	case "", "text", "text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text/x-markdown":
	default:
		if !e.media.multipart() {
			return false
		}
		return true // a multipart in which no boundary was found: RFC 2046, section 5.1.2 leaves us the preamble
	}
	if parent != nil && parent.media.word == "multipart/digest" && e.media.word == "" {
		return false // RFC 2046, section 5.1.5: a message
	}
	if parent != nil && parent.media.word == "multipart/report" && e != &a.s.entities[parent.children[0]] {
		return false
	}
	d := e.disposition
	if d.word == "attachment" {
		return false
	}
	named := d.get("filename") != "" || e.media.get("name") != ""
	return !named || d.word == "" && a.charset == "" && len(a.files) == 0
}

// words decodes a leaf's text.
func (a *assembly) words(e *entity) []piece {
	octets := decodeTransfer(e.body, e.encoding)
	declared := e.media.get("charset")
	isHTML := e.media.word == "text/html"
	if isHTML && vague(charsetLabel(declared)) {
		if named := metaCharset(octets); lookUp(charsetLabel(named)) != nil || charsetLabel(named) == "utf-8" {
			declared = named
		}
	}
	if a.charset == "" {
		a.charset = declared
		if declared == "" {
			a.charset = "us-ascii"
		}
	}
	text := tidyText(decodeText(octets, declared))
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if isHTML {
		return []piece{{html: text, hasHTML: true}}
	}
	return []piece{{
		text: text, hasText: true,
		flowed: strings.EqualFold(e.media.get("format"), "flowed"),
		delSp:  strings.EqualFold(e.media.get("delsp"), "yes"),
	}}
}

// tidyText ends lines by LF and drops control characters and byte order marks.
// The text must be valid UTF-8.
func tidyText(s string) string {
	var b strings.Builder
	kept := 0 // what stands before it is in b
	for i := 0; i < len(s); i++ {
		n := untidy(s[i:])
		if n == 0 {
			continue
		}
		if b.Len() == 0 {
			b.Grow(len(s))
		}
		b.WriteString(s[kept:i])
		if s[i] == '\r' && !strings.HasPrefix(s[i+1:], "\n") {
			b.WriteByte('\n')
		}
		kept = i + n
		i = kept - 1
	}
	if kept == 0 {
		return s
	}
	b.WriteString(s[kept:])
	return b.String()
}

// untidy is the length of the character at the start of s if it is to go, else 0.
func untidy(s string) int {
	switch c := s[0]; {
	case c >= ' ' && c < 0x7f || c == '\n' || c == '\t':
		return 0
	case c < ' ' || c == 0x7f:
		return 1
	case c == 0xc2 && s[1] < 0xa0: // U+0080 to U+009F
		return 2
	case c == 0xef && strings.HasPrefix(s, "\ufeff"):
		return 3
	}
	return 0
}

// calendarMethod reads the method from the type (RFC 6047, section 2.4) or
// else from the calendar.
func calendarMethod(e *entity) string {
	if m := clean(e.media.get("method")); m != "" {
		return strings.ToUpper(m)
	}
	data := decodeTransfer(e.body, e.encoding)
	for line := range bytes.Lines(data[:min(len(data), 4096)]) {
		if name, value, ok := strings.Cut(string(line), ":"); ok && strings.EqualFold(strings.TrimSpace(name), "METHOD") {
			return strings.ToUpper(clean(value))
		}
	}
	return ""
}

// enveloped tells encrypted S/MIME from signed: by the type's parameter (RFC
// 8551, section 3.2.2), else by the content's object identifier (RFC 5652,
// section 4). What is neither counts as encrypted: it cannot be read.
func enveloped(e *entity) bool {
	switch strings.ToLower(e.media.get("smime-type")) {
	case "signed-data", "certs-only", "compressed-data":
		return false
	case "enveloped-data", "authenveloped-data":
		return true
	}
	head := decodeTransfer(e.body[:min(len(e.body), 200)], e.encoding)
	signedData := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}
	return !bytes.Contains(head, signedData)
}
