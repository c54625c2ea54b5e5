package compose

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/replygate/replygate/gateway"
)

// field is one header field, folded, with its last CRLF.
type field string

// dateLayout follows RFC 5322, section 3.3.
const dateLayout = "Mon, 02 Jan 2006 15:04:05 -0700"

// header lists the fields in the order they are written; MIME-Version and
// Content-Type follow in write. A field without value is left out.
func (n *Notification) header(m *Mail) []field {
	var h []field
	add := func(name string, tokens ...string) {
		if len(tokens) > 0 {
			h = append(h, fold(name, tokens))
		}
	}
	add("Date", n.Date.Format(dateLayout))
	add("From", mailbox("From", m.FromName, n.From)...)
	add("To", mailbox("To", cleanLine(n.RecipientName, maxName), n.To)...)
	if !n.ReplyTo.IsZero() {
		add("Reply-To", mailbox("Reply-To", m.FromName, n.ReplyTo)...)
	}
	add("Subject", encodeText("Subject", m.Subject)...)
	add("Message-ID", bracket(n.MessageID))
	if id := n.inReplyTo(); id != "" {
		add("In-Reply-To", bracket(id))
	}
	add("References", brackets(n.references())...)
	if n.ListID != "" {
		add("List-Id", append(phrase("List-Id", cleanLine(n.ListName, maxName)), bracket(n.ListID))...) // RFC 2919
	}
	add("List-Unsubscribe", n.unsubscribe()...)
	if strings.HasPrefix(n.UnsubscribeURL, "https://") {
		add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click") // RFC 8058, section 3.1
	}
	add("Auto-Submitted", "auto-generated") // RFC 3834, section 5
	add("X-Auto-Response-Suppress", "All")  // the same for Exchange
	if n.ListID != "" {
		add("Feedback-ID", "notification:"+n.ListID+":replygate")
	}
	if n.LoopDomain != "" {
		add("X-Replygate-Loop", n.LoopDomain)
	}
	return h
}

// unsubscribe lists the ways to leave, the one-click link first (RFC 2369, section 3.2).
func (n *Notification) unsubscribe() []string {
	var ways []string
	if n.UnsubscribeURL != "" {
		ways = append(ways, bracket(strings.ReplaceAll(n.UnsubscribeURL, ",", "%2C")))
	}
	if a := n.UnsubscribeMail; !a.IsZero() {
		// RFC 6068, section 2: what a URI reserves is escaped.
		ways = append(ways, bracket("mailto:"+url.PathEscape(a.String())+"?subject=unsubscribe"))
	}
	for i := range ways[:max(0, len(ways)-1)] {
		ways[i] += ","
	}
	return ways
}

func bracket(s string) string { return "<" + s + ">" }

func brackets(ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = bracket(id)
	}
	return out
}

// foldAt is how long a header line may get where it can be folded (RFC 5322,
// section 2.1.1 asks for 78, RFC 2047, section 2 for 76).
const foldAt = 76

// fold writes a field, with a line end before a token that would not fit.
func fold(name string, tokens []string) field {
	var b strings.Builder
	b.WriteString(name + ":")
	column := b.Len()
	for i, t := range tokens {
		if i > 0 && column+1+len(t) > foldAt {
			b.WriteString("\r\n")
			column = 0
		}
		b.WriteString(" " + t)
		column += 1 + len(t)
	}
	b.WriteString("\r\n")
	return field(b.String())
}

// mailbox is a display name and an address. An address that cannot be written
// in ASCII becomes an empty group (RFC 6857, section 3.1.7): the header stays
// 7-bit, the envelope knows the address.
func mailbox(fieldName, name string, a gateway.Address) []string {
	if !a.IsASCII() {
		if name == "" {
			name = "Recipient"
		}
		words := phrase(fieldName, name)
		if last := len(words) - 1; strings.HasSuffix(words[last], "?=") {
			words = append(words, ":") // RFC 2047, section 5: white space after an encoded word
		} else {
			words[last] += ":"
		}
		return append(words, ";")
	}
	if name == "" {
		return []string{a.String()}
	}
	return append(phrase(fieldName, name), bracket(a.String()))
}

// phrase writes a display name (RFC 5322, section 3.2.5): as atoms, quoted, or
// in encoded words. name is clean.
func phrase(fieldName, name string) []string {
	switch words := strings.Fields(name); {
	case name == "":
		return nil
	case !isPlain(name):
		return encodeWords(fieldName, name)
	case allAtoms(words):
		return words
	}
	return []string{`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`}
}

func allAtoms(words []string) bool {
	for _, w := range words {
		if !isAtom(w) {
			return false
		}
	}
	return true
}

// encodeText writes unstructured text (RFC 5322, section 2.2.1). s is clean.
func encodeText(fieldName, s string) []string {
	if isPlain(s) {
		return strings.Fields(s)
	}
	return encodeWords(fieldName, s)
}

// isPlain tells whether s can stand in a header as it is: printable ASCII
// without anything that reads as an encoded word, and foldable.
func isPlain(s string) bool {
	column := 0
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
		if column++; s[i] == ' ' {
			column = 0
		}
		if column > foldAt-len("Subject: ") {
			return false
		}
	}
	return !strings.Contains(s, "=?")
}

// encodeWords writes s as encoded words of UTF-8 (RFC 2047), none above 75
// octets, none with half a character, the first short enough to stand behind
// the field's name. The shorter of the encodings is taken.
func encodeWords(fieldName, s string) []string {
	const wrap = len("=?utf-8?q?") + len("?=")
	base := base64.StdEncoding.EncodedLen(len(s)) < len(encodeQ(s))
	room := foldAt - len(fieldName) - len(": ") - wrap
	var words []string
	for s != "" {
		n := fits(s, room, base)
		words = append(words, encodeWord(s[:n], base))
		s, room = s[n:], 75-wrap
	}
	return words
}

// fits counts the octets of s whose encoding has room, at least one character.
func fits(s string, room int, base bool) int {
	n, used := 0, 0
	for i, r := range s {
		size := utf8.RuneLen(r)
		if base {
			used = base64.StdEncoding.EncodedLen(i + size)
		} else {
			used += len(encodeQ(s[i : i+size]))
		}
		if used > room && n > 0 {
			break
		}
		n = i + size
	}
	return n
}

func encodeWord(s string, base bool) string {
	if base {
		return "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?="
	}
	return "=?utf-8?q?" + encodeQ(s) + "?="
}

// encodeQ leaves as they are only those octets that may stand in a phrase too
// (RFC 2047, section 5, rule 3).
func encodeQ(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('_')
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!*+-/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}
