package gatewaytest

import (
	"testing"
	"time"

	"github.com/replygate/replygate/gateway/dns"
)

// DNS is a DNS server on the loopback for one test, and a resolver that asks it.
type DNS struct {
	*dns.Server
	Resolver *dns.Resolver
	t        testing.TB
}

// NewDNS starts a DNS server that ends with the test.
func NewDNS(t testing.TB) *DNS {
	t.Helper()
	s, err := dns.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	d := &DNS{Server: s, t: t}
	d.Resolver = d.NewResolver()
	return d
}

// NewResolver makes another resolver of the same server: with an empty cache,
// and patience, as a busy machine is no fault of the server's.
func (d *DNS) NewResolver() *dns.Resolver {
	d.t.Helper()
	r, err := dns.NewResolver(dns.Options{Servers: []string{d.Addr()}, Timeout: time.Minute})
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

// Set is Server.Set, where a mistake ends the test.
func (d *DNS) Set(name, recordType string, values ...string) {
	d.t.Helper()
	if err := d.Server.Set(name, recordType, values...); err != nil {
		d.t.Fatal(err)
	}
}

// Fail makes every question for name end in SERVFAIL.
func (d *DNS) Fail(name string) { d.fault(name, dns.Fault{Fail: true}) }

// Drop makes every question for name go unanswered.
func (d *DNS) Drop(name string) { d.fault(name, dns.Fault{Drop: true}) }

// Delay holds every answer about name back.
func (d *DNS) Delay(name string, by time.Duration) { d.fault(name, dns.Fault{Delay: by}) }

// Heal ends what Fail, Drop or Delay began.
func (d *DNS) Heal(name string) { d.fault(name, dns.Fault{}) }

func (d *DNS) fault(name string, f dns.Fault) {
	d.t.Helper()
	if err := d.SetFault(name, f); err != nil {
		d.t.Fatal(err)
	}
}
