package extract

// classify gives every line its class.
func (d *document) classify() {
	d.method, d.confidence, d.posting = MethodFull, High, PostingNone
	d.matchSent()
	segs := d.segments()
	d.decide(segs)
	d.settle(segs)
}

// decide tells for every run of marked lines whether it stays, and gives the lines their classes.
func (d *document) decide(segs []segment) {
	firstText, lastText := -1, -1
	for n := range segs {
		s := &segs[n]
		if s.kind != segText {
			continue
		}
		below := n > 0
		last := n == len(segs)-1 || segs[n+1].kind != segQuote || !d.textBelow(segs[n+1:])
		end := s.end
		if last {
			end = d.signature(s.start, s.end, below && firstText >= 0 || below && segs[n-1].kind == segQuote)
		}
		if below && firstText >= 0 && segs[n-1].kind == segQuote && d.disclaimer(s.start, end) {
			d.mark(s.start, end, classQuote, "disclaimer below the quotation")
			end = s.start
		}
		if d.nextText(s.start, end) < end {
			if firstText < 0 {
				firstText = n
			}
			lastText = n
		}
	}
	kept, dropped := false, false
	for n := range segs {
		s := &segs[n]
		switch s.kind {
		case segQuote:
			if d.keeps(segs, n, firstText, lastText) {
				kept = true
				continue
			}
			dropped = true
			d.mark(s.start, s.end, classQuote, d.quoteRule(s))
		case segTail:
			dropped = true
			for i := s.start; i < s.end; i++ {
				if l := &d.lines[i]; l.class == classReply {
					l.set(classQuote, "below the quotation's introduction")
				}
			}
		case segForward:
			d.posting = PostingForward
			for i := s.start; i < s.end; i++ {
				d.lines[i].set(classReply, "forwarded mail")
			}
		case segIntro:
			dropped = true
		}
	}
	d.place(segs, firstText, lastText, kept, dropped)
}

// textBelow reports text in any of segs.
func (d *document) textBelow(segs []segment) bool {
	for _, s := range segs {
		if s.kind == segText {
			return true
		}
	}
	return false
}

func (d *document) quoteRule(s *segment) string {
	h := d.lines[s.start].hint
	switch {
	case h&hintSent != 0:
		return "we sent it"
	case h&hintQuote != 0:
		return "client's quotation block"
	}
	return "marked as quoted"
}

// keeps decides about one run of marked lines.
func (d *document) keeps(segs []segment, n, firstText, lastText int) bool {
	s := &segs[n]
	if d.lines[s.start].hint&hintUserQuote != 0 && !s.attributed {
		return true
	}
	if s.forward && !d.pointed {
		return false
	}
	if lastText < 0 {
		return false
	}
	if !s.attributed && firstText < n && introduced(segs[n+1:]) {
		return true // above the client's own quotation: the person's doing
	}
	if lastText < n { // nothing new below
		return !s.attributed && firstText >= 0 && (s.glued || d.single(s)) && !d.html
	}
	if !s.attributed {
		return true
	}
	// Text above and below, or the quotation goes on below the answer: the answer needs its question.
	return firstText < n || d.continues(segs, n)
}

// introduced reports a quotation that a client has introduced.
func introduced(segs []segment) bool {
	for _, s := range segs {
		if s.kind == segTail || s.kind == segIntro || s.kind == segQuote && s.attributed {
			return true
		}
	}
	return false
}

func (d *document) single(s *segment) bool {
	n := 0
	for i := s.start; i < s.end; i++ {
		if d.lines[i].depth > 0 {
			n++
		}
	}
	return n == 1
}

// continues reports that the quotation of segment n goes on below the text that follows it. A run of marked lines that
// is glued to the text above it, where the first answer is not, was marked by the person.
func (d *document) continues(segs []segment, n int) bool {
	s := &segs[n]
	answerGlued := s.end < len(d.lines) && !d.lines[s.end].blank() && !d.lines[s.end-1].blank()
	for k := n + 1; k < len(segs); k++ {
		if segs[k].kind == segQuote && (!segs[k].glued || answerGlued || d.html) && (segs[k].attributed || d.lines[segs[k].start].hint&hintUserQuote == 0) {
			return true
		}
	}
	return false
}

// place names where the person wrote, and how sure that is.
func (d *document) place(segs []segment, firstText, lastText int, kept, dropped bool) {
	if dropped {
		d.method = MethodText
		if d.html {
			d.method = MethodHTML
		}
		for i := range d.lines {
			if d.lines[i].hint&hintSent != 0 && d.lines[i].class == classQuote {
				d.method = MethodSent
				break
			}
		}
	}
	if d.posting == PostingForward {
		return
	}
	firstQuote := -1
	for n := range segs {
		if segs[n].kind != segText {
			firstQuote = n
			break
		}
	}
	switch {
	case firstQuote < 0:
	case kept && firstText >= 0:
		d.posting = PostingInterleaved
	case firstText < 0:
	case lastText > firstQuote && firstText > firstQuote:
		d.posting = PostingBottom
	case lastText > firstQuote:
		d.posting = PostingInterleaved
	default:
		d.posting = PostingTop
	}
}
