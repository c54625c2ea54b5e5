package compose

import (
	htmltemplate "html/template"
	"strings"
	"unicode/utf8"
)

// The markup of spans; all of it is written inline, since half of the mail
// clients drop style sheets. The classes are what dark mode turns around.
const (
	linkOpen    = `<a class="link" href="`
	linkStyle   = `" style="color:#2457c5">`
	mentionOpen = `<span class="link" style="color:#2457c5;font-weight:600">`
	codeOpen    = `<code class="pill" style="padding:1px 4px;border-radius:4px;background:#f1f3f5;font-family:Consolas,Menlo,monospace;font-size:14px">`
	blockOpen   = `<pre class="pill" dir="ltr" style="margin:4px 0;padding:8px 12px;border-radius:8px;background:#f1f3f5;font-family:Consolas,Menlo,monospace;font-size:14px;line-height:20px;text-align:left;white-space:pre-wrap;word-break:break-word">`
	blockClose  = `</pre>`
	lineBreak   = `<br>`
	bullet      = "•\u00a0"
	ellipsis    = " …"
)

// escaper makes text safe between tags and within quoted attributes.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// spanHTML writes one span. Spans do not depend on each other, so that a line
// costs what its spans cost.
func spanHTML(s span) string {
	if s.Style == styleMark {
		return ""
	}
	open, end := spanTags(s)
	return open + escaper.Replace(s.Text) + end
}

func spanTags(s span) (open, end string) {
	for _, t := range []struct {
		style     style
		open, end string
	}{
		{styleBold, "<b>", "</b>"}, {styleItalic, "<i>", "</i>"}, {styleStrike, "<s>", "</s>"},
		{styleCode, codeOpen, "</code>"}, {styleMention, mentionOpen, "</span>"},
	} {
		if s.Style&t.style != 0 {
			open, end = open+t.open, t.end+end
		}
	}
	if s.URL != "" {
		open, end = open+linkOpen+escaper.Replace(s.URL)+linkStyle, "</a>"+end
	}
	return open, end
}

// linesHTML writes lines, and how far it came: the lines that fit into room
// octets, and of the first that does not its beginning.
func linesHTML(lines []line, room int) (html htmltemplate.HTML, kept []line, whole bool) {
	var b strings.Builder
	for i, l := range lines {
		open, end := lineFrame(lines, i)
		size := len(open) + len(end)
		rendered := make([]string, len(l.Spans))
		for j, s := range l.Spans {
			rendered[j] = spanHTML(s)
			size += len(rendered[j])
		}
		if size > room {
			l.Spans = cutSpans(l.Spans, room-len(open)-len(blockClose)-len(ellipsis))
			writeCut(&b, open, l)
			return htmltemplate.HTML(b.String()), append(kept, l), false
		}
		room -= size
		kept = append(kept, l)
		b.WriteString(open)
		for _, r := range rendered {
			b.WriteString(r)
		}
		b.WriteString(end)
	}
	return htmltemplate.HTML(b.String()), kept, true
}

func writeCut(b *strings.Builder, open string, l line) {
	b.WriteString(open)
	for _, s := range l.Spans {
		b.WriteString(spanHTML(s))
	}
	if l.Block {
		b.WriteString(blockClose)
	}
}

// lineFrame is what stands before and after a line: a break, or the bounds of a
// block of code.
func lineFrame(lines []line, i int) (open, end string) {
	l := lines[i]
	before, after := i > 0 && lines[i-1].Block, i+1 < len(lines) && lines[i+1].Block
	switch {
	case l.Block && before:
		open = "\n"
	case l.Block:
		open = blockOpen
	case i > 0 && !before:
		open = lineBreak
	}
	if l.Block && !after {
		end = blockClose
	}
	if l.Bullet {
		open += bullet
	}
	return open, end
}

// cutSpans keeps the spans that fit into room, and of the first that does not
// its beginning if it is no link; an ellipsis follows, for which there is room.
func cutSpans(spans []span, room int) []span {
	var kept []span
	for _, s := range spans {
		html := spanHTML(s)
		if len(html) <= room {
			kept, room = append(kept, s), room-len(html)
			continue
		}
		if open, end := spanTags(s); s.URL == "" {
			if s.Text = cutText(s.Text, room-len(open)-len(end)); s.Text != "" {
				kept = append(kept, s)
			}
		}
		break
	}
	return append(kept, span{Text: ellipsis})
}

// cutText keeps the beginning of s that is no longer than room once escaped, up
// to a space if one is near.
func cutText(s string, room int) string {
	end := 0
	for i, r := range s {
		if room -= len(escaper.Replace(s[i : i+utf8.RuneLen(r)])); room < 0 {
			break
		}
		end = i + utf8.RuneLen(r)
	}
	if end == len(s) {
		return s
	}
	if space := strings.LastIndexByte(s[:end], ' '); space > end-100 && space > 0 {
		end = space
	}
	return strings.TrimRight(s[:end], " ")
}

// linesText writes lines for the text part, with their markup as it was typed
// and wrapped but for code, which is indented.
func linesText(lines []line) string {
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		text := spansText(l.Spans)
		switch {
		case l.Block:
			b.WriteString(strings.TrimRight("    "+text, " "))
		case l.Bullet:
			b.WriteString("- " + strings.ReplaceAll(wrapTo(text, textWidth-2), "\n", "\n  "))
		default:
			b.WriteString(wrap(text))
		}
	}
	return b.String()
}

// spansText is a line in words: where a link does not show its address it
// follows.
func spansText(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
		if to := strings.TrimPrefix(s.URL, "mailto:"); to != "" && s.Text != to && webURL(s.Text) != s.URL {
			b.WriteString(" <" + to + ">")
		}
	}
	return b.String()
}

// plainLine is all lines in one, without markup: for previews and quotations.
func plainLine(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		for _, s := range l.Spans {
			if s.Style != styleMark {
				b.WriteString(s.Text)
			}
		}
		b.WriteByte(' ')
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
