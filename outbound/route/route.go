// Package route answers where a mail goes next: a list of next hops, each with
// the rules under which it may be spoken to (port, TLS, credentials).
//
// It promises that a hop it returns is complete and consistent: credentials
// never come with a rule that would let them travel unprotected. It opens no
// connection; package delivery does, and keeps to the rules.
package route

import (
	"log/slog"
	"net"
	"strconv"
)

// TLSMode is the rule under which a connection to a hop is protected.
type TLSMode string

// The modes. Where TLS is required, the certificate is verified too.
const (
	// Opportunistic takes STARTTLS when it is offered, whatever the
	// certificate, and goes on without when it is not (RFC 7435).
	Opportunistic TLSMode = "opportunistic"
	// StartTLS needs STARTTLS (RFC 3207) and a certificate that verifies.
	StartTLS TLSMode = "starttls"
	// Implicit starts with the TLS handshake (RFC 8314, section 3.3) and needs
	// a certificate that verifies.
	Implicit TLSMode = "implicit"
	// None never asks for TLS.
	None TLSMode = "none"
)

// Known tells whether m is one of the modes.
func (m TLSMode) Known() bool {
	switch m {
	case Opportunistic, StartTLS, Implicit, None:
		return true
	}
	return false
}

// Verified tells whether the mode needs TLS with a certificate that verifies.
func (m TLSMode) Verified() bool { return m == StartTLS || m == Implicit }

// Credentials are what a hop knows us by. They show neither in logs nor in
// formatted values.
type Credentials struct {
	Username string `json:"-"`
	Password string `json:"-"`
}

// String hides the password and the name.
func (c Credentials) String() string { return "[credentials]" }

// GoString hides them from %#v too.
func (c Credentials) GoString() string { return c.String() }

// LogValue hides them from slog.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// NextHop is one host to hand a mail to.
type NextHop struct {
	// Host is a name or an IP address, Port a TCP port.
	Host string
	Port int
	TLS  TLSMode
	// Name is what the certificate must be for; empty means Host.
	Name string
	// Auth, if set, is shown to the hop, inside verified TLS only.
	Auth *Credentials
	// InsecureAuth lets Auth be shown without TLS to a hop on a loopback
	// address, and nowhere else.
	InsecureAuth bool
	// Relay marks a hop the operator chose to relay through. What it says
	// against the session as a whole (greeting, EHLO, AUTH) tells of our
	// settings, not of a recipient, and never ends a mail.
	Relay bool
}

// Addr is the hop as host:port, as it is dialled and recorded.
func (h NextHop) Addr() string { return net.JoinHostPort(h.Host, strconv.Itoa(h.Port)) }

// ServerName is the name the hop's certificate must be for.
func (h NextHop) ServerName() string {
	if h.Name != "" {
		return h.Name
	}
	return h.Host
}
