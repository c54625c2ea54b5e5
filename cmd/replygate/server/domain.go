package server

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/api"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/dns"
)

// domains is api.Domains: keys by dkim, records by the configuration, and the
// configured resolver to look for them.
type domains struct{ *Server }

// lookTime bounds the look for a domain's records.
const lookTime = 5 * time.Second

// MakeKeys makes an RSA-2048 and an Ed25519 key whose selectors tell the month.
func (d domains) MakeKeys(domain string) ([]app.PlainKey, error) {
	if domain == d.Config.Domain {
		return nil, gateway.Wrong("domain", "%s is the installation's own: apps without a domain of theirs share it.", domain)
	}
	keys, err := dkim.GeneratePair(domain, time.Now().UTC().Format("200601"))
	if err != nil {
		return nil, err
	}
	var out []app.PlainKey
	for _, k := range keys {
		pem, err := k.PEM()
		if err != nil {
			return nil, err
		}
		out = append(out, app.PlainKey{Selector: k.Selector, PEM: pem})
	}
	return out, nil
}

// Records are the same for an app's domain as for the installation's, but for our
// host's own.
func (d domains) Records(domain string, keys []app.PlainKey) ([]api.Record, error) {
	out := []api.Record{{Name: domain, Type: "MX", Value: "10 " + d.Config.Hostname + ".", Required: true}}
	if host := d.Config.Smarthost.Host; host != "" {
		out = append(out, api.Record{Name: domain, Type: "TXT", Value: "v=spf1 a:" + host + " -all"})
	}
	for _, k := range keys {
		key, err := dkim.ParsePEM(domain, k.Selector, k.PEM)
		if err != nil {
			return nil, err
		}
		r, err := key.Record()
		if err != nil {
			return nil, err
		}
		out = append(out, api.Record{Name: r.Name, Type: "TXT", Value: r.Value(), Required: true})
	}
	return append(out, api.Record{
		Name: "_dmarc." + domain, Type: "TXT", Value: fmt.Sprintf("v=DMARC1; p=none; adkim=s; aspf=r; rua=mailto:postmaster@%s", domain),
	}), nil
}

// Look asks for the required records. What cannot be found out is not seen.
func (d domains) Look(ctx context.Context, records []api.Record) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	r, err := d.newResolver() // which remembers nothing of before the records were published
	for i := range records {
		if !records[i].Required {
			continue
		}
		seen := err == nil && isSeen(ctx, r, records[i])
		records[i].Seen = &seen
	}
}

func isSeen(ctx context.Context, r *dns.Resolver, want api.Record) bool {
	if want.Type == "MX" {
		all, err := r.LookupMX(ctx, want.Name)
		_, host, _ := strings.Cut(strings.TrimSuffix(want.Value, "."), " ")
		return err == nil && slices.ContainsFunc(all, func(mx dns.MX) bool { return strings.EqualFold(strings.TrimSuffix(mx.Host, "."), host) })
	}
	all, err := r.LookupTXT(ctx, want.Name)
	return err == nil && len(all) == 1 && keyOf(all[0]) == keyOf(want.Value)
}

// keyOf is the public key in a DKIM record (RFC 6376, section 3.6.1), whatever
// stands around it.
func keyOf(record string) string {
	for tag := range strings.SplitSeq(record, ";") {
		if name, value, _ := strings.Cut(strings.TrimSpace(tag), "="); name == "p" {
			return strings.Join(strings.Fields(value), "")
		}
	}
	return record
}

// newResolver makes a resolver as configured.
func (s *Server) newResolver() (*dns.Resolver, error) {
	var servers []string
	if asked := cmp.Or(s.Senders, s.Config.DNS.Resolver); asked != "" {
		servers = []string{asked}
	}
	return dns.NewResolver(dns.Options{Servers: servers})
}
