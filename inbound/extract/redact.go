package extract

import "strings"

// Redact names what must never appear in any output.
type Redact struct {
	MailDomains []string // addresses at these domains whose local part is a token
	LinkHosts   []string // links on these hosts that carry a token
}

const (
	// RedactedMarker stands where a secret address or link stood.
	RedactedMarker = "[…]"

	tokenLength     = 40 // characters of the local part of a signed address
	linkTokenLength = 32 // a run of so many in a link is a secret
)

// secrets finds what a Redact names.
type secrets struct{ domains, hosts []string }

func newSecrets(r Redact) *secrets {
	s := &secrets{domains: lowered(r.MailDomains), hosts: lowered(r.LinkHosts)}
	if len(s.domains)+len(s.hosts) == 0 {
		return nil
	}
	return s
}

func lowered(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.ToLower(strings.TrimSuffix(s, ".")); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// apply redacts every output of r. Each line of the input counts once, however many outputs it is in.
func (s *secrets) apply(r *Result) {
	if s == nil {
		return
	}
	lines, n := 0, 0
	for i := range r.Lines {
		r.Lines[i].Text, n = s.clean(r.Lines[i].Text)
		lines += n
	}
	r.HTML, n = s.clean(r.HTML)
	r.Redacted = max(lines, n)
	for _, out := range []*string{&r.Text, &r.Full, &r.Quoted, &r.Signature} {
		*out, n = s.clean(*out)
		r.Redacted = max(r.Redacted, n)
	}
}

// clean replaces the secrets in text and tells how many there were.
func (s *secrets) clean(text string) (string, int) {
	if s == nil || text == "" {
		return text, 0
	}
	lower := asciiLower(text)
	var b strings.Builder
	n, done := 0, 0
	for at := 0; at < len(lower); {
		from, to := s.next(lower, at)
		if from < 0 {
			break
		}
		at = to
		if from < done {
			continue
		}
		b.WriteString(text[done:from])
		b.WriteString(RedactedMarker)
		done = to
		n++
	}
	if n == 0 {
		return text, 0
	}
	b.WriteString(text[done:])
	return b.String(), n
}

// next finds the first secret from at on.
func (s *secrets) next(lower string, at int) (from, to int) {
	from, to = -1, -1
	for _, d := range s.domains {
		if a, b := nextAddress(lower, d, at); a >= 0 && (from < 0 || a < from) {
			from, to = a, b
		}
	}
	for _, h := range s.hosts {
		if a, b := nextLink(lower, h, at); a >= 0 && (from < 0 || a < from) {
			from, to = a, b
		}
	}
	return from, to
}

// nextAddress finds a token at the domain, as "@" or as a link writes it.
func nextAddress(s, domain string, at int) (from, to int) {
	for at < len(s) {
		i := strings.Index(s[at:], domain)
		if i < 0 {
			return -1, -1
		}
		i += at
		at = i + len(domain)
		end := strings.TrimSuffix(s[:i], "@")
		if len(end) == i {
			if end = strings.TrimSuffix(s[:i], "%40"); len(end) == i {
				if end = strings.TrimSuffix(s[:i], "&#64;"); len(end) == i {
					continue
				}
			}
		}
		start := len(end)
		for start > 0 && inToken(end[start-1]) {
			start--
		}
		if len(end)-start >= tokenLength {
			return start, at
		}
	}
	return -1, -1
}

// nextLink finds a link that leads to the host, perhaps through a mail server's checker, and carries a token.
func nextLink(s, host string, at int) (from, to int) {
	for at < len(s) {
		i := strings.Index(s[at:], host)
		if i < 0 {
			return -1, -1
		}
		i += at
		end := i + len(host)
		for end < len(s) && inLink(s[end]) {
			end++
		}
		at = end
		if longestToken(s[i+len(host):end]) < linkTokenLength {
			continue
		}
		start := i
		for start > 0 && inLink(s[start-1]) {
			start--
		}
		return start, end
	}
	return -1, -1
}

func inToken(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// inLink reports the characters a link may be made of where it stands in text or in an attribute.
func inLink(c byte) bool {
	return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"' && c != '\'' && c != '(' && c != ')' && c != '[' && c != ']' && c != '|'
}

func longestToken(s string) int {
	longest, n := 0, 0
	for i := range len(s) {
		if inToken(s[i]) {
			n++
			longest = max(longest, n)
		} else if s[i] != '-' && s[i] != '_' {
			n = 0
		}
	}
	return longest
}

// asciiLower lowers ASCII letters only, so that every byte stays where it is.
func asciiLower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
