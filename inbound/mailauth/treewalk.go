package mailauth

import (
	"context"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/replygate/replygate/gateway/dns"
)

// maxWalkLabels is how many labels a walk goes through at most, after the first
// name: with it, no walk takes more than eight queries.
const maxWalkLabels = 7

// walk is what a DNS tree walk found, from the longest name to the shortest.
type walk struct {
	start   string
	found   []policyRecord
	tempErr error // a query failed for now: what lies above is unknown
}

// policyRecord is a DMARC record and the domain it was found for.
type policyRecord struct {
	domain string
	record record
}

// walkTree collects the DMARC records from domain upwards (RFC 9989, section
// 4.10).
func walkTree(ctx context.Context, r Resolver, domain string) walk {
	w := walk{start: domain}
	for name := domain; name != ""; name = parent(name) {
		rec, ok, err := lookupRecord(ctx, r, name)
		if err != nil {
			w.tempErr = err
			return w
		}
		if ok {
			w.found = append(w.found, policyRecord{name, rec})
			if rec.psd != "" {
				return w
			}
		}
	}
	return w
}

// parent removes the leftmost label, or of a long name all but the last seven.
func parent(name string) string {
	_, name, _ = strings.Cut(name, ".")
	for strings.Count(name, ".")+1 > maxWalkLabels {
		_, name, _ = strings.Cut(name, ".")
	}
	return name
}

// lookupRecord finds the DMARC record of exactly one domain. Several records are
// none.
func lookupRecord(ctx context.Context, r Resolver, domain string) (record, bool, error) {
	txts, err := r.LookupTXT(ctx, "_dmarc."+domain)
	if err != nil {
		if dns.IsNotFound(err) {
			err = nil
		}
		return record{}, false, err
	}
	var out record
	count := 0
	for _, txt := range txts {
		if rec, ok := parseRecord(txt); ok {
			out = rec
			count++
		}
	}
	return out, count == 1, nil
}

// at returns the record of exactly one domain.
func (w walk) at(domain string) (record, bool) {
	for _, f := range w.found {
		if f.domain == domain {
			return f.record, true
		}
	}
	return record{}, false
}

// organization is the organisational domain of the walk's start (RFC 9989,
// section 4.10.2). It must not be asked of a walk that failed.
//
// In one thing it is stricter: a public suffix whose record does not say psd is no
// organisation. Else everybody below a registry that forgot the tag could vouch
// for everybody else.
func (w walk) organization() string {
	org := w.start
	for _, f := range w.found {
		switch {
		case f.record.psd == "n":
			return f.domain
		case f.record.psd == "y" && f.domain != w.start:
			return oneBelow(w.start, f.domain)
		}
		org = f.domain
	}
	if suffix, _ := publicsuffix.PublicSuffix(org); suffix == org && org != w.start {
		return oneBelow(w.start, org)
	}
	return org
}

// oneBelow is the name one label below suffix on the way to name.
func oneBelow(name, suffix string) string {
	head := strings.TrimSuffix(name, "."+suffix)
	return head[strings.LastIndexByte(head, '.')+1:] + "." + suffix
}

// policy is the record that applies to the walk's start (RFC 9989, section
// 4.10.1): its own, that of its organisation, or that of the public suffix.
func (w walk) policy() (policyRecord, bool) {
	if rec, ok := w.at(w.start); ok {
		return policyRecord{w.start, rec}, true
	}
	if w.tempErr != nil || len(w.found) == 0 {
		return policyRecord{}, false
	}
	org := w.organization()
	if rec, ok := w.at(org); ok {
		return policyRecord{org, rec}, true
	}
	return w.found[len(w.found)-1], true
}
