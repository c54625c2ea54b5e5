package clients

import "strings"

// language is what clients write by themselves in one language, as literal
// lines about one fixed date, Friday 20 November 2026, 13:00: {n} is the
// sender's name, {a} the address, {d} the day of the month. An empty line means
// that the client is not translated and writes English.
//
// Sources:
//   - Gmail, Apple Mail, Yahoo: the samples of crisp-oss/email-forward-parser
//     (test/fixtures), alfonsrv/mail-parser-reply (mailparser_reply/constants.py
//     and test/emails), EdgeTier/email-reply-parser (test/emails),
//     discourse/email_reply_trimmer (lib/…/embedded_email_matcher.rb, whose
//     comments quote real lines) and the mailing-list archives that quote
//     Gmail's Turkish, Russian and Chinese lines.
//   - Thunderbird: thunderbird/thunderbird-l10n,
//     <tag>/mail/chrome/messenger/messengercompose/composeMsgs.properties
//     (mailnews.reply_header_ondateauthorwrote and …_originalmessage).
//   - Outlook's keys: the fixtures of crisp-oss/email-forward-parser ("New
//     Outlook 2019", "Outlook Live / 365") and discourse/email_reply_trimmer,
//     lib/…/email_header_matcher.rb.
//   - "Sent from my …": discourse/email_reply_trimmer, lib/…/signature_matcher.rb,
//     EdgeTier/email-reply-parser, test/emails/email_iphone_*.
type language struct {
	tag         string
	gmail       string
	apple       string
	thunderbird string
	yahoo       string
	keys        [4]string // From, Sent, To, Subject of a header block
	colon       string    // after a key; ": " if empty
	sent        string    // the date in a header block
	original    string    // "Original Message"
	iphone      string    // the line iOS Mail signs with
	galaxy      string    // … Samsung's
	outlook     string    // … Outlook's for iOS; "{os}" is the system
	short, long string    // what the person answers
}

func (l *language) fill(s string, o *original) string {
	return strings.NewReplacer("{n}", o.fromName, "{a}", o.fromAddr, "{d}", o.day).Replace(s)
}

// or is the client's line, or the English one.
func (l *language) or(pick func(*language) string) string {
	if s := pick(l); s != "" {
		return s
	}
	return pick(&english)
}

var english = languages[0]
