package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/app"
)

// Domains knows what a mail domain needs to send and to receive.
type Domains interface {
	// MakeKeys makes the DKIM keys of a new domain, or says why it cannot be an app's.
	MakeKeys(domain string) ([]app.PlainKey, error)
	// Records are what is to be published for a domain.
	Records(domain string, keys []app.PlainKey) ([]Record, error)
	// Look finds out which of the required records stand in DNS.
	Look(ctx context.Context, records []Record)
}

// Record is a DNS record to publish.
type Record struct {
	Name  string `json:"name"` // without a dot at its end
	Type  string `json:"type"`
	Value string `json:"value"`
	// Required: without it no mail is sent from the domain.
	Required bool `json:"required"`
	// Seen tells whether it stands in DNS; null: nobody looked.
	Seen *bool `json:"seen"`
}

// ShownDomain is a domain of an app's own, with what is to be published for it.
type ShownDomain struct {
	Domain string        `json:"domain"`
	App    gateway.AppID `json:"appId"`
	// InUse: the app's mail is sent from it.
	InUse     bool     `json:"inUse"`
	CreatedAt int64    `json:"createdAt"`
	Records   []Record `json:"records"`
}

// domainsOf lists an app's domains.
func domainsOf(ctx context.Context, apps app.Service, known Domains, a gateway.App) ([]ShownDomain, error) {
	all, err := apps.DomainsOf(ctx, a.ID)
	out := []ShownDomain{}
	for _, d := range all {
		s, err := showDomain(apps, known, a, d)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, err
}

func showDomain(apps app.Service, known Domains, a gateway.App, d gateway.Domain) (ShownDomain, error) {
	out := ShownDomain{Domain: d.Name, App: d.App, InUse: a.Domain == d.Name, CreatedAt: d.CreatedAt.UnixMilli(), Records: []Record{}}
	if known == nil {
		return out, nil
	}
	keys, err := apps.DomainKeys(d)
	if err == nil {
		out.Records, err = known.Records(d.Name, keys)
	}
	return out, err
}

// listDomains shows an app its domains.
func listDomains(c *call, _ []string) (any, error) {
	out, err := domainsOf(c.ctx, c.Apps, c.Domains, c.app)
	return list{out}, err
}

// domainRoutes are the operator's calls about apps' domains: nobody else may say
// whose a domain is.
func (o Operator) domainRoutes() []route {
	return []route{
		on(http.MethodGet, "domains", o.allDomains),
		on(http.MethodGet, "apps/*/domains", o.of(listDomains)),
		on(http.MethodGet, "apps/*/domains/*", o.getDomain),
		on(http.MethodPut, "apps/*/domains/*", o.putDomain),
		on(http.MethodDelete, "apps/*/domains/*", o.deleteDomain),
	}
}

func (o Operator) allDomains(c *call, _ []string) (any, error) {
	apps, err := o.Apps.List(c.ctx)
	if err != nil {
		return nil, err
	}
	all := []ShownDomain{}
	for _, a := range apps {
		own, err := domainsOf(c.ctx, o.Apps, o.Domains, a)
		if err != nil {
			return nil, err
		}
		all = append(all, own...)
	}
	return list{all}, nil
}

// getDomain shows a domain, and which of its records stand in DNS.
func (o Operator) getDomain(c *call, ids []string) (any, error) {
	return o.lookedAt(c, gateway.AppID(ids[0]), ids[1])
}

func (o Operator) lookedAt(c *call, id gateway.AppID, name string) (ShownDomain, error) {
	a, err := o.Apps.App(c.ctx, id)
	if err != nil {
		return ShownDomain{}, err
	}
	d, err := o.Apps.Domain(c.ctx, id, name)
	if err != nil {
		return ShownDomain{}, err
	}
	out, err := showDomain(o.Apps, o.Domains, a, d)
	if err == nil && o.Domains != nil {
		o.Domains.Look(c.ctx, out.Records)
	}
	return out, err
}

// putDomain gives an app a domain, if it has it not yet, and has its mail sent from
// it, or no more.
func (o Operator) putDomain(c *call, ids []string) (any, error) {
	var in struct {
		Use   *bool `json:"use"`
		Force bool  `json:"force"`
	}
	if err := c.into(&in); err != nil {
		return nil, err
	}
	id := gateway.AppID(ids[0])
	d, err := o.haveDomain(c.ctx, id, ids[1])
	if err != nil {
		return nil, domainFailure(err)
	}
	out, err := o.lookedAt(c, id, d.Name)
	if err != nil || in.Use == nil || *in.Use == out.InUse {
		return out, err
	}
	name := d.Name
	if !*in.Use {
		name = ""
	} else if missing := missingOf(out.Records); len(missing) > 0 && !in.Force {
		return nil, failure{http.StatusConflict, problem{"DOMAIN_NOT_READY", map[string][]string{"records": missing}}}
	}
	out.InUse = *in.Use
	return out, o.Apps.UseDomain(c.ctx, id, name)
}

// haveDomain finds an app's domain, or makes it the app's.
func (o Operator) haveDomain(ctx context.Context, id gateway.AppID, name string) (gateway.Domain, error) {
	d, err := o.Apps.Domain(ctx, id, name)
	var missing gateway.NotFound
	if !errors.As(err, &missing) {
		return d, err
	}
	if name, err = app.ParseDomain(name); err != nil {
		return d, err
	}
	if _, err := o.Apps.App(ctx, id); err != nil {
		return d, err
	}
	if o.Domains == nil {
		return d, fail(http.StatusConflict, "NOT_HERE", "domain", "Domains cannot be made here.")
	}
	keys, err := o.Domains.MakeKeys(name)
	if err != nil {
		return d, err
	}
	return o.Apps.AddDomain(ctx, id, name, keys)
}

// missingOf are the required records that are not in DNS, as sentences.
func missingOf(records []Record) (out []string) {
	for _, r := range records {
		if r.Required && (r.Seen == nil || !*r.Seen) {
			out = append(out, "Publish "+r.Name+" "+r.Type+" "+r.Value+"; it is not seen in DNS yet.")
		}
	}
	return out
}

func (o Operator) deleteDomain(c *call, ids []string) (any, error) {
	return nil, domainFailure(o.Apps.RemoveDomain(c.ctx, gateway.AppID(ids[0]), ids[1]))
}

// domainFailure gives errors about domains their answers.
func domainFailure(err error) error {
	switch {
	case errors.Is(err, app.ErrDomainTaken):
		return fail(http.StatusConflict, "DOMAIN_TAKEN", "domain", "This domain belongs to another app.")
	case errors.Is(err, app.ErrDomainInUse):
		return fail(http.StatusConflict, "DOMAIN_IN_USE", "domain", `The app's mail is sent from this domain; use another one first, or {"use": false}.`)
	}
	return err
}
