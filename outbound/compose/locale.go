package compose

import (
	"slices"
	"strings"
)

// words are what the mail itself says in one language. They avoid counting
// forms: a number always stands at the end.
type words struct {
	Via          string // sender, app
	Conversation string // app; the subject of conversations without one
	Earlier      string // how many are not shown
	You          string // the recipient, as a sender
	Someone      string // a sender without a name
	Attachment   string
	Picture      string
	Sticker      string
	Location     string
	Shortened    string // a message was cut
	Open         string
	Reply        string // replying works
	ReadOnly     string // for those who may not write
	NoReply      string // replying is off
	Forward      string // what forwarding the mail means
	Why          string // app; why one gets this
	People       string // names; who takes part
	Unsubscribe  string
	Time         string // a layout of package time
	Colon        string // between a label and what it names
}

// language picks the words for a tag (RFC 5646): the whole of it, then without
// its last subtags, then English. It returns the tag found and its direction.
func language(tag string) (w *words, lang, dir string) {
	if len(tag) > maxTag {
		tag = ""
	}
	tag = canonical(tag)
	for tag != "" {
		if w := locales[tag]; w != nil {
			return w, tag, directionOf(tag)
		}
		if alias := aliases[tag]; alias != "" {
			return locales[alias], alias, directionOf(alias)
		}
		tag = tag[:max(0, strings.LastIndexByte(tag, '-'))]
	}
	return locales["en"], "en", "ltr"
}

// LocaleChain lists the tags under which an app's template for somebody is
// looked for, in lower case: each of the given ones, whole and without its last
// subtags; last the empty one, which stands for all languages.
func LocaleChain(tags ...string) []string {
	var out []string
	for _, tag := range tags {
		if len(tag) > maxTag {
			continue
		}
		tag = canonical(tag)
		for ; tag != ""; tag = tag[:max(0, strings.LastIndexByte(tag, '-'))] {
			if !slices.Contains(out, tag) {
				out = append(out, tag)
			}
		}
	}
	return append(out, "")
}

func canonical(tag string) string { return strings.ToLower(strings.ReplaceAll(tag, "_", "-")) }

// maxTag is longer than any language tag in use (RFC 5646, section 4.4.1).
const maxTag = 64

func directionOf(tag string) string {
	if tag == "ar" || tag == "he" {
		return "rtl"
	}
	return "ltr"
}

// aliases name tags whose words stand under another.
var aliases = map[string]string{
	"zh-tw": "zh-hant", "zh-hk": "zh-hant", "zh-mo": "zh-hant", "iw": "he",
}
