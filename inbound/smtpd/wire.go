package smtpd

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Bounds of command lines, in octets with their CR LF. RFC 5321, section
// 4.5.3.1.4, asks for 512; parameters of extensions need more.
const (
	maxCommand     = 2 << 10
	maxLongCommand = 64 << 10 // a longer one ends the session
)

// What can be wrong with a command line.
var (
	errLineLong   = errors.New("command line too long")
	errLineEnding = errors.New("command line not ended by CR LF")
	errFlood      = errors.New("endless command line")
)

// errDeaf is a client that does not take our answers. It is not a time-out, as
// no other answer will reach it.
var errDeaf = errors.New("answer not taken")

// wire is the client's connection: octets in, answers out, and the deadline of
// whatever is being waited for. It is used by the session's goroutine; drain
// and cut may be called by another.
type wire struct {
	raw          net.Conn // the socket
	conn         net.Conn // what is read and written: raw, or TLS above it
	writeTimeout time.Duration

	buf   []byte // buf[r:w] was received and not yet read
	r, w  int
	usual []byte     // buf, unless that is wide
	wides *sync.Pool // of wide inputs, shared by all connections
	out   []byte     // answers not yet written
	deaf  bool       // the client did not take one

	mu        sync.Mutex
	deadline  time.Time
	inData    bool
	drainedAt time.Time // zero until a drain began
	drainEnd  time.Time
}

func newWire(conn net.Conn, writeTimeout time.Duration, wides *sync.Pool) *wire {
	usual := make([]byte, usualInput)
	return &wire{raw: conn, conn: conn, writeTimeout: writeTimeout, buf: usual, usual: usual, wides: wides}
}

// line reads one command line until deadline and returns it without its CR LF;
// it is valid until the next read. After errLineLong and errLineEnding the
// next line can be read, any other error is the end.
func (w *wire) line(deadline time.Time) ([]byte, error) {
	dropped := 0
	for {
		pending := w.buf[w.r:w.w]
		if i := bytes.IndexByte(pending, '\n'); i >= 0 {
			w.r += i + 1
			if dropped+i+1 > maxCommand {
				return nil, errLineLong
			}
			// RFC 5321, section 2.3.8: a bare LF ends no line.
			if i == 0 || pending[i-1] != '\r' {
				return nil, errLineEnding
			}
			return pending[:i-1], nil
		}
		if len(pending) > maxCommand {
			dropped += len(pending)
			w.r, w.w = 0, 0
		}
		if dropped > maxLongCommand {
			return nil, errFlood
		}
		if err := w.fill(deadline); err != nil {
			return nil, err
		}
	}
}

// fill writes what is due and reads more, at least one octet.
func (w *wire) fill(deadline time.Time) error {
	if err := w.flush(); err != nil {
		return err
	}
	if w.r > 0 {
		w.w = copy(w.buf, w.buf[w.r:w.w])
		w.r = 0
	}
	w.arm(deadline)
	n, err := w.conn.Read(w.buf[w.w:])
	w.w += n
	if n > 0 {
		return nil
	}
	return err
}

// waiting is how many octets were received and not yet read; peek are those.
func (w *wire) waiting() int { return w.w - w.r }
func (w *wire) peek() []byte { return w.buf[w.r:w.w] }

// skip marks n octets of peek as read.
func (w *wire) skip(n int) { w.r += n }

// Sizes of the input: the usual one holds any command, the wide one is for
// messages that fill the usual one.
const (
	usualInput = 4 << 10
	wideInput  = 32 << 10
)

// widen makes room for more at once, if the last read of n filled the input.
func (w *wire) widen(n int) {
	if n == len(w.buf) && n < wideInput {
		wide, ok := w.wides.Get().(*[wideInput]byte)
		if !ok {
			wide = new([wideInput]byte)
		}
		w.move(wide[:])
	}
}

// narrow gives the room back, unless it is needed for what has come already.
func (w *wire) narrow() {
	if len(w.buf) > usualInput && w.waiting() <= usualInput {
		wide := (*[wideInput]byte)(w.buf)
		w.move(w.usual)
		w.wides.Put(wide)
	}
}

// move goes on with another input, which holds what was not yet read.
func (w *wire) move(buf []byte) {
	w.w = copy(buf, w.peek())
	w.r, w.buf = 0, buf
}

// flush writes the answers that are due. RFC 2920, section 3.2: answers to a
// group of commands may leave together, but before more input is waited for.
func (w *wire) flush() error {
	if len(w.out) == 0 {
		return nil
	}
	if w.deaf {
		return errDeaf
	}
	w.raw.SetWriteDeadline(time.Now().Add(w.writeTimeout))
	if _, err := w.conn.Write(w.out); err != nil {
		w.deaf = true
		return errDeaf
	}
	w.out = w.out[:0]
	return nil
}

// arm sets the deadline of the next reads, unless a drain asks for an earlier one.
func (w *wire) arm(deadline time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = deadline
	w.setDeadline()
}

// data marks the time in which a drain lets the client go on.
func (w *wire) data(in bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inData = in
}

// drain wakes a session that waits for a command, and gives one that receives
// a message until end.
func (w *wire) drain(end time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drainedAt, w.drainEnd = time.Now(), end
	w.setDeadline()
}

func (w *wire) setDeadline() {
	d := w.deadline
	switch {
	case w.drainedAt.IsZero():
	case !w.inData:
		d = w.drainedAt
	case d.After(w.drainEnd):
		d = w.drainEnd
	}
	w.raw.SetReadDeadline(d)
}

// startTLS puts TLS between the wire and its socket.
func (w *wire) startTLS(conf *tls.Config, timeout time.Duration) (*tls.ConnectionState, error) {
	w.arm(time.Now().Add(timeout))
	w.raw.SetWriteDeadline(time.Now().Add(timeout))
	secure := tls.Server(w.raw, conf)
	if err := secure.Handshake(); err != nil {
		return nil, err
	}
	w.conn = secure
	state := secure.ConnectionState()
	return &state, nil
}

// cut closes the connection under whoever uses it.
func (w *wire) cut() { w.raw.Close() }

// Bounds of linger.
const (
	lingerTime   = time.Second
	lingerOctets = 1 << 20
)

// close ends the connection. With linger it gives a client that is still
// sending the time to read our last answer: a socket closed over octets nobody
// read is reset, and a reset may destroy the answer on its way.
func (w *wire) close(linger bool) {
	defer w.conn.Close()
	half, ok := w.raw.(interface{ CloseWrite() error })
	if !ok || !linger || w.deaf {
		return
	}
	if secure, ok := w.conn.(*tls.Conn); ok {
		secure.CloseWrite()
	}
	if half.CloseWrite() != nil {
		return
	}
	w.raw.SetReadDeadline(time.Now().Add(lingerTime))
	io.CopyN(io.Discard, w.raw, lingerOctets)
}
