package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/replygate/replygate/gateway/api"
)

type appDomainCommand struct {
	Add    appDomainAddCommand    `cmd:"" help:"Give an app a mail domain of its own, with DKIM keys."`
	List   appDomainListCommand   `cmd:"" help:"List the domains of an app, or of all."`
	Check  appDomainCheckCommand  `cmd:"" help:"Look which records of a domain stand in DNS."`
	Use    appDomainUseCommand    `cmd:"" help:"Send an app's mail from one of its domains, or from the installation's."`
	Remove appDomainRemoveCommand `cmd:"" help:"Take a domain from an app."`
}

// domainFlags name a domain of an app.
type domainFlags struct {
	operatorFlags
	App    string `arg:"" help:"The app's id."`
	Domain string `arg:"" help:"The domain." placeholder:"reply.example.com"`
}

func (c domainFlags) path() string {
	return "/apps/" + url.PathEscape(c.App) + "/domains/" + url.PathEscape(c.Domain)
}

type appDomainAddCommand struct{ domainFlags }

// Help shows an example.
func (appDomainAddCommand) Help() string {
	return "Example: replygate app domain add shop reply.shop.example --config replygate.toml >> reply.shop.example.zone\n\n" +
		"Prints the records to publish. Mail is sent from it after `replygate app domain use`."
}

// Run adds the domain.
func (c appDomainAddCommand) Run(e *env) error {
	var made api.ShownDomain
	if err := c.call(e, http.MethodPut, c.path(), nil, &made); err != nil {
		return err
	}
	return showDomains(e, c.JSON, made, made)
}

type appDomainListCommand struct {
	operatorFlags
	App string `arg:"" optional:"" help:"The app's id; without it all are listed."`
}

// Help shows an example.
func (appDomainListCommand) Help() string {
	return "Example: replygate app domain list shop --config replygate.toml"
}

// Run lists the domains.
func (c appDomainListCommand) Run(e *env) error {
	path := "/domains"
	if c.App != "" {
		path = "/apps/" + url.PathEscape(c.App) + "/domains"
	}
	var out struct {
		Data []api.ShownDomain `json:"data"`
	}
	if err := c.call(e, http.MethodGet, path, nil, &out); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e, out.Data)
	}
	for _, d := range out.Data {
		use := ""
		if d.InUse {
			use = "  in use"
		}
		fmt.Fprintf(e.stdout, "%s  %s%s\n", d.Domain, d.App, use)
	}
	return nil
}

type appDomainCheckCommand struct{ domainFlags }

// Help shows an example.
func (appDomainCheckCommand) Help() string {
	return "Example: replygate app domain check shop reply.shop.example --config replygate.toml"
}

// Run looks for the records.
func (c appDomainCheckCommand) Run(e *env) error {
	var d api.ShownDomain
	if err := c.call(e, http.MethodGet, c.path(), nil, &d); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e, d)
	}
	missing := 0
	for _, r := range d.Records {
		switch {
		case r.Seen == nil:
		case *r.Seen:
			fmt.Fprintf(e.stdout, "seen     %s %s\n", r.Name, r.Type)
		default:
			missing++
			fmt.Fprintf(e.stdout, "missing  %s %s\n", r.Name, r.Type)
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d records of %s are not seen in DNS; `replygate app domain list %s --json` shows them", missing, d.Domain, d.App)
	}
	return nil
}

type appDomainUseCommand struct {
	operatorFlags
	App    string `arg:"" help:"The app's id."`
	Domain string `arg:"" optional:"" help:"The domain; without it the installation's."`
	Force  bool   `help:"Although its records are not seen in DNS."`
}

// Help shows an example.
func (appDomainUseCommand) Help() string {
	return "Example: replygate app domain use shop reply.shop.example --config replygate.toml\n\n" +
		"Its MX and DKIM records must be seen in DNS. Addresses at the domain before keep working."
}

// Run has the app's mail sent from the domain.
func (c appDomainUseCommand) Run(e *env) error {
	name, use := c.Domain, true
	if name == "" {
		var a api.ShownApp
		if err := c.call(e, http.MethodGet, "/apps/"+url.PathEscape(c.App), nil, &a); err != nil {
			return err
		}
		if a.Domain == nil {
			return nil
		}
		name, use = *a.Domain, false
	}
	in := map[string]bool{"use": use, "force": c.Force}
	var d api.ShownDomain
	if err := c.call(e, http.MethodPut, "/apps/"+url.PathEscape(c.App)+"/domains/"+url.PathEscape(name), in, &d); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(e, d)
	}
	return nil
}

type appDomainRemoveCommand struct{ domainFlags }

// Help shows an example.
func (appDomainRemoveCommand) Help() string {
	return "Example: replygate app domain remove shop reply.shop.example --config replygate.toml\n\n" +
		"Addresses at it keep working for as long as its MX points here."
}

// Run removes the domain.
func (c appDomainRemoveCommand) Run(e *env) error {
	return c.call(e, http.MethodDelete, c.path(), nil, nil)
}

// showDomains prints v as JSON, or the domains' records as lines of zone files.
func showDomains(e *env, asJSON bool, v any, all ...api.ShownDomain) error {
	if asJSON {
		return printJSON(e, v)
	}
	for _, d := range all {
		writeZone(e.stdout, d)
	}
	return nil
}

// writeZone prints the records of an app's domain.
func writeZone(w io.Writer, d api.ShownDomain) {
	fmt.Fprintf(w, "; %s, of the app %s. Start with p=none; put what your provider documents in place of a: in SPF.\n", d.Domain, d.App)
	for _, r := range d.Records {
		value := r.Value
		if r.Type == "TXT" {
			value = quoted(value)
		}
		fmt.Fprintf(w, "%s. IN %s %s\n", r.Name, r.Type, value)
	}
}

// quoted is a TXT value in strings of at most 255 octets (RFC 1035, section 3.3.14).
func quoted(value string) string {
	var parts []string
	for len(value) > 255 {
		parts, value = append(parts, `"`+value[:255]+`"`), value[255:]
	}
	parts = append(parts, `"`+value+`"`)
	if len(parts) == 1 {
		return parts[0]
	}
	return "( " + strings.Join(parts, " ") + " )"
}
