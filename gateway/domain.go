package gateway

import (
	"cmp"
	"time"
)

// Domain is a mail domain of an app's own: its mail is From it, and reply and
// bounce addresses are at it, instead of at the installation's.
type Domain struct {
	Name string `json:"name"` // A-labels, lower case
	App  AppID  `json:"app"`
	// Keys sign the domain's mail, all of them.
	Keys      []DomainKey `json:"keys"`
	CreatedAt time.Time   `json:"createdAt"`
}

// DomainKey is a DKIM key of a domain.
type DomainKey struct {
	Selector string `json:"selector"`
	Sealed   []byte `json:"sealed"` // its PEM
}

// MailDomain is the domain the app's mail is from; installation is that of apps
// without one of their own.
func (a *App) MailDomain(installation string) string { return cmp.Or(a.Domain, installation) }

// AllDomains are the domains at which addresses of ours may stand in the app's
// mail: the installation's, and those the app has or had.
func (a *App) AllDomains(installation string) []string {
	return append([]string{installation}, a.Domains...)
}
