package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	mdns "github.com/miekg/dns"
)

// Options say how a Resolver works; the zero value is a good start.
type Options struct {
	// Servers are recursive resolvers as "host:port" or "host", asked in this
	// order. Empty means those of /etc/resolv.conf.
	Servers []string
	// Timeout is how long one try of one server may take; zero means 2 s.
	Timeout time.Duration
	// CacheSize is how many answers are remembered at most; zero means 16,384.
	// Whatever it is, the cache holds no more than 16 MiB.
	CacheSize int
	// Now is the clock that expires the cache; nil means time.Now.
	Now func() time.Time
}

const (
	defaultTimeout   = 2 * time.Second
	defaultCacheSize = 16384
)

// Resolver asks recursive resolvers and remembers the answers. It is safe for
// concurrent use. All its errors are an *Error.
type Resolver struct {
	servers []string
	timeout time.Duration
	cache   *cache

	mu      sync.Mutex
	flights map[question]*flight
}

// flight is a question on the wire, and those who wait for its answer.
type flight struct {
	done   chan struct{}
	answer answer
	err    error
	// givenUp: who asked had no more time, which says nothing about the question.
	givenUp bool
}

// NewResolver makes a resolver. It fails only when it has nobody to ask.
func NewResolver(o Options) (*Resolver, error) {
	servers, err := serverAddresses(o.Servers)
	if err != nil {
		return nil, err
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.CacheSize <= 0 {
		o.CacheSize = defaultCacheSize
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Resolver{
		servers: servers,
		timeout: o.Timeout,
		cache:   newCache(o.CacheSize, o.Now),
		flights: map[question]*flight{},
	}, nil
}

func serverAddresses(servers []string) ([]string, error) {
	if len(servers) == 0 {
		conf, err := mdns.ClientConfigFromFile("/etc/resolv.conf")
		if err != nil {
			return nil, fmt.Errorf("read the system's resolvers: %w", err)
		}
		if servers = conf.Servers; len(servers) == 0 {
			return nil, errors.New("read the system's resolvers: /etc/resolv.conf names none")
		}
	}
	var out []string
	for _, s := range servers {
		if _, _, err := net.SplitHostPort(s); err != nil {
			s = net.JoinHostPort(s, "53")
		}
		if _, _, err := net.SplitHostPort(s); err != nil {
			return nil, fmt.Errorf("DNS resolver %q: %w", s, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// admission lets a question go on the wire, or refuses; done ends it.
type admission func(context.Context) (ctx context.Context, done func(), err error)

func admitAll(ctx context.Context) (context.Context, func(), error) {
	return ctx, func() {}, nil
}

// lookup answers from the cache, or asks; admit has a say in what goes on the
// wire.
func (r *Resolver) lookup(ctx context.Context, name string, qtype uint16, admit admission) ([]mdns.RR, error) {
	fail := func(err error) ([]mdns.RR, error) {
		return nil, &Error{Name: name, Type: mdns.TypeToString[qtype], Err: err}
	}
	wire, err := wireName(name)
	if err != nil {
		return fail(fmt.Errorf("%w: %w", ErrNoName, err))
	}
	q := question{wire, qtype}
	a, hit := r.cache.get(q)
	if !hit {
		ctx, done, err := admit(ctx)
		if err != nil {
			return fail(err)
		}
		a, err = r.fly(ctx, q)
		done()
		if err != nil {
			return fail(err)
		}
	}
	switch {
	case a.noName:
		return fail(ErrNoName)
	case len(a.records) == 0:
		return fail(ErrNotFound)
	}
	return a.records, nil
}

// fly joins the flight of the same question, or is the one who asks. Who asks
// does so on his own time: when he gives up, one of those who wait takes over.
func (r *Resolver) fly(ctx context.Context, q question) (answer, error) {
	for {
		r.mu.Lock()
		f, flying := r.flights[q]
		if !flying {
			f = &flight{done: make(chan struct{})}
			r.flights[q] = f
		}
		r.mu.Unlock()
		if !flying {
			return r.lead(ctx, q, f)
		}
		select {
		case <-ctx.Done():
			return answer{}, context.Cause(ctx)
		case <-f.done:
		}
		if !f.givenUp {
			return f.answer, f.err
		}
	}
}

func (r *Resolver) lead(ctx context.Context, q question, f *flight) (answer, error) {
	defer func() {
		r.mu.Lock()
		delete(r.flights, q)
		r.mu.Unlock()
		close(f.done)
	}()
	// Another flight may have landed between the look into the cache and here.
	if a, ok := r.cache.get(q); ok {
		f.answer = a
		return a, nil
	}
	f.givenUp = true // stands if exchange panics
	f.answer, f.err = r.exchange(ctx, q)
	if f.givenUp = f.err != nil && ctx.Err() != nil; f.err == nil {
		r.cache.put(q, f.answer)
	}
	return f.answer, f.err
}

// LookupTXT returns the TXT records of name, the strings of each joined.
func (r *Resolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return lookupTXT(ctx, r, name)
}

// LookupMX returns the mail exchangers of name, the most preferred first.
func (r *Resolver) LookupMX(ctx context.Context, name string) ([]MX, error) {
	return lookupMX(ctx, r, name)
}

// LookupIP returns the addresses of name, IPv6 first.
func (r *Resolver) LookupIP(ctx context.Context, name string) ([]netip.Addr, error) {
	return lookupIP(ctx, r, name)
}

// LookupIPv4 returns the IPv4 addresses of name.
func (r *Resolver) LookupIPv4(ctx context.Context, name string) ([]netip.Addr, error) {
	return lookupIPv4(ctx, r, name)
}

// LookupAddr returns the names an address points back to (PTR).
func (r *Resolver) LookupAddr(ctx context.Context, ip netip.Addr) ([]string, error) {
	return lookupAddr(ctx, r, ip)
}

func (r *Resolver) records(ctx context.Context, name string, qtype uint16) ([]mdns.RR, error) {
	return r.lookup(ctx, name, qtype, admitAll)
}
