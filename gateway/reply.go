package gateway

import "time"

// ReplyState is what became of a received mail, for one recipient.
type ReplyState string

// The states; all but ReplyHeld are final.
const (
	ReplyPosted    ReplyState = "posted"
	ReplyHeld      ReplyState = "held"      // waits for approval
	ReplyRejected  ReplyState = "rejected"  // refused, see Reason
	ReplyDuplicate ReplyState = "duplicate" // was posted before
	ReplyAutomatic ReplyState = "automatic" // recorded, never posted
	ReplyBounce    ReplyState = "bounce"    // a delivery report
	ReplyOperator  ReplyState = "operator"  // a mail to postmaster@ or abuse@
	ReplyReaction  ReplyState = "reaction"  // an emoji about a message, told and not posted
	// ReplyUnsubscribed: a mail to the address of List-Unsubscribe, heeded.
	ReplyUnsubscribed ReplyState = "unsubscribed"
)

// Reply is the record of one received mail for one recipient.
type Reply struct {
	ID           ReplyID        `json:"id"`
	Conversation ConversationID `json:"conversation"`
	Participant  UserID         `json:"participant"`
	// Test: it came to the reply address of a test mail.
	Test       bool       `json:"test,omitempty"`
	State      ReplyState `json:"state"`
	Reason     Reason     `json:"reason,omitempty"`
	Words      string     `json:"words,omitempty"` // of the backend, in place of the reason's sentence
	Rule       string     `json:"rule,omitempty"`  // what matched, for automatic mail
	ReceivedAt time.Time  `json:"receivedAt"`
	UpdatedAt  time.Time  `json:"updatedAt"`
	// From is the one strict author identity, if there was one.
	From      Address     `json:"from,omitzero"`
	MessageID string      `json:"messageId,omitempty"`
	Date      string      `json:"date,omitempty"` // the header field, as it came
	Subject   string      `json:"subject,omitempty"`
	Size      int64       `json:"size"`
	Verdicts  Verdicts    `json:"verdicts"`
	Posted    []MessageID `json:"posted,omitempty"`
	Raw       BlobRef     `json:"raw,omitempty"` // the sealed mail as received
	Trace     TraceID     `json:"trace,omitempty"`
	// Content is what would be posted, or was.
	Content *ReplyContent `json:"content,omitempty"`
	// Attachments wait here while the reply is held.
	Attachments []Attachment `json:"attachments,omitempty"`
	// Reaction is the emoji of a mail by which a client tells nothing else.
	Reaction string `json:"reaction,omitempty"`
	// Digest is the hash of what is posted, by which copies are recognised.
	Digest string `json:"digest,omitempty"`
}

// Sentence explains to a person why the reply was not posted, in the backend's own
// words if it gave any.
func (r *Reply) Sentence() string {
	if r.Words != "" {
		return r.Words
	}
	return r.Reason.Sentence()
}

// ReplyContent is what the human wrote, as events tell it.
type ReplyContent struct {
	Text       string `json:"text"`
	HTML       string `json:"html"`
	Quoted     string `json:"quoted"`
	Signature  string `json:"signature"`
	Method     string `json:"method"`
	Confidence string `json:"confidence"`
	// OtherRecipients counts the other people in To and Cc. They are never invited.
	OtherRecipients int `json:"otherRecipients"`
}

// Verdict is the result of one mail authentication method, in the words of
// RFC 8601, section 2.7 (none, pass, fail, softfail, neutral, temperror, permerror, policy).
type Verdict string

// The verdicts used in decisions.
const (
	VerdictNone      Verdict = "none"
	VerdictPass      Verdict = "pass"
	VerdictFail      Verdict = "fail"
	VerdictSoftFail  Verdict = "softfail"
	VerdictNeutral   Verdict = "neutral"
	VerdictTempError Verdict = "temperror"
	VerdictPermError Verdict = "permerror"
	// VerdictUnverified is what a mail claims of itself.
	VerdictUnverified Verdict = "unverified"
)

// Verdicts is what mail authentication found.
type Verdicts struct {
	SPF         Verdict `json:"spf"`
	SPFDomain   string  `json:"spfDomain,omitempty"`
	SPFAligned  bool    `json:"spfAligned"`
	DKIM        Verdict `json:"dkim"`
	DKIMDomain  string  `json:"dkimDomain,omitempty"`
	DKIMAligned bool    `json:"dkimAligned"`
	DMARC       Verdict `json:"dmarc"`
	// Policy is the effective DMARC policy: "none", "quarantine", "reject", or "" without a record.
	Policy string `json:"policy,omitempty"`
	// ARC is "" without a chain of RFC 8617, VerdictFail for one that is broken or
	// says so itself, and VerdictUnverified for one that claims to pass: its seals
	// are not verified. ARCDomain is whose the last seal claims to be. Nothing is
	// decided by it.
	ARC       Verdict `json:"arc,omitempty"`
	ARCDomain string  `json:"arcDomain,omitempty"`
	// ReplyToDiffers: the mail asks for answers at another address than its author's.
	ReplyToDiffers bool `json:"replyToDiffers,omitempty"`
}

// Aligned tells whether SPF or DKIM passed for the author's domain.
func (v Verdicts) Aligned() bool { return v.SPFAligned || v.DKIMAligned }
