package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/replygate/replygate/gateway/dns"
)

const (
	mailDomain = "reply.gateway.test"
	peopleMail = "people.test"
	bobAddress = "bob@" + peopleMail
	appName    = "shop"
	loopback   = "http://127.0.0.1"
)

// binary builds the product once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "replygate-interop-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "replygate")
	out, err := exec.Command("go", "build", "-o", path, "..").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// product is the gateway as an operator runs it: the binary, a configuration
// file, keys made by its own commands.
type product struct {
	t        *testing.T
	dir      string
	http     int
	smtp     int
	key      string
	dns      *dns.Server
	hooks    *hooks
	cmd      *exec.Cmd
	stderr   *bytes.Buffer
	personal personalKey
	// apart has the process scheduled as a group of its own, as daemons are.
	apart bool
}

// personalKey is the key that the people's provider signs with.
type personalKey struct{ selector, file string }

const configuration = `domain = %q
hostname = "mx.gateway.test"
data = %q
[http]
listen = "127.0.0.1:%d"
public_url = "https://reply.gateway.test"
[smtp]
listen = ["127.0.0.1:%d"]
[smarthost]
host = "127.0.0.1"
port = %d
tls = "none"
[[dkim.key]]
selector = "r1"
file = "dkim-r1.pem"
[[dkim.key]]
selector = "e1"
file = "dkim-e1.pem"
[dns]
resolver = %q
[replies]
per_hour = 0
quick_in_a_row = 0
[webhook]
allow_networks = ["127.0.0.0/8"]
allow_http = true
`

// startProduct sets up and starts a gateway whose smarthost is at a port.
func startProduct(t *testing.T, smarthost int) *product {
	t.Helper()
	p := newProduct(t, smarthost)
	p.start()
	p.call("PUT", "/roles/default", map[string]any{"delay": 0.2})
	return p
}

func newProduct(t *testing.T, smarthost int) *product {
	t.Helper()
	need(t, "openssl")
	p := &product{t: t, dir: t.TempDir(), http: freePort(t), smtp: freePort(t), hooks: startHooks(t)}
	var err error
	if p.dns, err = dns.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.dns.Close() })
	p.cli("dkim", "generate", "--domain", mailDomain, "--out", p.dir, "--suffix", "1")
	write(t, p.config(), fmt.Appendf(nil, configuration, mailDomain, filepath.Join(p.dir, "data"), p.http, p.smtp, smarthost, p.dns.Addr()))
	for name, value := range p.records() {
		p.txt(name, value)
	}
	p.personal = personalKey{"people", filepath.Join(p.dir, "people.pem")}
	run(t, nil, "openssl", "genrsa", "-traditional", "-out", p.personal.file, "2048")
	public := run(t, nil, "openssl", "rsa", "-in", p.personal.file, "-pubout", "-outform", "PEM")
	p.txt("people._domainkey."+peopleMail, "v=DKIM1; k=rsa; p="+pemBody(public))
	p.txt("_dmarc."+peopleMail, "v=DMARC1; p=none")

	made := p.cliJSON("app", "create", appName, "--name", "Acme Shop", "--config", p.config(), "--json")
	p.key = made["keys"].([]any)[0].(map[string]any)["secret"].(string)
	endpoint := p.cliJSON("app", "endpoint", appName, "main", p.hooks.url(), "--config", p.config(), "--json")
	p.hooks.secret = endpoint["secret"].(string)
	return p
}

func (p *product) config() string { return filepath.Join(p.dir, "replygate.toml") }

func (p *product) txt(name, value string) {
	p.t.Helper()
	if err := p.dns.Set(strings.TrimSuffix(name, "."), "TXT", value); err != nil {
		p.t.Fatal(err)
	}
}

// records are the product's own DKIM records, as its command prints them.
func (p *product) records() map[string]string {
	p.t.Helper()
	var shown []struct{ Name, Value string }
	if err := json.Unmarshal(p.cli("dkim", "show", "--config", p.config(), "--json"), &shown); err != nil {
		p.t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range shown {
		out[r.Name+"."] = r.Value
	}
	return out
}

func (p *product) cli(args ...string) []byte {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	return run(p.t, nil, path, args...)
}

func (p *product) cliJSON(args ...string) map[string]any {
	p.t.Helper()
	var out map[string]any
	if err := json.Unmarshal(p.cli(args...), &out); err != nil {
		p.t.Fatal(err)
	}
	return out
}

// start runs `serve` until the test ends or kill is called.
func (p *product) start() {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	p.stderr = new(bytes.Buffer)
	p.cmd = exec.Command(path, "serve", "--config", p.config())
	p.cmd.Stderr = p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: p.apart}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	cmd, stderr := p.cmd, p.stderr
	p.t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Signal(syscall.SIGTERM)
			if err := cmd.Wait(); err != nil {
				p.t.Errorf("serve did not stop cleanly: %v", err)
			}
		}
		if p.t.Failed() {
			p.t.Logf("serve said:\n%s", tail(stderr.String(), 40))
		}
	})
	waitPort(p.t, p.smtp)
	waitPort(p.t, p.http)
}

// kill ends the process as a power cut would.
func (p *product) kill() {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGKILL)
	p.cmd.Wait()
}

func tail(s string, n int) string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(all[max(0, len(all)-n):], "\n")
}

func pemBody(pem []byte) string {
	var b strings.Builder
	for s := bufio.NewScanner(bytes.NewReader(pem)); s.Scan(); {
		if !strings.HasPrefix(s.Text(), "-----") {
			b.WriteString(s.Text())
		}
	}
	return b.String()
}

// call makes an API call that must succeed.
func (p *product) call(method, path string, body any) map[string]any {
	p.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	defer cancel()
	url := loopback + ":" + strconv.Itoa(p.http) + "/v1/" + appName + path
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(raw))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		p.t.Fatalf("%s %s: %s %s %v", method, path, resp.Status, answer, err)
	}
	var out map[string]any
	json.Unmarshal(answer, &out) // bare arrays are not looked at
	return out
}

// converse makes ann and bob and a conversation, and has ann write.
func (p *product) converse(conv, text string) {
	p.t.Helper()
	p.call("PUT", "/users/ann", map[string]any{"name": "Ann Field", "email": "ann@" + peopleMail})
	p.call("PUT", "/users/bob", map[string]any{"name": "Bob Example", "email": []string{bobAddress}})
	p.call("PUT", "/conversations/"+conv, map[string]any{"subject": "Order 1047 – Zürich", "participants": []string{"ann", "bob"}})
	p.say(conv, text)
}

func (p *product) say(conv, text string) {
	p.t.Helper()
	p.call("POST", "/conversations/"+conv+"/messages", []any{map[string]any{"sender": "ann", "type": "UserMessage", "text": text}})
}

// texts are the conversation's messages that came by mail, the oldest first.
func (p *product) texts(conv string) []string {
	p.t.Helper()
	var out []string
	after := ""
	for {
		page := p.call("GET", "/conversations/"+conv+"/messages?limit=100"+after, nil)["data"].([]any)
		for _, m := range page {
			m := m.(map[string]any)
			if m["origin"] == "email" {
				out = append([]string{m["text"].(string)}, out...)
			}
			after = "&startingAfter=" + m["id"].(string)
		}
		if len(page) < 100 {
			return out
		}
	}
}

// notified waits for the next notification to an address at the sink.
func notified(t *testing.T, s *sink, to string, count int) received {
	t.Helper()
	eventually(t, fmt.Sprintf("notification %d to %s", count, to), func() bool { return len(s.to(to)) >= count })
	return s.to(to)[count-1]
}
