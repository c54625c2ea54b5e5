package mailauth

import (
	"encoding/json"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/dns"
	"github.com/replygate/replygate/gateway/gatewaytest"
)

// suite is one section of the SPF test suite.
type suite struct {
	Description string
	Tests       map[string]struct {
		Helo     string
		Host     string
		MailFrom string
		Result   any // one verdict or several
		Skip     string
	}
	ZoneData map[string][]any // each a {type: value} or the name of a failure
}

// readSuite reads the YAML of the library's module by a Python that knows YAML.
func readSuite(t *testing.T, name string) []suite {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "blitiri.com.ar/go/spf").Output()
	if err != nil || len(strings.TrimSpace(string(dir))) == 0 {
		t.Skipf("the library's module is not here: %v", err)
	}
	const script = "import sys, json, yaml\nprint(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))"
	out, err := exec.Command("/usr/bin/python3", "-c", script,
		filepath.Join(strings.TrimSpace(string(dir)), "testdata", name)).Output()
	if err != nil {
		t.Skipf("no Python with YAML is installed: %v", err)
	}
	var suites []suite
	if err := json.Unmarshal(out, &suites); err != nil {
		t.Fatal(err)
	}
	return suites
}

// load puts the suite's zone into a DNS server.
func (s suite) load(t *testing.T, d *gatewaytest.DNS) {
	t.Helper()
	for name, entries := range s.ZoneData {
		values := map[string][]string{}
		for _, entry := range entries {
			kinds, ok := entry.(map[string]any)
			if !ok {
				kinds = map[string]any{entry.(string): true}
			}
			for kind, value := range kinds {
				switch v := value.(type) {
				case bool:
					d.Fail(name) // TIMEOUT, SERVFAIL: neither gives an answer
				case []any:
					if kind == "MX" {
						host, _ := v[1].(string)
						values[kind] = append(values[kind], strings.TrimSpace(strings.Trim(jsonText(v[0]), `"`)+" "+orRoot(host)))
						continue
					}
					values[kind] = append(values[kind], joinStrings(v))
				case string:
					values[kind] = append(values[kind], v)
				}
			}
		}
		// Record type SPF is gone (RFC 7208, section 3.1); the suite means TXT where
		// it gives no TXT.
		if _, ok := values["TXT"]; !ok {
			values["TXT"] = values["SPF"]
		}
		delete(values, "SPF")
		for kind, v := range values {
			if slices.Equal(v, []string{"NONE"}) {
				continue
			}
			if err := d.Server.Set(name, kind, v...); err != nil {
				t.Logf("not to be had in DNS: %v", err)
			}
		}
	}
}

func jsonText(v any) string { b, _ := json.Marshal(v); return string(b) }

func orRoot(host string) string {
	if host == "" {
		return "."
	}
	return host
}

func joinStrings(v []any) string {
	var b strings.Builder
	for _, s := range v {
		b.WriteString(s.(string))
	}
	return b.String()
}

func verdicts(v any) []gateway.Verdict {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []gateway.Verdict
	for _, s := range list {
		out = append(out, gateway.Verdict(s.(string)))
	}
	return out
}

// TestSPFSuites runs the suites of RFC 7208 and of pyspf through our resolver,
// over the wire. The tests the library says it does not follow are left out.
func TestSPFSuites(t *testing.T) {
	for _, file := range []string{"rfc7208-tests.yml", "pyspf-tests.yml"} {
		t.Run(file, func(t *testing.T) {
			ran, skipped := 0, 0
			for _, s := range readSuite(t, file) {
				d := gatewaytest.NewDNS(t)
				s.load(t, d)
				for name, c := range s.Tests {
					if c.Skip != "" {
						skipped++
						continue
					}
					ran++
					budget := dns.WithBudget(d.Resolver, 100, dns.MailTime)
					got := suiteVerdict(t, budget, netip.MustParseAddr(c.Host), c.Helo, c.MailFrom)
					if !slices.Contains(verdicts(c.Result), got) {
						t.Errorf("%s: %s: got %s, want %v", s.Description, name, got, c.Result)
					}
				}
			}
			t.Logf("%d tests ran, %d are not followed by the library", ran, skipped)
			if ran < 5 {
				t.Error("the suite is empty")
			}
		})
	}
}

// suiteVerdict takes the sender as it stands, since the suite holds some that an
// SMTP server refuses.
func suiteVerdict(t *testing.T, r Resolver, ip netip.Addr, helo, from string) gateway.Verdict {
	t.Helper()
	at := strings.LastIndexByte(from, '@')
	if at < 0 {
		s := StartSPF(t.Context(), r, ip, helo, gateway.ReversePath{})
		v, _ := s.Wait(t.Context())
		return v
	}
	sender := gateway.Address{LocalPart: from[:at], Domain: from[at+1:]}
	if sender.LocalPart == "" {
		sender.LocalPart = "postmaster" // RFC 7208, section 4.3
	}
	return checkSPF(t.Context(), r, ip, helo, sender)
}
