package inbound

import (
	"errors"
	"strings"
	"testing"

	"github.com/replygate/replygate/gateway"
)

const ourDomain = "reply.example.com"

func address(t testing.TB, s string) gateway.Address {
	t.Helper()
	a, err := gateway.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestJudgeMatrix walks every combination of who wrote, what the checks found
// and which policy the app has, and holds it against the rules as sentences.
func TestJudgeMatrix(t *testing.T) {
	ann := &gateway.User{ID: "ann", Email: []string{"Ann@Example.org", "ann@work.test"}}
	policies := []gateway.AuthPolicy{"", gateway.PolicyVerified, gateway.PolicyStrict, gateway.PolicyTokenFrom, gateway.PolicyToken}
	authors := []string{"ann@example.org", "ANN@work.test", "eve@evil.test", "x@" + ourDomain, ""}
	n := 0
	for _, policy := range policies {
		for _, from := range authors {
			for bits := range 32 {
				for _, dmarc := range []string{"", "none", "quarantine", "reject"} {
					a := author{verdicts: gateway.Verdicts{SPFAligned: bits&1 != 0, DKIMAligned: bits&2 != 0, Policy: dmarc, DMARC: gateway.VerdictNone}, temporary: bits&4 != 0}
					if dmarc != "" {
						a.verdicts.DMARC = gateway.VerdictFail
						if a.verdicts.Aligned() {
							a.verdicts.DMARC = gateway.VerdictPass
						}
					}
					if from == "" {
						a.err = errors.New("two authors")
					} else {
						a.address = address(t, from)
					}
					got := judge(policy, ann, a, ourDomain)
					if want := expected(policy, from, a); got.act != want {
						t.Errorf("policy %q, from %q, %+v: act %d, want %d", policy, from, a, got.act, want)
					}
					check(t, got)
					n++
				}
			}
		}
	}
	if n < 200 {
		t.Fatalf("only %d cases", n)
	}
}

// expected says the rules once more, in the order STANDARDS tells them.
func expected(policy gateway.AuthPolicy, from string, a author) act {
	own := strings.HasPrefix(strings.ToLower(from), "ann@")
	aligned := a.verdicts.SPFAligned || a.verdicts.DKIMAligned
	pass := aligned
	if policy == "strict" {
		pass = a.verdicts.DMARC == "pass"
	}
	switch {
	case from == "", strings.HasSuffix(from, ourDomain):
		return actRefuse
	case policy == "token":
		return actPost
	case policy == "token+from" && own:
		return actPost
	case policy == "token+from":
		return actRefuse
	case own && pass:
		return actPost
	case own && a.temporary:
		return actDefer
	case own && a.verdicts.Policy == "reject":
		return actRefuse
	case own:
		return actHold
	case pass:
		return actHold
	case a.temporary:
		return actDefer
	}
	return actRefuse
}

func check(t *testing.T, j judgement) {
	t.Helper()
	switch j.act {
	case actRefuse:
		if j.status.Code != 550 || j.status.Enhanced != [3]int{5, 7, 1} {
			t.Errorf("refused with %v", j.status)
		}
	case actDefer:
		if j.status.Code != 451 {
			t.Errorf("deferred with %v", j.status)
		}
	}
	if j.act != actPost && !j.reason.Known() {
		t.Errorf("reason %q is not in the registry", j.reason)
	}
	for _, r := range j.status.Text {
		if r < ' ' || r > '~' {
			t.Errorf("%q is not one line of ASCII", j.status.Text)
		}
	}
	if strings.Contains(strings.ToLower(j.status.Text), "ann@") {
		t.Errorf("%q tells a stranger the whole address", j.status.Text)
	}
}
