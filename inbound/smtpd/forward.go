package smtpd

import (
	"net/netip"
	"strconv"
	"strings"
)

// forwarded is what a relay of ours says of the client it took a mail from, by
// XFORWARD (Postfix's XFORWARD_README). It holds for one mail.
type forwarded struct {
	addr netip.Addr
	port uint16
	helo string
}

// forwardOffer is XFORWARD with the attributes that are understood; only ADDR,
// PORT and HELO are kept.
const forwardOffer = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"

// forward obeys XFORWARD. Anybody but our relays gets the answer to a command
// that does not exist, so that nobody can lie about where a mail comes from.
func (s *session) forward(arg string) {
	switch {
	case !s.trusted:
		s.answer(notImplemented)
		return
	case s.tx != nil:
		s.answer(status(503, 5, 5, 1, "A mail is already under way"))
		return
	}
	next := s.forwarded
	for field := range strings.FieldsSeq(arg) {
		name, value, _ := strings.Cut(field, "=")
		if !next.set(strings.ToUpper(name), decodeXtext(value)) {
			s.answer(status(501, 5, 5, 4, "Unknown attribute, or a value that is none"))
			return
		}
	}
	s.forwarded = next
	s.reply(status(250, 2, 0, 0, "Ok"))
}

// set takes one attribute.
func (f *forwarded) set(name, value string) bool {
	if value == "[UNAVAILABLE]" || value == "[TEMPUNAVAIL]" {
		value = ""
	}
	switch name {
	case "ADDR":
		f.addr = netip.Addr{}
		if value == "" {
			return true
		}
		if v6 := len("IPV6:"); len(value) > v6 && strings.EqualFold(value[:v6], "IPV6:") {
			value = value[v6:]
		}
		ip, err := netip.ParseAddr(value)
		f.addr = ip.Unmap().WithZone("")
		return err == nil
	case "PORT":
		n, err := strconv.ParseUint(value, 10, 16)
		f.port = uint16(n)
		return err == nil || value == ""
	case "HELO":
		f.helo = ""
		if isHostName(value) {
			f.helo = value
		}
		return true
	case "NAME", "PROTO", "IDENT", "SOURCE":
		return true
	}
	return false
}

// author is the client as the backend is told of it: the one at the other end,
// or the one that a relay of ours took the mail from.
func (s *session) author() Client {
	c := s.client
	if s.trusted {
		c.Relayed = true
		c.Addr, c.Helo = netip.AddrPortFrom(s.forwarded.addr, s.forwarded.port), s.forwarded.helo
	}
	return c
}

// decodeXtext undoes RFC 3461, section 4's encoding; what is no encoding stays.
func decodeXtext(s string) string {
	if !strings.Contains(s, "+") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '+' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
