package inbound

import (
	"strings"

	"github.com/replygate/replygate/gateway/token"
	"github.com/replygate/replygate/inbound/extract"
)

// withoutTokens puts a marker in the place of whatever looks like a signed
// address or link of ours: subjects and file names are shown to the whole
// conversation, and people paste what was meant for them alone.
func withoutTokens(s string) string {
	if len(s) < token.Length {
		return s
	}
	var b strings.Builder
	for rest := s; ; {
		n := strings.IndexFunc(rest, outsideToken)
		if n < 0 {
			n = len(rest)
		}
		if run := rest[:n]; token.Looks(run) {
			b.WriteString(extract.RedactedMarker)
		} else {
			b.WriteString(run)
		}
		if rest = rest[n:]; rest == "" {
			return b.String()
		}
		n = strings.IndexFunc(rest, func(r rune) bool { return !outsideToken(r) })
		if n < 0 {
			n = len(rest)
		}
		b.WriteString(rest[:n])
		rest = rest[n:]
	}
}

func outsideToken(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
}
