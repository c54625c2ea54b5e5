package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func none(string) (string, bool) { return "", false }

func example(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../../deploy/replygate.toml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestExampleIsValidAndComplete(t *testing.T) {
	text := example(t)
	if _, err := Parse([]byte(text), none); err != nil {
		t.Fatal(err)
	}
	var walk func(rt reflect.Type)
	walk = func(rt reflect.Type) {
		for i := range rt.NumField() {
			f := rt.Field(i)
			name := f.Tag.Get("toml")
			if !strings.Contains(text, name) {
				t.Errorf("the example does not show %q", name)
			}
			ft := f.Type
			if ft.Kind() == reflect.Slice {
				ft = ft.Elem()
			}
			if ft.Kind() == reflect.Struct {
				walk(ft)
			}
		}
	}
	walk(reflect.TypeFor[Config]())
}

func TestMistakesNameTheirLine(t *testing.T) {
	text := example(t)
	for name, tc := range map[string]struct{ old, new, want string }{
		"unknown key":   {`hostname =`, `hostnam =`, `no setting named "hostnam"`},
		"unknown table": {`[log]`, `[logs]`, `"logs`},
		"wrong type":    {`port = 587`, `port = "mail"`, "line "},
		"syntax":        {`allow_http = false`, `allow_http = fals`, "line "},
	} {
		bad := strings.Replace(text, tc.old, tc.new, 1)
		_, err := Parse([]byte(bad), none)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		line := strings.Count(bad[:strings.Index(bad, tc.new)], "\n") + 1
		if !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
		if name != "unknown table" && !strings.Contains(err.Error(), "line "+strconv.Itoa(line)) {
			t.Errorf("%s: does not name line %d: %v", name, line, err)
		}
	}
}

func TestMeaninglessValuesAreRefused(t *testing.T) {
	text := example(t)
	for old, bad := range map[string]string{
		`domain = "reply.example.com"`:             `domain = "reply example"`,
		`public_url = "https://reply.example.com"`: `public_url = "reply.example.com"`,
		`tls_cert = ""`:                            `tls_cert = "x.pem"`,
		`max_size = 26214400`:                      `max_size = 1`,
		`tls = "starttls"`:                         `tls = "yes"`,
		`allow_networks = []`:                      `allow_networks = ["lan"]`,
		"lmtp = []\n":                              "lmtp = [\"127.0.0.1:2424\"]\n",
		"lmtp = []\n# Relays":                      "lmtp = [\"/run/lmtp\", \"here\"]\n# Relays",
		`trusted = []`:                             `trusted = ["relay.example.com"]`,
		`proxy = []`:                               `proxy = ["0.0.0.0/0"]`,
		`max_per_network = 100`:                    `max_per_network = 0`,
		`connections_per_minute = 1200`:            `connections_per_minute = -1`,
		`greet_delay = 0`:                          `greet_delay = 100`,
		`level = "info"`:                           `level = "loud"`,
		`resolver = ""`:                            `resolver = "localhost"`,
		`postmaster = ""`:                          `postmaster = "ops"`,
		"\npostmaster = \"\"":                      "\npostmaster = \"ops@reply.example.com\"",
		`host = "smtp.example.com"`:                `host = ""`,
		`calls_per_second = 5000`:                  `calls_per_second = 0`,
		`call_burst = 10000`:                       `call_burst = 100`,
		`per_hour = 60`:                            `per_hour = -1`,
		`quick_in_a_row = 5`:                       `quick_in_a_row = -2`,
		`max_files = 50`:                           `max_files = -1`,
		`max_file_size = 0`:                        `max_file_size = -1`,
		`refused_files = [`:                        `refused_files = ["a b", `,
		`raw_days = 7`:                             `raw_days = 0`,
		"tls = \"starttls\"\nuser = \"\"":          "tls = \"none\"\nuser = \"me\"",
		"password = \"\"\npassword_file = \"\"":    "password = \"a\"\npassword_file = \"b\"",
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("the example does not hold %q", old)
		}
		if _, err := Parse([]byte(strings.Replace(text, old, bad, 1)), none); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func TestEnvironmentOverrides(t *testing.T) {
	env := map[string]string{
		"REPLYGATE_SMARTHOST_PORT": "2525", "REPLYGATE_SMTP_LISTEN": "127.0.0.1:25,[::1]:25",
		"REPLYGATE_WEBHOOK_ALLOW_HTTP": "true", "REPLYGATE_DOMAIN": "r.example.org",
		"REPLYGATE_POSTMASTER": "ops@example.org",
	}
	c, err := Parse([]byte(example(t)), func(k string) (string, bool) { v, ok := env[k]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	if c.Smarthost.Port != 2525 || len(c.SMTP.Listen) != 2 || !c.Webhook.AllowHTTP || c.Domain != "r.example.org" || c.Operator().String() != "ops@example.org" {
		t.Errorf("%+v", c)
	}
	_, err = Parse([]byte(example(t)), func(k string) (string, bool) { return "x", k == "REPLYGATE_SMARTHOST_PORT" })
	if err == nil || !strings.Contains(err.Error(), "REPLYGATE_SMARTHOST_PORT") {
		t.Errorf("a bad value does not name its variable: %v", err)
	}
}

func TestLoadReadsSecretsBesideTheFile(t *testing.T) {
	dir := t.TempDir()
	text := strings.Replace(example(t), `password_file = ""`, `password_file = "pw"`, 1)
	for name, body := range map[string]string{"replygate.toml": text, "pw": "hush\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(filepath.Join(dir, "replygate.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Smarthost.Password != "hush" || c.DKIM.Keys[0].File != filepath.Join(dir, "dkim-r202611.pem") || c.KeyFile != "/var/lib/replygate/keys" {
		t.Errorf("%+v", c)
	}
}
