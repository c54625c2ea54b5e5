package mailauth

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"

	"blitiri.com.ar/go/spf"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/dns"
)

// SPF is a check under way. It begins when the client has named the sender, and
// is waited for when the mail is there.
type SPF struct {
	domain string
	helo   bool // the name the client gave itself was checked
	cancel context.CancelFunc
	done   chan struct{}
	result gateway.Verdict // valid once done is closed
}

// StartSPF begins to check whether the client may send for the reverse path's
// domain, or for the name it gave itself when the path is null (RFC 7208, section
// 2.4). An invalid ip means that the client is unknown, which gives none. The
// check ends with ctx; the caller must Wait or Close.
func StartSPF(ctx context.Context, r Resolver, ip netip.Addr, helo string, from gateway.ReversePath) *SPF {
	s := &SPF{done: make(chan struct{}), result: gateway.VerdictNone}
	sender := from.Address
	if from.IsNull() {
		domain, err := gateway.ParseDomain(strings.TrimSuffix(helo, "."))
		if err != nil || !strings.Contains(domain, ".") {
			domain = ""
		}
		sender = gateway.Address{LocalPart: "postmaster", Domain: domain}
		s.helo = true
	}
	s.domain = sender.Domain
	ctx, s.cancel = context.WithCancel(ctx)
	if !ip.IsValid() || s.domain == "" {
		close(s.done)
		return s
	}
	go func() {
		defer close(s.done)
		s.result = checkSPF(ctx, r, ip.Unmap().WithZone(""), helo, sender)
	}()
	return s
}

// Wait returns the verdict, and for which domain. When ctx ends before the check
// does, the verdict is temporary and the check is ended.
func (s *SPF) Wait(ctx context.Context) (verdict gateway.Verdict, domain string) {
	select {
	case <-s.done:
	case <-ctx.Done():
		s.cancel()
		<-s.done
	}
	s.cancel()
	return s.result, s.domain
}

// Close ends a check nobody wants the verdict of, and waits until it has ended.
func (s *SPF) Close() {
	s.cancel()
	<-s.done
}

// checkSPF calls the library. A panic in it is a temporary failure: it must not
// take the process along, nor the mail.
func checkSPF(ctx context.Context, r Resolver, ip netip.Addr, helo string, sender gateway.Address) (v gateway.Verdict) {
	defer func() {
		if recover() != nil {
			v = gateway.VerdictTempError
		}
	}()
	// The library takes the first @ for the one before the domain.
	local := strings.ReplaceAll(sender.LocalPart, "@", "_")
	result, err := spf.CheckHostWithSender(ip.AsSlice(), helo, local+"@"+sender.Domain,
		spf.WithContext(ctx), spf.WithResolver(spfResolver{r, ip.Is4()}))
	if ctx.Err() != nil || err != nil && errors.Is(err, dns.ErrBudget) {
		return gateway.VerdictTempError
	}
	return spfVerdict(result)
}

func spfVerdict(r spf.Result) gateway.Verdict {
	switch r {
	case spf.Pass:
		return gateway.VerdictPass
	case spf.Fail:
		return gateway.VerdictFail
	case spf.SoftFail:
		return gateway.VerdictSoftFail
	case spf.Neutral:
		return gateway.VerdictNeutral
	case spf.PermError:
		return gateway.VerdictPermError
	case spf.None:
		return gateway.VerdictNone
	}
	return gateway.VerdictTempError
}

// spfResolver gives the library what it asks for, in its own terms. For a client
// by IPv4 only A records are asked for (RFC 7208, section 5.3).
type spfResolver struct {
	r  Resolver
	v4 bool
}

func (s spfResolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	txts, err := s.r.LookupTXT(ctx, name)
	return txts, netError(name, err)
}

func (s spfResolver) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	mxs, err := s.r.LookupMX(ctx, name)
	var out []*net.MX
	for _, mx := range mxs {
		out = append(out, &net.MX{Host: mx.Host, Pref: mx.Preference})
	}
	return out, netError(name, err)
}

func (s spfResolver) LookupIPAddr(ctx context.Context, name string) ([]net.IPAddr, error) {
	lookup := s.r.LookupIP
	if s.v4 {
		lookup = s.r.LookupIPv4
	}
	ips, err := lookup(ctx, name)
	var out []net.IPAddr
	for _, ip := range ips {
		out = append(out, net.IPAddr{IP: ip.AsSlice()})
	}
	return out, netError(name, err)
}

func (s spfResolver) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return nil, netError(addr, err)
	}
	names, err := s.r.LookupAddr(ctx, ip)
	return names, netError(addr, err)
}

// netError is the one kind of error the library tells apart.
func netError(name string, err error) error {
	if err == nil {
		return nil
	}
	absent := dns.IsNotFound(err)
	return &net.DNSError{Err: err.Error(), Name: name, IsNotFound: absent, IsTemporary: !absent, UnwrapErr: err}
}
