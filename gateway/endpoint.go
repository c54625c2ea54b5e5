package gateway

import (
	"slices"
	"time"
)

// Endpoint is a receiver of webhooks. Its secrets are sealed with the key file.
type Endpoint struct {
	ID  EndpointID `json:"id"`
	URL string     `json:"url"`
	// Secrets are those that sign, the newest first.
	Secrets []EndpointSecret `json:"secrets,omitempty"`
	// Types are the event types it wants; empty means all.
	Types    []EventType `json:"types,omitempty"`
	Disabled bool        `json:"disabled,omitempty"`
	// DisabledBy says who did; empty while it is not disabled.
	DisabledBy DisabledBy `json:"disabledBy,omitempty"`
	// Strict keeps events back behind a failed one (at most 15 min).
	Strict    bool      `json:"strict,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
}

// DisabledBy says why an endpoint is disabled.
type DisabledBy string

// The reasons.
const (
	DisabledByCaller  DisabledBy = "caller"  // by the API
	DisabledByGone    DisabledBy = "gone"    // it answered 410
	DisabledByFailing DisabledBy = "failing" // nothing but failures for days
)

// EndpointSecret is one "whsec_…" value of an endpoint.
type EndpointSecret struct {
	Sealed    []byte    `json:"sealed"`
	CreatedAt time.Time `json:"createdAt"`
	// Until is when a secret that was replaced ends to sign; zero: it does not.
	Until time.Time `json:"until,omitzero"`
}

// Wants tells whether the endpoint gets events of type t.
func (e *Endpoint) Wants(t EventType) bool {
	return !e.Disabled && (len(e.Types) == 0 || slices.Contains(e.Types, t))
}

// Live are the secrets that sign at now.
func (e *Endpoint) Live(now time.Time) []EndpointSecret {
	return slices.DeleteFunc(slices.Clone(e.Secrets), func(s EndpointSecret) bool {
		return !s.Until.IsZero() && !s.Until.After(now)
	})
}
