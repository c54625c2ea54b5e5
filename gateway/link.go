package gateway

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// ConversationLink fills a URL template with a recipient and a conversation:
// "https://app.example.com/chat/{conversation.id}?as={recipient.id}". Names are
// conversation.id, conversation.subject, conversation.custom.KEY, recipient.id,
// recipient.name, recipient.email, recipient.locale and recipient.custom.KEY;
// what has no value is empty. Every value is percent-encoded but for letters,
// digits and "-._~" (RFC 3986, section 2.3), so that it is one piece of a path
// or a query. An empty template gives an empty link.
func ConversationLink(template string, u *User, c *Conversation) string {
	out, err := fillLink(template, func(name string) (string, bool) { return linkValue(name, u, c), true })
	if err != nil {
		return ""
	}
	return out
}

// CheckConversationLink says what is wrong with a URL template.
func CheckConversationLink(template string) error {
	if template == "" {
		return nil
	}
	if len(template) > 2048 {
		return fmt.Errorf("a URL template has at most 2048 octets")
	}
	sample, err := fillLink(template, func(name string) (string, bool) { return "x", knownLinkName(name) })
	if err != nil {
		return err
	}
	link, err := url.Parse(sample)
	if err != nil || link.Scheme != "https" && link.Scheme != "http" || link.Host == "" || link.User != nil {
		return fmt.Errorf("a URL template is a whole https address, as https://app.example.com/chat/{conversation.id}")
	}
	if open := strings.IndexByte(template, '{'); open >= 0 && open < len(link.Scheme)+len("://")+len(link.Host) {
		return fmt.Errorf("a URL template holds no {…} before its path: the host is always your own")
	}
	if strings.ContainsFunc(template, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '"' || r == '<' || r == '>' }) {
		return fmt.Errorf("a URL template holds no spaces, quotes or angle brackets")
	}
	return nil
}

// fillLink replaces each {name}.
func fillLink(template string, value func(name string) (string, bool)) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(template, "{")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", fmt.Errorf("a { is never closed")
		}
		v, known := value(name)
		if !known {
			return "", fmt.Errorf("there is no {%s}; write {conversation.id}, {recipient.id} or {recipient.custom.KEY}", name)
		}
		b.WriteString(strings.ReplaceAll(url.QueryEscape(v), "+", "%20"))
		template = after
	}
}

func knownLinkName(name string) bool {
	switch name {
	case "conversation.id", "conversation.subject", "recipient.id", "recipient.name", "recipient.email", "recipient.locale":
		return true
	}
	for _, prefix := range []string{"conversation.custom.", "recipient.custom."} {
		if key, ok := strings.CutPrefix(name, prefix); ok && key != "" {
			return true
		}
	}
	return false
}

func linkValue(name string, u *User, c *Conversation) string {
	switch name {
	case "conversation.id":
		return string(c.ID)
	case "conversation.subject":
		if c.Subject == nil {
			return ""
		}
		return *c.Subject
	case "recipient.id":
		return string(u.ID)
	case "recipient.name":
		return cmp.Or(u.Name, string(u.ID))
	case "recipient.email":
		if len(u.Email) == 0 {
			return ""
		}
		return u.Email[0]
	case "recipient.locale":
		return u.Locale
	}
	if key, ok := strings.CutPrefix(name, "conversation.custom."); ok {
		return c.Custom[key]
	}
	key, _ := strings.CutPrefix(name, "recipient.custom.")
	return u.Custom[key]
}
