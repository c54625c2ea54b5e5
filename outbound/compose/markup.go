package compose

import "strings"

// line is one line of a message, taken apart.
type line struct {
	Spans  []span
	Block  bool // of a block of code
	Bullet bool // an item of a list
}

// span is a piece of a line that looks alike.
type span struct {
	Text  string
	URL   string // a link, if not empty
	Style style
}

// style is how a span is written.
type style byte

// The styles. A span of styleMark is markup itself: the text part shows it, the
// HTML part does not.
const (
	styleBold style = 1 << iota
	styleItalic
	styleStrike
	styleCode
	styleMention
	styleMark
)

// parseText takes a clean text apart, by TalkJS's rules: *bold*, _italic_,
// ~strike~, `code` at the bounds of words and within a line, ```code``` over
// lines too, lists, links, mentions and :shortcodes:. Of what is not closed
// nothing is lost: it is shown as it was written. The time is linear in the
// length of the text. An empty text has no line.
func parseText(text string, names map[string]string) []line {
	var lines []line
	for text != "" {
		before, code, after := cutBlock(text)
		lines = append(lines, parseLines(before, names)...)
		for l := range strings.SplitSeq(code, "\n") {
			if code != "" {
				lines = append(lines, line{Block: true, Spans: []span{{Text: l}}})
			}
		}
		text = after
	}
	return lines
}

const fence = "```"

// cutBlock finds the first fenced code that spans lines; without one all is before.
func cutBlock(s string) (before, code, after string) {
	from := 0
	for {
		open := strings.Index(s[from:], fence)
		if open < 0 {
			return s, "", ""
		}
		open += from
		size := strings.Index(s[open+len(fence):], fence)
		if size < 0 {
			return s, "", ""
		}
		inner := s[open+len(fence):][:size]
		end := open + size + 2*len(fence)
		if code := strings.Trim(inner, "\n"); code != "" && strings.Contains(inner, "\n") {
			return strings.TrimSuffix(s[:open], "\n"), code, strings.TrimPrefix(s[end:], "\n")
		}
		from = end
	}
}

func parseLines(text string, names map[string]string) []line {
	if text == "" {
		return nil
	}
	var lines []line
	for l := range strings.SplitSeq(text, "\n") {
		item, isItem := cutBullet(l)
		lines = append(lines, line{Spans: parseLine(item, names), Bullet: isItem})
	}
	return lines
}

func cutBullet(l string) (rest string, ok bool) {
	if len(l) > 2 && l[1] == ' ' && strings.IndexByte("-*+", l[0]) >= 0 {
		return l[2:], true
	}
	return l, false
}
