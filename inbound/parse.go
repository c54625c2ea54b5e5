package inbound

import (
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/inbound/extract"
	"github.com/replygate/replygate/inbound/message"
)

// Parsed is what would be posted of a mail.
type Parsed struct {
	extract.Result
	Attachments []message.Attachment
	// Rule is that of automatic mail, which is not posted; empty for a person's.
	Rule string
}

// Parse reads a mail as one that answers nothing of ours. domain and linkHosts
// are those of our addresses and links, which are kept out of the result. A mail
// that would be refused for its form is a gateway.Status.
func Parse(raw []byte, domain string, linkHosts []string) (Parsed, error) {
	m, err := message.Parse(raw)
	if err != nil {
		return Parsed{}, err
	}
	out := Parsed{Result: extract.Extract(extractInput(m, []string{domain}, linkHosts)), Attachments: m.Attachments}
	out.takeReaction()
	// Its envelope is not known; a Return-Path would only be what somebody wrote.
	out.Rule, _ = message.Automatic(m, gateway.ReversePath{Address: gateway.Address{LocalPart: "unknown", Domain: "invalid"}}, domain)
	return out, nil
}

// extractInput is a mail for the extractor.
func extractInput(m *message.Message, domains []string, linkHosts []string) extract.Input {
	return extract.Input{
		Text: m.Text, HTML: m.HTML, Flowed: m.TextFlowed, DelSp: m.TextDelSp, Subject: m.Subject,
		Redact: extract.Redact{MailDomains: domains, LinkHosts: linkHosts},
	}
}
