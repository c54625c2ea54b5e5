package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
)

type dkimCommand struct {
	Generate dkimGenerateCommand `cmd:"" help:"Make an RSA-2048 and an Ed25519 key and print their DNS records."`
	Show     dkimShowCommand     `cmd:"" help:"Print the DNS records of the configured keys and of apps' own domains."`
}

type dkimGenerateCommand struct {
	Domain string `required:"" help:"The mail domain the keys sign for." placeholder:"reply.example.com"`
	Out    string `default:"." help:"Directory the two PEM files are written to." type:"existingdir"`
	Suffix string `help:"End of the selectors; the month by default." placeholder:"202611"`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Help shows an example.
func (dkimGenerateCommand) Help() string {
	return "Example: replygate dkim generate --domain reply.example.com --out /etc/replygate\n\n" +
		"Files that exist are never overwritten. Both keys sign every mail: some receivers know only RSA."
}

// madeKey is a generated key as --json prints it.
type madeKey struct {
	Selector string `json:"selector"`
	File     string `json:"file"`
	Name     string `json:"name"`
	Value    string `json:"value"`
}

// Run makes both keys.
func (c dkimGenerateCommand) Run(e *env) error {
	domain, err := gateway.ParseDomain(c.Domain)
	if err != nil {
		return fmt.Errorf("--domain %q %w", c.Domain, err)
	}
	if c.Suffix == "" {
		c.Suffix = time.Now().UTC().Format("200601")
	}
	for _, kind := range []string{"r", "e"} { // both files are written, or none
		if _, err := os.Lstat(c.file(kind + c.Suffix)); err == nil {
			return fmt.Errorf("%s exists; choose another --suffix, mail signed with the old key must stay verifiable", c.file(kind+c.Suffix))
		}
	}
	keys, err := dkim.GeneratePair(domain, c.Suffix)
	if err != nil {
		return err
	}
	var made []madeKey
	for _, k := range keys {
		m, err := c.keep(k)
		if err != nil {
			return err
		}
		made = append(made, m)
	}
	if c.JSON {
		return printJSON(e, made)
	}
	c.explain(e, made, keys)
	return nil
}

// file is where the key of a selector is written.
func (c dkimGenerateCommand) file(selector string) string {
	return filepath.Join(c.Out, "dkim-"+selector+".pem")
}

func (c dkimGenerateCommand) keep(k dkim.Key) (madeKey, error) {
	pem, err := k.PEM()
	if err != nil {
		return madeKey{}, err
	}
	record, err := k.Record()
	if err != nil {
		return madeKey{}, err
	}
	path := c.file(k.Selector)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return madeKey{}, err
	}
	_, err = f.Write(pem)
	return madeKey{k.Selector, path, record.Name, record.Value()}, errors.Join(err, f.Sync(), f.Close())
}

func (c dkimGenerateCommand) explain(e *env, made []madeKey, keys []dkim.Key) {
	fmt.Fprintln(e.stdout, "Publish these records:")
	for _, k := range keys {
		r, err := k.Record()
		if err == nil {
			fmt.Fprintf(e.stdout, "\n%s\n", r)
		}
	}
	fmt.Fprintln(e.stdout, "\nThen name the keys in replygate.toml:")
	for _, m := range made {
		fmt.Fprintf(e.stdout, "\n[[dkim.key]]\nselector = %q\nfile = %q\n", m.Selector, m.File)
	}
}

type dkimShowCommand struct {
	Config string `required:"" help:"The configuration file." placeholder:"replygate.toml"`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Help shows an example.
func (dkimShowCommand) Help() string {
	return "Example: replygate dkim show --config /etc/replygate/replygate.toml"
}

// Run prints the records of the configured keys, and of apps' own domains.
func (c dkimShowCommand) Run(e *env) error {
	conf, keys, err := loadConfig(c.Config)
	if err != nil {
		return err
	}
	var shown []madeKey
	for i, k := range keys {
		r, err := k.Record()
		if err != nil {
			return err
		}
		shown = append(shown, madeKey{k.Selector, conf.DKIM.Keys[i].File, r.Name, r.Value()})
		if !c.JSON {
			fmt.Fprintln(e.stdout, r)
		}
	}
	for _, d := range appDomains(e, c.Config, conf) {
		for _, r := range d.Records {
			selector, _, isKey := strings.Cut(r.Name, "._domainkey.")
			if !isKey {
				continue
			}
			shown = append(shown, madeKey{Selector: selector, Name: r.Name, Value: r.Value})
			if !c.JSON {
				fmt.Fprintf(e.stdout, "%s. IN TXT %s\n", r.Name, quoted(r.Value))
			}
		}
	}
	if c.JSON {
		return printJSON(e, shown)
	}
	return nil
}

// loadConfig reads a configuration and the signing keys it names.
func loadConfig(path string) (config.Config, []dkim.Key, error) {
	conf, err := config.Load(path)
	if err != nil {
		return conf, nil, err
	}
	keys, err := loadDKIM(conf)
	return conf, keys, err
}

// loadDKIM reads the signing keys a configuration names.
func loadDKIM(conf config.Config) ([]dkim.Key, error) {
	var keys []dkim.Key
	for _, k := range conf.DKIM.Keys {
		pem, err := os.ReadFile(k.File)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("dkim key %s: %s does not exist; make keys with `replygate dkim generate --domain %s --out %s`", k.Selector, k.File, conf.Domain, filepath.Dir(k.File))
		}
		if err != nil {
			return nil, fmt.Errorf("dkim key %s: %w", k.Selector, err)
		}
		key, err := dkim.ParsePEM(conf.Domain, strings.ToLower(k.Selector), pem)
		if err != nil {
			return nil, fmt.Errorf("dkim key %s, %s: %w", k.Selector, k.File, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func printJSON(e *env, v any) error {
	enc := json.NewEncoder(e.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
