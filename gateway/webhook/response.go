package webhook

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// maxAnswer is how much of an answer's body is read, only to keep the
	// connection; drainTime is for how long.
	maxAnswer = 64 << 10
	drainTime = 500 * time.Millisecond
	// maxKept is how much of it is kept for the log of attempts, in octets.
	maxKept = 1 << 10
)

// read reads what is left of an answer, so that the connection can be used again,
// but neither much nor for long, and returns its beginning; cancel ends the request.
func read(body io.ReadCloser, cancel context.CancelFunc) string {
	limit := time.AfterFunc(drainTime, cancel)
	defer limit.Stop()
	defer body.Close()
	begin := make([]byte, maxKept)
	n, _ := io.ReadFull(body, begin)                                    // a short or broken answer is an answer
	_, _ = io.Copy(io.Discard, io.LimitReader(body, maxAnswer-maxKept)) // only to keep the connection
	return string(begin[:n])
}

// secretive is what looks like a secret in an answer: keys and webhook secrets of
// ours, bearer tokens, and the secret part of a reply address or link.
var secretive = regexp.MustCompile(`whsec_[A-Za-z0-9+/=_-]+|sk_(?:live|test)_[A-Za-z0-9]+|(?i:bearer\s+)[A-Za-z0-9._~+/=-]{8,}|\b[A-Za-z2-7]{40,}\b|\bv1a?,[A-Za-z0-9+/=]{40,}`)

// redact makes the beginning of an answer fit to be shown: what the receiver may
// have echoed of our headers, and what looks like a secret, is left out.
func redact(s string, sent http.Header) string {
	for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) && len(s) >= maxKept-utf8.UTFMax {
		s = s[:len(s)-1] // a rune that was cut in two
	}
	if !utf8.ValidString(s) {
		return "(not text)"
	}
	for _, name := range []string{"webhook-signature", "X-TalkJS-Signature"} {
		for v := range strings.FieldsSeq(sent.Get(name)) {
			s = strings.ReplaceAll(s, v, "[redacted]")
		}
	}
	s = secretive.ReplaceAllString(s, "[redacted]")
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}
