package gateway

import (
	"slices"
	"time"
)

// AuthoriseHook is where an app is asked, inside the SMTP session, whether a
// reply may be posted: for backends whose permissions are newer than ours.
type AuthoriseHook struct {
	URL string `json:"url"`
	// Accept posts what could not be asked about; otherwise the sender's server
	// is put off and tries again.
	Accept bool `json:"accept,omitempty"`
	// Secrets are those that sign, the newest first.
	Secrets   []EndpointSecret `json:"secrets,omitempty"`
	CreatedAt time.Time        `json:"createdAt"`
}

// Live are the secrets that sign at now.
func (h *AuthoriseHook) Live(now time.Time) []EndpointSecret {
	return (&Endpoint{Secrets: slices.Clone(h.Secrets)}).Live(now)
}

// Question asks whether a person may post a reply in a conversation.
type Question struct {
	Conversation ConversationID
	User         UserID
	// From is who wrote the mail, as it says itself; Verified tells whether SPF or
	// DKIM vouches for it.
	From      Address
	Verified  bool
	MessageID string
	// Held tells that the reply is not posted at once, but waits for approval.
	Held bool
}

// Permission is the answer to a Question. A refusal may have its reason in words:
// one line of at most MaxWords octets without control characters.
type Permission struct {
	Allowed bool
	Words   string
}

// MaxWords bounds Permission.Words, in octets.
const MaxWords = 200
