package extract

import (
	"net/url"
	"strings"
)

// linkSight says what the links on a line are.
type linkSight uint8

const (
	linkNone  linkSight = iota
	linkOurs            // every one of them is one that we sent, perhaps through a mail server's checker
	linkOther           // one of them is somebody else's
)

const (
	maxLink      = 8192 // bytes of a link that is looked into
	maxLinkDepth = 3    // links within links
)

// addLinks notes the links of a line of ours.
func (x *sentIndex) addLinks(s string) {
	for s != "" {
		var link string
		if link, s = nextURL(s); link == "" {
			return
		}
		x.links[textHash(linkCore(link))] = true
	}
}

// sight looks at the links on a line.
func (x *sentIndex) sight(s string) linkSight {
	seen := linkNone
	for s != "" {
		var link string
		if link, s = nextURL(s); link == "" {
			break
		}
		if !x.ours(link) {
			return linkOther
		}
		seen = linkOurs
	}
	return seen
}

// ours reports a link that we sent, or one that carries it: mail servers lead links through their own hosts and put the
// original, escaped in one way or another, behind it.
func (x *sentIndex) ours(link string) bool {
	if x.links[textHash(linkCore(link))] {
		return true
	}
	if len(link) > maxLink {
		return false
	}
	for range maxLinkDepth { // escaped twice where two servers checked it
		inner := link
		for range maxLinkDepth {
			if inner, _ = nextURL(inner[len("http"):]); inner == "" {
				break
			}
			if x.links[textHash(linkCore(inner))] {
				return true
			}
		}
		plain, err := url.QueryUnescape(link)
		if err != nil || plain == link {
			break
		}
		link = plain
	}
	// Proofpoint writes "https-3A__host_path".
	if i := strings.Index(link, "-3A__"); i > 0 {
		inner := "http://" + strings.NewReplacer("_", "/", "-2D", "-", "-5F", "_").Replace(link[i+len("-3A__"):])
		return x.links[textHash(linkCore(inner))]
	}
	return false
}

// nextURL finds the first link in s, and returns what follows it.
func nextURL(s string) (link, rest string) {
	for {
		i := strings.Index(s, "://")
		if i < 0 {
			return "", ""
		}
		start := i
		for start > 0 && i-start < len("https") && isASCIILetter(s[start-1]) {
			start--
		}
		if scheme := s[start:i]; !strings.EqualFold(scheme, "https") && !strings.HasSuffix(strings.ToLower(scheme), "http") {
			s = s[i+len("://"):]
			continue
		}
		end := i + len("://")
		for end < len(s) && inLink(s[end]) {
			end++
		}
		return s[start:end], s[end:]
	}
}

func isASCIILetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// linkCore is the host and path of a link.
func linkCore(link string) string {
	if i := strings.Index(link, "://"); i >= 0 {
		link = link[i+len("://"):]
	}
	if i := strings.IndexAny(link, "?#&;"); i >= 0 {
		link = link[:i]
	}
	return strings.ToLower(strings.TrimRight(link, "/.,:!_*"))
}
