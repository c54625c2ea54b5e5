package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Guard says which addresses may be reached by URLs that strangers choose:
// public ones over TLS on ports 443 and 8443, and whatever the operator allows.
type Guard struct {
	// AllowNetworks may be reached, on any port, although they are not public.
	AllowNetworks []netip.Prefix
	// AllowHTTP permits plain http, on ports 80 and 8080 too.
	AllowHTTP bool
}

// Errors of the guard; each is a sentence for who configures an endpoint.
var (
	ErrNotPublic = errors.New("the host is not at a public address; the operator can allow its network by allow_networks")
	ErrPort      = errors.New("the port must be 443 or 8443, unless the operator allows the host's network by allow_networks")
	ErrURL       = errors.New("the URL must be https://host/path, the host a name or an address in its usual form")
	ErrPlain     = errors.New("the URL must begin with https://; the operator can allow http by allow_http")
)

// CheckURL tells what of a URL can be told without a look-up: scheme, host, and
// the address if it is written as one. Connecting is guarded in any case.
func (g Guard) CheckURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Opaque != "" || u.Fragment != "" || u.User != nil {
		return ErrURL
	}
	port := map[string]uint16{"https": 443, "http": 80}[u.Scheme]
	switch {
	case port == 0:
		return ErrURL
	case port == 80 && !g.AllowHTTP:
		return ErrPlain
	}
	if p := u.Port(); p != "" {
		n, err := net.LookupPort("tcp", p)
		if err != nil {
			return ErrURL
		}
		port = uint16(n)
	}
	ip, written, err := address(u.Hostname())
	if err != nil || !written {
		return err
	}
	return g.check(netip.AddrPortFrom(ip, port))
}

// address is the address that a host is written as, if it is. What some resolver
// might take for an address, but we do not read, is refused: WHATWG's URL standard,
// section 3.5, has hosts that end in a number be IPv4 addresses in any of a dozen
// spellings.
func address(host string) (ip netip.Addr, written bool, err error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip, true, nil
	}
	if strings.ContainsFunc(host, func(r rune) bool { return r >= utf8.RuneSelf }) {
		if host, err = idna.Lookup.ToASCII(host); err != nil { // as net/http will
			return ip, false, ErrURL
		}
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip, true, nil
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	_, err = strconv.ParseUint(strings.TrimPrefix(last, "0x"), 16, 64)
	switch {
	case strings.HasPrefix(last, "0x") && (err == nil || last == "0x"), last != "" && strings.Trim(last, "0123456789") == "":
		return ip, false, ErrURL
	case last == "localhost": // RFC 6761, section 6.3: loopback, whatever a resolver says
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), true, nil
	}
	return ip, false, nil
}

// control is a net.Dialer's: it sees every address a host name led to,
// immediately before the connection to it is opened.
func (g Guard) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return ErrNotPublic
	}
	return g.check(ap)
}

func (g Guard) check(ap netip.AddrPort) error {
	ip := ap.Addr().Unmap().WithZone("")
	if slices.ContainsFunc(g.AllowNetworks, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return nil
	}
	if !public(ip) {
		return ErrNotPublic
	}
	switch ap.Port() {
	case 443, 8443:
		return nil
	case 80, 8080:
		if g.AllowHTTP {
			return nil
		}
	}
	return ErrPort
}

// notPublic are the IPv4 and IPv6 blocks of the IANA special-purpose registries
// (RFC 6890 and its updates) that are not globally reachable, or lead to
// addresses of another family. Multicast and what lies outside 2000::/3 is
// refused apart from them.
var notPublic = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
	"192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48",
)

var (
	globalIPv6 = netip.MustParsePrefix("2000::/3")
	// nat64 holds IPv4 addresses as IPv6-only networks reach them (RFC 6052).
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// public tells whether ip is an address of the public internet.
func public(ip netip.Addr) bool {
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	if ip.Is6() && !globalIPv6.Contains(ip) {
		return false
	}
	return ip.IsValid() && !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// maxHeader bounds the header of an answer, in octets.
const maxHeader = 64 << 10

// newClient makes a client whose every connection the guard has seen.
func newClient(g Guard, r *net.Resolver, timeout time.Duration) *http.Client {
	d := &net.Dialer{Timeout: timeout, Resolver: r, ControlContext: g.control, KeepAlive: 30 * time.Second}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil, // the environment must not lead around the guard
			DialContext:            d.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    timeout,
			DisableCompression:     true,
			MaxIdleConns:           1024,
			MaxIdleConnsPerHost:    maxInFlight,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// explain says in a few words why there was no answer. It names no address that
// a host name led to, since who configured the URL may not be meant to know.
func explain(err error) string {
	var (
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
		op   *net.OpError
		ue   *url.Error
	)
	if errors.As(err, &ue) {
		err = ue.Err
	}
	switch {
	case errors.Is(err, ErrNotPublic):
		return ErrNotPublic.Error()
	case errors.Is(err, ErrPort):
		return ErrPort.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &dns):
		return fmt.Sprintf("look up %s: %s", dns.Name, dns.Err)
	case errors.As(err, &cert):
		return "the certificate is not valid: " + cut(cert.Err.Error())
	case errors.As(err, &op):
		return cut(op.Op + ": " + op.Err.Error())
	}
	return cut(err.Error())
}

// cut bounds a text of others for storing.
func cut(s string) string {
	const most = 200
	if len(s) > most {
		s = s[:most]
	}
	return string([]rune(s)) // a rune cut in two becomes U+FFFD
}
