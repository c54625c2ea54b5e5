package message

import (
	"slices"
	"strings"
)

// The rules of Doubtful, as records and the API show them.
const (
	RuleNoReply   = "noreply"   // From an address whose name says that nobody reads it
	RuleChallenge = "challenge" // asks the sender to prove that a person wrote
)

// Doubtful tells a mail that a program may have written, though nothing in its
// header says so, and by which rule: one from an address that takes no answers,
// and one that challenges whoever wrote to it. A person has to decide: some
// firms let their people write from such addresses. The subjects are those of the
// mails it may answer: what its own has from them is nobody's challenge.
func Doubtful(m *Message, subjects ...string) (rule string, doubtful bool) {
	switch {
	case fromNoReply(m.Header):
		return RuleNoReply, true
	case challenges(m, subjects):
		return RuleChallenge, true
	}
	return "", false
}

// noReplyNames are the local parts of addresses that nobody reads, without the
// marks between their words.
var noReplyNames = [...]string{
	"noreply", "noreplies", "donotreply", "dontreply", "neverreply", "noanswer", "noresponse", "autoreply", "autoresponder", "autoresponse",
	"nichtantworten", "keineantwort", "bittenichtantworten", "nepasrepondre", "sansreponse", "norespond", "noresponder", "naoresponda", "nonrispondere",
	"nietbeantwoorden", "nieodpowiadaj", "svarainte", "svarikke",
}

func fromNoReply(h Header) bool {
	for _, a := range parseAddresses(h.Raw("From")) {
		local, _, _ := strings.Cut(strings.ToLower(a.LocalPart), "+")
		local = strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
		for _, name := range noReplyNames {
			if local == name {
				return true
			}
		}
	}
	return false
}

// challengeHeaders are written by programs that let mail in only once its sender
// has answered.
var challengeHeaders = [...]string{
	"X-TMDA-Confirm", "X-Primary-Address-Challenge", "X-ASK-Auth", "X-Qconfirm", "X-Challenge-Response", "X-ChoiceMail-Registration-Request",
	"X-SpamArrest-Challenge", "X-Boxbe-Challenge", "X-Sender-Verification-Request", "X-UOL-AntiSpam-Challenge",
}

// challengePhrases are found in the subjects of such mails, in lower case.
var challengePhrases = [...]string{
	"verification required", "please confirm your message", "confirm your e-mail to", "confirm your email to", "please confirm that you are human",
	"your message is awaiting approval", "sender verification", "confirmation of your message required", "message confirmation required",
	"your email requires verification", "your e-mail requires verification", "waiting for your confirmation to deliver",
}

func challenges(m *Message, subjects []string) bool {
	for _, name := range challengeHeaders {
		if m.Header.Has(name) {
			return true
		}
	}
	if strings.HasPrefix(strings.ToLower(m.Header.Get("X-Delivery-Agent")), "tmda/") && strings.Contains(strings.ToLower(m.Header.Get("From")), "-confirm-") {
		return true
	}
	for _, p := range challengePhrases {
		says := func(s string) bool { return strings.Contains(strings.ToLower(s), p) }
		if says(m.Subject) && !slices.ContainsFunc(subjects, says) {
			return true
		}
	}
	return false
}
