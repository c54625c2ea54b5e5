package chat

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/replygate/replygate/gateway"
)

// StatusUnasked puts a mail off because the app's authorise hook gave no answer.
var StatusUnasked = gateway.Status{Code: 451, Enhanced: [3]int{4, 7, 1}, Text: "Whether you may write in this conversation could not be found out at the moment, please try again"}

const denied = "You may not write in this conversation at the moment"

// StatusDenied is the refusal of an app's authorise hook, in its own words as far
// as an SMTP answer can hold them: in ASCII (RFC 5321, section 4.2).
func StatusDenied(words string) gateway.Status {
	text := strings.TrimRight(ascii(words), ".!; ")
	if text == "" {
		text = denied
	}
	return gateway.Status{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: text + ". Your message was not posted"}
}

// ascii writes words without accents; it is empty when too little would be left
// to be understood.
func ascii(words string) string {
	lost := 0
	out := strings.Map(func(r rune) rune {
		switch {
		case r == '’' || r == '‘':
			return '\''
		case r == '“' || r == '”':
			return '"'
		case ' ' <= r && r < 0x7f:
			return r
		case unicode.Is(unicode.Mn, r), unicode.IsControl(r): // an accent that norm took off
			return -1
		}
		lost++
		return '?'
	}, norm.NFKD.String(words))
	if lost > len(out)/8 {
		return ""
	}
	return strings.TrimSpace(out)
}
