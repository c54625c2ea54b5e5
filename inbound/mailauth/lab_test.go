package mailauth

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/dns"
	"github.com/replygate/replygate/gateway/gatewaytest"
)

var now = time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC)

var listed, unlisted = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")

// lab is a DNS with domains that send mail, and their keys.
type lab struct {
	*gatewaytest.DNS
	t    testing.TB
	keys map[string]dkim.Key
}

func newLab(t testing.TB, domains ...string) *lab {
	t.Helper()
	l := &lab{gatewaytest.NewDNS(t), t, map[string]dkim.Key{}}
	for _, d := range domains {
		k, err := dkim.GenerateEd25519(d, "sel")
		if err != nil {
			t.Fatal(err)
		}
		r, err := k.Record()
		if err != nil {
			t.Fatal(err)
		}
		l.keys[d] = k
		l.Set(r.Name, "TXT", r.Value())
		l.Set(d, "TXT", "v=spf1 ip4:"+listed.String()+" -all")
	}
	return l
}

// mail is one on its way into the lab.
type mail struct {
	from string // what stands in From
	head string // more header, on top of what is signed
	sign string // domains that sign, separated by spaces
	path string // the reverse path's domain
	ip   netip.Addr
	helo string
	edit func(string) string // what happens on the way
}

func (l *lab) check(m mail) Result {
	l.t.Helper()
	return l.checkWith(m, dns.WithBudget(l.NewResolver(), dns.MailQueries, dns.MailTime))
}

func (l *lab) checkWith(m mail, r Resolver) Result {
	l.t.Helper()
	raw := []byte("From: " + m.from + "\r\nTo: r@reply.example.net\r\nSubject: Re: x\r\n\r\nYes.\r\n")
	for domain := range strings.FieldsSeq(m.sign) {
		signed, err := dkim.Sign(raw, dkim.SignOptions{Keys: []dkim.Key{l.keys[domain]}, Now: now.Add(-time.Minute)})
		if err != nil {
			l.t.Fatal(err)
		}
		raw = signed
	}
	text := m.head + string(raw)
	if m.edit != nil {
		text = m.edit(text)
	}
	var path gateway.ReversePath
	if m.path != "" {
		path.Address = gateway.Address{LocalPart: "bounce", Domain: m.path}
	}
	return Check(l.t.Context(), Mail{ClientIP: m.ip, Helo: m.helo, From: path, Raw: []byte(text)}, r, now)
}
