package delivery

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// errUnasked: the peer said something before it was asked. Its answers can no
// longer be matched with our commands.
var errUnasked = errors.New("the peer spoke out of turn")

// wire is the connection as go-smtp's client sees it once the session is set up
// by us. It stands between the two because the client has no write deadline,
// no limit to a reply, and no say in the greeting. It
//   - hands every reply on as one bounded line, and reads none ahead of its command,
//   - answers the client's EHLO from what the peer told us, so that nothing is
//     asked twice and the client uses only the extensions we let it see,
//   - gives each write a deadline.
type wire struct {
	net.Conn // with TLS, if there is any
	br       *bufio.Reader
	block    time.Duration // limit of one write
	hello    []byte        // what EHLO is answered with
	pending  []byte        // the rest of the reply being read
	last     reply         // the peer's last reply
}

func newWire(conn net.Conn, block time.Duration) *wire {
	return &wire{Conn: conn, br: bufio.NewReaderSize(conn, 4096), block: block}
}

// handOver makes w ready for go-smtp's client: a greeting waits to be read, and
// EHLO will be answered with the given extensions.
func (w *wire) handOver(extensions []string) {
	w.pending = []byte("220 ready\r\n")
	var b bytes.Buffer
	b.WriteString("250-ready\r\n")
	for _, e := range extensions {
		b.WriteString("250-" + e + "\r\n")
	}
	b.WriteString("250 ENHANCEDSTATUSCODES\r\n")
	w.hello = b.Bytes()
}

// Read gives the next reply, normalised.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.pending) == 0 {
		if err := w.readReply(); err != nil {
			return 0, err
		}
		w.pending = w.last.line()
	}
	n := copy(p, w.pending)
	w.pending = w.pending[n:]
	return n, nil
}

// line is the reply as one line. An intermediate reply (3yz) carries no
// enhanced code, and its text may be a challenge.
func (r reply) line() []byte {
	if r.code/100 == 3 {
		return fmt.Appendf(nil, "%d %s\r\n", r.code, cut(plain(strings.Join(r.lines, " ")), maxReplyText))
	}
	return append([]byte(r.status().String()), "\r\n"...)
}

func (w *wire) readReply() error {
	r, err := readReply(w.br)
	if err != nil {
		return err
	}
	w.last = r
	return nil
}

// Write sends a command or a piece of the mail.
func (w *wire) Write(p []byte) (int, error) {
	if !w.inData() {
		if w.br.Buffered() > 0 {
			return 0, errUnasked
		}
		if w.hello != nil && bytes.HasPrefix(p, []byte("EHLO ")) {
			w.pending = w.hello
			return len(p), nil
		}
	}
	if err := w.Conn.SetWriteDeadline(time.Now().Add(w.block)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

// inData tells whether what is written is the mail: from the peer's 354 until
// its next reply.
func (w *wire) inData() bool { return w.last.code == 354 }

// SetDeadline sets the time limit of reading; writes have their own.
func (w *wire) SetDeadline(t time.Time) error { return w.SetReadDeadline(t) }

// command sends one line, if there is any, and reads the reply to it, all
// within limit. It is used before the connection is handed over.
func (w *wire) command(limit time.Duration, line string) (reply, error) {
	if line != "" {
		if _, err := w.Write([]byte(line + "\r\n")); err != nil {
			return reply{}, err
		}
	}
	if err := w.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return reply{}, err
	}
	if err := w.readReply(); err != nil {
		return reply{}, err
	}
	return w.last, nil
}
