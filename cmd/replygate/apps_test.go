package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAppsWithoutServer and with one: the same commands, the same answers.
func TestApps(t *testing.T) {
	p := newPlace(t)
	for name, running := range map[string]bool{"off": false, "on": true} {
		t.Run("server "+name, func(t *testing.T) {
			if running {
				_, stop := p.serve(t)
				defer stop()
			}
			apps(t, p, "shop-"+name)
		})
	}
	var list []struct{ ID string }
	unmarshal(t, must(t, "app", "list", "--config", p.config, "--json"), &list)
	if len(list) != 2 {
		t.Errorf("apps %+v", list)
	}
}

func apps(t *testing.T, p place, id string) {
	t.Helper()
	cli := func(args ...string) string { t.Helper(); return must(t, append(args, "--config", p.config)...) }
	var made struct {
		ID, Name string
		Keys     []struct{ ID, Secret string }
	}
	unmarshal(t, cli("app", "create", id, "--name", "Acme Shop", "--json"), &made)
	if made.ID != id || made.Name != "Acme Shop" || len(made.Keys) != 1 || made.Keys[0].Secret == "" {
		t.Fatalf("made %+v", made)
	}
	fails(t, 1, "exists already", "app", "create", id, "--config", p.config)
	fails(t, 1, "slash", "app", "create", "a/b", "--config", p.config)
	fails(t, 1, "", "app", "key", "create", "nosuchapp", "--config", p.config)
	if out := cli("app", "key", "create", id, "--test"); !strings.Contains(out, "key ") || !strings.Contains(out, "shown once") {
		t.Error(out)
	}
	old := filepath.Join(t.TempDir(), "old.key")
	if err := os.WriteFile(old, []byte("sk_test_"+strings.Repeat("x", 40)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := cli("app", "key", "import", id, "--file", old); strings.Contains(out, "sk_test") {
		t.Errorf("an imported key is shown: %s", out)
	}
	var endpoint struct{ ID, Secret string }
	unmarshal(t, cli("app", "endpoint", id, "main", "https://chat.example.com/hooks", "--json"), &endpoint)
	if !strings.HasPrefix(endpoint.Secret, "whsec_") {
		t.Errorf("endpoint %+v", endpoint)
	}
	if out := cli("app", "endpoint", id, "main", "https://chat.example.com/other"); out != "" {
		t.Errorf("a changed endpoint says %q", out)
	}
	fails(t, 1, "url", "app", "endpoint", id, "main", "nowhere", "--config", p.config)
	if out := cli("app", "list"); !strings.Contains(out, id+`  "Acme Shop"  3 live keys, 1 endpoints`) {
		t.Errorf("listed %s", out)
	}
	if out := cli("app", "key", "create", id, "--scope", "read", "--test"); !strings.Contains(out, "sk_test_") {
		t.Error(out)
	}
	fails(t, 1, "scope", "app", "key", "create", id, "--scope", "owner", "--config", p.config)
	fails(t, 2, "", "app", "key", "create", id, "--scope", "read", "--run-only", "--config", p.config)
	listed := cli("app", "key", "list", id)
	for _, want := range []string{made.Keys[0].ID + "  admin  live  alive", "read   test  alive"} {
		if !strings.Contains(listed, want) {
			t.Errorf("no %q in %s", want, listed)
		}
	}
	var keys []struct{ ID, Scope string }
	unmarshal(t, cli("app", "key", "list", id, "--json"), &keys)
	if len(keys) != 4 {
		t.Errorf("keys %+v", keys)
	}
	cli("app", "key", "revoke", id, keys[3].ID)
	if listed := cli("app", "key", "list", id); !strings.Contains(listed, keys[3].ID+"  read   test  revoked") {
		t.Error(listed)
	}
	var changed struct {
		Name, Policy string
		EmailEnabled bool
		Limits       *struct{ CallBurst int }
	}
	unmarshal(t, cli("app", "set", id, "--calls-per-second", "100", "--call-burst", "1000", "--policy", "strict", "--email", "off", "--name", "Other", "--json"), &changed)
	if changed.Limits == nil || changed.Limits.CallBurst != 1000 || changed.Policy != "strict" || changed.EmailEnabled || changed.Name != "Other" {
		t.Errorf("changed %+v", changed)
	}
	unmarshal(t, cli("app", "set", id, "--no-limits", "--policy", "verified", "--email", "on", "--name", "Acme Shop", "--json"), &changed)
	if changed.Limits != nil || changed.Policy != "verified" || !changed.EmailEnabled {
		t.Errorf("changed %+v", changed)
	}
	fails(t, 2, "", "app", "set", id, "--call-burst", "1000", "--config", p.config)
	fails(t, 1, "callBurst", "app", "set", id, "--calls-per-second", "1", "--call-burst", "1", "--config", p.config)
	cli("app", "key", "revoke", id, made.Keys[0].ID)
	if out := cli("app", "list"); !strings.Contains(out, id+`  "Acme Shop"  2 live keys`) {
		t.Errorf("listed %s", out)
	}
}
