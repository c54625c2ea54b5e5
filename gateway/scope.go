package gateway

// More scopes of keys, beside ScopeAll and ScopeRun.
const (
	// ScopeRead may look at everything but keys and reply addresses.
	ScopeRead KeyScope = "read"
	// ScopeWrite may do all that a chat backend does day by day, and not change
	// what the app is: its settings, roles, endpoints and keys.
	ScopeWrite KeyScope = "write"
)

// Allows tells whether a key of scope s may do what needs scope need: ScopeAll
// allows everything, ScopeWrite includes ScopeRead, and ScopeRun (which every
// key that writes includes) allows nothing else.
func (s KeyScope) Allows(need KeyScope) bool {
	switch need {
	case ScopeRead:
		return s == ScopeAll || s == ScopeWrite || s == ScopeRead
	case ScopeWrite:
		return s == ScopeAll || s == ScopeWrite
	case ScopeRun:
		return s == ScopeAll || s == ScopeWrite || s == ScopeRun
	}
	return s == ScopeAll
}
