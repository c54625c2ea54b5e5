package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/replygate/replygate/gateway"
)

// SMTP is the receiving side.
type SMTP struct {
	// Listen are addresses for SMTP; LMTP addresses, or paths of unix sockets,
	// for LMTP.
	Listen []string `toml:"listen"`
	LMTP   []string `toml:"lmtp"`
	// Trusted are the networks of relays of ours, Proxy those of load balancers
	// that speak the PROXY protocol.
	Trusted []string `toml:"trusted"`
	Proxy   []string `toml:"proxy"`
	TLSCert string   `toml:"tls_cert"`
	TLSKey  string   `toml:"tls_key"`
	// MaxSize is the largest mail in bytes.
	MaxSize int64 `toml:"max_size"`
	// MaxConnections and MaxPerNetwork bound the connections at one time.
	MaxConnections int `toml:"max_connections"`
	MaxPerNetwork  int `toml:"max_per_network"`
	// ConnectionsPerMinute and RefusalsPerHour bound a network; 0: any number.
	ConnectionsPerMinute int `toml:"connections_per_minute"`
	RefusalsPerHour      int `toml:"refusals_per_hour"`
	// Reporters are the domains and addresses whose signed complaints are believed.
	Reporters []string `toml:"reporters"`
	// GreetDelay is how many seconds the banner waits.
	GreetDelay int `toml:"greet_delay"`
}

func defaultSMTP() SMTP {
	return SMTP{
		Listen: []string{":25"}, MaxSize: 25 << 20, MaxConnections: 8192, MaxPerNetwork: 100,
		ConnectionsPerMinute: 1200, RefusalsPerHour: 200,
		Reporters: []string{"arf.mail.yahoo.com", "staff@hotmail.com", "email-abuse.amazonses.com", "senderscore.net", "validity.com"},
	}
}

// IsSocket tells a unix socket's path from an address: it has a slash.
func IsSocket(listen string) bool { return strings.Contains(listen, "/") }

// sockets are the paths among the listeners.
func (s *SMTP) sockets() []*string {
	var out []*string
	for i := range s.LMTP {
		if IsSocket(s.LMTP[i]) {
			out = append(out, &s.LMTP[i])
		}
	}
	return out
}

// TrustedPrefixes and ProxyPrefixes are the networks, parsed; Parse has checked them.
func (s *SMTP) TrustedPrefixes() []netip.Prefix { return prefixes(s.Trusted) }

// ProxyPrefixes is TrustedPrefixes for load balancers.
func (s *SMTP) ProxyPrefixes() []netip.Prefix { return prefixes(s.Proxy) }

func (s *SMTP) check() []error {
	var errs []error
	fail := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("smtp."+key+": "+format, args...))
	}
	if len(s.Listen)+len(s.LMTP) == 0 {
		fail("listen", "name at least one address, as \":25\"")
	}
	if err := s.checkLMTP(); err != nil {
		errs = append(errs, err)
	}
	for key, networks := range map[string][]string{"trusted": s.Trusted, "proxy": s.Proxy} {
		for _, n := range networks {
			p, err := netip.ParsePrefix(n)
			switch {
			case err != nil:
				fail(key, "%q is not a network; write it as 10.0.0.0/8, one machine as 10.1.2.3/32", n)
			case p.Bits() == 0:
				fail(key, "%q is everybody", n)
			}
		}
	}
	for i, r := range s.Reporters {
		name, err := gateway.ParseDomain(r)
		if strings.Contains(r, "@") {
			var a gateway.Address
			a, err = gateway.ParseAddress(r)
			name = strings.ToLower(a.String())
		}
		if err != nil {
			fail("reporters", "%q is neither a domain nor an address", r)
		}
		s.Reporters[i] = name
	}
	if (s.TLSCert == "") != (s.TLSKey == "") {
		fail("tls_cert", "tls_cert and tls_key go together")
	}
	if s.MaxSize < 64<<10 || s.MaxSize > 256<<20 {
		fail("max_size", "%d is outside 65536 to 268435456 bytes", s.MaxSize)
	}
	if s.MaxPerNetwork < 1 || s.MaxConnections < s.MaxPerNetwork {
		fail("max_connections", "%d and max_per_network %d: neither may be below 1, nor the first below the second", s.MaxConnections, s.MaxPerNetwork)
	}
	if s.ConnectionsPerMinute < 0 || s.RefusalsPerHour < 0 {
		fail("connections_per_minute", "write 0 for any number, here and in refusals_per_hour")
	}
	if s.GreetDelay < 0 || s.GreetDelay > 60 {
		fail("greet_delay", "%d is outside 0 to 60 seconds", s.GreetDelay)
	}
	return errs
}

// checkLMTP holds that LMTP is only for relays: over TCP they must be named, and
// RFC 2033, section 5, keeps it off SMTP's port.
func (s *SMTP) checkLMTP() error {
	for _, l := range s.LMTP {
		if IsSocket(l) {
			continue
		}
		_, port, err := net.SplitHostPort(l)
		switch {
		case err != nil:
			return fmt.Errorf("smtp.lmtp: %q is neither an address with a port nor the path of a socket", l)
		case port == "25":
			return errors.New("smtp.lmtp: port 25 is for SMTP only")
		case len(s.Trusted) == 0:
			return fmt.Errorf("smtp.lmtp: nobody may use %q; name the relays in trusted", l)
		}
	}
	return nil
}
