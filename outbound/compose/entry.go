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
	maxShown   = MaxHTML - frameCost // for all messages
	maxMessage = 12 << 10            // for the text of one
	frameCost  = 11 << 10            // everything around them, with the longest links and names
	entryCost  = 400                 // markup around a message
	groupCost  = 1000                // a heading, were each message to have one
	fileCost   = 900                 // markup and name; the link comes up to three times
	placeCost  = 500
	linkCost   = 60 // markup of a link in a text
	breakCost  = len("<br>")
)

// entry cleans a message and tells what it costs. That is never more than
// maxShown, so that the newest message is always shown.
func (v *view) entry(m *Message) (entry, int) {
	e := entry{Text: cleanText(m.Text)}
	cost := entryCost + groupCost + htmlCost(httpsURL(m.SenderPhoto))
	if m.Attachment != nil {
		e.File = v.file(m.Attachment)
		cost += fileCost + 2*htmlCost(e.File.URL) + htmlCost(e.File.Image)
	}
	if m.Location != nil {
		e.Location = newPlace(*m.Location)
		cost += placeCost
	}
	e.Lines = parseText(e.Text)
	if linesCost(e.Lines) > maxMessage {
		e.Text, e.Shortened = shorten(e.Text, maxMessage), true
		e.Lines = parseText(e.Text)
	}
	e.Dir = direction(e.Text, v.Dir)
	return e, cost + linesCost(e.Lines)
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
		out.Image = httpsURL(f.URL)
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
// does not what surely fits.
func shorten(text string, room int) string {
	var kept []string
	for l := range strings.SplitSeq(text, "\n") {
		cost := lineCost(parseLine(l))
		if cost <= room-linkCost {
			kept, room = append(kept, l), room-cost
			continue
		}
		if l = cutLine(l, (room-2*linkCost)/3); l != "" { // a link costs its length twice, escaped
			kept = append(kept, l)
		}
		break
	}
	return strings.TrimRight(strings.Join(kept, "\n"), "\n") + " …"
}

// cutLine keeps what of a line has room when escaped, up to a space if one is near.
func cutLine(s string, room int) string {
	used := 0
	for i, r := range s {
		size := utf8.RuneLen(r)
		if used += htmlCost(s[i : i+size]); used <= room {
			continue
		}
		if at := strings.LastIndexByte(s[:i], ' '); at > i-100 && at > 0 {
			i = at
		}
		return strings.TrimRight(s[:i], " ")
	}
	return s
}
