package compose

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// MaxHTML is the size the HTML part stays below, in octets: far from the 102 kB
// at which Gmail clips a mail.
const MaxHTML = 30 << 10

// What there is room for, in octets of HTML.
const (
	maxMessage  = 12 << 10 // for the text of one message
	maxText     = 64 << 10 // of it is looked at
	maxQuote    = 140      // characters of the message that is answered
	maxLoadCost = 1200     // for the link of a picture; it is left out above
	frameCost   = 6 << 10  // everything around the messages, but for the links and
	perSubject  = 3        // as often as the subject and the app's name stand in it
	entryCost   = 230      // markup around a message
	shortCost   = 400      // the remark that it was cut
	groupCost   = 1150     // a heading, without the name and the photo's link
	quoteCost   = 400      // markup around what is answered
	fileCost    = 830      // markup
	placeCost   = 560
)

// room is what there is for all messages. The newest always fits: its links
// cost less (maxURL octets, escaped), and its text gets the rest. A subject of a
// template's making is not known yet.
func (v *view) room() int {
	subject := htmlCost(v.Subject)
	if v.ownSubject {
		subject = maxSubject * len("&#34;")
	}
	return MaxHTML - frameCost - perSubject*(subject+htmlCost(v.App)) - htmlCost(v.UnsubscribeText) - htmlCost(v.People) -
		htmlCost(v.ConversationURL) - htmlCost(v.UnsubscribeURL)
}

// entry cleans a message and tells what it costs. With its heading that is
// never more than the room for all.
func (v *view) entry(m *Message) (entry, int) {
	var e entry
	cost := entryCost
	if m.Quote != nil {
		e.Quote = v.quote(m.Quote)
		cost += quoteCost + htmlCost(e.Quote.Name) + htmlCost(e.Quote.Text)
	}
	if m.Attachment != nil {
		e.File = v.file(m.Attachment)
		cost += fileCost + htmlCost(e.File.Name) + htmlCost(e.File.URL) + 2*htmlCost(e.File.Image)
	}
	if m.Location != nil {
		e.Location = newPlace(*m.Location)
		cost += placeCost
	}
	lines := parseText(cleanText(m.Text[:min(len(m.Text), maxText)]), m.Names)
	limit := min(maxMessage, v.room()-cost-headingCost(m))
	var whole bool
	if e.HTML, lines, whole = linesHTML(lines, limit-shortCost); !whole {
		e.Shortened = true
		cost += shortCost
	}
	e.Text, e.Plain = linesText(lines), plainLine(lines)
	e.Dir = direction(e.Plain, v.Dir)
	return e, cost + len(e.HTML)
}

// quote is the beginning of a message that is answered.
func (v *view) quote(q *Quote) *quote {
	const looked = 16 * maxQuote // octets, with markup
	text := plainLine(parseText(cleanText(q.Text[:min(len(q.Text), looked)]), q.Names))
	out := &quote{
		Name: cmp.Or(cleanLine(q.SenderName, maxName), v.Words.Someone),
		Text: cut(cmp.Or(text, cleanLine(q.File, maxName)), maxQuote),
	}
	if q.Own {
		out.Name = v.Words.You
	}
	out.Dir = direction(out.Text, v.Dir)
	out.Lines = "> " + strings.ReplaceAll(wrapTo(out.Name+v.Words.Colon+out.Text, textWidth-2), "\n", "\n> ")
	return out
}

// headingCost is what a message costs more when its sender is named above it.
func headingCost(m *Message) int {
	if m.System {
		return 0
	}
	return groupCost + htmlCost(cleanLine(m.SenderName, maxName)) + htmlCost(pictureURL(m.SenderPhoto))
}

// pictureURL is a link that a mail client loads by itself, "" if there is none.
func pictureURL(s string) string {
	if u := httpsURL(s); htmlCost(u) <= maxLoadCost {
		return u
	}
	return ""
}

func (v *view) file(f *File) *file {
	out := &file{Label: v.Words.Attachment, Name: fileName(f.Name), URL: webURL(f.URL), Size: size(f.Size)}
	switch {
	case f.Sticker:
		out.Label = v.Words.Sticker
	case f.Image:
		out.Label = v.Words.Picture
	}
	if out.Name == "" {
		out.Name = out.Label
	}
	if f.Image && !v.linkImages {
		out.Image = pictureURL(f.URL)
	}
	out.Sticker = f.Sticker && out.Image != ""
	return out
}

// fileName is the name of a file in one line, cut before its ending.
func fileName(s string) string {
	const longest = 12 // of an ending, with its dot
	s = cleanLine(s, len(s)+1)
	if dot := strings.LastIndexByte(s, '.'); dot > 0 && len(s)-dot <= longest {
		return cut(s[:dot], maxName-(len(s)-dot)) + s[dot:]
	}
	return cut(s, maxName)
}

// size is a number of octets in the units people know; "" for none.
func size(n int64) string {
	const kilo, mega = 1000, 1000 * 1000
	switch {
	case n <= 0:
		return ""
	case n < kilo:
		return strconv.FormatInt(n, 10) + " B"
	case n < mega:
		return strconv.FormatInt((n+kilo/2)/kilo, 10) + " kB"
	}
	return strconv.FormatFloat(float64(n)/mega, 'f', 1, 64) + " MB"
}

func newPlace(at [2]float64) *place {
	lat, lon := strconv.FormatFloat(at[0], 'f', 5, 64), strconv.FormatFloat(at[1], 'f', 5, 64)
	return &place{
		Text: lat + ", " + lon,
		URL:  fmt.Sprintf("https://www.openstreetmap.org/?mlat=%s&mlon=%s#map=16/%s/%s", lat, lon, lat, lon),
	}
}

// htmlCost is the length of s once escaped, as text or as a link.
func htmlCost(s string) int {
	cost := len(s)
	for i := range len(s) {
		switch s[i] {
		case '&', '<', '>', '\'', '"', '+':
			cost += len("&#34;") - 1
		case '(', ')':
			cost += len("%28") - 1
		}
	}
	return cost
}
