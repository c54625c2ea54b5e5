package report

import "strings"

// Class is what a bounce means for sending to the address again.
type Class string

// The classes.
const (
	Hard      Class = "hard"      // the address does not exist, or does not take mail any more
	Soft      Class = "soft"      // this mail failed; another may not
	Delayed   Class = "delayed"   // still being tried
	Delivered Class = "delivered" // arrived, or handed on
)

// classify judges a bounce. Only what says that the address itself is dead is
// hard: 5.1.x but for those about the sender, and 5.2.1 (RFC 3463, sections 3.2
// and 3.3). A full mailbox, a refused content or a broken server is soft.
func classify(action string, status [3]int, diagnostic string) Class {
	switch action {
	case "delayed":
		return Delayed
	case "delivered", "relayed", "expanded":
		return Delivered
	}
	if status[0] == 4 {
		return Soft
	}
	switch {
	case status[1] == 1 && (status[2] < 7 || status[2] == 10): // 5.1.7 to 5.1.9 are about the sender
		return Hard
	case status[1] == 2 && status[2] == 1:
		return Hard
	case vagueStatus(status) && saysUnknown(diagnostic):
		return Hard
	}
	return Soft
}

// vagueStatus tells codes under which servers report unknown recipients
// without saying so: none, x.0.0, 5.5.0, and 5.4.1 and 5.7.1, which Exchange
// Online and others give to hide who exists.
func vagueStatus(s [3]int) bool {
	return s[1] == 0 || s == [3]int{5, 5, 0} || s == [3]int{5, 4, 1} || s == [3]int{5, 7, 1}
}

// unknownPhrases are how servers say that a mailbox does not exist.
var unknownPhrases = [...]string{
	"user unknown", "unknown user", "no such user", "no such recipient", "no such mailbox", "no mailbox here by that name",
	"user not found", "user doesn't exist", "user does not exist", "mailbox not found", "mailbox does not exist",
	"mailbox unavailable or access denied", "recipient not found", "recipient unknown", "unknown recipient", "unknown mailbox",
	"address does not exist", "account does not exist", "account that you tried to reach does not exist",
	"recipient address rejected: access denied", "invalid recipient", "invalid mailbox", "unrouteable address",
	"mailbox is disabled", "account is disabled", "account has been disabled", "not a valid mailbox",
}

func saysUnknown(diagnostic string) bool {
	d := strings.ToLower(diagnostic)
	for _, p := range unknownPhrases {
		if strings.Contains(d, p) {
			return true
		}
	}
	return false
}
