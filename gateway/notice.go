package gateway

import "time"

// NoticeKind is what a notice is for.
type NoticeKind string

// The kinds.
const (
	// NoticeConfirm asks whether the person wrote a reply that is held.
	NoticeConfirm NoticeKind = "confirm"
	// NoticeRefused tells why a reply was not posted, when the sender's server
	// could not be told.
	NoticeRefused NoticeKind = "refused"
	// NoticeUnsubscribe leads to the page to unsubscribe, on request.
	NoticeUnsubscribe NoticeKind = "unsubscribe"
	// NoticeUnsubscribed tells that an address was unsubscribed, maybe by somebody
	// to whom a mail was forwarded, and how to undo it. It goes to that address.
	NoticeUnsubscribed NoticeKind = "unsubscribed"
	// NoticeForward hands the operator a mail to postmaster@ or abuse@.
	NoticeForward NoticeKind = "forward"
)

// Notice is a short mail that is no notification: it is about a mail that came
// in. A person gets one of a kind and reason a day, at a registered address.
type Notice struct {
	ID           NoticeID       `json:"id"`
	Kind         NoticeKind     `json:"kind"`
	Reason       Reason         `json:"reason,omitempty"`
	Conversation ConversationID `json:"conversation,omitempty"`
	Recipient    UserID         `json:"recipient,omitempty"`
	// To is where it goes if that is a registered address of the recipient when
	// it is made; else it goes to the first that may be mailed. A forwarded mail
	// goes to the operator's address, which this is.
	To Address `json:"to,omitzero"`
	// Reply is the record of the mail it is about, MessageID that mail's own.
	Reply     ReplyID `json:"reply,omitempty"`
	MessageID string  `json:"messageId,omitempty"`
	// Link is the handle of the page on which a held reply is decided about.
	Link Handle `json:"link,omitempty"`
	// Raw is the sealed mail that is forwarded; the notice keeps it until it is made.
	Raw       BlobRef   `json:"raw,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	// Test: it is about a test mail, and stays in the built-in mailbox.
	Test  bool    `json:"test,omitempty"`
	Trace TraceID `json:"trace,omitempty"`
}
