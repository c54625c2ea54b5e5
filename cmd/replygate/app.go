package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/api"
)

type appCommand struct {
	Create   appCreateCommand   `cmd:"" help:"Make an app and its first key."`
	List     appListCommand     `cmd:"" help:"List apps."`
	Key      appKeyCommand      `cmd:"" help:"Make, import and revoke keys."`
	Set      appSetCommand      `cmd:"" help:"Change an app's settings and limits."`
	Domain   appDomainCommand   `cmd:"" help:"Give apps mail domains of their own."`
	Endpoint appEndpointCommand `cmd:"" help:"Set a webhook endpoint."`
}

type appCreateCommand struct {
	operatorFlags
	ID   string `arg:"" help:"The app's id, as it stands in API paths."`
	Name string `help:"The app's name, as mails show it; the id by default."`
}

// Help shows an example.
func (appCreateCommand) Help() string {
	return "Example: replygate app create shop --name \"Acme Shop\" --config replygate.toml\n\nThe key is shown once. Works while the server runs, and while it does not."
}

// Run makes the app.
func (c appCreateCommand) Run(e *env) error {
	if c.Name == "" {
		c.Name = c.ID
	}
	var made api.ShownApp
	in := api.NewApp{ID: gateway.AppID(c.ID), Name: c.Name}
	if err := c.call(e, http.MethodPost, "/apps", in, &made); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e, made)
	}
	fmt.Fprintf(e.stdout, "app  %s\nkey  %s   (shown once; keep it)\n", made.ID, made.Keys[0].Secret)
	return nil
}

type appListCommand struct{ operatorFlags }

// Help shows an example.
func (appListCommand) Help() string { return "Example: replygate app list --config replygate.toml" }

// Run lists the apps.
func (c appListCommand) Run(e *env) error {
	var out struct {
		Data []api.ShownApp `json:"data"`
	}
	if err := c.call(e, http.MethodGet, "/apps", nil, &out); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e, out.Data)
	}
	for _, a := range out.Data {
		live := slices.DeleteFunc(slices.Clone(a.Keys), func(k api.ShownKey) bool { return k.Revoked })
		fmt.Fprintf(e.stdout, "%s  %q  %d live keys, %d endpoints\n", a.ID, a.Name, len(live), len(a.Endpoints))
	}
	return nil
}

type appSetCommand struct {
	operatorFlags
	App            string   `arg:"" help:"The app's id."`
	Name           *string  `help:"Its name, as mails show it."`
	Policy         *string  `help:"Whose replies are believed: verified, strict, token+from or token."`
	Email          *string  `help:"off ends mail to everybody, at once; on." enum:"on,off"`
	CallsPerSecond *float64 `help:"What all its keys together may call, on average." xor:"limit" and:"limits"`
	CallBurst      *int     `help:"And at once." and:"limits"`
	NoLimits       bool     `help:"Limit each key only, as for every app." xor:"limit"`
}

// Help shows an example.
func (appSetCommand) Help() string {
	return "Example: replygate app set shop --calls-per-second 100 --call-burst 1000 --config replygate.toml"
}

// Run changes the app.
func (c appSetCommand) Run(e *env) error {
	in := map[string]any{}
	if c.Name != nil {
		in["name"] = *c.Name
	}
	if c.Policy != nil {
		in["policy"] = *c.Policy
	}
	if c.Email != nil {
		in["emailEnabled"] = *c.Email == "on"
	}
	if c.CallsPerSecond != nil && c.CallBurst != nil {
		in["limits"] = gateway.Limits{CallsPerSecond: *c.CallsPerSecond, CallBurst: *c.CallBurst}
	}
	if c.NoLimits {
		in["limits"] = nil
	}
	var changed api.ShownApp
	if err := c.call(e, http.MethodPut, "/apps/"+url.PathEscape(c.App), in, &changed); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e, changed)
	}
	return nil
}

type appKeyCommand struct {
	List   appKeyListCommand   `cmd:"" help:"List an app's keys, without their secrets."`
	Create appKeyCreateCommand `cmd:"" help:"Make a key."`
	Import appKeyImportCommand `cmd:"" help:"Take over a key that exists."`
	Revoke appKeyRevokeCommand `cmd:"" help:"End a key at once."`
}

type appKeyListCommand struct {
	operatorFlags
	App string `arg:"" help:"The app's id."`
}

// Help shows an example.
func (appKeyListCommand) Help() string {
	return "Example: replygate app key list shop --config replygate.toml"
}

// Run lists the keys.
func (c appKeyListCommand) Run(e *env) error {
	var out struct {
		Data []api.ShownKey `json:"data"`
	}
	if err := c.call(e, http.MethodGet, "/apps/"+url.PathEscape(c.App)+"/keys", nil, &out); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e, out.Data)
	}
	for _, k := range out.Data {
		kind, state := "live", "alive"
		if k.Test {
			kind = "test"
		}
		if k.Revoked {
			state = "revoked"
		}
		fmt.Fprintf(e.stdout, "%s  %-5s  %s  %s\n", k.ID, k.Scope, kind, state)
	}
	return nil
}

type appKeyCreateCommand struct {
	operatorFlags
	App     string `arg:"" help:"The app's id."`
	Scope   string `help:"What it may do: admin (everything), write, read or run." xor:"kind"`
	Test    bool   `help:"Make a test key."`
	RunOnly bool   `help:"The same as --scope run: a key that may do nothing but start notifications, for a crontab." xor:"kind"`
}

// Help shows an example.
func (appKeyCreateCommand) Help() string {
	return "Example: replygate app key create shop --scope write --config replygate.toml"
}

// Run makes a key.
func (c appKeyCreateCommand) Run(e *env) error {
	return c.key(e, c.App, map[string]any{"scope": c.Scope, "test": c.Test, "run": c.RunOnly})
}

type appKeyImportCommand struct {
	operatorFlags
	App   string `arg:"" help:"The app's id."`
	File  string `required:"" help:"File that holds the key; - reads it from stdin, so that it stands in no process list." type:"path"`
	Scope string `help:"What it may do: admin (everything), write, read or run."`
	Test  bool   `help:"It is a test key."`
}

// Help shows an example.
func (appKeyImportCommand) Help() string {
	return "Example: replygate app key import shop --file old.key --config replygate.toml"
}

// Run imports a key.
func (c appKeyImportCommand) Run(e *env) error {
	var raw []byte
	var err error
	if c.File == "-" {
		raw, err = io.ReadAll(io.LimitReader(e.stdin, 4096))
	} else {
		raw, err = os.ReadFile(c.File)
	}
	if err != nil {
		return err
	}
	return c.key(e, c.App, map[string]any{"scope": c.Scope, "test": c.Test, "value": strings.TrimSpace(string(raw))})
}

// key makes or imports a key and prints it.
func (c operatorFlags) key(e *env, app string, in map[string]any) error {
	var made api.ShownKey
	if err := c.call(e, http.MethodPost, "/apps/"+url.PathEscape(app)+"/keys", in, &made); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e, made)
	}
	fmt.Fprintf(e.stdout, "id   %s\n", made.ID)
	if made.Secret != "" {
		fmt.Fprintf(e.stdout, "key  %s   (shown once; keep it)\n", made.Secret)
	}
	return nil
}

type appKeyRevokeCommand struct {
	operatorFlags
	App string `arg:"" help:"The app's id."`
	Key string `arg:"" help:"The key's id (key_…), as app key list shows it."`
}

// Help shows an example.
func (appKeyRevokeCommand) Help() string {
	return "Example: replygate app key revoke shop key_01 --config replygate.toml"
}

// Run ends the key.
func (c appKeyRevokeCommand) Run(e *env) error {
	return c.call(e, http.MethodPost, "/apps/"+url.PathEscape(c.App)+"/keys/"+url.PathEscape(c.Key)+"/revoke", nil, nil)
}

type appEndpointCommand struct {
	operatorFlags
	App string `arg:"" help:"The app's id."`
	ID  string `arg:"" help:"The endpoint's id, your choice."`
	URL string `arg:"" help:"Where webhooks are POSTed."`
}

// Help shows an example.
func (appEndpointCommand) Help() string {
	return "Example: replygate app endpoint shop main https://chat.example.com/hooks --config replygate.toml\n\nA new endpoint's secret is shown once."
}

// Run sets the endpoint.
func (c appEndpointCommand) Run(e *env) error {
	var made map[string]any
	path := "/apps/" + url.PathEscape(c.App) + "/endpoints/" + url.PathEscape(c.ID)
	if err := c.call(e, http.MethodPut, path, map[string]string{"url": c.URL}, &made); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e, made)
	}
	if secret, ok := made["secret"].(string); ok {
		fmt.Fprintf(e.stdout, "secret  %s   (shown once; keep it)\n", secret)
	}
	return nil
}
