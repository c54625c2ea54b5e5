package dns

import (
	"strings"
	"time"

	mdns "github.com/miekg/dns"
)

// serve answers one question. It runs on a goroutine of the library, which
// waits for it when it shuts down.
func (s *Server) serve(w mdns.ResponseWriter, m *mdns.Msg) {
	reply := new(mdns.Msg)
	reply.SetReply(m)
	if len(m.Question) != 1 {
		reply.Rcode = mdns.RcodeFormatError
		_ = w.WriteMsg(reply)
		return
	}
	q := question{mdns.CanonicalName(m.Question[0].Name), m.Question[0].Qtype}
	fault := s.fault(q.name)
	if fault.Drop || !s.wait(fault.Delay) {
		return
	}
	if fault.Fail {
		reply.Rcode = mdns.RcodeServerFailure
	} else {
		s.fill(reply, q)
		s.age(reply)
	}
	reply.RecursionAvailable = true
	if w.LocalAddr().Network() == "udp" {
		reply.Truncate(replySize(m))
	}
	_ = w.WriteMsg(reply) // who asks has a time-out of his own
}

// fault counts the question, and tells what is to go wrong.
func (s *Server) fault(name string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[name]++
	return s.faults[name]
}

func (s *Server) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.closing:
		return false
	}
}

// fill writes the records for q, and those its aliases lead to.
func (s *Server) fill(reply *mdns.Msg, q question) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	reply.Authoritative = true
	name := q.name
	for range maxAliases {
		if rrs := s.records[question{name, q.qtype}]; len(rrs) > 0 {
			reply.Answer = append(reply.Answer, rrs...)
			return
		}
		alias := s.records[question{name, mdns.TypeCNAME}]
		if len(alias) == 0 && s.believes(name, q.qtype) {
			rr := mdns.Copy(s.spf)
			rr.Header().Name = name
			reply.Answer = append(reply.Answer, rr)
			return
		}
		if len(alias) == 0 {
			break
		}
		reply.Answer = append(reply.Answer, alias...)
		name = mdns.CanonicalName(alias[0].(*mdns.CNAME).Target)
	}
	if s.names[name] == 0 {
		reply.Rcode = mdns.RcodeNameError
	}
	reply.Ns = append(reply.Ns, zoneOf(name))
}

// age takes the time to live from an answer that is not to be remembered.
func (s *Server) age(reply *mdns.Msg) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.fresh {
		return
	}
	for _, rrs := range [][]mdns.RR{reply.Answer, reply.Ns} {
		for i, rr := range rrs {
			rrs[i] = mdns.Copy(rr) // the records are the server's
			rrs[i].Header().Ttl = 0
		}
	}
}

// believes tells whether a question about a name is answered with the SPF record
// of all names.
func (s *Server) believes(name string, qtype uint16) bool {
	return s.spf != nil && qtype == mdns.TypeTXT && name != "." && !strings.HasPrefix(name, "_") && !strings.Contains(name, "._")
}

// zoneOf is the SOA that lets "no such record" be remembered (RFC 2308).
func zoneOf(name string) mdns.RR {
	return &mdns.SOA{
		Hdr: mdns.RR_Header{Name: name, Rrtype: mdns.TypeSOA, Class: mdns.ClassINET, Ttl: serverTTL},
		Ns:  "ns.invalid.", Mbox: "hostmaster.invalid.",
		Serial: 1, Refresh: serverTTL, Retry: serverTTL, Expire: serverTTL, Minttl: serverTTL,
	}
}

// replySize is how large an answer by UDP may be: 512 octets, or what the EDNS
// option says (RFC 6891, section 6.2.3).
func replySize(m *mdns.Msg) int {
	if opt := m.IsEdns0(); opt != nil {
		return max(int(opt.UDPSize()), mdns.MinMsgSize)
	}
	return mdns.MinMsgSize
}
