package interop

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// environment gives a backend's script its host, app id and key.
func (p *product) environment() []string {
	return append(os.Environ(), fmt.Sprintf("BASE=%s:%d", loopback, p.http), "APP="+appName, "KEY="+p.key)
}

// TestTalkJSBackends runs backends' scripts and client libraries as they are
// written for TalkJS in several languages: nothing but host, app id and key is
// theirs to change. Each then checks the webhooks that all of it caused.
func TestTalkJSBackends(t *testing.T) {
	p := newProduct(t, freePort(t))
	p.start()
	p.call("PUT", "/roles/default", map[string]any{"delay": 3600})
	scripts := []struct {
		language string
		needs    []string
		command  []string
		verifies bool
	}{
		{"Node", []string{"node"}, []string{"node", "testdata/clients/backend.mjs"}, false},
		{"Python", []string{python}, []string{python, "testdata/clients/backend.py"}, true},
		{"PHP", []string{"php"}, []string{"php", "testdata/clients/backend.php"}, true},
		{"Ruby", []string{"ruby"}, []string{"ruby", "testdata/clients/backend.rb"}, true},
	}
	for _, s := range scripts {
		t.Run(s.language, func(t *testing.T) {
			need(t, s.needs...)
			if s.language == "PHP" && !strings.Contains(string(run(t, nil, "php", "-m")), "curl") {
				skip(t, "php has no curl (php-curl)")
			}
			p.script(t, nil, "ok", s.command...)
		})
	}
	p.call("PUT", "/users/last", map[string]any{"name": "Last ünd „least“ \U0001F642"})
	eventually(t, "the webhook of the last change", func() bool {
		return strings.Contains(string(p.hooks.lines()), `\"id\":\"last\"`)
	})
	lines := p.hooks.lines()
	n := strings.Count(string(lines), "\n")
	for _, s := range scripts {
		if !s.verifies {
			continue
		}
		t.Run(s.language+" verifies", func(t *testing.T) {
			need(t, s.needs...)
			p.script(t, lines, fmt.Sprintf("ok %d", n), append(s.command, "verify")...)
		})
	}
}

// script runs a script until it says what it should.
func (p *product) script(t *testing.T, stdin []byte, want string, command ...string) {
	t.Helper()
	out := strings.TrimSpace(string(run(t, stdin, "env", append(p.environment()[len(os.Environ()):], command...)...)))
	if out != want {
		t.Errorf("%v said %q, want %q", command, out, want)
	}
}

// TestTalkJSBot has a bot, told by webhook, call the API back before it answers.
func TestTalkJSBot(t *testing.T) {
	need(t, "node")
	p := newProduct(t, freePort(t))
	p.start()
	p.call("PUT", "/roles/default", map[string]any{"delay": 3600})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	bot := exec.CommandContext(ctx, "node", "testdata/clients/bot.mjs")
	bot.Env, bot.Stderr = p.environment(), os.Stderr
	out, err := bot.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := bot.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); bot.Wait() }()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	p.call("PUT", "/endpoints/bot", map[string]any{"url": strings.TrimSpace(address), "types": []string{"message.sent"}})
	p.call("PUT", "/users/ann", map[string]any{"name": "Ann"})
	p.call("PUT", "/users/bot", map[string]any{"name": "Bot", "kind": "bot"})
	p.call("PUT", "/conversations/c", map[string]any{"participants": []string{"ann", "bot"}})
	p.say("c", "Hello, bot")
	eventually(t, "the bot's answer", func() bool {
		list := p.call("GET", "/conversations/c/messages", nil)["data"].([]any)
		return len(list) == 2 && list[0].(map[string]any)["text"] == "You said: Hello, bot"
	})
	eventually(t, "writing is given back", func() bool {
		people := p.call("GET", "/conversations/c", nil)["participants"].(map[string]any)
		return people["ann"].(map[string]any)["access"] == "ReadWrite"
	})
}
