package extract

const (
	sentMails   = 8           // how many sent mails are remembered: the bits of a mask
	sentBytes   = 1 << 17     // of each
	shingle     = 4           // words in a row that must agree
	clusterGap  = 2           // lines of other text within a run of lines we sent
	enoughWords = 30          // a run of so many of our words is a quotation wherever it stands
	tinyMail    = 8           // a mail of fewer words is recognised only below an attribution
	aboveLines  = 8           // lines an introduction may have
	maxSign     = 64          // bytes of a line without words
	shortLine   = shingle + 2 // words of a short line
	nearWords   = 24          // words between two neighbouring lines of ours at most
	wrapWidth   = 55          // runes of the shortest line that is taken to be broken for its length
)

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
		start := d.clusterStart(m, i)
		above := d.introducedAt(start)
		if accepted || above < start || d.covers(m, start, end) || d.lines[start].depth > 0 {
			accepted = true
			d.hintLines(m, above, start, end)
		}
		i = end
	}
}

// clusterStart moves the start of a run of lines of ours up over links of ours that a client's introduction stands above.
func (d *document) clusterStart(m []match, i int) int {
	start := i
	for up := d.lastText(0, i); up >= 0 && i-up <= aboveLines && m[up].bare && d.lines[up].depth <= d.lines[i].depth; up = d.lastText(0, up) {
		if m[up].links == linkOurs {
			start = up
		}
	}
	if start < i && d.introducedAt(start) < start {
		return start
	}
	return i
}

// clusterEnd returns the end of a run of lines of ours, with no more than clusterGap other lines between. It ends where a
// client introduces a quotation, where the quote marks begin or end, and where our words begin again from further up:
// what stands before was then repeated by the person.
func (d *document) clusterEnd(m []match, i int) int {
	end, gap, at := i+1, 0, m[i].first
	marked := d.lines[i].depth > 0
	for j := i + 1; j < len(m); j++ {
		switch {
		case d.goesOn(m, j, marked):
			if m[j].placed && m[j].last < at || gap > 0 && d.introducedAt(j) < j {
				return end
			}
			end, gap = j+1, 0
			if m[j].placed {
				at = max(at, m[j].first)
			}
		case m[j].bare:
			if l := &d.lines[j]; gap == 0 && !(l.blank() && l.depth == 0) && (l.depth > 0) == marked {
				end = j + 1
			}
		case m[j].sent && marked != (d.lines[j].depth > 0):
			return end
		default:
			if gap++; gap > clusterGap {
				return end
			}
		}
	}
	return end
}

// goesOn reports that line j goes on with a run of lines of ours that are marked, or are not. A mail server that breaks
// long lines leaves the rest of a marked line without a mark.
func (d *document) goesOn(m []match, j int, marked bool) bool {
	if (d.lines[j].depth > 0) == marked {
		return m[j].sent
	}
	l, up := &m[j], &d.lines[j-1]
	switch {
	case !marked, up.blank() && up.depth == 0:
		return false
	case l.bare && !d.lines[j].blank():
		return l.links == linkOurs || up.depth == 0 || opensBracket(up.text) // a bracket broken off behind a link
	}
	return l.sent && l.ours > 0
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
	marked := d.lines[start].depth > 0
	for above < start && start < end && d.lastField(start) {
		d.lines[start].hint |= hintAbove
		start++
	}
	for i := start; i < end; i++ {
		l := &d.lines[i]
		same := (l.depth > 0) == marked
		switch known := d.known(m, i); {
		case l.blank() && l.depth == 0:
			l.hint |= d.lines[i-1].hint & hintSent // a blank line goes with what is above it
		case same && (m[i].sent || m[i].bare || known), d.goesOn(m, i, marked):
			l.hint |= hintSent
		}
	}
}

// known reports a line of words of ours in another order or layout, that ours has at this place.
func (d *document) known(m []match, i int) bool {
	l := &m[i]
	if l.words == 0 || l.known*10 < l.words*9 {
		return false
	}
	if d.lines[i].depth > 0 {
		return true
	}
	if up, down, ok := placedAround(m, i); ok {
		return d.sent.scattered(d.lines[i].text, up, down, d.variant)
	}
	return l.words > 2
}

// mayBeOurs reports that a line within what we sent is not certainly the person's: ours has words of it here, or,
// where the place is not known, anywhere.
func (d *document) mayBeOurs(m []match, i int) bool {
	l := &m[i]
	if l.known*10 < l.words*6 {
		return false
	}
	if up, down, ok := placedAround(m, i); ok {
		return fits(up, (l.words+1)/2, down)
	}
	return true
}

// placedAround returns the nearest lines of ours above and below line i, if their places are known.
func placedAround(m []match, i int) (up, down *match, ok bool) {
	k := i - 1
	for k >= 0 && i-k <= aboveLines && !m[k].sent {
		k--
	}
	if k < 0 || !m[k].sent || int(m[i].next) == len(m) {
		return nil, nil, false
	}
	up, down = &m[k], &m[m[i].next]
	return up, down, up.placed && down.placed
}

// lastField reports a line of ours that is the end of the header block above it: the subject, mostly.
func (d *document) lastField(i int) bool {
	l, up := &d.lines[i], &d.lines[i-1]
	return !up.blank() && up.depth == l.depth && !endsAttribution(up.text) && len(l.text) <= attributionBytes && d.namesUs(i, i)
}
