package api

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
)

// registry is a DNS in which everything stands but what is at a domain that
// begins with "late".
type registry struct{}

func (registry) MakeKeys(domain string) ([]app.PlainKey, error) {
	if domain == "reply.example.com" {
		return nil, gateway.Wrong("domain", "It is the installation's.")
	}
	return []app.PlainKey{{Selector: "r1", PEM: []byte("a private key of " + domain)}}, nil
}

func (registry) Records(domain string, keys []app.PlainKey) ([]Record, error) {
	if len(keys) != 1 || string(keys[0].PEM) != "a private key of "+domain {
		return nil, errors.New("these are not the domain's keys")
	}
	return []Record{
		{Name: domain, Type: "MX", Value: "10 mx.example.com.", Required: true},
		{Name: "r1._domainkey." + domain, Type: "TXT", Value: "v=DKIM1; p=x", Required: true}, {Name: "_dmarc." + domain, Type: "TXT", Value: "v=DMARC1"},
	}, nil
}

func (registry) Look(_ context.Context, records []Record) {
	for i, r := range records {
		if r.Required {
			seen := !strings.Contains(r.Name, "late")
			records[i].Seen = &seen
		}
	}
}

// TestDomains: an app gets domains, of which each belongs to it alone; its mail is
// sent from one when its records are seen.
func TestDomains(t *testing.T) {
	l := newLab(t).populate()
	l.server.Domains = registry{}
	call := l.remote(operatorKey)
	at := func(app, domain string) string { return "/operator/apps/" + app + "/domains/" + domain }
	address := func() string { return l.do("GET", "/conversations/c1/participants/bob/email", "").is(200).body }
	l.do("GET", "/domains", "").is(200, `{"data":[]}`)
	before := address()

	call("PUT", at("shop", "Reply.Shop.Example"), operatorKey, "").is(200).has(`"domain":"reply.shop.example"`, `"appId":"shop","inUse":false`, `"name":"r1._domainkey.reply.shop.example","type":"TXT","value":"v=DKIM1; p=x","required":true,"seen":true`)
	call("PUT", at("shop", "reply.shop.example"), operatorKey, "").is(200)
	call("PUT", at("shop", "late.shop.example"), operatorKey, "").is(200).has(`"seen":false`)
	call("PUT", at("club", "reply.shop.example"), operatorKey, `{"use":true}`).is(409).has("DOMAIN_TAKEN")
	call("GET", at("club", "reply.shop.example"), operatorKey, "").is(404)
	call("DELETE", at("club", "reply.shop.example"), operatorKey, "").is(404)
	call("PUT", at("nosuchapp", "reply.other.example"), operatorKey, "").is(404)
	for _, bad := range []string{"reply.example.com", "com", "not%20a%20domain", "a..b", "10.0.0.1%2F8", strings.Repeat("a.", 130) + "com"} {
		call("PUT", at("shop", bad), operatorKey, "").wrong("domain")
	}
	if a := l.do("GET", "/domains", "").is(200); strings.Contains(a.body, "private") || !strings.Contains(a.body, `"domain":"late.shop.example"`) || !strings.Contains(a.body, `"seen":null`) {
		t.Error(a.body)
	}
	l.raw("GET", "/v1/club/domains", l.other, "").is(200, `{"data":[]}`)

	call("PUT", at("shop", "late.shop.example"), operatorKey, `{"use":true}`).is(409).has("DOMAIN_NOT_READY", `"records":["Publish late.shop.example MX 10 mx.example.com.; it is not seen in DNS yet.`)
	if address() != before {
		t.Error("a domain is used that cannot receive")
	}
	call("PUT", at("shop", "reply.shop.example"), operatorKey, `{"use":true}`).is(200).has(`"inUse":true`)
	call("GET", "/operator/apps/shop", operatorKey, "").is(200).has(`"domain":"reply.shop.example"`)
	if got := address(); !strings.HasSuffix(got, `@reply.shop.example"}`) {
		t.Error(got)
	}
	a, err := l.chat.ReplyAddress(t.Context(), "club", "c1", "bob")
	if err == nil && a.Domain != "reply.example.com" {
		t.Errorf("another app's address is %s", a)
	}
	call("DELETE", at("shop", "reply.shop.example"), operatorKey, "").is(409).has("DOMAIN_IN_USE")
	call("PUT", at("shop", "late.shop.example"), operatorKey, `{"use":true,"force":true}`).is(200).has(`"inUse":true`)
	call("DELETE", at("shop", "reply.shop.example"), operatorKey, "").is(200)
	call("PUT", at("shop", "late.shop.example"), operatorKey, `{"use":false}`).is(200).has(`"inUse":false`)
	if address() != before {
		t.Error("the installation's domain is not back")
	}
	// What was given up another app may have.
	call("PUT", at("club", "reply.shop.example"), operatorKey, "").is(200)
	if got := call("GET", "/operator/domains", operatorKey, "").is(200); strings.Count(got.body, `"domain":`) != 2 {
		t.Error(got.body)
	}
	if n := len(l.raw("GET", "/v1/shop/domains", l.key, "").body); n == 0 {
		t.Error("nothing")
	}
}

// TestOneAppGetsIt: of apps that ask for a domain at once.
func TestOneAppGetsIt(t *testing.T) {
	l := newLab(t)
	call := l.remote(operatorKey)
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for i := range 16 {
		all.Go(func() {
			id := []string{"shop", "club"}[i%2]
			a := call("PUT", "/operator/apps/"+id+"/domains/reply.both.example", operatorKey, "")
			mu.Lock()
			got[a.status]++
			mu.Unlock()
		})
	}
	all.Wait()
	if got[200] != 8 || got[409] != 8 {
		t.Errorf("answered %v", got)
	}
	shop, err := l.apps.DomainsOf(t.Context(), "shop")
	l.ok(err)
	club, err := l.apps.DomainsOf(t.Context(), "club")
	l.ok(err)
	if len(shop)+len(club) != 1 {
		t.Errorf("%v and %v", shop, club)
	}
}

// TestSoManyDomains: those an app had count.
func TestSoManyDomains(t *testing.T) {
	l := newLab(t)
	for i := range app.MaxDomains {
		_, err := l.apps.AddDomain(t.Context(), "shop", string(rune('a'+i))+".shop.example", nil)
		l.ok(err)
	}
	l.ok(l.apps.RemoveDomain(t.Context(), "shop", "a.shop.example"))
	var invalid gateway.Invalid
	if _, err := l.apps.AddDomain(t.Context(), "shop", "z.shop.example", nil); !errors.As(err, &invalid) {
		t.Errorf("another one: %v", err)
	}
	if _, err := l.apps.AddDomain(t.Context(), "shop", "a.shop.example", nil); err != nil {
		t.Errorf("one of before: %v", err)
	}
}
