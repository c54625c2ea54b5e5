package mailauth

import (
	"fmt"
	"strings"
	"testing"
)

// identities are ways to say who one is.
func identities() []struct {
	name, from string
	edit       func(string) string
} {
	replace := func(old, with string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, with, 1) }
	}
	return []struct {
		name, from string
		edit       func(string) string
	}{
		{"own", "Ann <ann@corp.example>", nil},
		{"own, upper case", "Ann <ANN@CORP.Example>", nil},
		{"subdomain", "ann@sub.corp.example", nil},
		{"stranger", "Eve <eve@evil.example>", nil},
		{"stranger's name", `"ann@corp.example" <eve@evil.example>`, nil},
		{"look-alike", "ann@c\u043erp.example", nil},
		{"suffix", "ann@notcorp.example", nil},
		{"two From, own on top", "eve@evil.example", func(s string) string { return "From: ann@corp.example\r\n" + s }},
		{"two From, own below", "eve@evil.example", replace("\r\n\r\n", "\r\nFrom: ann@corp.example\r\n\r\n")},
		{"two mailboxes", "ann@corp.example, eve@evil.example", nil},
		{"group", "x:ann@corp.example;", nil},
		{"spaced", "ann@corp.example", replace("\r\nFrom:", "\r\nFrom :")},
		{"odd space", "ann@corp.example", replace("\r\nFrom:", "\r\nFrom\u00a0:")},
		{"encoded", "=?utf-8?q?ann=40corp.example=3E?=@evil.example", nil},
	}
}

// proofs are ways to show it.
func proofs() []struct {
	name string
	mail mail
} {
	forged := "Authentication-Results: mx.reply.example.net; dmarc=pass header.from=corp.example\r\nX-Dkim: x\r\n"
	broken := func(s string) string { return strings.Replace(s, "Yes.", "No.", 1) }
	return []struct {
		name string
		mail mail
	}{
		{"nothing", mail{head: "X-A: b\r\n", ip: unlisted, path: "nowhere.example"}},
		{"forged results", mail{head: forged, ip: unlisted, path: "corp.example"}},
		{"SPF own", mail{head: "X-A: b\r\n", ip: listed, path: "corp.example"}},
		{"SPF stranger", mail{head: "X-A: b\r\n", ip: listed, path: "evil.example"}},
		{"HELO own", mail{head: "X-A: b\r\n", ip: listed, helo: "corp.example"}},
		{"DKIM own", mail{head: "X-A: b\r\n", sign: "corp.example", ip: unlisted, path: "evil.example"}},
		{"DKIM stranger", mail{head: "X-A: b\r\n", sign: "evil.example", ip: unlisted, path: "corp.example"}},
		{"DKIM both", mail{head: "X-A: b\r\n", sign: "evil.example corp.example", ip: listed, path: "evil.example"}},
		{"DKIM broken", mail{head: "X-A: b\r\n", sign: "corp.example", ip: unlisted, path: "corp.example", edit: broken}},
		{"DKIM subdomain", mail{head: "X-A: b\r\n", sign: "sub.corp.example", ip: unlisted, path: "nowhere.example"}},
		{"DKIM unknown", mail{head: "X-A: b\r\n", sign: "slow.corp.example", ip: unlisted, path: "nowhere.example"}},
		{"SPF unknown", mail{head: "X-A: b\r\n", ip: listed, path: "slow.corp.example"}},
		{"SPF unknown, DKIM own", mail{head: "X-A: b\r\n", sign: "corp.example", ip: listed, path: "slow.corp.example"}},
	}
}

// expectations: one row per identity, one column per proof. S and D: aligned by
// SPF or DKIM; ?: to be asked again later; -: nobody vouches; !: no author.
var expectations = map[string]string{
	//                       . A S s H D d b x u ? ? D
	"own":                  "- - S - S D - D - D ? ? D",
	"own, upper case":      "- - S - S D - D - D ? ? D",
	"subdomain":            "- - S - S D - D - D ? ? D",
	"stranger":             "- - - S - - D SD - - - - -",
	"stranger's name":      "- - - S - - D SD - - - - -",
	"look-alike":           "- - - - - - - - - - - - -",
	"suffix":               "- - - - - - - - - - - - -",
	"two From, own on top": "! ! ! ! ! ! ! ! ! ! ! ! !",
	"two From, own below":  "! ! ! ! ! ! ! ! ! ! ! ! !",
	"two mailboxes":        "! ! ! ! ! ! ! ! ! ! ! ! !",
	"group":                "! ! ! ! ! ! ! ! ! ! ! ! !",
	"spaced":               "! ! ! ! ! ! ! ! ! ! ! ! !",
	"odd space":            "! ! ! ! ! ! ! ! ! ! ! ! !",
	"encoded":              "! ! ! ! ! ! ! ! ! ! ! ! !",
}

// strictExpectations are the rows that differ when the domain asks for strict
// alignment.
var strictExpectations = map[string]string{
	//                  . A S s H D d b x u ? ? D
	"own":             "- - S - S D - D - - - - D",
	"own, upper case": "- - S - S D - D - - - - D",
	"subdomain":       "- - - - - - - - - D - - -",
}

func outcome(r Result) string {
	v := r.Verdicts
	switch {
	case r.AuthorErr != nil && (v.Aligned() || r.Temporary || !r.Author.IsZero()):
		return "contradiction"
	case r.AuthorErr != nil:
		return "!"
	case r.Temporary:
		return "?"
	case !v.Aligned():
		return "-"
	}
	out := ""
	if v.SPFAligned {
		out += "S"
	}
	if v.DKIMAligned {
		out += "D"
	}
	return out
}

// TestMatrix holds every identity against every proof.
func TestMatrix(t *testing.T) {
	for record, differ := range map[string]map[string]string{
		"v=DMARC1; p=reject":                   nil,
		"v=DMARC1; p=reject; adkim=s; aspf=s;": strictExpectations,
	} {
		l := newLab(t, "corp.example", "sub.corp.example", "slow.corp.example", "evil.example")
		l.Set("_dmarc.corp.example", "TXT", record)
		l.Fail("sel._domainkey.slow.corp.example")
		l.Fail("slow.corp.example")
		cases := 0
		for _, id := range identities() {
			row, ok := differ[id.name]
			if !ok {
				row = expectations[id.name]
			}
			want := strings.Fields(row)
			for i, proof := range proofs() {
				cases++
				m := proof.mail
				m.from = id.from
				if id.edit != nil {
					onTheWay := m.edit
					m.edit = func(s string) string {
						if onTheWay != nil {
							s = onTheWay(s)
						}
						return id.edit(s)
					}
				}
				r := l.check(m)
				if got := outcome(r); got != want[i] {
					t.Errorf("%s; %s by %s: got %s, want %s (%+v, %v, %v)", record, id.name, proof.name, got, want[i], r.Verdicts, r.DKIM, r.AuthorErr)
				}
				if passed := r.Verdicts.DMARC == "pass"; passed && !r.Verdicts.Aligned() {
					t.Errorf("%s by %s: DMARC passes without alignment", id.name, proof.name)
				}
			}
		}
		t.Log(fmt.Sprint(cases, " cases"))
	}
}
