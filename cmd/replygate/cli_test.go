package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/cmd/replygate/server"
)

// asProgram has the test binary be replygate itself, for what needs a process.
const asProgram = "REPLYGATE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// said is what a command wrote, and how it ended.
type said struct {
	code     int
	out, err string
}

func command(stdin string, args ...string) said {
	var out, errs bytes.Buffer
	e := &env{context.Background(), strings.NewReader(stdin), &out, &errs}
	code := run(args, e)
	return said{code, out.String(), errs.String()}
}

// must runs a command that succeeds.
func must(t *testing.T, args ...string) string {
	t.Helper()
	s := command("", args...)
	if s.code != 0 || s.err != "" {
		t.Fatalf("%v: exit %d, %s", args, s.code, s.err)
	}
	return s.out
}

// fails runs a command that ends with a code and a sentence.
func fails(t *testing.T, code int, sentence string, args ...string) {
	t.Helper()
	s := command("", args...)
	if s.code != code || !strings.Contains(s.err, sentence) {
		t.Errorf("%v: exit %d, want %d: %s%s; want %q", args, s.code, code, s.out, s.err, sentence)
	}
}

// TestHelp: every command explains itself, with an example.
func TestHelp(t *testing.T) {
	parser, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	leaves := parser.Model.Leaves(false)
	if len(leaves) < 10 {
		t.Fatalf("only %d commands", len(leaves))
	}
	for _, l := range leaves {
		words := []string{}
		for n := l; n != nil && n.Type == kong.CommandNode; n = n.Parent {
			words = append([]string{n.Name}, words...)
		}
		s := command("", append(words, "--help")...)
		if s.code != 0 || s.err != "" || !strings.Contains(s.out, "Example") || !strings.Contains(s.out, "replygate "+strings.Join(words, " ")) {
			t.Errorf("%v: exit %d, %s%s", words, s.code, s.out, s.err)
		}
	}
	if s := command("", "--help"); s.code != 0 || !strings.Contains(s.out, "serve") || !strings.Contains(s.out, "Example: replygate demo") {
		t.Errorf("--help: exit %d, %s", s.code, s.out)
	}
}

// TestExitCodes: 1 failed, 2 not understood; what is wrong is said on stderr.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	fails(t, 2, "", "nonsense")
	fails(t, 2, "", "serve")
	fails(t, 2, "", "dkim", "generate")
	fails(t, 2, "", "app", "create", "--config", "x")
	fails(t, 1, "no such file", "serve", "--config", filepath.Join(dir, "none.toml"))
	fails(t, 1, "no such file", "app", "list", "--config", filepath.Join(dir, "none.toml"))
	fails(t, 1, "--dir and --out", "extract", "--dir", dir)
	fails(t, 1, "no such file", "extract", filepath.Join(dir, "none.eml"))
	if out := must(t, "version"); !strings.HasPrefix(out, "replygate ") {
		t.Errorf("version: %q", out)
	}
}

// TestConfigurationMistakes: each is said with its line or its setting.
func TestConfigurationMistakes(t *testing.T) {
	p := newPlace(t)
	good, err := os.ReadFile(p.config)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"listen =", "lisen =", `line 6: there is no setting named "http.lisen"`},
		{`tls = "none"`, `tls = "sometimes"`, "smarthost.tls"},
		{`tls = "none"`, "tls = none", "line 13"},
		{`domain = "reply.example.com"`, `domain = "not a domain"`, "domain"},
		{"port = 2525", "port = 0", "smarthost.port"},
		{"public_url =", "public_url = \"nowhere\" #", "http.public_url"},
		{"dkim-r1.pem", "dkim-r9.pem", "replygate dkim generate --domain reply.example.com"},
		{`selector = "r1"`, `selector = "not a selector"`, "dkim key not a selector"},
		{`tls = "none"`, "tls = \"starttls\"\nca_file = \"none.pem\"", "smarthost.ca_file"},
		{`tls = "none"`, "tls = \"starttls\"\nca_file = \"replygate.toml\"", "smarthost.ca_file"},
		{`tls = "none"`, "tls = \"starttls\"\npassword_file = \"none\"", "smarthost.password_file"},
		{"[smarthost]", "tls_cert = \"none.pem\"\ntls_key = \"none.pem\"\n[smarthost]", "smtp.tls_cert"},
		{`["127.0.0.1:0"]`, `["999.0.0.1:0"]`, "smtp.listen"},
	} {
		text := strings.Replace(string(good), c.from, c.to, 1)
		if text == string(good) {
			t.Fatalf("nothing was changed by %q", c.from)
		}
		path := filepath.Join(p.dir, "bad.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		fails(t, 1, c.want, "serve", "--config", path)
	}
}

// place is a directory with a configuration and keys.
type place struct{ dir, config string }

func newPlace(t *testing.T) place {
	t.Helper()
	// A socket's name has room for some 100 octets only.
	dir, err := os.MkdirTemp("", "rg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, "dkim", "generate", "--domain", "reply.example.com", "--out", dir, "--suffix", "1")
	p := place{dir, filepath.Join(dir, "replygate.toml")}
	const text = `domain = "reply.example.com"
hostname = "mx.example.com"
data = "data"

[http]
listen = "127.0.0.1:0"
public_url = "https://reply.example.com"
[smtp]
listen = ["127.0.0.1:0"]
[smarthost]
host = "127.0.0.1"
port = 2525
tls = "none"
[[dkim.key]]
selector = "r1"
file = "dkim-r1.pem"
[[dkim.key]]
selector = "e1"
file = "dkim-e1.pem"
[dns]
resolver = "127.0.0.1:53000"
[log]
level = "debug"
`
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

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

const reply = "From: bob@people.test\r\nSubject: Re: Order\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGreen is fine – thanks!\r\n\r\nOn Mon, Nov 20, 2026 at 3:04 PM Ann <a@x.test> wrote:\r\n> Which one?\r\n"

// TestExtract: from stdin, from files, as JSON, and whole directories.
func TestExtract(t *testing.T) {
	if s := command(reply, "extract"); s.code != 0 || s.out != "Green is fine – thanks!\n" {
		t.Errorf("exit %d, %q %s", s.code, s.out, s.err)
	}
	var got extracted
	unmarshal(t, command(reply, "extract", "--json", "-").out, &got)
	if got.Text != "Green is fine – thanks!" || !strings.Contains(got.Quoted, "Which one?") || got.Method == "" || got.Confidence == "" || got.Posting != "top" {
		t.Errorf("got %+v", got)
	}
	in, out := t.TempDir(), t.TempDir()
	for name, body := range map[string]string{
		"a.eml": reply, "deep/b.txt": "Hello\n\nOn Monday Ann wrote:\n> x\n", "deep/c.html": "<p>Hi<blockquote type=cite>x</blockquote>", "a.expected.txt": "no", "x.json": "{}",
	} {
		path := filepath.Join(in, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := must(t, "extract", "--plain", filepath.Join(in, "deep/b.txt"), filepath.Join(in, "deep/c.html")); got != "Hello\nHi\n" {
		t.Errorf("two files: %q", got)
	}
	if got := must(t, "extract", "--dir", in, "--out", out); got != "extracted 3, could not read 0\n" {
		t.Errorf("%q", got)
	}
	var files []string
	fs.WalkDir(os.DirFS(out), ".", func(path string, d fs.DirEntry, _ error) error {
		if !d.IsDir() {
			files = append(files, path)
		}
		return nil
	})
	if want := "a.full.txt a.out.txt deep/b.full.txt deep/b.out.txt deep/c.full.txt deep/c.out.txt"; strings.Join(files, " ") != want {
		t.Errorf("wrote %v", files)
	}
	fails(t, 1, "--dir", "extract", "--dir", in, "--out", out, "--json")
	fails(t, 1, "--dir", "extract", "--dir", in, "--out", out, filepath.Join(in, "a.eml"))
	// What cannot be read is said, and fails the command.
	deep := "From: a@b.test\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n"
	for i := range 12 {
		deep += fmt.Sprintf("--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i, i+1)
	}
	if err := os.WriteFile(filepath.Join(in, "bomb.eml"), []byte(deep), 0o644); err != nil {
		t.Fatal(err)
	}
	fails(t, 1, "bomb.eml", "extract", "--dir", in, "--out", out)
	fails(t, 1, "nested more than", "extract", filepath.Join(in, "bomb.eml"))
}

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

// serve runs the server in this process; stop ends it as SIGTERM does, and
// returns what it logged.
func (p place) serve(t *testing.T) (addr addresses, stop func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := &safeBuffer{}
	done := make(chan int, 1)
	go func() {
		done <- run([]string{"serve", "--config", p.config}, &env{ctx, strings.NewReader(""), os.Stdout, log})
	}()
	addr = listening(t, log, done)
	var once sync.Once
	return addr, func() string {
		once.Do(func() {
			cancel()
			if code := <-done; code != 0 {
				t.Errorf("serve ended with %d:\n%s", code, log)
			}
		})
		return log.String()
	}
}

type addresses struct{ HTTP, SMTP string }

// listening waits until the server says where it listens.
func listening(t *testing.T, log *safeBuffer, done <-chan int) (a addresses) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, `"replygate runs"`) && json.Unmarshal([]byte(line), &a) == nil {
				return a
			}
		}
		select {
		case code := <-done:
			t.Fatalf("serve ended with %d:\n%s", code, log)
		case <-deadline:
			t.Fatalf("serve did not start:\n%s", log)
		case <-tick.C:
		}
	}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestSignals: a process that is told to stop finishes the mail in progress,
// says 421 to the idle, and exits 0.
func TestSignals(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(sig.String(), func(t *testing.T) {
			p := newPlace(t)
			log := &safeBuffer{}
			cmd := exec.Command(os.Args[0], "serve", "--config", p.config)
			cmd.Env, cmd.Stderr = append(os.Environ(), asProgram+"=1"), log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan int, 1)
			go func() {
				cmd.Wait()
				done <- cmd.ProcessState.ExitCode()
			}()
			a := listening(t, log, done)
			idle, busy := smtpSession(t, a.SMTP), smtpSession(t, a.SMTP)
			for _, line := range []string{"MAIL FROM:<bob@people.test>", "RCPT TO:<postmaster@reply.example.com>", "DATA"} {
				busy.say(line)
			}
			busy.c.PrintfLine("From: bob@people.test\r\n\r\nIn the middle of")
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if got := idle.hear(); !strings.HasPrefix(got, "421 ") {
				t.Errorf("the idle session heard %q", got)
			}
			if got := busy.say("a sentence\r\n."); !strings.HasPrefix(got, "250 ") {
				t.Errorf("the mail in progress was answered %q", got)
			}
			select {
			case code := <-done:
				if code != 0 {
					t.Errorf("exit %d:\n%s", code, log)
				}
			case <-time.After(30 * time.Second):
				cmd.Process.Kill()
				t.Fatal("it did not stop")
			}
			if _, err := net.Dial("tcp", a.SMTP); err == nil {
				t.Error("somebody still listens")
			}
		})
	}
}

type peer struct {
	t *testing.T
	c *textproto.Conn
}

func smtpSession(t *testing.T, addr string) peer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	t.Cleanup(func() { conn.Close() })
	p := peer{t, textproto.NewConn(conn)}
	p.hear()
	p.say("EHLO mail.people.test")
	return p
}

func (p peer) say(line string) string {
	p.c.PrintfLine("%s", line)
	return p.hear()
}

func (p peer) hear() string {
	code, text, err := p.c.ReadResponse(0)
	if err != nil && code == 0 {
		return err.Error()
	}
	return fmt.Sprint(code, " ", text)
}

// TestWatching: what monitors ask.
func TestWatching(t *testing.T) {
	p := newPlace(t)
	a, stop := p.serve(t)
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ok\n", "/metrics": "replygate_", "/v1/nobody": `"UNAUTHORIZED"`, "/": ""} {
		resp, err := http.Get("http://" + a.HTTP + path)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		b.ReadFrom(resp.Body)
		resp.Body.Close()
		if !strings.Contains(b.String(), want) || strings.HasSuffix(path, "z") && resp.StatusCode != 200 {
			t.Errorf("%s: %d %.200s", path, resp.StatusCode, b.String())
		}
	}
	for line := range strings.Lines(stop()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

// TestOneServer: the database and the ports are one process's.
func TestOneServer(t *testing.T) {
	p := newPlace(t)
	_, stop := p.serve(t)
	fails(t, 1, "", "serve", "--config", p.config)
	stop()
	// Keys that are gone are not made anew over an existing database.
	if err := os.Rename(filepath.Join(p.dir, "data/keys"), filepath.Join(p.dir, "away")); err != nil {
		t.Fatal(err)
	}
	fails(t, 1, "put the key file back", "serve", "--config", p.config)
	fails(t, 1, "put the key file back", "app", "list", "--config", p.config)
	if err := os.WriteFile(filepath.Join(p.dir, "data/keys"), []byte("a nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, 1, "key file, line 1", "serve", "--config", p.config)
}

// TestLeftSocket: the socket that a crash left is no hindrance.
func TestLeftSocket(t *testing.T) {
	p := newPlace(t)
	c, err := config.Load(p.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: server.ControlSocket(c), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	must(t, "app", "create", "shop", "--config", p.config)
	_, stop := p.serve(t)
	defer stop()
	if out := must(t, "app", "list", "--config", p.config); !strings.Contains(out, "shop") {
		t.Error(out)
	}
	st, err := os.Stat(server.ControlSocket(c))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v", st.Mode(), err)
	}
}
