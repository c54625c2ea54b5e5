package smtpd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"time"
)

// proxyTime is how long a load balancer may take to say whose connection it is.
const proxyTime = 10 * time.Second

// maxProxyText is the longest header of version 1 (HAProxy's proxy-protocol.txt,
// section 2.1).
const maxProxyText = 107

// proxySignature begins every header of version 2 (section 2.2).
var proxySignature = []byte("\r\n\r\n\x00\r\nQUIT\n")

// errNoProxy is a connection that does not begin with a PROXY header.
var errNoProxy = errors.New("no PROXY header")

// route is who a PROXY header says the ends of the connection are. The zero
// value is that it does not say: the connection is the balancer's own.
type route struct{ from, to netip.AddrPort }

// unwrap reads the PROXY header that the connections of a load balancer begin
// with, and takes the client it names for the client. Its connection is counted
// as the client's; false means that it has ended.
func (s *session) unwrap() bool {
	r, err := readProxy(s.wire, s.deadline(proxyTime))
	if err != nil {
		// Without the client's address nothing it does can be judged.
		s.log.Warn("smtp connection without PROXY header", "error", err)
		s.srv.config.Observer.Connection("proxy")
		s.end("proxy")
		return false
	}
	if r.from.IsValid() {
		s.client.Addr, s.client.Local = r.from, r.to
		s.log = s.srv.config.Logger.With("session", s.client.Session, "client", r.from.Addr())
	}
	s.trusted = s.trusts()
	how := s.admit()
	if how == "accepted" {
		return true
	}
	s.hangUp("limit", turnedAway)
	return false
}

// readProxy reads a header of either version.
func readProxy(w *wire, deadline time.Time) (route, error) {
	for {
		r, n, err := parseProxy(w.peek())
		if err != nil || n > 0 {
			w.skip(n)
			return r, err
		}
		if w.waiting() == usualInput {
			return route{}, errNoProxy // longer than anything sensible
		}
		if err := w.fill(deadline); err != nil {
			return route{}, err
		}
	}
}

// parseProxy reads a header at the start of in and returns its length, 0 if
// more of it has to come.
func parseProxy(in []byte) (r route, n int, err error) {
	if startsAlike(in, proxySignature) {
		return parseProxy2(in)
	}
	if startsAlike(in, []byte("PROXY ")) {
		return parseProxy1(in)
	}
	return route{}, 0, errNoProxy
}

// startsAlike tells whether in begins with want, as far as it has come.
func startsAlike(in, want []byte) bool {
	n := min(len(in), len(want))
	return bytes.Equal(in[:n], want[:n])
}

// parseProxy1 reads "PROXY TCP4 192.0.2.1 192.0.2.25 49152 25" CR LF.
func parseProxy1(in []byte) (route, int, error) {
	end := bytes.Index(in, []byte("\r\n"))
	switch {
	case end < 0 && len(in) >= maxProxyText || end > maxProxyText-2:
		return route{}, 0, errNoProxy
	case end < 0:
		return route{}, 0, nil
	}
	n, f := end+2, strings.Split(string(in[:end]), " ")
	if f[1] == "UNKNOWN" {
		return route{}, n, nil
	}
	if len(f) != 6 || f[1] != "TCP4" && f[1] != "TCP6" {
		return route{}, 0, errNoProxy
	}
	from, err1 := readAddrPort(f[2], f[4])
	to, err2 := readAddrPort(f[3], f[5])
	if err1 != nil || err2 != nil {
		return route{}, 0, errNoProxy
	}
	return route{from, to}, n, nil
}

func readAddrPort(addr, port string) (netip.AddrPort, error) {
	ip, err := netip.ParseAddr(addr)
	if err != nil || ip.Zone() != "" {
		return netip.AddrPort{}, errNoProxy
	}
	p, err := netip.ParseAddrPort("0.0.0.0:" + port)
	return netip.AddrPortFrom(ip.Unmap(), p.Port()), err
}

// parseProxy2 reads the binary header: signature, version and command, family,
// length, addresses, and extensions that are left out.
func parseProxy2(in []byte) (route, int, error) {
	head := len(proxySignature) + 4
	if len(in) < head {
		return route{}, 0, nil
	}
	command, family := in[12], in[13]
	n := head + int(binary.BigEndian.Uint16(in[14:]))
	if command != 0x20 && command != 0x21 || n > usualInput {
		return route{}, 0, errNoProxy
	}
	if len(in) < n {
		return route{}, 0, nil
	}
	size := map[byte]int{0x11: 4, 0x21: 16}[family]
	if command == 0x20 || size == 0 { // LOCAL: a health check. Or no TCP
		return route{}, n, nil
	}
	body := in[head:n]
	if len(body) < 2*size+4 {
		return route{}, 0, errNoProxy
	}
	end := func(i int) netip.AddrPort {
		ip, _ := netip.AddrFromSlice(body[i*size : (i+1)*size])
		return netip.AddrPortFrom(ip.Unmap(), binary.BigEndian.Uint16(body[2*size+2*i:]))
	}
	return route{end(0), end(1)}, n, nil
}
