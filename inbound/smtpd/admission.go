package smtpd

import (
	"net"
	"net/netip"
	"sync"
)

// admission counts connections, in all and per network, so that one network
// cannot take the places of the others.
type admission struct {
	most, mostPerNetwork int
	trusted              []netip.Prefix

	mu       sync.Mutex
	all      int
	networks map[netip.Prefix]int
}

func newAdmission(c Config) *admission {
	return &admission{
		most: c.MaxConnections, mostPerNetwork: c.MaxPerNetwork, trusted: c.Trusted,
		networks: map[netip.Prefix]int{},
	}
}

// enter takes a place for a connection from ip and tells how it was met; only
// "accepted" has a place, to be given back by leave.
func (a *admission) enter(ip netip.Addr) string {
	network, trusted := networkOf(ip), a.trusts(ip)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.all >= a.most:
		return "limit"
	case !trusted && a.networks[network] >= a.mostPerNetwork:
		return "network_limit"
	}
	a.all++
	a.networks[network]++
	return "accepted"
}

func (a *admission) leave(ip netip.Addr) {
	network := networkOf(ip)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all--
	if a.networks[network]--; a.networks[network] == 0 {
		delete(a.networks, network)
	}
}

func (a *admission) trusts(ip netip.Addr) bool {
	for _, p := range a.trusted {
		if p.Contains(ip) {
			return true
		}
	}
	return false
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
