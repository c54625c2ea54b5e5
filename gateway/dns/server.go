package dns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	mdns "github.com/miekg/dns"
)

// serverTTL is the time to live of all that a Server answers.
const serverTTL = 60

// Server is an authoritative DNS server over UDP and TCP whose records can be
// changed while it runs: for demonstrations, development and tests. What it does
// not know does not exist (NXDOMAIN). It is safe for concurrent use.
type Server struct {
	addr    string
	udp     *mdns.Server
	tcp     *mdns.Server
	running sync.WaitGroup
	closing chan struct{}
	once    sync.Once

	mu      sync.RWMutex
	records map[question][]mdns.RR
	names   map[string]int // how many record sets stand at or below a name
	spf     mdns.RR        // what every sender publishes who has no TXT of its own; nil: nothing
	fresh   bool           // answers are not to be remembered
	faults  map[string]Fault
	asked   map[string]int
}

// Fault is how a Server treats a name on demand. The zero value is none.
type Fault struct {
	Delay time.Duration // before anything is answered
	Fail  bool          // answer SERVFAIL
	Drop  bool          // do not answer at all
}

// Listen starts a server on addr ("127.0.0.1:0" picks a port for both UDP and
// TCP). Its goroutines end with Close.
func Listen(addr string) (*Server, error) {
	packet, stream, err := listenBoth(addr)
	if err != nil {
		return nil, fmt.Errorf("listen for DNS on %s: %w", addr, err)
	}
	s := &Server{
		addr:    packet.LocalAddr().String(),
		closing: make(chan struct{}),
		records: map[question][]mdns.RR{},
		names:   map[string]int{},
		faults:  map[string]Fault{},
		asked:   map[string]int{},
	}
	s.udp = s.start(&mdns.Server{PacketConn: packet, UDPSize: mdns.MaxMsgSize})
	s.tcp = s.start(&mdns.Server{Listener: stream})
	return s, nil
}

// listenBoth opens one port for UDP and TCP. A port the system picked for one
// may be taken for the other, so it asks a few times.
func listenBoth(addr string) (net.PacketConn, net.Listener, error) {
	var last error
	for range 16 {
		packet, err := net.ListenPacket("udp", addr)
		if err != nil {
			return nil, nil, err
		}
		stream, err := net.Listen("tcp", packet.LocalAddr().String())
		if err == nil {
			return packet, stream, nil
		}
		packet.Close()
		last = err
	}
	return nil, nil, last
}

// start serves, and returns when the server can be shut down.
func (s *Server) start(m *mdns.Server) *mdns.Server {
	ready := make(chan struct{})
	m.Handler = mdns.HandlerFunc(s.serve)
	m.NotifyStartedFunc = func() { close(ready) }
	s.running.Go(func() { _ = m.ActivateAndServe() })
	<-ready
	return m
}

// Addr is the server's address, for Options.Servers.
func (s *Server) Addr() string { return s.addr }

// Close stops the server and waits until it has ended.
func (s *Server) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closing)
		err = errors.Join(s.udp.Shutdown(), s.tcp.Shutdown())
	})
	s.running.Wait()
	return err
}

// Set replaces the records of one name and type ("A", "AAAA", "MX", "TXT",
// "PTR", "CNAME"); without values they are removed. The values are written as in
// "192.0.2.1", "10 mx.example.com" or, for TXT, any octets, which are split into
// strings as needed. The name of a PTR may be the address itself.
func (s *Server) Set(name, recordType string, values ...string) error {
	qtype, ok := mdns.StringToType[recordType]
	if ip, err := netip.ParseAddr(name); err == nil && qtype == mdns.TypePTR {
		name, _ = reverseName(ip)
	}
	wire, err := wireName(name)
	if err != nil || !ok {
		return fmt.Errorf("set %s of %q: %w", recordType, name, errors.Join(err, errType(ok)))
	}
	q := question{wire, qtype}
	var rrs []mdns.RR
	for _, v := range values {
		rr, err := newRecord(q, v)
		if err != nil {
			return fmt.Errorf("set %s of %q: %w", recordType, name, err)
		}
		rrs = append(rrs, rr)
	}
	s.replace(q, rrs)
	return nil
}

// SetSPF has every name that has no TXT records of its own answer with this one,
// so that whoever writes from the networks it names is believed. Names with a
// label that begins with "_" stand for something else (DKIM keys, DMARC) and do
// not. An empty value ends it.
func (s *Server) SetSPF(value string) error {
	var rr mdns.RR
	if value != "" {
		var err error
		if rr, err = newRecord(question{".", mdns.TypeTXT}, value); err != nil {
			return fmt.Errorf("set the SPF record of all names: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spf = rr
	return nil
}

// Uncached has every answer from now on say that it is not to be remembered, so
// that what Set changes holds at once.
func (s *Server) Uncached() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh = true
}

func errType(known bool) error {
	if known {
		return nil
	}
	return errors.New("no such type of record")
}

func newRecord(q question, value string) (mdns.RR, error) {
	h := mdns.RR_Header{Name: q.name, Rrtype: q.qtype, Class: mdns.ClassINET, Ttl: serverTTL}
	switch q.qtype {
	case mdns.TypeTXT:
		return &mdns.TXT{Hdr: h, Txt: characterStrings(value)}, nil
	case mdns.TypeA, mdns.TypeAAAA:
		ip, err := netip.ParseAddr(value)
		if err != nil || ip.Is4() != (q.qtype == mdns.TypeA) {
			return nil, fmt.Errorf("%q is not such an address", value)
		}
		if ip.Is4() {
			return &mdns.A{Hdr: h, A: ip.AsSlice()}, nil
		}
		return &mdns.AAAA{Hdr: h, AAAA: ip.AsSlice()}, nil
	case mdns.TypeMX:
		return newMX(h, value)
	case mdns.TypePTR:
		target, err := wireName(value)
		return &mdns.PTR{Hdr: h, Ptr: target}, err
	case mdns.TypeCNAME:
		target, err := wireName(value)
		return &mdns.CNAME{Hdr: h, Target: target}, err
	}
	return nil, errors.New("this type of record cannot be set")
}

func newMX(h mdns.RR_Header, value string) (mdns.RR, error) {
	preference, host, _ := strings.Cut(value, " ")
	n, err := strconv.ParseUint(preference, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%q does not begin with a preference", value)
	}
	if host == "." { // RFC 7505: takes no mail
		return &mdns.MX{Hdr: h, Preference: uint16(n), Mx: "."}, nil
	}
	target, err := wireName(host)
	return &mdns.MX{Hdr: h, Preference: uint16(n), Mx: target}, err
}

// characterStrings splits a value into strings of at most 255 octets (RFC 1035,
// section 3.3.14), in presentation form.
func characterStrings(value string) []string {
	const limit = 255
	var out []string
	for len(value) > limit {
		out = append(out, escapeString(value[:limit]))
		value = value[limit:]
	}
	return append(out, escapeString(value))
}

func escapeString(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\%03d`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (s *Server) replace(q question, rrs []mdns.RR) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.records[q]; ok {
		delete(s.records, q)
		s.count(q.name, -1)
	}
	if len(rrs) > 0 {
		s.records[q] = rrs
		s.count(q.name, 1)
	}
}

// count keeps track of which names exist: those with records, and those above.
func (s *Server) count(name string, by int) {
	for name != "" {
		s.names[name] += by
		_, name, _ = strings.Cut(name, ".")
	}
}

// SetFault makes every question for name go wrong as told; the zero Fault ends it.
func (s *Server) SetFault(name string, f Fault) error {
	wire, err := wireName(name)
	if err != nil {
		return fmt.Errorf("set a fault of %q: %w", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[wire] = f
	return nil
}

// Asked tells how many questions for name came so far, of any type.
func (s *Server) Asked(name string) int {
	wire, err := wireName(name)
	if err != nil {
		return 0
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.asked[wire]
}
