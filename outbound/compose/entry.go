package compose

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxHTML is the size the HTML part stays below, in octets: far from the 102 kB
// at which Gmail clips a mail.
const MaxHTML = 30 << 10

// What there is room for, in octets of HTML.
const (
	maxMessage  = 12 << 10 // for the text of one message
	maxText     = 64 << 10 // of it is looked at
	maxLoadCost = 1200     // for the link of a picture; it is left out above
	frameCost   = 9 << 10  // everything around the messages, but for the links
	entryCost   = 200      // markup around a message
	shortCost   = 400      // the remark that it was cut
	groupCost   = 1000     // a heading, without the photo's link
	fileCost    = 900      // markup and name
	placeCost   = 500
	linkCost    = 60 // markup of a link in a text
	breakCost   = len("<br>")
)

// room is what there is for all messages. The newest always fits: its links
// cost less (maxURL octets, escaped), and its text gets the rest.
func (v *view) room() int {
	return MaxHTML - frameCost - htmlCost(v.ConversationURL) - htmlCost(v.UnsubscribeURL)
}

// entry cleans a message and tells what it costs. With its heading that is
// never more than the room for all.
func (v *view) entry(m *Message) (entry, int) {
	e := entry{Text: cleanText(m.Text[:min(len(m.Text), maxText)])}
	cost := entryCost
	if m.Attachment != nil {
		e.File = v.file(m.Attachment)
		cost += fileCost + htmlCost(e.File.URL) + 2*htmlCost(e.File.Image)
	}
	if m.Location != nil {
		e.Location = newPlace(*m.Location)
		cost += placeCost
	}
	e.Lines = parseText(e.Text)
	if limit := min(maxMessage, v.room()-cost-headingCost(m)); linesCost(e.Lines) > limit {
		e.Text, e.Shortened = shorten(e.Text, limit-shortCost), true
		cost += shortCost
		e.Lines = parseText(e.Text)
	}
	e.Dir = direction(e.Text, v.Dir)
	return e, cost + linesCost(e.Lines)
}

// headingCost is what a message costs more when its sender is named above it.
func headingCost(m *Message) int {
	if m.System {
		return 0
	}
	return groupCost + htmlCost(pictureURL(m.SenderPhoto))
}

// pictureURL is a link that a mail client loads by itself, "" if there is none.
func pictureURL(s string) string {
	if u := httpsURL(s); htmlCost(u) <= maxLoadCost {
		return u
	}
	return ""
}

func linesCost(lines []line) int {
	cost := 0
	for _, l := range lines {
		cost += lineCost(l)
	}
	return cost
}

func lineCost(l line) int {
	cost := breakCost
	for _, s := range l {
		cost += htmlCost(s.Text)
		if s.URL != "" {
			cost += linkCost + htmlCost(s.URL)
		}
	}
	return cost
}

func (v *view) file(f *File) *file {
	out := &file{Name: cleanLine(f.Name, maxName), URL: webURL(f.URL), Size: size(f.Size)}
	if out.Name == "" {
		out.Name = v.Words.Attachment
	}
	if f.Image {
		out.Image = pictureURL(f.URL)
	}
	return out
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

// htmlCost is the length of s once escaped.
func htmlCost(s string) int {
	cost := len(s)
	for i := range len(s) {
		switch s[i] {
		case '&', '<', '>', '\'', '"', '+':
			cost += len("&#34;") - 1
		}
	}
	return cost
}

// shorten keeps of a text the lines that fit into room, and of the first that
// does not its beginning.
func shorten(text string, room int) string {
	const ellipsis = " …"
	room -= len(ellipsis)
	var kept []string
	for l := range strings.SplitSeq(text, "\n") {
		cost := lineCost(parseLine(l))
		if cost > room {
			if l = cutLine(l, room); l != "" {
				kept = append(kept, l)
			}
			break
		}
		kept, room = append(kept, l), room-cost
	}
	return strings.TrimRight(strings.Join(kept, "\n"), "\n") + ellipsis
}

// cutLine keeps the beginning of a line that costs no more than room, up to a
// space if one is near.
func cutLine(s string, room int) string {
	for size := min(room, len(s)); size > 0; size = size * 3 / 4 {
		end := size
		for end > 0 && end < len(s) && !utf8.RuneStart(s[end]) {
			end--
		}
		if at := strings.LastIndexByte(s[:end], ' '); at > end-100 && at > 0 {
			end = at
		}
		if lineCost(parseLine(s[:end])) <= room {
			return strings.TrimRight(s[:end], " ")
		}
	}
	return ""
}
