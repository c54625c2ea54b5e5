package inbound

import (
	"slices"

	"github.com/replygate/replygate/gateway"
)

// act is what is to be done with a reply once its author is known.
type act int

const (
	actPost act = iota
	actHold
	actRefuse
	actDefer
)

// judgement is the answer of judge: what to do, and why.
type judgement struct {
	act    act
	reason gateway.Reason
	status gateway.Status // for actRefuse and actDefer
}

// author is what is known of who wrote a mail.
type author struct {
	address gateway.Address
	err     error // not exactly one From with exactly one mailbox
	// temporary: a DNS failure kept a passing check from being found.
	temporary bool
	verdicts  gateway.Verdicts
}

// judge decides whether a mail that named a participant's reply address is
// believed to be written by that participant. A reply address alone never
// authenticates, but under the policy that says so. domains are ours.
func judge(policy gateway.AuthPolicy, u *gateway.User, a author, domains ...string) judgement {
	if a.err != nil {
		return refuse(gateway.ReasonBadFrom, "Your mail must name exactly one author in From; it was not posted")
	}
	if slices.Contains(domains, a.address.Domain) {
		return refuse(gateway.ReasonLoop, "This mail claims to come from the reply address itself; it was not posted")
	}
	if policy == gateway.PolicyToken {
		return judgement{act: actPost}
	}
	if !u.Owns(a.address) {
		return judgeStranger(policy, u, a)
	}
	if policy == gateway.PolicyTokenFrom || vouched(policy, a.verdicts) {
		return judgement{act: actPost}
	}
	if a.temporary {
		return deferred()
	}
	if a.verdicts.Policy == "reject" {
		return refuse(gateway.ReasonUnauthentic,
			"We could not verify that this mail comes from "+a.address.Domain+" (DMARC: SPF "+string(a.verdicts.SPF)+", DKIM "+string(a.verdicts.DKIM)+"); it was not posted")
	}
	return judgement{act: actHold, reason: gateway.ReasonUnauthentic}
}

// judgeStranger decides about an author who is not the participant. One whose
// own domain vouches for the mail may be an alias: a person decides. Everybody
// else is refused.
func judgeStranger(policy gateway.AuthPolicy, u *gateway.User, a author) judgement {
	if policy != gateway.PolicyTokenFrom {
		if vouched(policy, a.verdicts) {
			return judgement{act: actHold, reason: gateway.ReasonSenderMismatch}
		}
		if a.temporary {
			return deferred()
		}
	}
	text := "This reply address belongs to somebody else; your mail was not posted"
	if own := u.Addresses(); len(own) > 0 {
		text = "Please answer from the address the notification was sent to (" + masked(own[0]) + "); your mail was not posted"
	}
	return refuse(gateway.ReasonSenderMismatch, text)
}

// vouched tells whether the checks satisfy the policy.
func vouched(policy gateway.AuthPolicy, v gateway.Verdicts) bool {
	if policy == gateway.PolicyStrict {
		return v.DMARC == gateway.VerdictPass
	}
	return v.Aligned()
}

func refuse(r gateway.Reason, text string) judgement {
	return judgement{act: actRefuse, reason: r, status: gateway.Status{Code: 550, Enhanced: [3]int{5, 7, 1}, Text: text}}
}

// deferred answers as RFC 3463, X.4.3 (directory server failure): the sender's
// queue tries again when DNS answers.
func deferred() judgement {
	return judgement{act: actDefer, reason: gateway.ReasonUnauthentic,
		status: gateway.Status{Code: 451, Enhanced: [3]int{4, 4, 3}, Text: "DNS did not answer while we verified your mail, please try again"}}
}

// masked shows enough of an address for its owner to know it: a***@example.com.
func masked(a gateway.Address) string {
	r := []rune(a.LocalPart)
	if !a.IsASCII() {
		return "***@" + a.Domain
	}
	return string(r[:1]) + "***@" + a.Domain
}
