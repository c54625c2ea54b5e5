package mailauth

import (
	"strings"
)

// The policies of a DMARC record (RFC 9989, section 4.7).
const (
	policyNone       = "none"
	policyQuarantine = "quarantine"
	policyReject     = "reject"
)

// record is a DMARC policy record, as far as a receiver needs it.
type record struct {
	p, sp, np  string // a policy each; sp and np may be empty
	strictDKIM bool   // adkim=s
	strictSPF  bool   // aspf=s
	psd        string // "y", "n" or empty
	testing    bool   // t=y
	// broken: a policy is not one, and no report is asked for; then the record
	// asks for nothing.
	broken bool
}

// parseRecord reads a TXT record (RFC 9989, section 4.8); ok is false for what is
// not a DMARC record. Unknown tags are ignored, pct, rf and ri among them.
func parseRecord(txt string) (rec record, ok bool) {
	rec.p = policyNone // RFC 9989, section 4.7: the record without p means none
	valid, reports := true, false
	first := true
	for part := range strings.SplitSeq(txt, ";") {
		name, value, found := strings.Cut(part, "=")
		name, value = strings.ToLower(strings.Trim(name, " \t")), strings.Trim(value, " \t")
		if first {
			if !found || name != "v" || value != "DMARC1" {
				return record{}, false
			}
			first = false
			continue
		}
		lower := strings.ToLower(value)
		switch name {
		case "p":
			rec.p, valid = lower, valid && isPolicy(lower)
		case "sp":
			rec.sp, valid = lower, valid && isPolicy(lower)
		case "np":
			rec.np, valid = lower, valid && isPolicy(lower)
		case "adkim":
			rec.strictDKIM = lower == "s"
		case "aspf":
			rec.strictSPF = lower == "s"
		case "psd":
			if lower == "y" || lower == "n" {
				rec.psd = lower
			}
		case "t":
			rec.testing = lower == "y"
		case "rua":
			reports = strings.Contains(lower, "mailto:")
		}
	}
	if !valid { // RFC 9989, section 4.10.1
		rec.p, rec.sp, rec.np, rec.broken = policyNone, "", "", !reports
	}
	return rec, true
}

func isPolicy(s string) bool {
	return s == policyNone || s == policyQuarantine || s == policyReject
}

// forSubdomain is the policy for names below the record's domain: np for those
// that do not exist.
func (r record) forSubdomain(exists bool) string {
	switch {
	case !exists && r.np != "":
		return r.np
	case r.sp != "":
		return r.sp
	}
	return r.p
}

// soften is what a policy under test asks for: one step less (RFC 9989, section
// 4.7, tag t).
func soften(policy string) string {
	if policy == policyReject {
		return policyQuarantine
	}
	return policyNone
}
