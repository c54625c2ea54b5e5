// Package config reads replygate.toml: one file, whose every unknown key is an
// error with its line, whose values the environment may override, and whose
// defaults fit a first run. It does not open what the file names, but for the
// files that hold secrets.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/store"
)

// Config is the whole of replygate.toml. The commented example in deploy/ says
// what each key means.
type Config struct {
	// Hostname is our name in the SMTP banner, EHLO and Received.
	Hostname string `toml:"hostname"`
	// Domain is the mail domain: every reply, bounce and From address is at it.
	Domain string `toml:"domain"`
	// Postmaster is where mail to postmaster@ and abuse@ is forwarded; empty: it
	// is only kept.
	Postmaster string `toml:"postmaster"`
	// Data is the directory of the database and the blobs.
	Data string `toml:"data"`
	// KeyFile holds the master keys; relative names are inside Data.
	KeyFile   string    `toml:"key_file"`
	HTTP      HTTP      `toml:"http"`
	API       API       `toml:"api"`
	SMTP      SMTP      `toml:"smtp"`
	Smarthost Smarthost `toml:"smarthost"`
	DKIM      DKIM      `toml:"dkim"`
	DNS       DNS       `toml:"dns"`
	Webhook   Webhook   `toml:"webhook"`
	Replies   Replies   `toml:"replies"`
	Retention Retention `toml:"retention"`
	Log       Log       `toml:"log"`
}

// HTTP is the listener of the API and the recipients' pages.
type HTTP struct {
	Listen string `toml:"listen"`
	// PublicURL is the origin under which recipients reach the pages.
	PublicURL string `toml:"public_url"`
	// OperatorKey opens the operator's API over HTTP; empty: nobody does.
	OperatorKey     string `toml:"operator_key"`
	OperatorKeyFile string `toml:"operator_key_file"`
}

// MinOperatorKey is the least length of an operator's key, in octets.
const MinOperatorKey = 32

// API bounds the calls of each key.
type API struct {
	CallsPerSecond int `toml:"calls_per_second"` // on average
	CallBurst      int `toml:"call_burst"`       // at once
}

func (a *API) check() []error {
	var errs []error
	if a.CallsPerSecond < gateway.MinCallsPerSecond || a.CallsPerSecond > gateway.MaxCallsPerSecond {
		errs = append(errs, fmt.Errorf("api.calls_per_second: %d is outside %d to %d", a.CallsPerSecond, gateway.MinCallsPerSecond, gateway.MaxCallsPerSecond))
	}
	if a.CallBurst < gateway.MinCallBurst || a.CallBurst > gateway.MaxCallBurst {
		errs = append(errs, fmt.Errorf("api.call_burst: %d is outside %d to %d", a.CallBurst, gateway.MinCallBurst, gateway.MaxCallBurst))
	}
	return errs
}

// Smarthost is the server that takes our mail.
type Smarthost struct {
	Host         string `toml:"host"`
	Port         int    `toml:"port"`
	TLS          string `toml:"tls"` // starttls, implicit, opportunistic, none
	User         string `toml:"user"`
	Password     string `toml:"password"`
	PasswordFile string `toml:"password_file"`
	// CAFile trusts a private certificate authority for the smarthost.
	CAFile string `toml:"ca_file"`
}

// DKIM names the signing keys.
type DKIM struct {
	Keys []DKIMKey `toml:"key"`
}

// DKIMKey is one signing key: a PKCS#8 PEM file and the selector it is published under.
type DKIMKey struct {
	Selector string `toml:"selector"`
	File     string `toml:"file"`
}

// DNS names the resolver; empty means the system's.
type DNS struct {
	Resolver string `toml:"resolver"`
}

// Webhook guards the way out to the backends.
type Webhook struct {
	AllowNetworks []string `toml:"allow_networks"`
	AllowHTTP     bool     `toml:"allow_http"`
}

// Replies bounds what one person posts by mail in one conversation; 0: any number.
type Replies struct {
	// PerHour is how many are posted within an hour, Quick how many in a row that
	// answer faster than people write. What is beyond is held.
	PerHour int `toml:"per_hour"`
	Quick   int `toml:"quick_in_a_row"`
	// MaxFiles and MaxFileSize (bytes) bound the files of a mail; 0: any. Refused are
	// extensions that are not taken.
	MaxFiles    int      `toml:"max_files"`
	MaxFileSize int      `toml:"max_file_size"`
	Refused     []string `toml:"refused_files"`
}

func defaultReplies() Replies {
	return Replies{PerHour: 60, Quick: 5, MaxFiles: 50, Refused: []string{
		"exe", "com", "bat", "cmd", "scr", "pif", "cpl", "msi", "msp", "lnk", "reg", "hta", "jar",
		"js", "jse", "vbs", "vbe", "wsf", "wsh", "ps1", "psm1", "chm", "iso", "img", "vhd", "vhdx",
	}}
}

// check also brings the extensions into the form they are compared in.
func (r *Replies) check() []error {
	var errs []error
	if r.PerHour < 0 || r.Quick < 0 || r.MaxFiles < 0 || r.MaxFileSize < 0 {
		errs = append(errs, errors.New("replies: write 0 for any number, in per_hour, quick_in_a_row, max_files and max_file_size"))
	}
	for i, kind := range r.Refused {
		r.Refused[i] = strings.ToLower(strings.TrimPrefix(kind, "."))
		if r.Refused[i] == "" || strings.ContainsFunc(r.Refused[i], func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') }) {
			errs = append(errs, fmt.Errorf("replies.refused_files: %q is no extension; write it as exe", kind))
		}
	}
	return errs
}

// Retention says how long is kept what need not be kept for good.
type Retention struct {
	// RawDays is for mail as it was received.
	RawDays int `toml:"raw_days"`
}

// RawAge is RawDays as a duration.
func (r *Retention) RawAge() time.Duration { return time.Duration(r.RawDays) * 24 * time.Hour }

// Log says what is logged, and how.
type Log struct {
	Level  string `toml:"level"`  // debug, info, warn, error
	Format string `toml:"format"` // json, text
}

// Default is the configuration before the file is read.
func Default() Config {
	return Config{
		Data:      "/var/lib/replygate",
		KeyFile:   "keys",
		HTTP:      HTTP{Listen: "127.0.0.1:8025"},
		API:       API{CallsPerSecond: 5000, CallBurst: 10_000},
		SMTP:      defaultSMTP(),
		Smarthost: Smarthost{Port: 587, TLS: "starttls"},
		Replies:   defaultReplies(),
		Retention: Retention{RawDays: 7},
		Log:       Log{Level: "info", Format: "json"},
	}
}

// Loopback is the configuration of a gateway that lives on one machine, to try
// it out: every port is one the system picks, webhooks may go to the machine
// itself, without TLS, and programs may answer mails as fast as they like. There is no smarthost and no public URL in it.
func Loopback(data, domain string) Config {
	c := Default()
	c.Domain, c.Hostname, c.Data, c.KeyFile = domain, "mx."+domain, data, filepath.Join(data, c.KeyFile)
	c.HTTP.Listen, c.SMTP.Listen = "127.0.0.1:0", []string{"127.0.0.1:0"}
	c.SMTP.ConnectionsPerMinute, c.SMTP.RefusalsPerHour = 0, 0
	c.Replies = Replies{}
	c.Webhook = Webhook{AllowNetworks: []string{"127.0.0.0/8", "::1/128"}, AllowHTTP: true}
	return c
}

// Load reads and checks the file at path; errors name the file and the line.
func Load(path string) (Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	c, err := Parse(raw, os.LookupEnv)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	base := filepath.Dir(path)
	for _, p := range c.files() {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(base, *p)
		}
	}
	if !filepath.IsAbs(c.KeyFile) {
		c.KeyFile = filepath.Join(c.Data, c.KeyFile)
	}
	return c, c.readSecrets()
}

// files are the settings that name files beside the configuration.
func (c *Config) files() []*string {
	out := []*string{&c.Data, &c.SMTP.TLSCert, &c.SMTP.TLSKey, &c.Smarthost.PasswordFile, &c.Smarthost.CAFile, &c.HTTP.OperatorKeyFile}
	out = append(out, c.SMTP.sockets()...)
	for i := range c.DKIM.Keys {
		out = append(out, &c.DKIM.Keys[i].File)
	}
	return out
}

func (c *Config) readSecrets() error {
	for _, f := range []struct {
		name, path string
		to         *string
	}{
		{"smarthost.password_file", c.Smarthost.PasswordFile, &c.Smarthost.Password},
		{"http.operator_key_file", c.HTTP.OperatorKeyFile, &c.HTTP.OperatorKey},
	} {
		if f.path == "" {
			continue
		}
		b, err := os.ReadFile(f.path)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		*f.to = string(bytes.TrimRight(b, "\r\n"))
	}
	return c.HTTP.checkKey()
}

// checkKey says what is wrong with the operator's key: a short one can be guessed.
func (h *HTTP) checkKey() error {
	k := h.OperatorKey
	if k == "" && h.OperatorKeyFile == "" {
		return nil
	}
	if len(k) < MinOperatorKey || strings.ContainsFunc(k, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return fmt.Errorf("http.operator_key: write at least %d printable characters without spaces, as `openssl rand -hex 32` makes them", MinOperatorKey)
	}
	return nil
}

// Parse reads the text of a configuration over the defaults, then the
// environment over it, and checks the whole.
func Parse(raw []byte, env func(string) (string, bool)) (Config, error) {
	c := Default()
	d := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Config{}, explain(err)
	}
	if err := overlay(&c, env); err != nil {
		return Config{}, err
	}
	return c, c.check()
}

// explain turns the decoder's errors into sentences with line numbers.
func explain(err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		var all []error
		for i := range unknown.Errors {
			row, _ := unknown.Errors[i].Position()
			all = append(all, fmt.Errorf("line %d: there is no setting named %q", row, join(unknown.Errors[i].Key())))
		}
		return errors.Join(all...)
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		row, col := wrong.Position()
		return fmt.Errorf("line %d, column %d: %s", row, col, wrong.Error())
	}
	return err
}

func (c *Config) check() error {
	var errs []error
	fail := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
	domain := func(key string, v *string) {
		d, err := gateway.ParseDomain(*v)
		if err != nil {
			fail(key, "%q is not a host name; write it as mail.example.com", *v)
		}
		*v = d
	}
	domain("domain", &c.Domain)
	if c.Hostname == "" {
		c.Hostname = c.Domain
	}
	domain("hostname", &c.Hostname)
	if a := c.Operator(); c.Postmaster != "" && (a.IsZero() || !a.IsASCII()) {
		fail("postmaster", "%q is not an address; write it as ops@example.com", c.Postmaster)
	} else if !a.IsZero() && a.Domain == c.Domain {
		fail("postmaster", "%q is at our own mail domain; name an address that somebody reads", c.Postmaster)
	}
	if u, err := url.Parse(c.HTTP.PublicURL); err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || u.Scheme != "https" && u.Scheme != "http" {
		fail("http.public_url", "write the origin recipients reach the pages under, as https://%s", c.Domain)
	}
	errs = append(errs, c.API.check()...)
	errs = append(errs, c.SMTP.check()...)
	errs = append(errs, c.Smarthost.check()...)
	if len(c.DKIM.Keys) == 0 {
		fail("dkim", "no key; make some with `replygate dkim generate` and name them in [[dkim.key]]")
	}
	for _, n := range c.Webhook.AllowNetworks {
		if _, err := netip.ParsePrefix(n); err != nil {
			fail("webhook.allow_networks", "%q is not a network; write it as 10.0.0.0/8", n)
		}
	}
	if c.DNS.Resolver != "" {
		if _, err := netip.ParseAddrPort(c.DNS.Resolver); err != nil {
			fail("dns.resolver", "%q is not an address with a port; write it as 127.0.0.1:53", c.DNS.Resolver)
		}
	}
	errs = append(errs, c.Replies.check()...)
	if most := int(store.MaxRawAge / (24 * time.Hour)); c.Retention.RawDays < 1 || c.Retention.RawDays > most {
		fail("retention.raw_days", "%d is outside 1 to %d days", c.Retention.RawDays, most)
	}
	if !oneOf(c.Log.Level, "debug", "info", "warn", "error") {
		fail("log.level", "%q is none of debug, info, warn, error", c.Log.Level)
	}
	if !oneOf(c.Log.Format, "json", "text") {
		fail("log.format", "%q is neither json nor text", c.Log.Format)
	}
	return errors.Join(errs...)
}

// Operator is the address in Postmaster, zero if there is none.
func (c *Config) Operator() gateway.Address {
	a, err := gateway.ParseAddress(c.Postmaster)
	if err != nil {
		return gateway.Address{}
	}
	return a
}

func (s *Smarthost) check() []error {
	var errs []error
	if s.Host == "" {
		errs = append(errs, errors.New("smarthost.host: name the server that takes outgoing mail"))
	}
	if s.Port < 1 || s.Port > 65535 {
		errs = append(errs, fmt.Errorf("smarthost.port: %d is not a port", s.Port))
	}
	if !oneOf(s.TLS, "starttls", "implicit", "opportunistic", "none") {
		errs = append(errs, fmt.Errorf("smarthost.tls: %q is none of starttls, implicit, opportunistic, none", s.TLS))
	}
	if s.User != "" && (s.TLS == "none" || s.TLS == "opportunistic") {
		errs = append(errs, fmt.Errorf("smarthost.tls: a password is only ever sent inside verified TLS; use starttls or implicit"))
	}
	if s.Password != "" && s.PasswordFile != "" {
		errs = append(errs, errors.New("smarthost.password: give it here or in password_file, not both"))
	}
	return errs
}

// Prefixes are the allowed networks, parsed; Parse has checked them.
func (w *Webhook) Prefixes() []netip.Prefix { return prefixes(w.AllowNetworks) }

// prefixes parses networks that were checked.
func prefixes(networks []string) []netip.Prefix {
	var out []netip.Prefix
	for _, n := range networks {
		if p, err := netip.ParsePrefix(n); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// A stop ends within 35 seconds: the queues do not wait for the last front.
const (
	// DrainTime bounds how long a stop waits for mail and calls in progress.
	DrainTime = 30 * time.Second
	// QueueTime is how long the queues go on for the fronts' sake; QueueDrain is
	// what is begun then may take.
	QueueTime  = 12 * time.Second
	QueueDrain = 20 * time.Second
)

func oneOf(v string, allowed ...string) bool {
	for _, a := range allowed {
		if v == a {
			return true
		}
	}
	return false
}

func join(key toml.Key) string {
	out := ""
	for i, k := range key {
		if i > 0 {
			out += "."
		}
		out += k
	}
	return out
}
