package server

import (
	"github.com/replygate/replygate/gateway/api"
	"github.com/replygate/replygate/inbound"
)

// parser lends inbound's reading of mails to the API.
type parser struct {
	domain    string
	linkHosts []string
}

// Parse is api.Parser.
func (p parser) Parse(raw []byte) (api.Parsed, error) {
	found, err := inbound.Parse(raw, p.domain, p.linkHosts)
	if err != nil {
		return api.Parsed{}, err
	}
	out := api.Parsed{
		Text: found.Text, HTML: found.HTML, Full: found.Full, Quoted: found.Quoted, Signature: found.Signature,
		Method: found.Method, Confidence: found.Confidence, Posting: found.Posting, Language: orNull(found.Language),
		Attachments: []api.ParsedAttachment{}, Automatic: orNull(found.Rule), Reaction: orNull(found.Reaction), Unsubscribe: found.Unsubscribe,
	}
	for _, a := range found.Attachments {
		out.Attachments = append(out.Attachments, api.ParsedAttachment{Name: a.Name, Type: a.Type, Size: len(a.Data)})
	}
	return out, nil
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
