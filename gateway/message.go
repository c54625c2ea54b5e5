package gateway

import "time"

// Origin is how a message came in.
type Origin string

// The origins.
const (
	OriginWeb    Origin = "web"
	OriginREST   Origin = "rest"
	OriginImport Origin = "import"
	OriginEmail  Origin = "email"
	OriginSMS    Origin = "sms"
)

// MessageType tells people's messages from the system's.
type MessageType string

// The message types.
const (
	UserMessage   MessageType = "UserMessage"
	SystemMessage MessageType = "SystemMessage"
)

// Message is one message of a conversation.
type Message struct {
	ID                MessageID         `json:"id"`
	Conversation      ConversationID    `json:"conversation"`
	Sender            UserID            `json:"sender,omitempty"` // empty: system
	Type              MessageType       `json:"type"`
	Origin            Origin            `json:"origin"`
	Text              string            `json:"text"`
	Attachment        *Attachment       `json:"attachment,omitempty"`
	Location          *[2]float64       `json:"location,omitempty"`
	Custom            map[string]string `json:"custom,omitempty"`
	ReferencedMessage MessageID         `json:"referencedMessage,omitempty"`
	// Unanswered marks a bot's message that answered nothing: people are told
	// of what it was about.
	Unanswered bool `json:"unanswered,omitempty"`
	// Test: a test key posted it, or a reply to what such a key caused is. Mails
	// about it stay in the built-in mailbox, and no other mail shows it.
	Test bool `json:"test,omitempty"`
	// For is whom alone the message tells, who is told at once; empty: everybody.
	For       UserID     `json:"for,omitempty"`
	CreatedAt time.Time  `json:"createdAt"`
	EditedAt  *time.Time `json:"editedAt,omitempty"`
	// Edit is the conversation's Edits when the message was last changed, its
	// custom object too; 0: never.
	Edit uint64 `json:"edit,omitempty"`
	// Number is the message's place in the order of storing, from 1.
	Number uint64 `json:"number"`
	// ReadBy is only kept for imported messages; for others it follows from
	// the participants' ReadCount.
	ReadBy []UserID `json:"readBy,omitempty"`
	Trace  TraceID  `json:"trace,omitempty"`
}

// Attachment is a file that goes with a message: a public URL given by the
// backend, or a blob of ours that came by mail, served under a signed link.
type Attachment struct {
	URL  string `json:"url,omitempty"`
	Name string `json:"name"`
	Size int64  `json:"size"`
	// Handle, Blob and Type are set for a blob of ours; URL is then minted
	// from Handle whenever the attachment is shown.
	Handle Handle  `json:"handle,omitempty"`
	Blob   BlobRef `json:"blob,omitempty"`
	Type   string  `json:"type,omitempty"`
}

// BlobRef names stored bytes of an app by the SHA-256 of what is stored, in hex.
type BlobRef string
