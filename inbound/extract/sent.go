package extract

import "strings"

const (
	sentMails   = 8       // how many sent mails are remembered: the bits of a mask
	sentBytes   = 1 << 17 // of each
	shingle     = 4       // words in a row that must agree
	clusterGap  = 2       // lines of other text within a run of lines we sent
	enoughWords = 30      // a run of so many of our words is a quotation wherever it stands
	tinyMail    = 8       // a mail of fewer words is recognised only below an attribution
	aboveLines  = 8       // lines an introduction may have
)

// match is what is known of a line in relation to what we sent.
type match struct {
	words, ours, known int32 // words; of them in a shingle of ours; of them in our vocabulary
	sent               bool
	short              bool  // a short line of ours, to be confirmed by a neighbour
	at                 int32 // where its first shingle stands in what we sent, from 1; 0 if it has none
}

// matchSent marks the lines that we sent, and those above them that introduce them.
func (d *document) matchSent() {
	if d.sent == nil || len(d.sent.runs)+len(d.sent.lines) == 0 {
		return
	}
	m := d.compare()
	accepted := false
	for i := 0; i < len(m); {
		if !m[i].sent {
			i++
			continue
		}
		end := d.clusterEnd(m, i)
		start := i
		above := d.introducedAt(start)
		if accepted || above < start || d.covers(m, start, end) || d.lines[start].depth > 0 {
			accepted = true
			d.hintLines(m, above, start, end)
		}
		i = end
	}
}

// compare finds the lines that we sent.
func (d *document) compare() []match {
	m := make([]match, len(d.lines))
	var t tokens
	for i := range d.lines {
		before := len(t.hash)
		t.add(d.lines[i].text, int32(i))
		m[i].words = int32(len(t.hash) - before)
		for _, h := range t.hash[before:] {
			if d.sent.words[h] {
				m[i].known++
			}
		}
		if n := m[i].words; n > 0 && n <= shingle+2 && d.sent.lines[lineHash(t.hash[before:])] {
			m[i].short = true
		}
	}
	covered := -1
	for i := 0; i+shingle <= len(t.hash); i++ {
		p := d.sent.runs[lineHash(t.hash[i:i+shingle])]
		if p.mails == 0 {
			continue
		}
		if l := &m[t.line[i]]; l.at == 0 {
			l.at = p.at + 1
		}
		for k := max(i, covered+1); k < i+shingle; k++ {
			m[t.line[k]].ours++
		}
		covered = i + shingle - 1
	}
	for i := range m {
		m[i].sent = m[i].ours > 0 && m[i].ours*5 >= m[i].words*4
	}
	confirm(d, m)
	return m
}

// confirm takes short lines for ours that stand beside lines of ours.
func confirm(d *document, m []match) {
	last := false
	pass := func(i int) {
		if d.lines[i].blank() || m[i].words == 0 {
			return
		}
		if last && !m[i].sent && m[i].short {
			m[i].sent = true
		}
		last = m[i].sent
	}
	for i := range m {
		pass(i)
	}
	last = false
	for i := len(m) - 1; i >= 0; i-- {
		pass(i)
	}
}

// clusterEnd returns the end of a run of lines of ours, with no more than clusterGap other lines between. It ends where a
// client introduces a quotation, where the quote marks begin, and where our words begin again from further up: what
// stands before was then repeated by the person.
func (d *document) clusterEnd(m []match, i int) int {
	end, gap, at := i+1, 0, m[i].at
	for j := i + 1; j < len(m); j++ {
		switch {
		case m[j].sent:
			if m[j].at != 0 && m[j].at < at || (d.lines[j].depth > 0) != (d.lines[i].depth > 0) || gap > 0 && d.introducedAt(j) < j {
				return end
			}
			end, gap, at = j+1, 0, max(at, m[j].at)
		case m[j].words == 0:
			if l := &d.lines[j]; gap == 0 && (strings.Contains(l.text, "://") || l.text == "|") {
				end = j + 1 // a link, a quote mark that we do not know
			}
		default:
			if gap++; gap > clusterGap {
				return end
			}
		}
	}
	return end
}

// covers reports that the lines from start to end are so much of a mail of ours that nobody repeats it on purpose.
func (d *document) covers(m []match, start, end int) bool {
	ours := 0
	for i := start; i < end; i++ {
		if m[i].sent {
			ours += int(m[i].words)
		}
	}
	if ours >= enoughWords {
		return true
	}
	for mail := range d.sent.n {
		if t := d.sent.totals[mail]; t >= tinyMail && ours*2 >= t {
			return true
		}
	}
	return false
}

// hintLines marks a run of ours. A line between two of ours whose words we know is ours too, in another layout.
func (d *document) hintLines(m []match, above, start, end int) {
	for i := above; i < start; i++ {
		d.lines[i].hint |= hintAbove
	}
	for i := start; i < end; i++ {
		if m[i].sent || m[i].words == 0 || m[i].known*10 >= m[i].words*9 {
			d.lines[i].hint |= hintSent
		}
	}
}

// introducedAt looks for the client's introduction above line i, in whatever language: it stands directly above, and
// has our name, our subject, an address or a date in it.
func (d *document) introducedAt(i int) int {
	last := d.lastText(0, i)
	if last < 0 || i-last > 4 || d.lines[last].hint&hintSent != 0 {
		return i
	}
	depth := d.lines[last].depth
	if depth > 0 {
		return i
	}
	if top, ok := d.fieldsAbove(last); ok {
		return d.drawnAbove(d.introAbove(top, 0), 0)
	}
	for k := last; k >= 0 && k > last-3; k-- {
		l := &d.lines[k]
		if l.blank() || l.depth != depth || l.hint&hintSent != 0 || k < last && endsSentence(l.text) {
			break
		}
		if d.introduces(k, last) {
			return d.drawnAbove(d.opener(k, depth), 0)
		}
	}
	return i
}

// fieldsAbove finds two lines or more of the form "key: value" that end at line last, one of which tells something of
// the mail below. It returns the first of them.
func (d *document) fieldsAbove(last int) (int, bool) {
	top, told := last+1, false
	for k := last; k >= 0 && k > last-aboveLines; k-- {
		l := &d.lines[k]
		if l.colon <= 0 || l.colon > 30 || int(l.colon) >= len(l.text)-1 || l.hint&hintSent != 0 || len(l.text) > attributionBytes {
			break
		}
		var f features
		f.add(l.text)
		told = told || f.addr || f.dated() || d.namesUs(l.text)
		top = k
	}
	return top, last-top+1 >= 2 && told
}

// introduces reports that the lines from a to b are an introduction.
func (d *document) introduces(a, b int) bool {
	var f features
	named := false
	for k := a; k <= b; k++ {
		s := d.lines[k].text
		if len(s) > attributionBytes {
			return false
		}
		f.add(s)
		named = named || d.namesUs(s)
	}
	if f.incomplete() || f.stops > 0 {
		return false
	}
	if kind, _, _ := markOf(d.lines[a].text); kind != markNone {
		return true
	}
	closed := endsAttribution(d.lines[b].text)
	return f.words <= attributionWords && (closed && (named || f.addr || f.dated()) || f.dated() && (f.addr || named))
}

// namesUs reports that a line holds the name or the subject of a mail of ours.
func (d *document) namesUs(s string) bool {
	if d.sent == nil || len(d.sent.names) == 0 {
		return false
	}
	var buf [attributionBytes + 8]byte
	folded := string(fold(buf[:], s))
	for _, n := range d.sent.names {
		if strings.Contains(folded, n) {
			return true
		}
	}
	return false
}
