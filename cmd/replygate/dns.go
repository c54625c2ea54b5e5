package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway/api"
)

type dnsCommand struct {
	Config string `required:"" help:"The configuration file." placeholder:"replygate.toml"`
	IP     string `help:"Public address of this host, for its A or AAAA record." placeholder:"192.0.2.1"`
}

// Help shows an example.
func (dnsCommand) Help() string {
	return "Example: replygate dns --config replygate.toml --ip 192.0.2.1 >> reply.example.com.zone"
}

// Run prints the zone.
func (c dnsCommand) Run(e *env) error {
	conf, keys, err := loadConfig(c.Config)
	if err != nil {
		return err
	}
	zone, err := zoneFile(conf, keys, c.IP)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(e.stdout, zone); err != nil {
		return err
	}
	for _, d := range appDomains(e, c.Config, conf) {
		fmt.Fprintln(e.stdout)
		writeZone(e.stdout, d)
	}
	return nil
}

// appDomains are the apps' own domains, if there is a database yet that can be
// asked; if it cannot, that is said.
func appDomains(e *env, file string, conf config.Config) []api.ShownDomain {
	if _, err := os.Stat(filepath.Join(conf.Data, "db")); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var out struct {
		Data []api.ShownDomain `json:"data"`
	}
	if err := (operatorFlags{Config: file}).call(e, http.MethodGet, "/domains", nil, &out); err != nil {
		fmt.Fprintln(e.stderr, "replygate: apps' own domains are left out:", err)
	}
	return out.Data
}

// zoneFile lists the records of the mail domain, with what each is for. A line
// that needs the operator's decision is a comment.
func zoneFile(conf config.Config, keys []dkim.Key, ip string) (string, error) {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("; Replies come in here.")
	line("%s. IN MX 10 %s.", conf.Domain, conf.Hostname)
	if ip == "" {
		line("; %s. IN A <public address of this host>   (give it with --ip; its PTR record must name %s)", conf.Hostname, conf.Hostname)
	} else {
		addr, err := netip.ParseAddr(ip)
		if err != nil || addr.Zone() != "" || addr.IsUnspecified() {
			return "", fmt.Errorf("--ip: %q is not an address; write it as 192.0.2.1 or 2001:db8::1", ip)
		}
		kind := "A"
		if addr = addr.Unmap(); addr.Is6() {
			kind = "AAAA"
		}
		ip = addr.String()
		line("%s. IN %s %s", conf.Hostname, kind, ip)
		line("; The PTR record of %s must name %s; your provider sets it.", ip, conf.Hostname)
	}
	line("\n; Mail leaves through %s: put the include your provider documents in place of a:.", conf.Smarthost.Host)
	line(`%s. IN TXT "v=spf1 a:%s -all"`, conf.Domain, conf.Smarthost.Host)
	if conf.Hostname != conf.Domain {
		line(`%s. IN TXT "v=spf1 a -all"`, conf.Hostname)
	}
	line("\n; Every mail is signed with both keys.")
	for _, k := range keys {
		r, err := k.Record()
		if err != nil {
			return "", err
		}
		line("%s", r)
	}
	line("\n; Start with p=none, and go to p=reject once the reports show only your own mail.")
	line(`_dmarc.%s. IN TXT "v=DMARC1; p=none; adkim=s; aspf=r; rua=mailto:postmaster@%s"`, conf.Domain, conf.Domain)
	return b.String(), nil
}
