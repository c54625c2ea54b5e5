package main

import (
	"os"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway/api"
	"github.com/replygate/replygate/gateway/gatewaytest"
)

// TestAppDomains: an app's domain from the first record to the first mail, with the
// server and without.
func TestAppDomains(t *testing.T) {
	for name, running := range map[string]bool{"off": false, "on": true} {
		t.Run("server "+name, func(t *testing.T) {
			p, zone := newPlace(t), gatewaytest.NewDNS(t)
			text, err := os.ReadFile(p.config)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p.config, []byte(strings.Replace(string(text), "127.0.0.1:53000", zone.Addr(), 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			if running {
				_, stop := p.serve(t)
				defer stop()
			}
			domainLife(t, p, zone)
		})
	}
}

func domainLife(t *testing.T, p place, zone *gatewaytest.DNS) {
	t.Helper()
	const name = "reply.shop.example"
	cli := func(args ...string) string { t.Helper(); return must(t, append(args, "--config", p.config)...) }
	cli("app", "create", "shop")
	cli("app", "create", "club")
	lines := cli("app", "domain", "add", "shop", "Reply.Shop.Example")
	for _, want := range []string{
		name + ". IN MX 10 mx.example.com.\n", name + `. IN TXT "v=spf1 a:127.0.0.1 -all"`, `_domainkey.reply.shop.example. IN TXT ( "v=DKIM1; k=rsa; p=`,
		`_domainkey.reply.shop.example. IN TXT "v=DKIM1; k=ed25519; p=`, `_dmarc.reply.shop.example. IN TXT "v=DMARC1; p=none;`,
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("no %s in\n%s", want, lines)
		}
	}
	if all := cli("dns"); !strings.Contains(all, lines) || !strings.Contains(all, "reply.example.com. IN MX") {
		t.Errorf("the zone leaves it out:\n%s", all)
	}
	if shown := cli("dkim", "show"); !strings.Contains(shown, "_domainkey."+name) || !strings.Contains(shown, "_domainkey.reply.example.com") {
		t.Errorf("the keys are left out:\n%s", shown)
	}
	fails(t, 1, "belongs to another app", "app", "domain", "add", "club", name, "--config", p.config)
	fails(t, 1, "installation's own", "app", "domain", "add", "club", "reply.example.com", "--config", p.config)
	fails(t, 1, "not a mail domain", "app", "domain", "add", "club", "com", "--config", p.config)
	fails(t, 1, "not seen in DNS", "app", "domain", "use", "shop", name, "--config", p.config)
	fails(t, 1, "3 records", "app", "domain", "check", "shop", name, "--config", p.config)

	var d []api.ShownDomain
	unmarshal(t, cli("app", "domain", "list", "shop", "--json"), &d)
	if len(d) != 1 || d[0].InUse {
		t.Fatalf("%+v", d)
	}
	cli("app", "domain", "use", "shop", name, "--force")
	cli("app", "domain", "use", "shop")
	for _, r := range d[0].Records {
		zone.Set(r.Name, r.Type, r.Value)
	}
	if out := cli("app", "domain", "check", "shop", name); strings.Count(out, "seen  ") != 3 {
		t.Errorf("checked %s", out)
	}
	cli("app", "domain", "use", "shop", name)
	if out := cli("app", "domain", "list"); out != name+"  shop  in use\n" {
		t.Errorf("listed %q", out)
	}
	fails(t, 1, "mail is sent from this domain", "app", "domain", "remove", "shop", name, "--config", p.config)
	cli("app", "domain", "use", "shop")
	cli("app", "domain", "remove", "shop", name)
	if out := cli("app", "domain", "list"); out != "" {
		t.Errorf("listed %q", out)
	}
}
