package smtpd

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/replygate/replygate/gateway"
)

// admission decides who may come in, so that one network cannot take the
// places of the others: it counts connections in all and per network, and keeps
// the networks' allowances.
type admission struct {
	most, mostPerNetwork int
	trusted, proxies     []netip.Prefix
	rate, refusals       *meter

	mu       sync.Mutex
	all      int
	networks map[netip.Prefix]int
	guesses  bucket
	alarmed  bucket
}

func newAdmission(c Config) *admission {
	return &admission{
		most: c.MaxConnections, mostPerNetwork: c.MaxPerNetwork, trusted: c.Trusted, proxies: c.Proxies,
		rate: newMeter(c.ConnectionRate, time.Minute), refusals: newMeter(c.RefusalRate, time.Hour),
		networks: map[netip.Prefix]int{},
	}
}

// enter takes a place for a connection; false means that there is none. It is
// given back by leave.
func (a *admission) enter() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all >= a.most {
		return false
	}
	a.all++
	return true
}

// admit tells how a client that has a place is met, which is "accepted" or a
// reason to send it away, and counts it for its network, until leave.
func (a *admission) admit(network netip.Prefix, trusted bool) string {
	if !trusted && !a.rate.take(network) {
		return "rate"
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !trusted && a.networks[network] >= a.mostPerNetwork {
		return "network_limit"
	}
	a.networks[network]++
	return "accepted"
}

// leave gives back a connection's place, and the network's if it was admitted.
func (a *admission) leave(network netip.Prefix, admitted bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all--
	if !admitted {
		return
	}
	if a.networks[network]--; a.networks[network] == 0 {
		delete(a.networks, network)
	}
}

// What everybody's unknown recipients together may be before somebody is told.
const (
	alarmGuesses = 10_000
	alarmPeriod  = 10 * time.Minute
)

// guess counts a refused recipient. Spent means that its network has used up
// what it may guess; alarm, now and then, that there are too many in all.
func (a *admission) guess(network netip.Prefix) (spent, alarm bool) {
	spent = !a.refusals.take(network)
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	alarm = !a.guesses.take(now, alarmGuesses, alarmPeriod) && a.alarmed.take(now, 1, alarmPeriod)
	return spent, alarm
}

// trusts tells whether ip is a relay of ours.
func (a *admission) trusts(ip netip.Addr) bool { return within(ip, a.trusted) }

func within(ip netip.Addr, networks []netip.Prefix) bool {
	for _, p := range networks {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// trusts tells whether the client is a relay of ours. Who may open a unix
// socket is the file system's business.
func (s *session) trusts() bool {
	return s.wire.raw.RemoteAddr().Network() == "unix" || s.srv.admission.trusts(s.client.Addr.Addr())
}

// admit counts the client for its network, and tells how it is met.
func (s *session) admit() string {
	s.network = networkOf(s.client.Addr.Addr())
	how := s.srv.admission.admit(s.network, s.trusted)
	s.admitted = how == "accepted"
	s.srv.config.Observer.Connection(how)
	return how
}

// refusedGrace is how many slowed-down refusals precede the end.
const refusedGrace = 5

// refuse replies to a recipient that is refused for good. Who guesses at
// addresses is slowed down, then shown out.
func (s *session) refuse(st gateway.Status) {
	if s.trusted {
		s.reply(st)
		return
	}
	s.refused++
	spent, alarm := s.srv.admission.guess(s.network)
	if alarm {
		s.log.Error("smtp recipients are being guessed", "refused", alarmGuesses, "within", alarmPeriod)
	}
	if (spent || s.refused > s.srv.config.MaxRefused) && s.wire.flush() == nil {
		s.slowed++
		tarpit := time.NewTimer(s.srv.config.Tarpit)
		defer tarpit.Stop()
		select {
		case <-tarpit.C:
		case <-s.serving.draining:
		}
	}
	s.reply(st)
}

// networkOf is what one party usually holds: an IPv4 /24, an IPv6 /64.
// Addresses that are neither (a unix socket's) share one network.
func networkOf(ip netip.Addr) netip.Prefix {
	bits := 64
	if ip.Is4() {
		bits = 24
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// addrPort reads a socket's address; what is no IP address is the zero value.
func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
		p := t.AddrPort()
		return netip.AddrPortFrom(p.Addr().Unmap().WithZone(""), p.Port())
	}
	return netip.AddrPort{}
}
