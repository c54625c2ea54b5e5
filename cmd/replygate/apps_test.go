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
	cli("app", "key", "revoke", id, made.Keys[0].ID)
	if out := cli("app", "list"); !strings.Contains(out, id+`  "Acme Shop"  2 live keys`) {
		t.Errorf("listed %s", out)
	}
}
