package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
	"github.com/replygate/replygate/gateway/chat"
	"github.com/replygate/replygate/gateway/store"
)

// Operator is the API of the operator: of their commands on a local socket that
// only they can open, where it asks for no key, and of their programs over HTTP
// (Remote), where it does.
type Operator struct {
	Apps  app.Service
	Chat  *chat.Service
	Store store.Store
	// URLs checks the addresses of endpoints before they are stored.
	URLs URLChecker
	// Domains makes and looks after apps' own domains; nil: there are none.
	Domains Domains
	Log     *slog.Logger
}

// ShownApp is an app as the operator sees it.
type ShownApp struct {
	ID            gateway.AppID      `json:"id"`
	Name          string             `json:"name"`
	DefaultLocale string             `json:"defaultLocale"`
	Policy        gateway.AuthPolicy `json:"policy"`
	EmailEnabled  bool               `json:"emailEnabled"`
	Domain        *string            `json:"domain"` // that mail is sent from; null: the installation's
	Limits        *shownRate         `json:"limits"` // null: only each key is limited
	CreatedAt     int64              `json:"createdAt"`

	Keys      []ShownKey      `json:"keys"`
	Endpoints []shownEndpoint `json:"endpoints"`
}

// ShownKey is an API key; Secret is only there when the key was just made.
type ShownKey struct {
	ID      gateway.KeyID `json:"id"`
	Test    bool          `json:"test"`
	Scope   string        `json:"scope"` // "admin", "write", "read" or "run"
	Run     bool          `json:"run"`   // may only start notifications
	Revoked bool          `json:"revoked"`
	Secret  string        `json:"secret,omitempty"`
}

// NewApp is what the operator says of a new app; without an id, one is minted.
type NewApp struct {
	ID            gateway.AppID      `json:"id,omitempty"`
	Name          string             `json:"name"`
	DefaultLocale string             `json:"defaultLocale,omitempty"`
	Policy        gateway.AuthPolicy `json:"policy,omitempty"`
}

// NewOperator serves o to the operator's commands.
func NewOperator(o Operator) http.Handler {
	return o.handler(slices.Concat(o.recordRoutes(), o.table(), o.queueRoutes(), o.importRoutes()))
}

func (o Operator) handler(table []route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := o.serve(table, r)
		if err != nil {
			f := failureOf(err)
			if f.status >= http.StatusInternalServerError {
				o.Log.Error("operator call failed", "path", r.URL.Path, "error", err)
			}
			write(w, f.status, f.problem)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			o.Log.Info("the operator changed something", "method", r.Method, "path", r.URL.Path)
		}
		write(w, http.StatusOK, out)
	})
}

// table is every route of the operator's, but for those of replygate import.
func (o Operator) table() []route {
	return append([]route{
		on(http.MethodGet, "apps", o.list),
		on(http.MethodPost, "apps", o.create),
		on(http.MethodGet, "apps/*", o.get),
		on(http.MethodPut, "apps/*", o.change),
		on(http.MethodGet, "apps/*/keys", o.listKeys),
		on(http.MethodPost, "apps/*/keys", o.createKey),
		on(http.MethodDelete, "apps/*/keys/*", o.revokeKey),
		on(http.MethodPost, "apps/*/keys/*/revoke", o.revokeKey),
		on(http.MethodPost, "apps/*/notifications/run", o.run),
	}, append(o.eventRoutes(), o.domainRoutes()...)...)
}

func (o Operator) serve(table []route, r *http.Request) (any, error) {
	path, ok := segments(r.URL.EscapedPath())
	if !ok {
		return nil, gateway.NotFound{What: "route", ID: r.URL.Path}
	}
	h, ids, _ := find(table, r.Method, path)
	if h == nil {
		return nil, gateway.NotFound{What: "route", ID: r.URL.Path}
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	return h(&call{ctx: r.Context(), method: r.Method, query: r.URL.Query(), head: http.Header{}, body: body}, ids)
}

func showApp(a gateway.App) ShownApp {
	out := ShownApp{
		ID: a.ID, Name: a.Name, DefaultLocale: a.DefaultLocale, Policy: cmp.Or(a.Policy, gateway.PolicyVerified), EmailEnabled: !a.EmailDisabled,
		Limits: showRate(a.Limits), CreatedAt: a.CreatedAt.UnixMilli(), Keys: []ShownKey{}, Endpoints: []shownEndpoint{},
	}
	if a.Domain != "" {
		out.Domain = &a.Domain
	}
	for _, k := range a.Keys {
		out.Keys = append(out.Keys, showKey(k))
	}
	for _, e := range a.Endpoints {
		out.Endpoints = append(out.Endpoints, showEndpoint(e, ""))
	}
	return out
}

func showKey(k gateway.Key) ShownKey {
	return ShownKey{ID: k.ID, Test: k.Test, Scope: scopeName(k.Scope), Run: k.Scope == gateway.ScopeRun, Revoked: k.RevokedAt != nil}
}

func (o Operator) list(c *call, _ []string) (any, error) {
	apps, err := o.Apps.List(c.ctx)
	out := []ShownApp{}
	for _, a := range apps {
		out = append(out, showApp(a))
	}
	return list{out}, err
}

// create makes an app with its first live key, whose secret is in the answer.
func (o Operator) create(c *call, _ []string) (any, error) {
	var in NewApp
	if err := c.into(&in); err != nil {
		return nil, err
	}
	a, err := o.Apps.Create(c.ctx, app.New{ID: in.ID, Name: in.Name, DefaultLocale: in.DefaultLocale, Policy: in.Policy})
	if err != nil {
		return nil, err
	}
	k, err := o.Apps.CreateKey(c.ctx, a.ID, false)
	if err != nil {
		return nil, errors.Join(err, errors.New("the app was made without a key"))
	}
	out := showApp(a)
	made := showKey(k.Key)
	made.Secret = k.Secret
	out.Keys = []ShownKey{made}
	return out, nil
}

func (o Operator) get(c *call, ids []string) (any, error) {
	a, err := o.Apps.App(c.ctx, gateway.AppID(ids[0]))
	return showApp(a), err
}

// change changes what the body names of an app; limits that are null end those
// of its own.
func (o Operator) change(c *call, ids []string) (any, error) {
	var in struct {
		Name          *string             `json:"name"`
		DefaultLocale *string             `json:"defaultLocale"`
		Policy        *gateway.AuthPolicy `json:"policy"`
		EmailEnabled  *bool               `json:"emailEnabled"`
		Limits        json.RawMessage     `json:"limits"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	set := app.Settings{Name: in.Name, DefaultLocale: in.DefaultLocale, Policy: in.Policy}
	if in.EmailEnabled != nil {
		off := !*in.EmailEnabled
		set.EmailDisabled = &off
	}
	if in.Limits != nil {
		set.Limits = &gateway.Limits{}
		if err := json.Unmarshal(in.Limits, set.Limits); err != nil {
			return nil, gateway.Wrong("limits", `limits are {"callsPerSecond": 100, "callBurst": 1000}, or null.`)
		}
	}
	a, err := o.Apps.PutSettings(c.ctx, gateway.AppID(ids[0]), set)
	return showApp(a), err
}

func (o Operator) listKeys(c *call, ids []string) (any, error) {
	a, err := o.Apps.App(c.ctx, gateway.AppID(ids[0]))
	return list{showApp(a).Keys}, err
}

// createKey makes a key, or imports one whose value is given.
func (o Operator) createKey(c *call, ids []string) (any, error) {
	var in struct {
		Test  bool   `json:"test"`
		Run   bool   `json:"run"`
		Scope string `json:"scope"`
		Value string `json:"value"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	if in.Run {
		in.Scope = string(gateway.ScopeRun)
	}
	if in.Value != "" {
		k, err := o.Apps.ImportScopedKey(c.ctx, gateway.AppID(ids[0]), in.Value, scopeNamed(in.Scope), in.Test)
		return showKey(k.Key), err
	}
	k, err := o.Apps.CreateScopedKey(c.ctx, gateway.AppID(ids[0]), scopeNamed(in.Scope), in.Test)
	out := showKey(k.Key)
	out.Secret = k.Secret
	return out, err
}

// run starts the notifications of an external schedule.
func (o Operator) run(c *call, ids []string) (any, error) {
	a, err := o.Apps.App(c.ctx, gateway.AppID(ids[0]))
	if err != nil {
		return nil, err
	}
	n, err := o.Chat.Run(c.ctx, a.ID)
	return ran{n}, err
}

func (o Operator) revokeKey(c *call, ids []string) (any, error) {
	return nil, o.Apps.RevokeKey(c.ctx, gateway.AppID(ids[0]), gateway.KeyID(ids[1]))
}
