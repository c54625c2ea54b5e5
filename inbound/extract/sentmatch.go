package extract

import (
	"slices"
	"strings"
)

// match is what is known of a line in relation to what we sent.
type match struct {
	words, ours, known int32 // words; of them in a shingle of ours; of them in our vocabulary
	sent               bool
	bare               bool // it has no words, or stands for a picture of ours, and is not the person's doing
	extra              bool // behind our words stand some that are not ours
	links              linkSight
	short              int32 // where in spots, for a line that is a short line of ours as a whole; else 0
	placed             bool  // it is known where the line stands in the variant that is quoted
	first, last        int32 // its first and last place there
	next               int32 // the next line below that is ours by its words in a row
}

// compare finds the lines that we sent.
func (d *document) compare() []match {
	m := make([]match, len(d.lines))
	var t tokens
	for i := range d.lines {
		d.compareLine(&m[i], i, &t)
	}
	heads := d.shingles(m, &t)
	variant := d.sent.quoted(heads)
	d.variant = variant
	for i := range heads {
		l := &m[t.line[i]]
		if s, ok := d.sent.in(heads[i], variant); ok && !l.placed {
			back := int32(i) - firstToken(&t, i) // words of the line before the shingle
			l.placed, l.first, l.last = true, s.first-back, s.last-back
		}
	}
	d.extras(m, heads, &t)
	for i := range m {
		l := &m[i]
		l.sent = l.ours > 0 && l.ours*5 >= l.words*4 || l.extra
		if s, ok := d.sent.in(l.short, variant); ok && !l.placed {
			l.placed, l.first, l.last = true, s.first, s.last
		}
	}
	d.confirm(m)
	return m
}

// compareLine looks at one line by itself.
func (d *document) compareLine(m *match, i int, t *tokens) {
	s := d.lines[i].text
	if m.bare = d.sent.picture(s); m.bare {
		return
	}
	before := len(t.hash)
	t.add(s, int32(i))
	m.words = int32(len(t.hash) - before)
	for _, h := range t.hash[before:] {
		if d.sent.words[h] {
			m.known++
		}
	}
	switch {
	case m.words == 0 && s != "" && len(s) <= maxSign:
		m.short = d.sent.lines[textHash(s)]
	case m.words > 0 && m.words <= shortLine:
		m.short = d.sent.lines[lineHash(t.hash[before:])]
	}
	if strings.Contains(s, "://") {
		m.links = d.sent.sight(s)
	}
	m.bare = m.words == 0 && d.bare(i, m.links) || m.words == 1 && m.links == linkOurs
}

// bare reports that a line without words is blank, drawn, a link of ours, or a link that a mail server made its own,
// right below the line that announces it.
func (d *document) bare(i int, links linkSight) bool {
	switch links {
	case linkOurs:
		return true
	case linkOther:
		return i > 0 && announces(d.lines[i-1].text)
	}
	return isDrawn(d.lines[i].text)
}

// isDrawn reports nothing but lines and the marks that clients put before a quotation.
func isDrawn(s string) bool {
	for _, r := range s {
		switch r {
		case '|', ':', '#', '*', '»', '｜', '%', '}', '+', '-', '_', '=', '~', '.', '·', '•', ' ', '\u00a0', '\t', '>', '—', '–', '─', '[', ']', '(', ')', '<':
		default:
			return false
		}
	}
	return true
}

// shingles counts the words that stand in a shingle of ours, and returns where the shingle that begins with each word is
// in spots, or 0.
func (d *document) shingles(m []match, t *tokens) []int32 {
	heads := make([]int32, len(t.hash))
	covered := -1
	for i := 0; i+shingle <= len(t.hash); i++ {
		head := d.sent.runs[lineHash(t.hash[i:i+shingle])]
		if heads[i] = head; head == 0 {
			continue
		}
		for k := max(i, covered+1); k < i+shingle; k++ {
			m[t.line[k]].ours++
		}
		covered = i + shingle - 1
	}
	return heads
}

// extras finds lines of ours to whose end the person has added something: "see my answers in red".
func (d *document) extras(m []match, heads []int32, t *tokens) {
	for i, head := range heads {
		end := i + shingle
		if head == 0 || end < len(heads) && heads[i+1] != 0 {
			continue
		}
		line, tail := t.line[end-1], end
		for tail < len(t.hash) && t.line[tail] == line {
			tail++
		}
		s, ok := d.sent.in(head, d.variant)
		if !ok {
			s = d.sent.spots[head]
			ok = s.first == s.last
		}
		before := int32(end) - firstToken(t, end-1) // all of them ours, or the line is the client's: it has our name in it
		ok = ok && tail > end && before >= shingle && m[line].ours*10 >= before*9 && strings.IndexByte(d.lines[line].text, '@') < 0 && !d.namesUs(int(line), int(line))
		m[line].extra = ok && !d.sent.goOn(t.hash[end:tail], &s)
	}
}

// goOn reports that half of the words or more stand in ours soon behind the shingle.
func (x *sentIndex) goOn(words []uint64, s *spot) bool {
	order := x.orders[s.variant]
	words = words[:min(len(words), nearWords)]
	for _, at := range [...]int32{s.first, s.last} {
		from := min(int(at)+shingle, len(order))
		here := order[from:min(from+len(words)+shingle, len(order))]
		n := 0
		for _, w := range words {
			if slices.Contains(here, w) {
				n++
			}
		}
		if n*2 >= len(words) {
			return true
		}
	}
	return false
}

// firstToken returns the first word of the line that word i is in.
func firstToken(t *tokens, i int) int32 {
	for i > 0 && t.line[i-1] == t.line[i] {
		i--
	}
	return int32(i)
}

// quoted tells which variant of which mail most of the shingles are in.
func (x *sentIndex) quoted(heads []int32) uint8 {
	var count [2 * sentMails]int
	for _, h := range heads {
		for ; h != 0; h = x.spots[h].next {
			count[x.spots[h].variant]++
		}
	}
	best := 0
	for v := range count {
		if count[v] > count[best] {
			best = v
		}
	}
	return uint8(best)
}

// confirm takes short lines for ours that stand beside lines of ours. A line that nothing marks must stand where it
// stood in ours: a person's "Ok" may be the same as one that was sent.
func (d *document) confirm(m []match) {
	next := len(m)
	for i := len(m) - 1; i >= 0; i-- {
		m[i].next = int32(next)
		if m[i].sent {
			next = i
		}
	}
	beside, above := -1, -1
	for i := range m {
		if beside = d.confirmLine(m, i, beside, false); beside < 0 && above >= 0 && fillsGap(m, i, above) {
			m[i].sent, beside = true, i
		}
		if m[i].sent {
			above = i
		}
	}
	beside = -1
	for i := len(m) - 1; i >= 0; i-- {
		beside = d.confirmLine(m, i, beside, true)
	}
}

// confirmLine judges line i beside line b, which is ours, or -1, and returns which line the next one is beside.
func (d *document) confirmLine(m []match, i, b int, upwards bool) int {
	l := &m[i]
	if l.words == 0 && (l.bare || d.lines[i].blank()) && !l.sent {
		return b
	}
	if !l.sent && l.short != 0 && b >= 0 {
		switch {
		case d.lines[i].depth > 0 && d.lines[i].depth == d.lines[b].depth:
			l.sent = true
		case upwards:
			l.sent = follows(l, &m[b])
		default:
			l.sent = follows(&m[b], l) && (int(l.next) == len(m) || fits(&m[b], l.words, &m[l.next]))
		}
	}
	if l.sent {
		return i
	}
	return -1
}

// fillsGap reports that line i, though answers stand around it, is what ours has between the lines of ours above and below.
func fillsGap(m []match, i, above int) bool {
	l := &m[i]
	if l.short == 0 || l.words < 2 || !l.placed || int(l.next) == len(m) {
		return false
	}
	from, to := between(&m[above], &m[l.next])
	return from <= l.first && l.first+l.words <= to && to-from <= nearWords
}

// follows reports that line b stands in ours not far below line a.
func follows(a, b *match) bool {
	missing, ok := missing(a, b)
	return ok && missing <= nearWords
}

// fits reports that ours has so many words between lines a and b.
func fits(a *match, words int32, b *match) bool {
	missing, ok := missing(a, b)
	return !a.placed || !b.placed || ok && missing >= words
}

// missing counts the words that ours has between lines a and b; ok tells that b stands below a.
func missing(a, b *match) (n int32, ok bool) {
	from, to := between(a, b)
	return to - from, from <= to
}

// between returns where in ours the words between lines a and b stand; to is before from if b is not below a.
func between(a, b *match) (from, to int32) {
	from, to = 1, 0
	if !a.placed || !b.placed {
		return from, to
	}
	for _, f := range [...]int32{a.first + a.words, a.last + a.words} {
		for _, t := range [...]int32{b.first, b.last} {
			if t >= f && (to < from || t-f < to-from) {
				from, to = f, t
			}
		}
	}
	return from, to
}

// scattered reports that the words of a line, most of them, are among those that ours has between lines a and b: the
// same in another layout.
func (x *sentIndex) scattered(s string, a, b *match, variant uint8) bool {
	from, to := between(a, b)
	if to <= from || to-from > nearWords {
		return false
	}
	order := x.orders[variant]
	here := order[max(0, min(int(from), len(order))):max(0, min(int(to), len(order)))]
	var t tokens
	t.add(s, 0)
	n := 0
	for _, h := range t.hash {
		if slices.Contains(here, h) {
			n++
		}
	}
	return n*10 >= len(t.hash)*9
}
