package smtpd

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// received is our trace field (RFC 5321, section 4.4). The client's name is
// what it said, its address is what we saw.
func (s *session) received(at time.Time) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "Received: from %s (%s)\r\n", s.client.Helo, literal(s.client.Addr.Addr()))
	fmt.Fprintf(&b, "\tby %s with %s id %s.%d", s.srv.config.Hostname, s.protocol(), s.client.Session, s.mails+1)
	if t := s.client.TLS; t != nil {
		fmt.Fprintf(&b, "\r\n\t(%s %s)", strings.ReplaceAll(tls.VersionName(t.Version), " ", ""), tls.CipherSuiteName(t.CipherSuite))
	}
	fmt.Fprintf(&b, ";\r\n\t%s\r\n", at.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	return []byte(b.String())
}

// literal is an address as it stands in mail (RFC 5321, section 4.1.3).
func literal(ip netip.Addr) string {
	switch {
	case ip.Is4():
		return "[" + ip.String() + "]"
	case ip.Is6():
		return "[IPv6:" + ip.String() + "]"
	}
	return "unknown"
}

// protocol is the "with" of the trace field (RFC 3848, RFC 6531, section 4.3).
func (s *session) protocol() string {
	name := "SMTP"
	switch {
	case s.serving.lmtp && s.options.UTF8:
		name = "UTF8LMTP"
	case s.serving.lmtp:
		name = "LMTP"
	case s.options.UTF8:
		name = "UTF8SMTP"
	case s.client.ESMTP:
		name = "ESMTP"
	default:
		return name
	}
	if s.client.TLS != nil {
		name += "S"
	}
	return name
}
