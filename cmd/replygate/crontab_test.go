package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// TestCrontab: an external schedule by every way a crontab has, many at once: the
// person is mailed once for each message, and the key that stands in a query is
// nowhere in what the server says.
func TestCrontab(t *testing.T) {
	p := newPlace(t)
	addr, stop := p.serve(t)
	defer stop()
	b := p.appOf(t, addr, "shop")
	var made struct{ Secret string }
	unmarshal(t, must(t, "app", "key", "create", "shop", "--scope", "run", "--config", p.config, "--json"), &made)
	b.call("PUT", "/roles/default", `{"schedule":"external"}`, nil)
	b.call("PUT", "/users", `{"ann":{"name":"Ann"},"bob":{"name":"Bob","email":["bob@people.test"]}}`, nil)
	b.call("PUT", "/conversations/c", `{"participants":["ann","bob"]}`, nil)

	path := b.base + "/notifications/run"
	get := func(url string) string {
		resp, err := http.Get(url)
		return answered(t, resp, err)
	}
	form := func() string {
		resp, err := http.PostForm(path, url.Values{"key": {made.Secret}})
		return answered(t, resp, err)
	}
	ways := []func() string{
		func() string { return get(path + "?key=" + url.QueryEscape(made.Secret)) },
		form,
		func() string { return must(t, "notifications", "run", "shop", "--config", p.config) },
		func() string { return must(t, "notifications", "run", "shop", "--json", "--config", p.config) },
	}
	told := func() []map[string]any {
		var out []map[string]any
		unmarshal(t, must(t, "notifications", "list", "shop", "--recipient", "bob", "--json", "--config", p.config), &out)
		return out
	}
	for i := range ways {
		b.call("POST", "/conversations/c/messages", `[{"text":"Hello","sender":"ann","type":"UserMessage"}]`, nil)
		var running sync.WaitGroup
		for _, run := range append(ways[i:], ways...) {
			running.Go(func() { run() })
		}
		running.Wait()
		until(t, "bob is told", func() bool { return len(told()) > i })
		if n := len(told()); n != i+1 {
			t.Fatalf("told %d times of %d messages", n, i+1)
		}
	}
	for _, n := range told() {
		if ids := n["messageIds"].([]any); len(ids) != 1 || n["state"] == "skipped" {
			t.Errorf("told %v", n)
		}
	}
	if out := must(t, "notifications", "run", "shop", "--config", p.config); out != "started in 0 conversations\n" {
		t.Errorf("nothing is left: %q", out)
	}
	fails(t, 1, "there is no ", "notifications", "run", "nobody", "--config", p.config)

	get("http://" + addr.HTTP + "/v1/shop/users?key=" + made.Secret) // where it may not stand
	get(path + "/?key=" + made.Secret + "&key=%zz")
	for what, said := range map[string]string{"metrics": get("http://" + addr.HTTP + "/metrics"), "the log": stop()} {
		if said == "" || strings.Contains(said, made.Secret) {
			t.Errorf("%s holds the key, or nothing", what)
		}
	}
}

// answered is the body of an answer.
func answered(t *testing.T, resp *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Error(err)
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}
