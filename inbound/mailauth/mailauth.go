package mailauth

import (
	"context"
	"net/netip"
	"time"

	"github.com/replygate/replygate/dkim"
	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/dns"
)

// VerdictPolicy is a DKIM signature refused for what it is (RFC 8601, section
// 2.7.1): too weak, partial, expired, or of a key that is only being tested.
const VerdictPolicy gateway.Verdict = "policy"

// maxSignatures is how many DKIM signatures of a mail are verified.
const maxSignatures = 5

// Resolver asks the Domain Name System: a *dns.Resolver, or better a *dns.Budget,
// which bounds what one mail may cost. An error that dns.IsNotFound does not know
// is temporary.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]dns.MX, error)
	LookupIP(ctx context.Context, name string) ([]netip.Addr, error)
	LookupIPv4(ctx context.Context, name string) ([]netip.Addr, error)
	LookupAddr(ctx context.Context, ip netip.Addr) ([]string, error)
}

// Mail is a mail as it was received.
type Mail struct {
	// ClientIP is who connected; invalid when that is not known, as behind a relay
	// that does not tell.
	ClientIP netip.Addr
	Helo     string
	From     gateway.ReversePath
	// SPF is the check that was started at MAIL; nil starts it now. Check waits for
	// it, and closes it.
	SPF *SPF
	// Raw is the whole mail, with lines that end in CRLF.
	Raw []byte
}

// Result is what is known of a mail's author.
type Result struct {
	// Author is the one mailbox of the one From; zero if there is AuthorErr.
	Author    gateway.Address
	AuthorErr error
	Verdicts  gateway.Verdicts
	// DKIM are the signatures that were looked at, those near the author's domain
	// first.
	DKIM []dkim.Verification
	// DKIMErr is why the mail is not fit to carry a signature at all.
	DKIMErr error
	// Temporary: nothing aligned passed, but something that DNS did not answer for
	// now might have, or the policy is not known. Later it may be otherwise.
	Temporary bool

	spfHelo bool // SPF checked the client's name, not the reverse path
}

// Check authenticates a mail. It does not fail: what cannot be found out is a
// verdict. It returns when ctx ends, with what is then known.
func Check(ctx context.Context, m Mail, r Resolver, now time.Time) Result {
	if m.SPF == nil {
		m.SPF = StartSPF(ctx, r, m.ClientIP, m.Helo, m.From)
	}
	defer m.SPF.Close()
	res := Result{spfHelo: m.SPF.helo}
	fields, _, err := dkim.ReadHeader(m.Raw)
	if err == nil {
		res.Author, err = readAuthor(fields)
		res.Verdicts.ARC, res.Verdicts.ARCDomain = readARC(fields)
		res.Verdicts.ReplyToDiffers = err == nil && replyElsewhere(fields, res.Author)
	}
	res.AuthorErr = err
	res.DKIM, res.DKIMErr = dkim.Verify(ctx, m.Raw, dkim.VerifyOptions{
		LookupTXT: r.LookupTXT, Max: maxSignatures, Prefer: res.Author.Domain, Now: now,
	})
	res.Verdicts.SPF, res.Verdicts.SPFDomain = m.SPF.Wait(ctx)
	res.summarize(-1)
	if res.AuthorErr != nil {
		res.Verdicts.DMARC = gateway.VerdictPermError
		return res
	}
	res.evaluate(ctx, r)
	return res
}

// summarize puts the signature that counts into the verdicts: the one given, or
// the first that passed, or the first.
func (r *Result) summarize(best int) {
	v := &r.Verdicts
	switch {
	case r.DKIMErr != nil:
		v.DKIM = gateway.VerdictPermError
		return
	case len(r.DKIM) == 0:
		v.DKIM = gateway.VerdictNone
		return
	}
	for i := 0; best < 0 && i < len(r.DKIM); i++ {
		if r.DKIM[i].Verdict == dkim.Pass {
			best = i
		}
	}
	s := r.DKIM[max(best, 0)]
	v.DKIM, v.DKIMDomain = gateway.Verdict(s.Verdict), s.Domain
}
