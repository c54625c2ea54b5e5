package gateway

import "time"

// App is a tenant: its own users, conversations, keys, roles and endpoints.
type App struct {
	ID            AppID             `json:"id"`
	Name          string            `json:"name"`
	DefaultLocale string            `json:"defaultLocale,omitempty"`
	Custom        map[string]string `json:"custom,omitempty"`
	CreatedAt     time.Time         `json:"createdAt"`
	// Policy says whose reply is believed; empty means PolicyVerified.
	Policy AuthPolicy `json:"policy,omitempty"`
	// Sender is what notifications are sent as.
	Sender Sender `json:"sender"`
	// Domain is what mail is sent from, one of Domains; empty: the installation's.
	Domain string `json:"domain,omitempty"`
	// Domains are the app's own, those that were removed too.
	Domains []string `json:"domains,omitempty"`
	// EmailDisabled switches mail off for everybody, at once.
	EmailDisabled bool `json:"emailDisabled,omitempty"`
	// Roles holds the settings of named roles; DefaultRole names the fallback.
	Roles     map[string]Role `json:"roles,omitempty"`
	Endpoints []Endpoint      `json:"endpoints,omitempty"`
	// Authorise, if set, is asked before a reply is posted.
	Authorise *AuthoriseHook `json:"authorise,omitempty"`
	// Limits are the app's own; nil: those of the installation alone.
	Limits *Limits `json:"limits,omitempty"`
	Keys   []Key   `json:"keys,omitempty"`
}

// Limits bound the API calls of all keys of an app together, beside the
// installation's limit of each key.
type Limits struct {
	CallsPerSecond float64 `json:"callsPerSecond"` // on average
	CallBurst      int     `json:"callBurst"`      // at once
}

// Bounds of Limits. A burst lower than MinCallBurst breaks clients that import a
// list.
const (
	MinCallsPerSecond = 1
	MaxCallsPerSecond = 1_000_000
	MinCallBurst      = 600
	MaxCallBurst      = 10_000_000
)

// Sender is how an app appears in a mail's From.
type Sender struct {
	// Name stands behind "via" in "Ann via Name"; empty means the app's name.
	Name string `json:"name,omitempty"`
}

// AuthPolicy says what a received mail must show before it posts as a person.
type AuthPolicy string

// The policies, as STANDARDS settles them.
const (
	PolicyVerified  AuthPolicy = "verified"   // From is the participant's and SPF or DKIM is aligned with it
	PolicyStrict    AuthPolicy = "strict"     // DMARC must pass
	PolicyTokenFrom AuthPolicy = "token+from" // the address and a matching From
	PolicyToken     AuthPolicy = "token"      // the reply address alone
)

// Key is an API key, kept twice: as a hash to look it up by, and sealed with
// the key file, since JWTs and TalkJS's webhook signature are keyed with it.
type Key struct {
	ID        KeyID      `json:"id"`
	Hash      []byte     `json:"hash"` // SHA-256 of the key
	Sealed    []byte     `json:"sealed"`
	Test      bool       `json:"test,omitempty"`
	Scope     KeyScope   `json:"scope,omitempty"`
	CreatedAt time.Time  `json:"createdAt"`
	RevokedAt *time.Time `json:"revokedAt,omitempty"`
}

// KeyScope says what a key may do.
type KeyScope string

// The scopes.
const (
	ScopeAll KeyScope = ""
	// ScopeRun may start the notifications of an external schedule and nothing
	// else, so that it can stand in a crontab.
	ScopeRun KeyScope = "run"
)
