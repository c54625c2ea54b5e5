package api

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
)

// Listener is a listener for a http.Server whose every answer is to be JSON: also
// what net/http answers by itself, in plain text, to what it cannot read as a
// request.
func Listener(l net.Listener) net.Listener { return jsonListener{l} }

type jsonListener struct{ net.Listener }

// Accept waits for a connection.
func (l jsonListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return jsonConn{c}, nil
}

// jsonConn watches for net/http's own answers; it writes each of them in one piece.
type jsonConn struct{ net.Conn }

// plain is what net/http puts between status and text of its own answers.
const plain = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

// Write writes b, or the JSON it should be.
func (c jsonConn) Write(b []byte) (int, error) {
	if !bytes.HasPrefix(b, []byte("HTTP/1.1 ")) {
		return c.Conn.Write(b)
	}
	line, text, ok := bytes.Cut(b, []byte(plain))
	if !ok || bytes.Contains(line, []byte("\n")) {
		return c.Conn.Write(b)
	}
	if _, err := c.Conn.Write(refusal(line, text)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// refusal is net/http's own answer in JSON. Clients know no 4xx but 400, 401, 404
// and 429.
func refusal(line, text []byte) []byte {
	status := http.StatusBadRequest
	if code, err := strconv.Atoi(string(line[9:min(12, len(line))])); err == nil && code >= http.StatusInternalServerError {
		status = code
	}
	f := fail(status, "INVALID_REQUEST", "request", "This cannot be read as an HTTP request: "+string(text)+".")
	body, err := encode(f.problem)
	if err != nil {
		body = []byte("{}")
	}
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
}

// CloseWrite has net/http close its side before it waits for the other's.
func (c jsonConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
