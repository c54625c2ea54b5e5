package route

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/replygate/replygate/gateway"
)

// Ports of mail transfer and submission.
const (
	PortTransfer    = 25  // RFC 5321
	PortSubmissions = 465 // RFC 8314
	PortSubmission  = 587 // RFC 6409
)

// Smarthost is the configuration of a relay that takes every mail.
type Smarthost struct {
	// Host is a name or an IP address.
	Host string
	// Port 0 means 465 for implicit TLS, 25 without TLS, else 587.
	Port int
	// TLS empty means Implicit on port 465, else StartTLS.
	TLS TLSMode
	// Name is what the certificate must be for; empty means Host.
	Name string
	// Username and Password are both set or both empty.
	Username string
	Password string `json:"-"`
	// InsecureAuth allows credentials without TLS to a loopback address.
	InsecureAuth bool
}

// Errors of Smarthost.Relay. Each is a sentence an operator can act on.
var (
	ErrHostMissing = errors.New("smarthost: host is missing")
	ErrPort        = errors.New("smarthost: port must be between 1 and 65535")
	ErrTLSMode     = errors.New("smarthost: tls must be starttls, implicit, opportunistic or none")
	ErrCredentials = errors.New("smarthost: username and password go together: give both or neither")
	ErrPlainAuth   = errors.New("smarthost: a password needs tls = starttls or implicit (or insecure_auth, for a host on this machine)")
)

// Relay checks the configuration and returns the route it means.
func (s Smarthost) Relay() (*Relay, error) {
	hop, err := s.hop()
	if err != nil {
		return nil, err
	}
	return &Relay{hop: hop}, nil
}

func (s Smarthost) hop() (NextHop, error) {
	hop := NextHop{Host: s.Host, Port: s.Port, TLS: s.TLS, Name: s.Name, InsecureAuth: s.InsecureAuth, Relay: true}
	if hop.TLS == "" {
		hop.TLS = StartTLS
		if hop.Port == PortSubmissions {
			hop.TLS = Implicit
		}
	}
	if hop.Port == 0 {
		hop.Port = defaultPort(hop.TLS)
	}
	if s.Username != "" || s.Password != "" {
		hop.Auth = &Credentials{Username: s.Username, Password: s.Password}
	}
	return hop, hop.check()
}

func defaultPort(m TLSMode) int {
	switch m {
	case Implicit:
		return PortSubmissions
	case None:
		return PortTransfer
	}
	return PortSubmission
}

func (h NextHop) check() error {
	switch {
	case h.Host == "":
		return ErrHostMissing
	case net.ParseIP(h.Host) == nil && !validHost(h.Host):
		return fmt.Errorf("smarthost: host %q is neither a host name nor an IP address", h.Host)
	case h.Port < 1 || h.Port > 65535:
		return ErrPort
	case !h.TLS.Known():
		return ErrTLSMode
	case h.Auth != nil && (h.Auth.Username == "" || h.Auth.Password == ""):
		return ErrCredentials
	case h.Auth != nil && !h.TLS.Verified() && !h.InsecureAuth:
		return ErrPlainAuth
	}
	return nil
}

func validHost(s string) bool {
	_, err := gateway.ParseDomain(s)
	return err == nil
}

// Relay routes every mail to one hop. It is safe for concurrent use.
type Relay struct{ hop NextHop }

// Route returns the hops for a recipient in the order they should be tried:
// the relay, whoever the recipient is. It never fails.
func (r *Relay) Route(context.Context, gateway.Address) ([]NextHop, error) {
	return []NextHop{r.hop}, nil
}
