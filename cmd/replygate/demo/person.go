package demo

import (
	"bytes"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/inbound/message"
)

// person answers a notification from a mail client, through a provider that
// signs with DKIM.
type person struct {
	name, addr string
	key        dkim.Key // of the provider
	// What has passed: the notification, the reply to it, and where that went.
	notification delivered
	reply        []byte
	replyTo      string
}

func newPerson(name, addr string) (person, error) {
	key, err := dkim.GenerateRSA(peopleDomain, "mail")
	return person{name: name, addr: addr, key: key}, err
}

// sign is what the provider does with a mail that leaves.
func (p person) sign(raw []byte) ([]byte, error) {
	return dkim.Sign(raw, dkim.SignOptions{Keys: []dkim.Key{p.key}, Now: time.Now()})
}

// answer writes a reply to a notification the way Gmail does: the words, an
// attribution line, and the whole original behind "> ".
func (p person) answer(notification []byte, words string) (raw []byte, to string, err error) {
	m, err := mail.ReadMessage(bytes.NewReader(notification))
	if err != nil {
		return nil, "", err
	}
	reply, err := m.Header.AddressList("Reply-To")
	if err != nil {
		return nil, "", fmt.Errorf("the notification has no Reply-To: %w", err)
	}
	from, err := m.Header.AddressList("From")
	if err != nil {
		return nil, "", err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return nil, "", err
	}
	text, err := textPart(notification)
	if err != nil {
		return nil, "", err
	}
	now := time.Now()
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", fmt.Sprintf("%s <%s>", p.name, p.addr)},
		{"To", fmt.Sprintf("%s <%s>", mime.QEncoding.Encode("utf-8", from[0].Name), reply[0].Address)},
		{"Subject", mime.QEncoding.Encode("utf-8", "Re: "+subject)},
		{"Date", now.Format(time.RFC1123Z)},
		{"Message-ID", fmt.Sprintf("<%d@mail.people.example>", now.UnixNano())},
		{"In-Reply-To", m.Header.Get("Message-ID")},
		{"References", strings.TrimSpace(m.Header.Get("References") + " " + m.Header.Get("Message-ID"))},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	fmt.Fprintf(&b, "\r\n%s\r\n\r\nOn %s %s <%s> wrote:\r\n\r\n", words, now.Format("Mon, Jan 2, 2006 at 3:04 PM"), from[0].Name, from[0].Address)
	for line := range strings.SplitSeq(strings.TrimRight(text, "\r\n"), "\n") {
		fmt.Fprintf(&b, "%s\r\n", strings.TrimRight("> "+strings.TrimRight(line, "\r"), " "))
	}
	return b.Bytes(), reply[0].Address, nil
}

// textPart is the text of a mail.
func textPart(raw []byte) (string, error) {
	m, err := message.Parse(raw)
	if err != nil {
		return "", err
	}
	return m.Text, nil
}

// send hands a mail to a server by SMTP and prints the dialogue; the body is
// shown shortened. It returns the server's last answer.
func send(n *narrator, server, from, to string, raw []byte) (code int, err error) {
	conn, err := net.DialTimeout("tcp", server, 5*time.Second)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	c := textproto.NewConn(conn)
	d := dialogue{n: n, c: c}
	d.expect("")
	d.expect("EHLO mail.people.example")
	d.expect("MAIL FROM:<%s>", from)
	if d.expect("RCPT TO:<%s>", to); d.code < 300 && d.err == nil {
		if d.expect("DATA"); d.code == 354 {
			n.wire("→", shorten(raw))
			w := c.DotWriter()
			w.Write(raw)
			w.Close()
			d.expect(".")
		}
	}
	code = d.code
	d.expect("QUIT")
	return code, d.err
}

type dialogue struct {
	n    *narrator
	c    *textproto.Conn
	code int
	err  error
}

// expect sends a line ("" to only listen, "." when it is already sent) and prints the answer.
func (d *dialogue) expect(format string, args ...any) {
	if d.err != nil {
		return
	}
	if line := fmt.Sprintf(format, args...); line != "" {
		d.n.wire("→", line)
		if line != "." {
			d.err = d.c.PrintfLine("%s", line)
		}
	}
	if d.err != nil {
		return
	}
	var text string
	d.code, text, d.err = d.c.ReadResponse(0)
	if _, is := d.err.(*textproto.Error); is || d.err == nil {
		d.err = nil
		first, rest, _ := strings.Cut(text, "\n")
		if rest != "" {
			first += "   (" + strings.ReplaceAll(rest, "\n", ", ") + ")"
		}
		d.n.wire("←", fmt.Sprintf("%d %s", d.code, first))
	}
}

// shorten shows a mail's telling fields, unfolded, and the first lines of its body.
func shorten(raw []byte) string {
	header, body, _ := strings.Cut(string(raw), "\r\n\r\n")
	var out strings.Builder
	header = strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(header)
	for line := range strings.SplitSeq(header, "\r\n") {
		if name, _, _ := strings.Cut(line, ":"); shown[strings.ToLower(name)] {
			out.WriteString(line + "\n")
		}
	}
	if body == "" {
		return out.String()
	}
	lines := strings.Split(strings.ReplaceAll(body, "\r\n", "\n"), "\n")
	if len(lines) > maxBodyLines {
		lines = append(lines[:maxBodyLines], "[…]")
	}
	return out.String() + "\n" + strings.Join(lines, "\n")
}

// maxBodyLines is how much of a mail's body is shown.
const maxBodyLines = 8

var shown = map[string]bool{
	"from": true, "to": true, "reply-to": true, "subject": true, "message-id": true, "in-reply-to": true, "references": true,
	"list-id": true, "list-unsubscribe": true, "list-unsubscribe-post": true, "auto-submitted": true, "dkim-signature": true, "content-type": true,
}
