package outbound

import (
	"strings"

	"github.com/replygate/replygate/gateway"
)

// dead tells whether a refusal says that the address itself takes no mail: 5.1.x
// but for those about the sender, and 5.2.1 (RFC 3463, sections 3.2 and 3.3), or,
// from a server that gives no such code or one that says nothing, 550 in telling
// words. What is refused
// for its content or by policy says nothing about the address.
func dead(s gateway.Status) bool {
	switch e := s.Enhanced; {
	case e == [3]int{5, 0, 0}: // what stands in for none
		return s.Code == 550 && saysUnknown(s.Text)
	case e[0] != 5:
		return false
	case e[1] == 1:
		return e[2] >= 1 && e[2] <= 3 || e[2] == 6 || e[2] == 10
	default:
		return e[1] == 2 && e[2] == 1
	}
}

// How servers without enhanced codes say that there is no such mailbox, and the
// words with which the same is said about something else: the sender's address, a
// domain, a block list. In doubt the address lives on: the price is one mail more.
var (
	unknownWords = [...]string{
		"no such user", "no such recipient", "no such mailbox", "no such address", "no mailbox here by that name",
		"user unknown", "unknown user", "recipient unknown", "unknown recipient", "mailbox unknown", "unknown mailbox",
		"user not found", "recipient not found", "mailbox not found",
		"user does not exist", "user doesn't exist", "mailbox does not exist", "recipient does not exist", "account does not exist",
	}
	otherWords = [...]string{
		"sender", "mail from", "return path", "return-path", "reverse-path", "verif", "callout", "relay", "helo", "policy", "spam", "block", "reputation",
	}
)

func saysUnknown(text string) bool {
	text = strings.ToLower(text)
	for _, w := range otherWords {
		if strings.Contains(text, w) {
			return false
		}
	}
	for _, w := range unknownWords {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
