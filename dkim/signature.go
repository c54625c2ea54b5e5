package dkim

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"
)

const signatureField = "DKIM-Signature"

// signature is one DKIM-Signature field on its way to a verdict.
type signature struct {
	index     int // among the mail's fields
	tags      map[string]string
	domain    string
	selector  string
	algorithm string
	verdict   Verdict
	err       error // not nil: it is refused without asking DNS
	testing   bool
}

// Verification is what the caller hears.
func (s *signature) Verification() Verification {
	return Verification{s.domain, s.selector, s.algorithm, s.verdict, s.err, s.testing}
}

func (s *signature) keyName() string { return recordName(s.selector, s.domain) }

// readSignatures finds the signatures, the preferred ones first, and refuses
// those that cannot pass. The others keep the order of the mail.
func readSignatures(fields []Field, o VerifyOptions) []*signature {
	counts := map[string]int{}
	for _, f := range fields {
		counts[toLower(f.Name)]++
	}
	var out []*signature
	for i, f := range fields {
		if !f.Is(signatureField) {
			continue
		}
		s := &signature{index: i}
		if s.read(f.Value()); s.err == nil {
			s.verdict, s.err = s.refuse(counts, o.Now)
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b *signature) int {
		return cmp.Compare(a.rank(o.Prefer), b.rank(o.Prefer))
	})
	return out
}

// acceptable leaves out what is refused already.
func acceptable(signatures []*signature) []*signature {
	var out []*signature
	for _, s := range signatures {
		if s.err == nil {
			out = append(out, s)
		}
	}
	return out
}

// rank says how near a signature stands to the author's domain; what is refused
// anyhow comes last.
func (s *signature) rank(prefer string) int {
	switch {
	case s.err != nil:
		return 3
	case s.domain == toLower(prefer):
		return 0
	case strings.HasSuffix(s.domain, "."+toLower(prefer)), strings.HasSuffix(toLower(prefer), "."+s.domain):
		return 1
	}
	return 2
}

// read takes the tags apart (RFC 6376, section 3.2).
func (s *signature) read(value []byte) {
	s.tags = map[string]string{}
	for tag := range strings.SplitSeq(string(value), ";") {
		name, v, ok := strings.Cut(tag, "=")
		name = strings.Trim(name, " \t\r\n")
		if _, twice := s.tags[name]; twice || !ok && name != "" {
			s.verdict, s.err = PermError, ErrTag
		}
		if ok {
			s.tags[name] = strings.Map(dropSpace, v)
		}
	}
	s.domain, s.selector = toLower(s.tags["d"]), s.tags["s"]
	s.algorithm = toLower(s.tags["a"])
	if !isHostName(s.domain) || !isHostName(s.selector) {
		s.domain, s.selector, s.algorithm = "", "", ""
		s.verdict, s.err = PermError, ErrTag
	}
}

func dropSpace(r rune) rune {
	if r == ' ' || r == '\t' || r == '\r' || r == '\n' {
		return -1
	}
	return r
}

// refuse names what keeps a well-formed signature from ever passing.
func (s *signature) refuse(counts map[string]int, now time.Time) (Verdict, error) {
	made, errT := s.time("t")
	expires, errX := s.time("x")
	names := strings.Split(toLower(s.tags["h"]), ":")
	_, partial := s.tags["l"]
	switch {
	case errT != nil || errX != nil:
		return PermError, ErrTag
	case s.algorithm != "rsa-sha256" && s.algorithm != "ed25519-sha256":
		return Policy, ErrWeak // RFC 8301, section 3.1
	case partial:
		return Policy, ErrPartial // RFC 6376, section 8.2
	case len(names) > maxSignedKeys:
		return Policy, ErrNames
	case !expires.IsZero() && !now.Before(expires):
		return Policy, ErrExpired
	case made.After(now.Add(futureSkew)):
		return Policy, ErrFuture
	case !covers(names, counts):
		return Policy, ErrUncovered
	}
	return "", nil
}

// time reads a tag of seconds since 1970; the zero time when there is none.
func (s *signature) time(tag string) (time.Time, error) {
	v, ok := s.tags[tag]
	if !ok {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return time.Time{}, ErrTag
	}
	return time.Unix(n, 0), nil
}

// covers tells whether h= covers every instance of the fields that readers take
// to be single (RFC 5322, section 3.6; RFC 6376, section 8.15), and From is one.
func covers(names []string, counts map[string]int) bool {
	signed := map[string]int{}
	for _, n := range names {
		signed[n]++
	}
	for _, n := range []string{
		"from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references",
		"mime-version", "content-type", "content-transfer-encoding",
	} {
		if counts[n] > 1 && counts[n] > signed[n] {
			return false
		}
	}
	return counts["from"] == 1 && signed["from"] > 0
}

// judge turns the library's result into a verdict; what the key's owner asks for
// beside it is asked here.
func (s *signature) judge(err error, key keyRecord) {
	s.testing = key.has("y")
	switch {
	case key.err != nil:
		s.verdict, s.err = PermError, key.err
	case err != nil:
		s.verdict, s.err = verdictOf(err), errors.New(strings.TrimPrefix(err.Error(), "dkim: "))
	case s.testing: // RFC 6376, section 3.6.1: as if it were not signed
		s.verdict, s.err = Policy, ErrTesting
	case key.has("s") && !s.sameIdentity():
		s.verdict, s.err = PermError, ErrIdentity
	default:
		s.verdict = Pass
	}
}

func verdictOf(err error) Verdict {
	switch {
	case msgauth.IsTempFail(err), errors.As(err, new(unexpected)):
		return TempError
	case msgauth.IsPermFail(err):
		return PermError
	}
	return Fail
}

// sameIdentity tells whether the domain of i= is that of d= itself.
func (s *signature) sameIdentity() bool {
	i, ok := s.tags["i"]
	return !ok || toLower(i[strings.LastIndexByte(i, '@')+1:]) == s.domain
}
