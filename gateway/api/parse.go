package api

import (
	"errors"
	"mime"
	"net/http"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/chat"
)

const parsePath = "parse"

// Parser finds what would be posted of a mail. A mail that would be refused for
// its form is a gateway.Status.
type Parser interface {
	Parse(raw []byte) (Parsed, error)
}

// Parsed is what a mail says. It is read as one that answers nothing of ours:
// of an answer to a notification more is known, and more is certain.
type Parsed struct {
	Text      string `json:"text"` // what would be posted
	HTML      string `json:"html"` // the same, sanitised
	Full      string `json:"full"` // with the signature that the person wrote
	Quoted    string `json:"quoted"`
	Signature string `json:"signature"`
	// Method, Confidence and Posting are words of the extractor: by what the
	// quotation was recognised, how sure that is, and where the person wrote.
	Method      string             `json:"method"`
	Confidence  string             `json:"confidence"`
	Posting     string             `json:"posting"`
	Language    *string            `json:"language"` // of the mail client, as far as it tells
	Attachments []ParsedAttachment `json:"attachments"`
	// Automatic is the rule by which the mail is a program's, and not posted.
	Automatic *string `json:"automatic"`
	// Reaction is the emoji of a reaction mail, which is told as an event.
	Reaction *string `json:"reaction"`
	// Unsubscribe: the mail says nothing but "stop", and is not posted.
	Unsubscribe bool `json:"unsubscribe"`
}

// ParsedAttachment is a file of a mail.
type ParsedAttachment struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int    `json:"size"`
}

// parse answers with what would be posted of a mail: the body, or {raw} in base64.
func parse(c *call, _ []string) (any, error) {
	raw := c.body
	if kind, _, err := mime.ParseMediaType(c.head.Get("Content-Type")); err != nil || kind != "message/rfc822" {
		var in struct {
			Raw []byte `json:"raw"`
		}
		if err := c.into(&in); err != nil {
			return nil, err
		}
		if len(in.Raw) == 0 {
			return nil, gateway.Wrong("raw", "raw is the mail in base64; or send the mail itself as message/rfc822.")
		}
		raw = in.Raw
	}
	if len(raw) > chat.MaxUpload {
		return nil, gateway.Wrong("raw", "A mail has at most %d MiB.", chat.MaxUpload>>20)
	}
	out, err := c.Parser.Parse(raw)
	var refused gateway.Status
	if errors.As(err, &refused) {
		return nil, gateway.Wrong("raw", "Such a mail would be refused: %s.", refused.Text)
	}
	return out, err
}

// takesFile tells the calls whose body may be as large as a file.
func (c *call) takesFile() bool {
	return c.method == http.MethodPost && len(c.path) == 1 && (c.path[0] == filesPath || c.path[0] == parsePath)
}
