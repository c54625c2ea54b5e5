package extract

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// containers are the classes and ids by which mail clients mark their own elements. Outlook on the web puts "x_" before
// those of the mails it shows, Hotmail put "ecx", Yahoo puts "ydp" and a number.
var containers = map[string]hint{
	// Gmail
	"gmail_attr": hintAttribution, "gmail_signature": hintSignature, "gmail_quote_container": hintClient,
	// Thunderbird
	"moz-cite-prefix": hintAttribution, "moz-signature": hintSignature, "moz-email-headers-table": 0,
	// Outlook: desktop, web, mobile, for Mac
	"divrplyfwdmsg": hintTail, "appendonsend": hintTail, "outlookmessageheader": hintTail, "stopspelling": hintTail,
	"olk_src_body_section": hintQuote, "mail-editor-reference-message-container": hintQuote,
	"ms-outlook-mobile-reference-message": hintQuote, "ms-outlook-mobile-signature": hintSignature, "signature": hintSignature,
	// Apple Mail
	"applemailsignature": hintSignature, "applemailsignatureblock": hintSignature,
	// Yahoo, AOL
	"yahoo_quoted": hintQuote, "yahooquotedcontent": hintQuote, "aolmail_quote": hintQuote,
	// Proton, Tuta, Zoho, Fastmail, Mailbird, Spark, Roundcube, Front
	"protonmail_quote": hintQuote, "protonmail_signature_block": hintSignature, "tutanota_quote": hintQuote, "tutanota_indented": 0,
	"zmail_extra": hintQuote, "zmail_extra_hr": 0, "zmail_signature_below": hintSignature, "reply-intro": hintAttribution, "front-blockquote": hintClient,
	"mailbird_quote": hintQuote, "sparkquote": hintQuote,
	// NetEase, QQ, Sina
	"ntes-mailmaster-quote": hintQuote, "isreplycontent": hintQuote, "origbody": hintQuote, "isforwardcontent": 0,
}

// containerHint tells what a client means by an element.
func containerHint(n *html.Node) hint {
	var h hint
	for _, a := range n.Attr {
		switch a.Key {
		case "class":
			for c := range strings.FieldsSeq(a.Val) {
				h |= nameHint(c, n)
			}
		case "id":
			h |= nameHint(a.Val, n)
		case "name":
			h |= nameHint(a.Val, n)
			if a.Val == "quote" { // GMX, WEB.DE, mail.com
				h |= hintQuote
			}
		case "type":
			if n.DataAtom == atom.Blockquote && strings.EqualFold(a.Val, "cite") {
				h |= hintClient
			}
		case "data-marker":
			if a.Val == "__DIVIDER__" {
				h |= hintTail
			}
		case "data-signatureblock":
			h |= hintSignature
		case "data-smartmail":
			if a.Val == "gmail_signature" {
				h |= hintSignature
			}
		}
	}
	return h
}

func nameHint(name string, n *html.Node) hint {
	if len(name) > 64 {
		return 0
	}
	name = strings.ToLower(name)
	for strings.HasPrefix(name, "x_") {
		name = name[2:]
	}
	name = strings.TrimPrefix(name, "ecx")
	if strings.HasPrefix(name, "ydp") {
		for suffix, h := range yahooSuffixes {
			if strings.HasSuffix(name, suffix) {
				return h
			}
		}
	}
	if name == "gmail_quote" {
		if n.DataAtom == atom.Blockquote {
			return hintUserQuote
		}
		return hintClient
	}
	return containers[name]
}

var yahooSuffixes = map[string]hint{"signature": hintSignature, "yahoo_quoted": hintQuote}
