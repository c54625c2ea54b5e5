package compose

import (
	"cmp"
	"net/url"
	"strings"
	"unicode"

	"github.com/replygate/replygate/gateway"
)

// bareLink reads a web address at the beginning of s. Only those with a scheme
// become links, and they show where they lead.
func bareLink(s string) (sp span, length int) {
	if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
		return span{}, 0
	}
	n := linkLength(s)
	return span{Text: s[:n], URL: webURL(s[:n])}, n
}

// linkLength is how far a web address goes: to white space, a quote or an angle
// bracket, without the punctuation of the sentence around it.
func linkLength(s string) int {
	n := strings.IndexFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("<>\"«»“”„、。「」（）", r)
	})
	if n < 0 {
		n = len(s)
	}
	open := strings.Count(s[:n], "(") - strings.Count(s[:n], ")")
	for ; n > 0; n-- {
		switch last := s[n-1]; {
		case last == ')' && open < 0:
			open++
		case last == ')' || strings.IndexByte(".,;:!?'*_~]", last) < 0:
			return n
		}
	}
	return n
}

// angle reads "<url>", "<url|label>", "<@id>" or "<@id|name>" at the beginning
// of s, TalkJS's forms; names tells what mentioned users are called. Anything
// else has no length.
func angle(s string, names map[string]string) (sp span, length int) {
	end := strings.IndexAny(s[1:], "<>")
	if end <= 0 || s[1+end] != '>' {
		return span{}, 0
	}
	target, label, _ := strings.Cut(s[1:1+end], "|")
	label = strings.TrimSpace(label)
	length = end + 2
	if id, isMention := strings.CutPrefix(target, "@"); isMention {
		return mention(id, label, names), length
	}
	scheme, _, _ := strings.Cut(target, ":")
	switch strings.ToLower(scheme) {
	case "http", "https":
		return webLink(target, label), length
	case "mailto":
		return mailLink(target, label), length
	case "actionbutton", "actionlink": // of the chat's page, without meaning here
		return span{Text: label}, length
	}
	return span{}, 0
}

func mention(id, label string, names map[string]string) span {
	return span{Text: "@" + cleanLine(cmp.Or(label, names[id], id), maxName), Style: styleMention}
}

// webLink shows a label instead of the address, unless the label looks like an
// address of its own: nobody is to be led elsewhere than it says.
func webLink(target, label string) span {
	u := webURL(target)
	switch {
	case u == "":
		return span{Text: target}
	case label == "" || looksLikeAddress(label):
		return span{Text: target, URL: u}
	}
	return span{Text: label, URL: u}
}

// looksLikeAddress tells whether somebody may take s for where a link leads.
func looksLikeAddress(s string) bool {
	for word := range strings.FieldsSeq(s) {
		host, _, _ := strings.Cut(strings.Trim(word, "()[]\"'.,"), "/")
		if strings.Contains(word, "://") || strings.ContainsRune(word, '@') {
			return true
		}
		if dot := strings.LastIndexByte(host, '.'); dot > 0 && isLabel(host[dot+1:]) {
			return true
		}
	}
	return false
}

// isLabel tells whether s could be a top-level domain.
func isLabel(s string) bool {
	if len(s) < 2 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' })
}

// mailLink keeps the address of a mailto link and nothing of what it would fill in.
func mailLink(target, label string) span {
	u, err := url.Parse(target)
	if err != nil {
		return span{Text: target}
	}
	to, err := url.PathUnescape(u.Opaque)
	if err != nil {
		return span{Text: target}
	}
	a, err := gateway.ParseAddress(to)
	if err != nil || !a.IsASCII() {
		return span{Text: target}
	}
	if label == "" || looksLikeAddress(label) {
		label = a.String()
	}
	return span{Text: label, URL: "mailto:" + url.PathEscape(a.String())}
}
