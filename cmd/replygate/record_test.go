package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway/dns"
)

// until waits for something to be so.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("did not come true in a minute: %s", what)
		case <-tick.C:
		}
	}
}

// shop is a running server with an app in which mails wait, because their next
// hop is down, and a reply is held, because nothing vouches for its author.
func (p place) shop(t *testing.T) backend {
	t.Helper()
	names, err := dns.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { names.Close() })
	conf, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(`resolver = "127.0.0.1:53000"`, fmt.Sprintf("resolver = %q", names.Addr()), "port = 2525", "port = 1").Replace(string(conf)) +
		"[webhook]\nallow_networks = [\"127.0.0.0/8\"]\nallow_http = true\n"
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	addr, stop := p.serve(t)
	t.Cleanup(func() { stop() })
	b := p.appOf(t, addr, "shop")
	b.call("PUT", "/roles/default", `{"delay":0}`, nil)
	b.call("PUT", "/users", `{"ann":{"name":"Ann"},"bob":{"name":"Bob","email":["bob@people.test","robert@people.test"]}}`, nil)
	b.call("PUT", "/conversations/c", `{"participants":["ann","bob"]}`, nil)
	b.call("POST", "/conversations/c/messages", `[{"text":"Hello","sender":"ann","type":"UserMessage"}]`, nil)
	var reply struct{ EmailAddress string }
	b.call("GET", "/conversations/c/participants/bob/email", "", &reply)
	s := smtpSession(t, addr.SMTP)
	for _, line := range []string{"MAIL FROM:<bob@people.test>", "RCPT TO:<" + reply.EmailAddress + ">", "DATA"} {
		s.say(line)
	}
	if got := s.say("From: bob@people.test\r\nTo: " + reply.EmailAddress + "\r\nSubject: Re: \x1b[31mred\r\nMessage-ID: <1@people.test>\r\n\r\nMy answer\r\n."); !strings.HasPrefix(got, "250 ") {
		t.Fatalf("the reply was answered %q", got)
	}
	return b
}

// TestRecordCommands goes through the commands that look at records and settle them.
func TestRecordCommands(t *testing.T) {
	p := newPlace(t)
	b := p.shop(t)
	cli := func(args ...string) string { t.Helper(); return must(t, append(args, "--config", p.config)...) }
	rows := func(args ...string) (out []map[string]any) {
		t.Helper()
		unmarshal(t, cli(append(args, "--json")...), &out)
		return out
	}

	// Mails that wait: seen, tried again, taken back.
	until(t, "two notifications and a notice were tried and wait", func() bool {
		return strings.Count(cli("queue", "list", "shop"), "deferred") == 3
	})
	waiting := rows("queue", "list", "shop")
	var ids []string
	for _, w := range waiting {
		ids = append(ids, w["id"].(string))
	}
	if next := rows("queue", "list", "shop", "--limit", "1", "--after", ids[0]); len(next) != 1 || next[0]["id"] != ids[1] || waiting[0]["to"] != "bob@people.test" {
		t.Errorf("waiting %v, after the first %v", waiting, next)
	}
	if out := cli("queue", "list", "shop"); !strings.Contains(out, "to bob@people.test, next at 20") || !strings.Contains(out, "attempts, the last: \"4") {
		t.Error(out)
	}
	tried := len(waiting[0]["attempts"].([]any))
	cli("queue", "retry", "shop", ids[0])
	until(t, "the mail is tried again", func() bool {
		var d struct{ Attempts []any }
		unmarshal(t, cli("queue", "show", "shop", ids[0], "--json"), &d)
		return len(d.Attempts) > tried
	})
	for _, id := range ids {
		if out := cli("queue", "cancel", "shop", id); !strings.Contains(out, `"state": "cancelled"`) || !strings.Contains(out, `"dueAt": null`) || !strings.Contains(out, "The operator took the mail out of the queue.") {
			t.Error(out)
		}
		fails(t, 1, "does not wait any more", "queue", "cancel", "shop", id, "--config", p.config)
		fails(t, 1, "does not wait any more", "queue", "retry", "shop", id, "--config", p.config)
	}
	if out := cli("queue", "list", "shop"); out != "" {
		t.Errorf("still waiting: %s", out)
	}
	told := rows("notifications", "list", "shop", "--recipient", "bob", "--state", "cancelled")
	if len(told) != 1 || told[0]["reason"] != "operator" {
		t.Fatalf("notifications %v", told)
	}
	if out := cli("notifications", "list", "shop"); !strings.Contains(out, `cancelled to "bob" about "c"  The operator took the mail out of the queue.`) {
		t.Error(out)
	}
	if out := cli("notifications", "show", "shop", told[0]["id"].(string)); !strings.Contains(out, ids[2]) || !strings.Contains(out, `"to": "robert@people.test"`) {
		t.Error(out)
	}

	// A held reply: seen, and posted once.
	held := rows("replies", "list", "shop", "--state", "held", "--conversation", "c")
	if len(held) != 1 || held[0]["reason"] != "unauthenticated" {
		t.Fatalf("held %v", held)
	}
	if out := cli("replies", "list", "shop"); !strings.Contains(out, `from bob@people.test as "bob" in "c"`) || strings.Contains(out, "\x1b") {
		t.Errorf("%q", out)
	}
	id := held[0]["id"].(string)
	if out := cli("replies", "show", "shop", id); !strings.Contains(out, `"state": "held"`) {
		t.Error(out)
	}
	if out := cli("replies", "approve", "shop", id); !strings.Contains(out, `"state": "posted"`) {
		t.Error(out)
	}
	fails(t, 1, "not waiting for approval", "replies", "reject", "shop", id, "--config", p.config)
	if list := b.list("/conversations/c/messages"); list[0]["text"] != "My answer" {
		t.Errorf("messages %v", list)
	}

	// Addresses that get no mail.
	cli("suppressions", "add", "shop", "carl@people.test", "--detail", "asked by phone")
	cli("suppressions", "add", "shop", "dora@people.test", "--unsubscribed")
	if out := cli("suppressions", "list", "shop"); !strings.Contains(out, `carl@people.test  suppressed (api)  "asked by phone"`) || !strings.Contains(out, "dora@people.test  unsubscribed") {
		t.Error(out)
	}
	if next := rows("suppressions", "list", "shop", "--after", "carl@people.test"); len(next) != 1 || next[0]["address"] != "dora@people.test" {
		t.Errorf("after the first %v", next)
	}
	cli("suppressions", "remove", "shop", "carl@people.test")
	fails(t, 1, "there is no suppression", "suppressions", "show", "shop", "carl@people.test", "--config", p.config)
	fails(t, 1, "address", "suppressions", "add", "shop", "nonsense", "--config", p.config)
}

// TestEventCommands: the newest first; what an endpoint was not told is listed,
// and told again by hand.
func TestEventCommands(t *testing.T) {
	p := newPlace(t)
	b := p.shop(t)
	cli := func(args ...string) string { t.Helper(); return must(t, append(args, "--config", p.config)...) }
	heard := make(chan string, 100)
	var status atomic.Int32
	status.Store(http.StatusGone)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard <- r.Header.Get("webhook-id")
		w.WriteHeader(int(status.Load()))
	}))
	defer srv.Close()
	b.call("PUT", "/endpoints/main", fmt.Sprintf(`{"url":%q,"types":["user.created"]}`, srv.URL), nil)
	b.call("PUT", "/users/eve", `{"name":"Eve"}`, nil)
	id := <-heard
	until(t, "the event is given up", func() bool { return strings.Contains(cli("events", "list", "shop", "--dead"), id) })
	if out := cli("events", "list", "shop", "--dead", "--endpoint", "main"); !strings.Contains(out, id+"  user.created") {
		t.Error(out)
	}
	var all []struct{ ID, Type string }
	unmarshal(t, cli("events", "list", "shop", "--json"), &all)
	if len(all) < 3 || all[0].ID < all[1].ID {
		t.Errorf("the newest events are %v", all)
	}
	if out := cli("events", "list", "shop", "--limit", "1", "--after", all[0].ID); !strings.Contains(out, all[1].ID) || strings.Count(out, "\n") != 1 {
		t.Errorf("after the first %s", out)
	}
	if out := cli("events", "show", "shop", id); !strings.Contains(out, `"state": "dead"`) || !strings.Contains(out, `"status": 410`) {
		t.Error(out)
	}
	fails(t, 1, "disabled", "events", "redeliver", "shop", id, "--endpoint", "main", "--config", p.config)
	b.call("PUT", "/endpoints/main", `{"disabled":false}`, nil)
	status.Store(http.StatusOK)
	var again struct{ EndpointIDs []string }
	unmarshal(t, cli("events", "redeliver", "shop", id, "--endpoint", "main", "--json"), &again)
	if got := <-heard; got != id || len(again.EndpointIDs) != 1 {
		t.Errorf("told %s, want %s, of %v", got, id, again)
	}
}

// TestRecordsFail: what there is not is said, with exit code 1.
func TestRecordsFail(t *testing.T) {
	p := newPlace(t)
	must(t, "app", "create", "shop", "--config", p.config)
	for _, args := range [][]string{
		{"queue", "show", "shop", "dlv_none"}, {"queue", "retry", "shop", "dlv_none"}, {"queue", "cancel", "shop", "dlv_none"},
		{"replies", "show", "shop", "rpl_none"}, {"replies", "approve", "shop", "rpl_none"}, {"replies", "reject", "shop", "rpl_none"},
		{"notifications", "show", "shop", "ntf_none"}, {"events", "show", "shop", "evt_none"}, {"events", "redeliver", "shop", "evt_none"},
		{"suppressions", "show", "shop", "a@b.test"}, {"suppressions", "remove", "shop", "a@b.test"},
		{"queue", "list", "none"}, {"replies", "list", "none"}, {"events", "list", "none"}, {"notifications", "list", "none"}, {"suppressions", "list", "none"},
	} {
		fails(t, 1, "there is no ", append(args, "--config", p.config)...)
	}
	for _, what := range []string{"queue", "replies", "events", "notifications", "suppressions"} {
		fails(t, 1, "limit", what, "list", "shop", "--limit", "101", "--config", p.config)
		if out := must(t, what, "list", "shop", "--config", p.config); out != "" {
			t.Errorf("%s list: %s", what, out)
		}
		var none []json.RawMessage
		if unmarshal(t, must(t, what, "list", "shop", "--json", "--config", p.config), &none); none == nil || len(none) != 0 {
			t.Errorf("%s list --json: %s", what, none)
		}
	}
}
