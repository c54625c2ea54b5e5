package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
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
