package extract

import (
	"strings"
	"unicode"
)

// gmailReaction is in the link of every reaction mail of Gmail, whatever its language.
const gmailReaction = "emojireactionemail"

// outlookReactions are the names Outlook gives its reactions: "[like] Ann reacted to your message:".
var outlookReactions = map[string]string{"like": "👍", "heart": "❤️", "celebrate": "🎉", "laugh": "😆", "surprised": "😮", "sad": "😢"}

// reaction finds the emoji of a reaction mail. Such a mail says nothing else: its text becomes the emoji.
func reaction(in *Input, r *Result) string {
	if len(r.Text) > 1024 {
		return ""
	}
	first, rest, _ := strings.Cut(strings.TrimSpace(r.Text), "\n")
	emoji := ""
	switch {
	case pictograph(first) && (strings.Contains(rest, gmailReaction) || strings.Contains(rest, "reacted via Gmail")):
		emoji = strings.TrimSpace(first)
	case strings.Contains(first, "reacted to your message") && strings.TrimSpace(rest) == "":
		emoji = outlookReaction(first, in.HTML)
	}
	if emoji != "" {
		r.Text, r.Full = emoji, emoji
		if r.HTML != "" {
			r.HTML = emoji
		}
	}
	return emoji
}

func outlookReaction(line, html string) string {
	if name, _, ok := strings.Cut(strings.TrimPrefix(line, "["), "]"); ok && line[0] == '[' {
		return outlookReactions[strings.ToLower(name)]
	}
	for r := range strings.FieldsSeq(line) {
		if pictograph(r) {
			return r
		}
	}
	for name, emoji := range outlookReactions {
		if strings.Contains(html[:min(len(html), 8192)], `alt="`+name+`"`) {
			return emoji
		}
	}
	return ""
}

// IsEmoji reports one emoji or a few, and nothing else.
func IsEmoji(s string) bool {
	return pictograph(s) || len(s) <= 8 && strings.HasSuffix(s, keycap) && strings.IndexAny(s, "0123456789#*") == 0
}

// keycap makes a key of the digit before it.
const keycap = "\u20e3"

// pictograph reports a short run of symbols without a letter or a digit.
func pictograph(s string) bool {
	s = trimInvisible(s)
	if s == "" || len(s) > 40 {
		return false
	}
	symbols := 0
	for _, r := range s {
		switch {
		case r < 0x80, unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsControl(r):
			return false
		case unicode.Is(unicode.So, r), unicode.Is(unicode.Sk, r):
			symbols++
		}
	}
	return symbols > 0
}

// asksToStop reports a reply that is nothing but "stop" or "unsubscribe", in any of the languages.
func asksToStop(s string) bool {
	if s == "" || len(s) > 120 {
		return false
	}
	var buf [160]byte
	_, ok := lex.stops[string(fold(buf[:], s))]
	return ok
}
