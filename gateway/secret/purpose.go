package secret

// Purposes that bytes are sealed for: what was sealed for one does not open for
// another. They go into the seal; changing one loses everything sealed for it.
const (
	// PurposeAPIKey seals gateway.Key.Sealed, the key string of an app.
	PurposeAPIKey = "api key"
	// PurposeWebhook seals gateway.Endpoint.Secrets, "whsec_…" values.
	PurposeWebhook = "webhook secret"
	// PurposeMail seals received and composed mail.
	PurposeMail = "mail"
	// PurposeAnswer seals answers to calls that gave a secret away.
	PurposeAnswer = "answer"
	// PurposeDKIM seals the DKIM keys of apps' own domains.
	PurposeDKIM = "dkim key"
	// PurposeFile seals files that came with a mail.
	PurposeFile = "file"
)
