package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDKIM: keys are made once, shown as they are, and never overwritten.
func TestDKIM(t *testing.T) {
	p := newPlace(t)
	for _, f := range []string{"dkim-r1.pem", "dkim-e1.pem"} {
		st, err := os.Stat(filepath.Join(p.dir, f))
		if err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, st.Mode(), err)
		}
	}
	before, err := os.ReadFile(filepath.Join(p.dir, "dkim-r1.pem"))
	if err != nil {
		t.Fatal(err)
	}
	fails(t, 1, "choose another --suffix", "dkim", "generate", "--domain", "reply.example.com", "--out", p.dir, "--suffix", "1")
	if after, err := os.ReadFile(filepath.Join(p.dir, "dkim-r1.pem")); err != nil || !bytes.Equal(before, after) {
		t.Error("a key was overwritten")
	}
	// One of the two is there: the other is not made either.
	if err := os.WriteFile(filepath.Join(p.dir, "dkim-e2.pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, 1, "dkim-e2.pem exists", "dkim", "generate", "--domain", "reply.example.com", "--out", p.dir, "--suffix", "2")
	if _, err := os.Stat(filepath.Join(p.dir, "dkim-r2.pem")); !os.IsNotExist(err) {
		t.Error("half of a pair was written")
	}
	fails(t, 1, "--domain", "dkim", "generate", "--domain", "not a domain", "--out", p.dir, "--suffix", "3")
	fails(t, 1, "", "dkim", "generate", "--domain", "reply.example.com", "--out", p.dir, "--suffix", "a/b")

	var made, shown []madeKey
	unmarshal(t, must(t, "dkim", "generate", "--domain", "reply.example.com", "--out", p.dir, "--suffix", "4", "--json"), &made)
	unmarshal(t, must(t, "dkim", "show", "--config", p.config, "--json"), &shown)
	if len(made) != 2 || made[0].Selector != "r4" || made[1].Name != "e4._domainkey.reply.example.com." && made[1].Name != "e4._domainkey.reply.example.com" {
		t.Errorf("made %+v", made)
	}
	if len(shown) != 2 || shown[0].Selector != "r1" || !strings.Contains(shown[0].Value, "k=rsa; p=") || !strings.Contains(shown[1].Value, "k=ed25519; p=") {
		t.Errorf("shown %+v", shown)
	}
	if out := must(t, "dkim", "show", "--config", p.config); !strings.Contains(out, "r1._domainkey.reply.example.com") || strings.Contains(out, "PRIVATE") {
		t.Errorf("shown %s", out)
	}
}

func unmarshal(t *testing.T, s string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), v); err != nil {
		t.Fatalf("%v: %s", err, s)
	}
}

// TestDNS: the zone holds what must be published, and is one.
func TestDNS(t *testing.T) {
	p := newPlace(t)
	zone := must(t, "dns", "--config", p.config, "--ip", "192.0.2.7")
	for _, want := range []string{
		"reply.example.com. IN MX 10 mx.example.com.", "mx.example.com. IN A 192.0.2.7", `"v=spf1 a:127.0.0.1 -all"`, "r1._domainkey.reply.example.com", "e1._domainkey.reply.example.com",
		`_dmarc.reply.example.com. IN TXT "v=DMARC1; p=none;`,
	} {
		if !strings.Contains(zone, want) {
			t.Errorf("the zone has no %s:\n%s", want, zone)
		}
	}
	for line := range strings.Lines(zone) {
		if line = strings.TrimSpace(line); line != "" && line[0] != ';' && !strings.Contains(line, " IN ") {
			t.Errorf("no record: %s", line)
		}
	}
	if zone := must(t, "dns", "--config", p.config, "--ip", "2001:db8::7"); !strings.Contains(zone, "mx.example.com. IN AAAA 2001:db8::7") {
		t.Error(zone)
	}
	if zone := must(t, "dns", "--config", p.config); !strings.Contains(zone, "; mx.example.com. IN A <public address") {
		t.Error(zone)
	}
	for _, ip := range []string{"banana", "192.0.2.7/24", "192.0.2.7 x", "::", "fe80::1%eth0"} {
		fails(t, 1, "--ip", "dns", "--config", p.config, "--ip", ip)
	}
}
