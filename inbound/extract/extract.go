// Package extract finds what a person wrote in a mail that answers another.
//
// It is handed one decoded body (text/plain, text/html or both) and, where the caller knows them, the mails that the
// body answers. It promises that nothing is lost: every line of the input is in the reply, in the quotation or in the
// signature, except for secret addresses and links, which are replaced by a marker in all of them. Where the signs of a
// quotation are weak and taking them seriously would leave nothing, it keeps the text and says that its confidence is low.
// Time and memory grow no faster than the input.
//
// The package does no input or output and keeps no state; all functions may be called concurrently. It leaves the
// decoding of MIME to its caller, and whether and where the reply is posted to the caller's caller.
package extract

import "strings"

// MaxInput is the number of bytes of a body that are read; nobody types a megabyte. Lines beyond the first 65,536 are
// not looked at and belong to the quotation.
const MaxInput = 1 << 20

// maxLines is the number of lines that are looked at.
const maxLines = 1 << 16

// Input is one decoded mail body and what is known about it.
type Input struct {
	Text    string // the text/plain part, UTF-8, lines ended by CRLF or LF; may be empty
	HTML    string // the text/html part, UTF-8; may be empty
	Flowed  bool   // the text part is format=flowed (RFC 3676)
	DelSp   bool   // … with delsp=yes
	Subject string // decoded
	Sent    []Sent // what was sent to this person in this conversation, newest first
	Redact  Redact // what must not appear in any output
}

// Sent is a mail that the input may answer, as it was composed.
type Sent struct {
	Text, HTML        string
	FromName, Subject string
}

// Confidence tells how sure the extractor is that Text is all that, and only what, the person wrote.
const (
	High   = "high"   // we sent the quotation, or the client marked it
	Medium = "medium" // the marks of a quotation are usual but not certain
	Low    = "low"    // the marks contradict each other; the text is kept rather than lost
)

// Posting says where the person wrote in relation to the quotation.
const (
	PostingNone        = "none"        // no quotation
	PostingTop         = "top"         // above it
	PostingBottom      = "bottom"      // below it
	PostingInterleaved = "interleaved" // in it
	PostingForward     = "forward"     // the mail forwards another, which is its content
)

// Method says by what the quotation was recognised.
const (
	MethodSent = "sent" // by what we sent
	MethodHTML = "html" // by the structure of the HTML part
	MethodText = "text" // by the marks in the text
	MethodFull = "full" // nothing was taken away
)

// Result is what was found. Text, Full, Quoted and Signature are plain text with LF line ends.
type Result struct {
	Text          string   // the reply without signature
	HTML          string   // the same, sanitised by an allow-list; empty if there was no HTML part
	Full          string   // the reply with the signature the person wrote (device lines such as "Sent from my phone" are not among it)
	Quoted        string   // the quotation with its attribution lines and what stands below it
	Signature     string   // signature and device lines
	Method        string   // MethodSent, MethodHTML, MethodText or MethodFull
	Confidence    string   // High, Medium or Low
	Posting       string   // PostingTop …
	Language      string   // BCP 47 code of the language the client speaks, as far as its lines tell; else empty
	Redacted      int      // how often a secret was replaced by RedactedMarker
	Pictures      []string // Content-IDs of the pictures that stand in the signature and nowhere else
	Reaction      string   // the emoji of a reaction mail, else empty
	Unsubscribe   bool     // the reply is nothing but "stop" or "unsubscribe"
	QuotationOnly bool     // nothing new was written
	Lines         []Line   // every line of the input with its class, for people who want to see why
}

// Line is a line of the input and what it was taken for.
type Line struct {
	Text  string
	Class string // "reply", "quote", "attribution", "header", "signature" or "marker"
	Rule  string // what made it so
}

// Extract finds the reply in a mail body.
func Extract(in Input) Result {
	text, html := cut(in.Text), cut(in.HTML)
	sent := indexSent(in.Sent)
	if in.Flowed {
		text = unflow(text, in.DelSp)
	}
	var page *page
	if html != "" {
		page = parsePage(html)
	}
	d := document{sent: sent}
	if strings.TrimSpace(text) != "" || page == nil {
		d.scan(text)
	} else {
		d.lines, d.html, d.rest = page.lines, true, page.rest.String()
	}
	d.classify()
	r := d.result()
	if !d.html {
		d.again(&r)
	}
	secrets := newSecrets(in.Redact)
	if page != nil {
		d.fromPage(page, secrets, &r)
	}
	r.Reaction = reaction(&in, &r)
	r.Unsubscribe = asksToStop(r.Text)
	secrets.apply(&r)
	return r
}

// cut keeps what is looked at of s, at a line's end.
func cut(s string) string {
	if len(s) <= MaxInput {
		return s
	}
	if i := strings.LastIndexByte(s[:MaxInput], '\n'); i > 0 {
		return s[:i]
	}
	return strings.ToValidUTF8(s[:MaxInput], "")
}
