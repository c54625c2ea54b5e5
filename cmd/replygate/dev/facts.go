package dev

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/webhook"
)

// facts are what a developer, or a test, must know to begin.
type facts struct {
	App     gateway.AppID `json:"app"`
	Key     string        `json:"key"`
	API     string        `json:"api"`    // the base of every call
	HTTP    string        `json:"http"`   // the page to look at
	SMTP    string        `json:"smtp"`   // where replies come in
	Mails   string        `json:"mails"`  // the built-in mailbox
	Domain  string        `json:"domain"` // of reply addresses
	DNS     string        `json:"dns"`    // what senders are checked against
	Data    *string       `json:"data"`   // null: it goes with the end
	Webhook *hook         `json:"webhook"`
}

// hook is the endpoint that is told events.
type hook struct {
	URL    string `json:"url"`
	Secret string `json:"secret"` // signs them: "whsec_…"
}

// print writes the facts, and ready: the ports are bound by now.
func (f facts) print(out io.Writer, asJSON bool) error {
	if asJSON {
		b, err := json.Marshal(f)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\nready\n", b)
		return err
	}
	data := "in a temporary directory, gone with the end (--data DIR keeps it, and the key)"
	if f.Data != nil {
		data = *f.Data
	}
	lines := [][2]string{
		{"app", string(f.App)}, {"key", f.Key}, {"API", f.API}, {"SMTP", f.SMTP + "   replies come in here"},
		{"mailbox", f.Mails + "   every mail is kept here, none leaves"}, {"data", data},
	}
	if f.Webhook != nil {
		lines = append(lines, [2]string{"webhook", f.Webhook.URL + "   signed with " + f.Webhook.Secret})
	}
	for _, l := range lines {
		if _, err := fmt.Fprintf(out, "%-9s %s\n", l[0], l[1]); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "\nready: open %s/ for the first calls to copy; Ctrl-C ends it\n", f.HTTP)
	return err
}

// furnish makes the app, its key, its delay and its endpoint, as far as they are
// not there from an earlier start.
func (g *gate) furnish(ctx context.Context) error {
	apps := g.server.Apps
	var missing gateway.NotFound
	if _, err := apps.App(ctx, g.App); errors.As(err, &missing) {
		if err := g.makeApp(ctx); err != nil {
			return fmt.Errorf("--app %s: %w", g.App, err)
		}
	} else if err != nil {
		return err
	}
	if err := g.setDelay(ctx); err != nil {
		return fmt.Errorf("--delay %v: %w", g.Delay, err)
	}
	key, err := g.key(ctx)
	if err != nil {
		return fmt.Errorf("--key: %w", err)
	}
	web := "http://" + reachable(g.server.HTTPAddr().String())
	g.facts = facts{
		App: g.App, Key: key, API: web + "/v1/" + pathOf(g.App), HTTP: web, SMTP: reachable(g.server.SMTPAddr().String()),
		Mails: web + "/dev/mails", Domain: Domain, DNS: g.dns.Addr(),
	}
	if !g.passing {
		g.facts.Data = &g.dir
	}
	if g.facts.Webhook, err = g.endpoint(ctx); err != nil {
		return fmt.Errorf("--webhook %s: %w", g.Webhook, err)
	}
	return nil
}

func (g *gate) makeApp(ctx context.Context) error {
	name := string(g.App)
	_, err := g.server.Apps.Create(ctx, app.New{ID: g.App, Name: strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):]})
	if g.Delay == nil {
		delay := DefaultDelay
		g.Delay = &delay
	}
	return err
}

func (g *gate) setDelay(ctx context.Context) error {
	if g.Delay == nil {
		return nil
	}
	_, err := g.server.Apps.ChangeRole(ctx, g.App, gateway.DefaultRole, func(r *gateway.Role) error {
		r.Delay = g.Delay
		return nil
	})
	return err
}

// key is the app's newest key, or the one that is given.
func (g *gate) key(ctx context.Context) (string, error) {
	apps := g.server.Apps
	if g.Key != "" {
		k, err := apps.ImportKey(ctx, g.App, g.Key, false)
		return k.Secret, err
	}
	a, err := apps.App(ctx, g.App)
	if err != nil {
		return "", err
	}
	values, err := apps.KeyValues(a)
	if err != nil {
		return "", err
	}
	for _, v := range values {
		if !testKey(a, v.ID) {
			return string(v.Value), nil
		}
	}
	k, err := apps.ImportKey(ctx, g.App, "sk_dev_"+strings.ToLower(rand.Text()), false)
	return k.Secret, err
}

func testKey(a gateway.App, id gateway.KeyID) bool {
	for _, k := range a.Keys {
		if k.ID == id {
			return k.Test
		}
	}
	return false
}

// endpointID is the endpoint that --webhook sets.
const endpointID = "dev"

// endpoint is what --webhook set, now or at an earlier start.
func (g *gate) endpoint(ctx context.Context) (*hook, error) {
	apps, allowed := g.server.Apps, g.server.Config.Webhook
	if g.Webhook != "" {
		if err := (webhook.Guard{AllowNetworks: allowed.Prefixes(), AllowHTTP: allowed.AllowHTTP}).CheckURL(g.Webhook); err != nil {
			return nil, err
		}
		if _, _, err := apps.PutEndpoint(ctx, g.App, endpointID, app.EndpointSettings{URL: g.Webhook}); err != nil {
			return nil, err
		}
	}
	ep, err := apps.Endpoint(ctx, g.App, endpointID)
	var missing gateway.NotFound
	if errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	secrets, err := apps.EndpointSecrets(ep)
	if err != nil {
		return nil, err
	}
	return &hook{ep.URL, cmp.Or(append(secrets, "")...)}, nil
}
