package compose

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-message"

	"github.com/replygate/replygate/gateway"
)

// Forward is a received mail that is handed on whole to the operator.
type Forward struct {
	From, To   gateway.Address
	Subject    string // our own words
	Text       string // our own words
	Raw        []byte // the mail as received
	MessageID  string // without angle brackets
	LoopDomain string
	Date       time.Time
}

// maxWireLine is RFC 5322, section 2.1.1, without the line's end.
const maxWireLine = 998

// Mail makes a mail with another one inside, with CRLF line ends and without
// signature. The one inside stands as message/rfc822, which must not be encoded
// (RFC 2046, section 5.2.1): one that is not 7-bit is an encoded file,
// message.eml, instead.
func (f Forward) Mail() ([]byte, error) {
	as := Notification{From: f.From, To: f.To, MessageID: f.MessageID, LoopDomain: f.LoopDomain, Date: f.Date}
	if err := as.check(); err != nil {
		return nil, fmt.Errorf("compose forward: %w", err)
	}
	fields := append([]field{
		fold("Date", []string{f.Date.Format(dateLayout)}),
		fold("From", mailbox("From", "", f.From)),
		fold("To", mailbox("To", "", f.To)),
		fold("Subject", encodeText("Subject", cleanLine(f.Subject, maxSubject))),
		fold("Message-ID", []string{bracket(f.MessageID)}),
	}, automatic("auto-generated", f.LoopDomain)...)
	var h message.Header
	h.SetContentType("multipart/mixed", map[string]string{"boundary": boundary(f.MessageID + string(f.Raw))})
	h.AddRaw([]byte("MIME-Version: 1.0\r\n"))
	for i := len(fields) - 1; i >= 0; i-- { // the last one added is written first
		h.AddRaw([]byte(fields[i]))
	}
	var b bytes.Buffer
	b.Grow(4096 + len(f.Raw)*3/2)
	w, err := message.CreateWriter(&b, h)
	if err != nil {
		return nil, fmt.Errorf("compose forward: %w", err)
	}
	if err := writePart(w, "plain", strings.TrimRight(f.Text, "\n")+"\n"); err != nil {
		return nil, fmt.Errorf("compose forward: %w", err)
	}
	if err := writeMail(w, f.Raw); err != nil {
		return nil, fmt.Errorf("compose forward: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compose forward: %w", err)
	}
	return b.Bytes(), nil
}

func writeMail(w *message.Writer, raw []byte) error {
	var h message.Header
	h.SetContentDisposition("attachment", map[string]string{"filename": "message.eml"})
	if isWire(raw) {
		h.Set("Content-Transfer-Encoding", "7bit")
		h.SetContentType("message/rfc822", nil)
	} else {
		h.Set("Content-Transfer-Encoding", "base64")
		h.SetContentType("application/octet-stream", map[string]string{"name": "message.eml"})
	}
	p, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	if _, err := p.Write(raw); err != nil {
		return err
	}
	return p.Close()
}

// isWire tells whether a mail is 7-bit in lines that every server takes.
func isWire(raw []byte) bool {
	column := 0
	for i, c := range raw {
		switch {
		case c == '\n':
			if i == 0 || raw[i-1] != '\r' {
				return false
			}
			column = 0
			continue
		case c == 0 || c >= 0x80 || c == '\r' && (i+1 == len(raw) || raw[i+1] != '\n'):
			return false
		}
		if column++; column > maxWireLine+1 {
			return false
		}
	}
	return true
}
