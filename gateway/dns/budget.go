package dns

import (
	"context"
	"net/netip"
	"sync"
	"time"

	mdns "github.com/miekg/dns"
)

// What one mail may cost, as the gateway grants it.
const (
	MailQueries = 30
	MailTime    = 10 * time.Second
)

// Budget is a Resolver seen by one mail: it counts the queries that go on the
// wire (what the cache answers is free) and the time during which at least one
// is under way. What exceeds it fails with ErrBudget, which is temporary: by
// then the cache knows more. It is safe for concurrent use.
type Budget struct {
	resolver *Resolver

	mu      sync.Mutex
	queries int           // left
	time    time.Duration // left when nothing is under way
	active  int           // questions under way
	since   time.Time     // when the first of them began
}

// WithBudget returns a view of r that may make that many queries and wait that
// long in all.
func WithBudget(r *Resolver, queries int, total time.Duration) *Budget {
	return &Budget{resolver: r, queries: queries, time: total}
}

// begin is the Budget's admission.
func (b *Budget) begin(ctx context.Context) (context.Context, func(), error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	left := b.time
	if b.active > 0 {
		left -= now.Sub(b.since)
	}
	if b.queries <= 0 || left <= 0 {
		return nil, nil, ErrBudget
	}
	b.queries--
	if b.active++; b.active == 1 {
		b.since = now
	}
	ctx, cancel := context.WithTimeoutCause(ctx, left, ErrBudget)
	return ctx, func() { cancel(); b.end() }, nil
}

func (b *Budget) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.active--; b.active == 0 {
		b.time -= time.Since(b.since)
	}
}

func (b *Budget) records(ctx context.Context, name string, qtype uint16) ([]mdns.RR, error) {
	return b.resolver.lookup(ctx, name, qtype, b.begin)
}

// LookupTXT is Resolver.LookupTXT within the budget.
func (b *Budget) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return lookupTXT(ctx, b, name)
}

// LookupMX is Resolver.LookupMX within the budget.
func (b *Budget) LookupMX(ctx context.Context, name string) ([]MX, error) {
	return lookupMX(ctx, b, name)
}

// LookupIP is Resolver.LookupIP within the budget.
func (b *Budget) LookupIP(ctx context.Context, name string) ([]netip.Addr, error) {
	return lookupIP(ctx, b, name)
}

// LookupIPv4 is Resolver.LookupIPv4 within the budget.
func (b *Budget) LookupIPv4(ctx context.Context, name string) ([]netip.Addr, error) {
	return lookupIPv4(ctx, b, name)
}

// LookupAddr is Resolver.LookupAddr within the budget.
func (b *Budget) LookupAddr(ctx context.Context, ip netip.Addr) ([]string, error) {
	return lookupAddr(ctx, b, ip)
}
