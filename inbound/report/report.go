package report

import (
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/inbound/message"
)

// Report is what one report says.
type Report struct {
	Kind Kind
	// Bounces holds one entry per recipient, at most MaxRecipients.
	Bounces []Bounce
	// Complaint is set for KindComplaint.
	Complaint *Complaint
	// OriginalMessageID is the Message-ID of the mail the report is about,
	// without angle brackets; empty if the report does not show it.
	OriginalMessageID string
}

// Kind is what sort of report it is.
type Kind string

// The kinds.
const (
	KindDelivery    Kind = "delivery"    // what became of a mail
	KindComplaint   Kind = "complaint"   // somebody called it unwanted
	KindDisposition Kind = "disposition" // somebody opened it (RFC 8098)
)

// MaxRecipients bounds Report.Bounces.
const MaxRecipients = 100

// Bounce is what became of a mail for one recipient.
type Bounce struct {
	// FinalRecipient is the address the reporting server tried, OriginalRecipient
	// the one it was given (RFC 3464, section 2.3); zero if not told or unreadable.
	FinalRecipient    gateway.Address
	OriginalRecipient gateway.Address
	// Action is failed, delayed, delivered, relayed or expanded.
	Action string
	// Status is the enhanced code (RFC 3463), zero if there is none to be found.
	Status [3]int
	// Diagnostic is the remote server's answer on one line, at most 1000 octets.
	Diagnostic string
	// RemoteMTA is the server that answered, if told.
	RemoteMTA string
	// OriginalMessageID is that of the Report.
	OriginalMessageID string
	Class             Class
}

// Unwanted tells a complaint that asks for no more mail: abuse and fraud, not the
// opposite (not-spam) or what is about authentication or viruses.
func (c *Complaint) Unwanted() bool {
	switch c.Type {
	case "abuse", "fraud", "opt-out", "opt-out-list", "other":
		return true
	}
	return false
}

// Complaint is an abuse report.
type Complaint struct {
	// Type is the Feedback-Type in lower case: abuse, fraud, not-spam, …
	Type string
	// Recipients are those the mail was for (Original-Rcpt-To), often withheld.
	Recipients []gateway.Address
	// Sender is the reverse-path of the mail (Original-Mail-From, or the
	// Return-Path of the copy).
	Sender gateway.Address
	// Source is the address of the host the mail was taken from.
	Source string
	// Agent is the program that wrote the report.
	Agent             string
	OriginalMessageID string
}

// Parse reads a report. It answers false for a mail that is none.
func Parse(m *message.Message) (Report, bool) {
	p := find(m)
	switch {
	case p.feedback != nil:
		return complaint(p), true
	case p.status != nil:
		return delivery(m, p), true
	case p.disposition != nil:
		return disposition(p), true
	}
	return prose(m, p)
}

// parts are the pieces of a report that matter.
type parts struct {
	status      []byte // message/delivery-status
	feedback    []byte // message/feedback-report
	disposition []byte // message/disposition-notification
	original    []byte // the mail reported on, or its header
}

func find(m *message.Message) parts {
	var p parts
	for _, a := range m.Attachments {
		var into *[]byte
		switch a.Type {
		case "message/delivery-status", "message/global-delivery-status": // RFC 6533, section 4
			into = &p.status
		case "message/feedback-report":
			into = &p.feedback
		case "message/disposition-notification", "message/global-disposition-notification":
			into = &p.disposition
		case "message/rfc822", "message/global", "text/rfc822-headers", "text/rfc822-header",
			"message/rfc822-headers", "message/global-headers":
			into = &p.original
		default:
			continue
		}
		if *into == nil {
			*into = a.Data[:min(len(a.Data), maxPart)]
		}
	}
	return p
}

// messageID is the Message-ID of the mail reported on.
func (p parts) messageID() string { return messageID(p.original) }
