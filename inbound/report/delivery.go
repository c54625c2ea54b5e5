package report

import (
	"strconv"
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/inbound/message"
)

// delivery reads a delivery status notification (RFC 3464, section 2): a group
// of fields about the mail, then one for each recipient. OpenSMTPD tells the
// remote server's answer in the prose only.
func delivery(m *message.Message, p parts) Report {
	r := Report{Kind: KindDelivery, OriginalMessageID: p.messageID()}
	for _, g := range readGroups(p.status) {
		if g.get("final-recipient") == "" && g.get("original-recipient") == "" && g.get("action") == "" {
			continue // the group about the mail
		}
		b := Bounce{
			FinalRecipient:    address(g.get("final-recipient")),
			OriginalRecipient: address(g.get("original-recipient")),
			Action:            action(g.get("action")),
			Diagnostic:        untyped(g.get("diagnostic-code")),
			RemoteMTA:         untyped(g.get("remote-mta")),
			OriginalMessageID: r.OriginalMessageID,
		}
		b.Status, _ = enhanced(g.get("status"))
		if b.Diagnostic == "" {
			b.Diagnostic = said(m, b.FinalRecipient)
		}
		b.settle()
		r.Bounces = append(r.Bounces, b)
		if len(r.Bounces) == MaxRecipients {
			break
		}
	}
	return r
}

// action is the word of an Action field, which some programs follow by a comment.
func action(value string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(value), " ")
	word = strings.ToLower(strings.TrimRight(word, ";,("))
	switch word {
	case "failed", "delayed", "delivered", "relayed", "expanded":
		return word
	}
	return "failed"
}

// settle makes the status as telling as the diagnostic allows and classifies
// the bounce. Many servers report 5.0.0 and put the true code into the text.
func (b *Bounce) settle() {
	if b.Status[1] == 0 && b.Status[2] == 0 {
		if better, ok := codeIn(b.Diagnostic); ok && (b.Status[0] == 0 || b.Status[0] == better[0]) {
			b.Status = better
		}
	}
	b.Class = classify(b.Action, b.Status, b.Diagnostic)
}

// enhanced reads an enhanced status code at the start of s (RFC 3463, section 2).
func enhanced(s string) (code [3]int, ok bool) {
	s = strings.TrimSpace(s)
	if s == "" || s[0] != '2' && s[0] != '4' && s[0] != '5' {
		return code, false
	}
	fields := strings.FieldsFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	numbers := strings.Split(fields[0], ".")
	if len(numbers) != 3 {
		return code, false
	}
	for i, n := range numbers {
		v, err := strconv.Atoi(n)
		if err != nil || len(n) > 3 {
			return [3]int{}, false
		}
		code[i] = v
	}
	if code[0] > 5 {
		return [3]int{}, false
	}
	return code, true
}

// codeIn finds the first enhanced code in a server's answer, or else makes one
// of its basic code: "550" is 5.0.0.
func codeIn(s string) (code [3]int, ok bool) {
	basic := [3]int{}
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ;,()[]#:<>-\t", r) }) {
		if code, ok := enhanced(w); ok && strings.Trim(w, "0123456789.") == "" {
			return code, true
		}
		if basic[0] == 0 && len(w) == 3 && (w[0] == '4' || w[0] == '5') && strings.Trim(w, "0123456789") == "" {
			basic[0] = int(w[0] - '0')
		}
	}
	return basic, basic[0] != 0
}

// complaint reads an abuse report (RFC 5965, section 3).
func complaint(p parts) Report {
	c := Complaint{OriginalMessageID: p.messageID()}
	for _, g := range readGroups(p.feedback) {
		if c.Type == "" {
			c.Type = strings.ToLower(g.get("feedback-type"))
		}
		if c.Source == "" {
			c.Source = g.get("source-ip")
		}
		if c.Agent == "" {
			c.Agent = g.get("user-agent")
		}
		if c.Sender.IsZero() {
			c.Sender = address(g.get("original-mail-from"))
		}
		for _, v := range g["original-rcpt-to"] {
			if a := address(v); a != (gateway.Address{}) {
				c.Recipients = append(c.Recipients, a)
			}
		}
	}
	if c.Type == "" {
		c.Type = "abuse"
	}
	if c.Sender.IsZero() {
		c.Sender = address(headerField(p.original, "return-path"))
	}
	return Report{Kind: KindComplaint, Complaint: &c, OriginalMessageID: c.OriginalMessageID}
}

// disposition reads a notice that a mail was opened (RFC 8098, section 3.2).
func disposition(p parts) Report {
	r := Report{Kind: KindDisposition, OriginalMessageID: p.messageID()}
	for _, g := range readGroups(p.disposition) {
		if id := bare(g.get("original-message-id")); r.OriginalMessageID == "" {
			r.OriginalMessageID = id
		}
	}
	return r
}
