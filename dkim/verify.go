package dkim

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"
)

// Verdict is the result for one signature, in the words of RFC 8601, section
// 2.7.1.
type Verdict string

// The verdicts. Policy is a signature that is refused for what it is, whether or
// not it is right: too weak, partial, expired, testing.
const (
	Pass      Verdict = "pass"
	Fail      Verdict = "fail"
	Policy    Verdict = "policy"
	TempError Verdict = "temperror"
	PermError Verdict = "permerror"
)

// Verification is what became of one signature.
type Verification struct {
	Domain    string // d=, in lower case
	Selector  string // s=
	Algorithm string // a=
	Verdict   Verdict
	Err       error // why it did not pass
	Testing   bool  // the key's owner is only testing (t=y)
}

// VerifyOptions say how to verify.
type VerifyOptions struct {
	// LookupTXT finds the TXT records of a name, the strings of each joined. It is
	// called concurrently. Its error is permanent only if it has a method
	// Temporary() that answers false.
	LookupTXT func(ctx context.Context, name string) ([]string, error)
	// Max bounds the signatures that are verified; zero means 5.
	Max int
	// Prefer is the author's domain: signatures that could be aligned with it are
	// verified first.
	Prefer string
	Now    time.Time
}

const defaultMax = 5

// Limits of what is verified beside those of ReadHeader.
const (
	maxEmptyLines = 100_000         // in a row, in the body
	maxSignedKeys = 200             // names in h=
	futureSkew    = 5 * time.Minute // how far ahead another clock may be
)

// Errors of Verify, and of the signatures it refuses.
var (
	ErrEmptyLines = errors.New("the body has more empty lines in a row than the limit")
	ErrTag        = errors.New("the signature is malformed")
	ErrPartial    = errors.New("the signature covers only a part of the body")
	ErrWeak       = errors.New("the algorithm is too weak")
	ErrExpired    = errors.New("the signature has expired")
	ErrFuture     = errors.New("the signature was made in the future")
	ErrNames      = errors.New("the signature lists more fields than the limit")
	ErrUncovered  = errors.New("a field stands more often in the mail than the signature covers")
	ErrTesting    = errors.New("the key is only being tested")
	ErrIdentity   = errors.New("the key does not sign for subdomains")
	ErrKeySize    = errors.New("the key record is larger than the limit")
)

// Verify verifies the signatures of a mail, at most Max of them, those of the
// preferred domain first; it returns them in that order. An error means that the
// mail is not fit to be verified at all, whatever its signatures: then nothing
// in it is vouched for. Its cost is linear in the mail's size.
func Verify(ctx context.Context, raw []byte, o VerifyOptions) ([]Verification, error) {
	fields, body, err := ReadHeader(raw)
	if err != nil {
		return nil, fmt.Errorf("verify mail: %w", err)
	}
	if !cleanLines(body) {
		return nil, fmt.Errorf("verify mail: %w", ErrLineEnds)
	}
	if longestEmpty(body) > maxEmptyLines {
		return nil, fmt.Errorf("verify mail: %w", ErrEmptyLines)
	}
	if o.Max <= 0 {
		o.Max = defaultMax
	}
	signatures := readSignatures(fields, o)
	signatures = signatures[:min(len(signatures), o.Max)]
	verifyAll(ctx, fields, body, acceptable(signatures), o)
	var out []Verification
	for _, s := range signatures {
		out = append(out, s.Verification())
	}
	return out, nil
}

// longestEmpty counts the CRLFs of the longest run of empty lines.
func longestEmpty(body []byte) int {
	longest, run := 0, 0
	for len(body) > 0 {
		i := bytes.IndexByte(body, '\n')
		if i < 0 {
			break
		}
		if run++; i > 1 {
			run = 0
		}
		longest, body = max(longest, run), body[i+1:]
	}
	return longest
}

// verifyAll verifies each signature on its own, all at once, since most of the
// time goes by waiting for keys.
func verifyAll(ctx context.Context, fields []Field, body []byte, signatures []*signature, o VerifyOptions) {
	keys := &keyring{ctx: ctx, lookup: o.LookupTXT, records: map[string]keyRecord{}}
	var wg sync.WaitGroup
	for _, s := range signatures {
		wg.Go(func() {
			err := verifyOne(readerFor(s, fields, body), keys.find)
			s.judge(err, keys.record(s.keyName()))
		})
	}
	wg.Wait()
}

// readBuffer is the largest size of the pieces in which the library sees a mail: it
// copies each of them twice. A smaller mail comes in one piece; below minBuffer the
// library makes a buffer of its own.
const (
	readBuffer = 64 << 10
	minBuffer  = 4 << 10
)

// readerFor is the mail as it was when the signature was put on top of it, as far
// as signatures are concerned: those above it came later.
func readerFor(s *signature, fields []Field, body []byte) *bufio.Reader {
	size := len("\r\n")
	for _, f := range fields {
		size += len(f.Raw)
	}
	header := bytes.NewBuffer(make([]byte, 0, size))
	for i, f := range fields {
		if i >= s.index || !f.Is(signatureField) {
			header.Write(f.Raw)
		}
	}
	header.WriteString("\r\n")
	size = min(max(minBuffer, header.Len()+len(body)), readBuffer)
	return bufio.NewReaderSize(struct{ io.Reader }{io.MultiReader(header, bytes.NewReader(body))}, size)
}

// verifyOne lets the library verify the uppermost signature. A panic in it is an
// error like one of DNS: not known, so temporary.
func verifyOne(r io.Reader, find func(string) ([]string, error)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = unexpected{fmt.Errorf("the verifier broke: %v", p)}
		}
	}()
	results, err := msgauth.VerifyWithOptions(r, &msgauth.VerifyOptions{LookupTXT: find, MaxVerifications: 1})
	if len(results) != 1 || err != nil && !errors.Is(err, msgauth.ErrTooManySignatures) {
		return unexpected{errors.Join(err, errors.New("the verifier gave up"))}
	}
	return results[0].Err
}

// unexpected is what the library ends with when it comes to no verdict.
type unexpected struct{ error }
