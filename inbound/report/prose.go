package report

import (
	"strings"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/inbound/message"
)

// maxProse bounds the text of a bounce that is read.
const maxProse = 64 << 10

// prose reads the bounces of programs that write text for people: qmail's
// format (QSBMF), and anything that names its recipients in X-Failed-Recipients.
func prose(m *message.Message, p parts) (Report, bool) {
	text := m.Text[:min(len(m.Text), maxProse)]
	r := Report{Kind: KindDelivery, OriginalMessageID: p.messageID()}
	said, original := splitOriginal(text)
	if r.OriginalMessageID == "" {
		r.OriginalMessageID = messageID([]byte(original))
	}
	if isQmail(said) {
		r.Bounces = qmail(said)
	} else {
		r.Bounces = failed(strings.Join(m.Header.Values("X-Failed-Recipients"), ","), said)
	}
	if len(r.Bounces) == 0 {
		return Report{}, false
	}
	for i := range r.Bounces {
		r.Bounces[i].OriginalMessageID = r.OriginalMessageID
		r.Bounces[i].settle()
	}
	return r, true
}

// copyMarks stand before the copy of the mail in a bounce of plain text.
var copyMarks = [...]string{
	"--- Below this line is a copy of the message.",
	"--- Enclosed is a copy of the message.",
	"------ This is a copy of the message, including all the headers. ------",
	"------ This is a copy of your message, including all the headers. ------",
	"------ This is a copy of the message's headers. ------",
	"----- Original message -----",
	"----- Message header follows -----",
	"--- Original message follows.",
}

// splitOriginal parts what a bounce says from the copy of the mail below it.
func splitOriginal(text string) (said, original string) {
	for _, mark := range copyMarks {
		if before, after, ok := strings.Cut(text, mark); ok {
			return before, strings.TrimLeft(after, " \n")
		}
	}
	return text, ""
}

// isQmail tells the format of qmail-send, whose bounces begin with "Hi. This is the".
func isQmail(text string) bool {
	return strings.HasPrefix(strings.TrimSpace(text), "Hi. This is the ") ||
		strings.Contains(text, "I'm afraid I wasn't able to deliver your message to the following addresses")
}

// qmail reads one paragraph per recipient: its address in angle brackets with
// a colon, then the reason.
func qmail(text string) []Bounce {
	var out []Bounce
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		first, reason, _ := strings.Cut(strings.TrimLeft(paragraph, "\n"), "\n")
		first = strings.TrimSpace(first)
		if !strings.HasPrefix(first, "<") || !strings.HasSuffix(first, ">:") {
			continue
		}
		b := Bounce{FinalRecipient: address(strings.TrimSuffix(first, ":")), Action: "failed", Diagnostic: oneLine(reason)}
		// qmail ends what it says with the code: "… (#5.1.1)".
		if i := strings.LastIndex(b.Diagnostic, "(#"); i >= 0 {
			b.Status, _ = enhanced(b.Diagnostic[i+2:])
		}
		if out = append(out, b); len(out) == MaxRecipients {
			break
		}
	}
	return out
}

// failed makes a bounce for each address of X-Failed-Recipients, with what the
// text says of it.
func failed(value, text string) []Bounce {
	var out []Bounce
	lower := strings.ToLower(text)
	for v := range strings.SplitSeq(value, ",") {
		a := address(v)
		if a == (gateway.Address{}) {
			continue
		}
		b := Bounce{FinalRecipient: a, Action: "failed", Diagnostic: oneLine(about(text, lower, a))}
		if out = append(out, b); len(out) == MaxRecipients {
			break
		}
	}
	return out
}

// said is what the text of a report says of an address on the line that begins
// with it.
func said(m *message.Message, a gateway.Address) string {
	if a == (gateway.Address{}) {
		return ""
	}
	text, _ := splitOriginal(m.Text[:min(len(m.Text), maxProse)])
	for line := range strings.Lines(text) {
		line = strings.TrimLeft(line, " \t<")
		n := len(a.String())
		if len(line) > n && strings.EqualFold(line[:n], a.String()) && strings.ContainsRune(":>", rune(line[n])) {
			return oneLine(strings.TrimLeft(line[n:], ">: "))
		}
	}
	return ""
}

// about is the paragraph of text that speaks of an address. Where folding the
// case moved the octets, what it finds may begin a little off.
func about(text, lower string, a gateway.Address) string {
	i := strings.Index(lower, strings.ToLower(a.String()))
	if i < 0 || i > len(text) {
		return ""
	}
	rest := text[i:]
	if end := strings.Index(rest, "\n\n"); end >= 0 {
		// The reason may stand in the paragraph below the address.
		if end < len(a.String())+2 {
			if next := strings.Index(rest[end+2:], "\n\n"); next >= 0 {
				end += 2 + next
			} else {
				end = len(rest)
			}
		}
		rest = rest[:end]
	}
	return strings.TrimPrefix(rest, a.String())
}
