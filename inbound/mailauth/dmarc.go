package mailauth

import (
	"context"
	"errors"
	"strings"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/dns"
)

// evaluation is the DMARC check of one mail (RFC 9989, section 5.3).
type evaluation struct {
	ctx    context.Context
	r      Resolver
	author string
	walk   walk
	rec    record // the one that applies, or none
	domain string // where it was found
	found  bool
}

// evaluate finds the policy of the author's domain, and who vouches for it.
func (r *Result) evaluate(ctx context.Context, resolver Resolver) {
	e := &evaluation{ctx: ctx, r: resolver, author: r.Author.Domain}
	e.walk = walkTree(ctx, resolver, e.author)
	if p, ok := e.walk.policy(); ok && !p.record.broken {
		e.rec, e.domain, e.found = p.record, p.domain, true
	}
	spf := e.checkSPF(&r.Verdicts)
	best, signed := e.checkDKIM(r.DKIM)
	r.summarize(best)
	r.Verdicts.SPFAligned, r.Verdicts.DKIMAligned = spf == aligned, signed == aligned
	policyErr := e.effectivePolicy(&r.Verdicts)

	unknown := spf == unsure || signed == unsure || policyErr != nil
	r.Temporary = !r.Verdicts.Aligned() && unknown
	r.Verdicts.DMARC = e.verdict(r.Verdicts.Aligned(), r.Temporary)
}

func (e *evaluation) verdict(passed, temporary bool) gateway.Verdict {
	switch {
	case !e.found && e.walk.tempErr != nil:
		return gateway.VerdictTempError
	case !e.found:
		return gateway.VerdictNone // RFC 9989, section 4.10.1: no record, no DMARC
	case passed:
		return gateway.VerdictPass
	case temporary:
		return gateway.VerdictTempError
	}
	return gateway.VerdictFail
}

// alignment is whether an identifier vouches for the author.
type alignment int

const (
	unaligned alignment = iota
	aligned
	unsure // DNS did not tell, for now
)

func (e *evaluation) checkSPF(v *gateway.Verdicts) alignment {
	switch v.SPF {
	case gateway.VerdictPass:
		return e.align(v.SPFDomain, e.rec.strictSPF)
	case gateway.VerdictTempError:
		return e.might(v.SPFDomain, e.rec.strictSPF)
	}
	return unaligned
}

// checkDKIM returns the index of the signature that is aligned, or -1.
func (e *evaluation) checkDKIM(signatures []dkim.Verification) (best int, out alignment) {
	for i, s := range signatures {
		a := unaligned
		switch s.Verdict {
		case dkim.Pass:
			a = e.align(s.Domain, e.rec.strictDKIM)
		case dkim.TempError:
			a = e.might(s.Domain, e.rec.strictDKIM)
		}
		if a == aligned {
			return i, aligned
		}
		out = max(out, a)
	}
	return -1, out
}

// might turns "aligned" into "unsure", for an identifier that did not pass yet.
func (e *evaluation) might(domain string, strict bool) alignment {
	if e.align(domain, strict) == unaligned {
		return unaligned
	}
	return unsure
}

// align tells whether domain is the author's, or shares its organisation (RFC
// 9989, section 4.10.2). It asks for no more than it must: an organisation that
// is not above domain cannot be shared.
func (e *evaluation) align(domain string, strict bool) alignment {
	if domain == "" || e.author == "" {
		return unaligned
	}
	if domain == e.author {
		return aligned
	}
	if strict || !related(domain, e.author) {
		return unaligned
	}
	if e.walk.tempErr != nil {
		return unsure
	}
	org := e.walk.organization()
	if domain != org && !strings.HasSuffix(domain, "."+org) {
		return unaligned
	}
	other := walkTree(e.ctx, e.r, domain)
	switch {
	case other.tempErr != nil:
		return unsure
	case other.organization() == org:
		return aligned
	}
	return unaligned
}

// related tells whether two names share their last label, without which they
// share nothing.
func related(a, b string) bool {
	return a[strings.LastIndexByte(a, '.')+1:] == b[strings.LastIndexByte(b, '.')+1:]
}

// effectivePolicy sets what the author's domain asks to be done with mail that
// fails: that of its own record, or sp and np of one above (RFC 9989, section
// 4.10.1).
func (e *evaluation) effectivePolicy(v *gateway.Verdicts) error {
	if !e.found {
		return e.walk.tempErr
	}
	v.Policy = e.rec.p
	if e.domain != e.author {
		exists := true
		if e.rec.np != "" {
			var err error
			if exists, err = e.exists(); err != nil {
				return err
			}
		}
		v.Policy = e.rec.forSubdomain(exists)
	}
	if e.rec.testing {
		v.Policy = soften(v.Policy)
	}
	return nil
}

// exists tells whether the author's domain exists: whether asking for it answers
// anything but NXDOMAIN (RFC 9989, section 3.2.13).
func (e *evaluation) exists() (bool, error) {
	_, err := e.r.LookupIPv4(e.ctx, e.author)
	switch {
	case errors.Is(err, dns.ErrNoName):
		return false, nil
	case err == nil, dns.IsNotFound(err):
		return true, nil
	}
	return false, err
}
