package mailauth

import (
	"fmt"
	"strings"

	"github.com/replygate/replygate/gateway"
)

// Header is the Authentication-Results field (RFC 8601) under the name of the
// server that found them out, with its last CRLF; of a mail that was not checked it
// says so (no-result, section 2.2). It is written for people who look into a stored mail:
// nothing in the gateway reads it back.
func (r Result) Header(authservID string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", resultsField, token8601(authservID))
	if r.Verdicts == (gateway.Verdicts{}) {
		b.WriteString("; none\r\n")
		return b.String()
	}
	v := r.Verdicts
	fmt.Fprintf(&b, ";\r\n\tspf=%s", orNone(v.SPF))
	switch {
	case v.SPFDomain != "" && r.spfHelo:
		fmt.Fprintf(&b, " smtp.helo=%s", token8601(v.SPFDomain))
	case v.SPFDomain != "":
		fmt.Fprintf(&b, " smtp.mailfrom=%s", token8601(v.SPFDomain))
	}
	if len(r.DKIM) == 0 {
		fmt.Fprintf(&b, ";\r\n\tdkim=%s", orNone(v.DKIM))
	}
	for _, s := range r.DKIM {
		fmt.Fprintf(&b, ";\r\n\tdkim=%s", s.Verdict)
		if s.Domain != "" {
			fmt.Fprintf(&b, " header.d=%s header.s=%s header.a=%s", token8601(s.Domain), token8601(s.Selector), token8601(s.Algorithm))
		}
	}
	if v.ARC == gateway.VerdictFail { // what is only claimed is no result
		b.WriteString(";\r\n\tarc=fail")
	}
	fmt.Fprintf(&b, ";\r\n\tdmarc=%s", orNone(v.DMARC))
	if v.Policy != "" {
		fmt.Fprintf(&b, " policy.dmarc=%s", v.Policy)
	}
	if r.Author.Domain != "" {
		fmt.Fprintf(&b, " header.from=%s", token8601(r.Author.Domain))
	}
	b.WriteString("\r\n")
	return b.String()
}

func orNone(v gateway.Verdict) gateway.Verdict {
	if v == "" {
		return gateway.VerdictNone
	}
	return v
}

// token8601 writes a value that may hold anything as a token, or quoted (RFC
// 2045, section 5.1). Controls become question marks: the field stays one.
func token8601(s string) string {
	plain := s != ""
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
	for _, r := range s {
		plain = plain && r > ' ' && !strings.ContainsRune(`()<>@,;:\"/[]?=`, r)
	}
	if plain {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
