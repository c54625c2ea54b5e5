package dns

import (
	"context"
	"fmt"
	"time"

	mdns "github.com/miekg/dns"
)

const (
	rounds      = 2    // how often every server is tried
	udpSize     = 1232 // what fits every path unfragmented (the DNS flag day 2020)
	maxAliases  = 10   // CNAMEs followed within one answer
	recordBytes = 96   // what a record costs in memory beside its text, about
)

// exchange asks the servers in turn until one answers.
func (r *Resolver) exchange(ctx context.Context, q question) (answer, error) {
	m := new(mdns.Msg)
	m.SetQuestion(q.name, q.qtype)
	m.SetEdns0(udpSize, false)
	var last error
	for range rounds {
		for _, server := range r.servers {
			reply, err := r.try(ctx, m, server)
			if err == nil {
				return readAnswer(reply, q), nil
			}
			last = err
			if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) {
				<-ctx.Done() // the dialer reads the clock, and may be ahead of the context
			}
			if ctx.Err() != nil {
				return answer{}, context.Cause(ctx)
			}
		}
	}
	return answer{}, last
}

// try asks one server once: by UDP, and by TCP when the answer does not fit
// (RFC 7766, section 5). A server that does not know EDNS is asked without (RFC
// 6891, section 7).
func (r *Resolver) try(ctx context.Context, m *mdns.Msg, server string) (*mdns.Msg, error) {
	m.Id = mdns.Id()
	reply, err := r.ask(ctx, "udp", m, server)
	if err == nil && reply.Rcode == mdns.RcodeFormatError {
		m = m.Copy()
		m.Extra = nil
		reply, err = r.ask(ctx, "udp", m, server)
	}
	if err == nil && reply.Truncated {
		reply, err = r.ask(ctx, "tcp", m, server)
	}
	switch {
	case err != nil:
		return nil, err
	case reply.Rcode != mdns.RcodeSuccess && reply.Rcode != mdns.RcodeNameError:
		return nil, fmt.Errorf("%w: %s", ErrAnswer, mdns.RcodeToString[reply.Rcode])
	case !answers(reply, m):
		return nil, fmt.Errorf("%w: it answered another", ErrAnswer)
	}
	return reply, nil
}

// ask uses a socket of its own, so that every query leaves from a random port
// (RFC 5452, section 9.2).
func (r *Resolver) ask(ctx context.Context, network string, m *mdns.Msg, server string) (*mdns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	client := &mdns.Client{Net: network, UDPSize: udpSize, Timeout: r.timeout}
	conn, err := client.DialContext(ctx, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	reply, _, err := client.ExchangeWithConnContext(ctx, m, conn)
	return reply, err
}

// answers tells whether reply is to the question of m (RFC 5452, section 9.1).
func answers(reply, m *mdns.Msg) bool {
	if !reply.Response || len(reply.Question) != 1 {
		return false
	}
	got, want := reply.Question[0], m.Question[0]
	return got.Qtype == want.Qtype && got.Qclass == want.Qclass &&
		mdns.CanonicalName(got.Name) == mdns.CanonicalName(want.Name)
}

// readAnswer picks the records that answer q, following aliases.
func readAnswer(m *mdns.Msg, q question) answer {
	a := answer{ttl: maxPositiveTTL, size: recordBytes + len(q.name)}
	name := mdns.CanonicalName(q.name)
	for range maxAliases {
		alias := ""
		for _, rr := range m.Answer {
			h := rr.Header()
			if h.Class != mdns.ClassINET || mdns.CanonicalName(h.Name) != name {
				continue
			}
			if h.Rrtype == q.qtype {
				a.records = append(a.records, rr)
			} else if c, ok := rr.(*mdns.CNAME); ok && alias == "" {
				alias = mdns.CanonicalName(c.Target)
			} else {
				continue
			}
			a.ttl = min(a.ttl, time.Duration(h.Ttl)*time.Second)
			a.size += recordBytes + mdns.Len(rr)
		}
		if len(a.records) > 0 {
			return a
		}
		if alias == "" {
			break
		}
		name = alias
	}
	a.ttl = min(a.ttl, negativeTTL(m))
	a.noName = m.Rcode == mdns.RcodeNameError && name == mdns.CanonicalName(q.name)
	return a
}

// negativeTTL is how long absence may be remembered: not at all without the
// zone's SOA (RFC 2308, section 5).
func negativeTTL(m *mdns.Msg) time.Duration {
	for _, rr := range m.Ns {
		if soa, ok := rr.(*mdns.SOA); ok {
			return min(maxNegativeTTL, time.Duration(min(soa.Hdr.Ttl, soa.Minttl))*time.Second)
		}
	}
	return 0
}
