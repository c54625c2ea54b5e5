package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOperatorOverHTTP: with the operator's key apps are made over HTTP, which the
// API then serves within the configured limits; without one there is no way in.
func TestOperatorOverHTTP(t *testing.T) {
	p := newPlace(t)
	text, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	key := strings.Repeat("k", 31) + "1"
	ask := func(addr, method, path, bearer, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, "http://"+addr+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+bearer)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	addr, stop := p.serve(t)
	for _, bearer := range []string{"", key} {
		if code, body := ask(addr.HTTP, "GET", "/operator/apps", bearer, ""); code != http.StatusUnauthorized {
			t.Errorf("no key is configured, and %q opens it: %d %s", bearer, code, body)
		}
	}
	stop()
	with := strings.Replace(string(text), "[http]\n", "[api]\ncalls_per_second = 7\ncall_burst = 700\n[http]\noperator_key_file = \"operator.key\"\n", 1)
	if err := os.WriteFile(p.config, []byte(with), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "short", strings.Repeat("a b", 20)} {
		if err := os.WriteFile(filepath.Join(p.dir, "operator.key"), []byte(bad+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		fails(t, 1, "http.operator_key", "serve", "--config", p.config)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "operator.key"), []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	addr, stop = p.serve(t)
	code, body := ask(addr.HTTP, "POST", "/operator/apps", key, `{"id":"shop","name":"Acme Shop"}`)
	_, secret, _ := strings.Cut(body, `"secret":"`)
	secret, _, _ = strings.Cut(secret, `"`)
	if code != http.StatusOK || secret == "" {
		t.Fatalf("%d %s", code, body)
	}
	if code, body := ask(addr.HTTP, "GET", "/v1/shop/limits", secret, ""); code != http.StatusOK || !strings.Contains(body, `"key":{"callsPerSecond":7,"callBurst":700}`) {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := ask(addr.HTTP, "GET", "/operator/apps", secret, ""); code != http.StatusUnauthorized {
		t.Errorf("an app's key opens the operator's API: %d", code)
	}
	if out := must(t, "app", "list", "--config", p.config); !strings.Contains(out, `shop  "Acme Shop"  1 live keys`) {
		t.Error(out)
	}
	if log := stop(); strings.Contains(log, key) || strings.Contains(log, secret) {
		t.Error("a key is in the log")
	}
}
