package dns

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	mdns "github.com/miekg/dns"
)

// MX is a mail exchanger (RFC 5321, section 5). Host is in lower case, without a
// final dot; it is empty in the null MX of a domain that takes no mail (RFC 7505).
type MX struct {
	Host       string
	Preference uint16
}

// source is who can be asked for records: a Resolver, or one within a Budget.
type source interface {
	records(ctx context.Context, name string, qtype uint16) ([]mdns.RR, error)
}

func lookupTXT(ctx context.Context, s source, name string) ([]string, error) {
	rrs, err := s.records(ctx, name, mdns.TypeTXT)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, rr := range rrs {
		if t, ok := rr.(*mdns.TXT); ok {
			out = append(out, unescape(strings.Join(t.Txt, "")))
		}
	}
	return out, nil
}

func lookupMX(ctx context.Context, s source, name string) ([]MX, error) {
	rrs, err := s.records(ctx, name, mdns.TypeMX)
	if err != nil {
		return nil, err
	}
	var out []MX
	for _, rr := range rrs {
		if m, ok := rr.(*mdns.MX); ok {
			out = append(out, MX{plainName(m.Mx), m.Preference})
		}
	}
	slices.SortStableFunc(out, func(a, b MX) int { return cmp.Compare(a.Preference, b.Preference) })
	return out, nil
}

func lookupIPv4(ctx context.Context, s source, name string) ([]netip.Addr, error) {
	rrs, err := s.records(ctx, name, mdns.TypeA)
	return addresses(rrs), err
}

// lookupIP asks for both families at once. One that fails for now fails the
// whole, so that half an answer is never taken for all.
func lookupIP(ctx context.Context, s source, name string) ([]netip.Addr, error) {
	var v4 []netip.Addr
	var err4 error
	var wg sync.WaitGroup
	wg.Go(func() { v4, err4 = lookupIPv4(ctx, s, name) })
	rrs, err6 := s.records(ctx, name, mdns.TypeAAAA)
	wg.Wait()
	for _, err := range []error{err4, err6} {
		if err != nil && !IsNotFound(err) {
			return nil, err
		}
	}
	if err4 != nil && err6 != nil {
		return nil, err4
	}
	return append(addresses(rrs), v4...), nil
}

func addresses(rrs []mdns.RR) []netip.Addr {
	var out []netip.Addr
	for _, rr := range rrs {
		var ip netip.Addr
		switch rr := rr.(type) {
		case *mdns.A:
			ip, _ = netip.AddrFromSlice(rr.A)
			ip = ip.Unmap()
		case *mdns.AAAA:
			ip, _ = netip.AddrFromSlice(rr.AAAA)
		}
		if ip.IsValid() {
			out = append(out, ip)
		}
	}
	return out
}

func lookupAddr(ctx context.Context, s source, ip netip.Addr) ([]string, error) {
	name, err := reverseName(ip)
	if err != nil {
		return nil, &Error{Name: ip.String(), Type: "PTR", Err: fmt.Errorf("%w: %w", ErrNotFound, err)}
	}
	rrs, err := s.records(ctx, name, mdns.TypePTR)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, rr := range rrs {
		if p, ok := rr.(*mdns.PTR); ok {
			out = append(out, plainName(p.Ptr))
		}
	}
	return out, nil
}
