package extract

// classify gives every line its class.
func (d *document) classify() {
	d.method, d.confidence, d.posting = MethodFull, High, PostingNone
	d.matchSent()
	segs := d.segments()
	d.decide(segs)
	d.settle(segs)
}

// overview is where in a list of segments things stand; -1 for nowhere.
type overview struct {
	firstText, lastText int // text with something new in it
	lastRun             int // text of any kind
	lastIntro           int // a quotation that a client has introduced
	lastQuote           int // a run of marked lines that the person did not mark with the editor's button
	lastLoose           int // one of them with a blank line above
}

func (d *document) survey(segs []segment) overview {
	o := overview{-1, -1, -1, -1, -1, -1}
	for n := range segs {
		s := &segs[n]
		switch {
		case s.kind == segText:
			o.lastRun = n
			continue
		case s.kind == segTail, s.kind == segIntro, s.kind == segQuote && s.attributed:
			o.lastIntro = n
		}
		if s.kind == segQuote && (s.attributed || d.lines[s.start].hint&hintUserQuote == 0) {
			o.lastQuote = n
			if !s.glued || d.html {
				o.lastLoose = n
			}
		}
	}
	return o
}

// decide tells for every run of marked lines whether it stays, and gives the lines their classes.
func (d *document) decide(segs []segment) {
	o := d.survey(segs)
	for n := range segs {
		if segs[n].kind == segText && d.newText(segs, n, &o) {
			if o.firstText < 0 {
				o.firstText = n
			}
			o.lastText = n
		}
	}
	kept, dropped := false, false
	for n := range segs {
		s := &segs[n]
		switch s.kind {
		case segQuote:
			if d.keeps(s, n, &o) {
				kept = true
				if s.attributed {
					d.mark(s.start, s.intro, classAttribution, "attribution of a quotation that stays")
				}
				continue
			}
			dropped = true
			if !s.attributed || s.forward {
				d.doubt()
			}
			d.mark(s.start, s.end, classQuote, d.quoteRule(s))
		case segTail:
			dropped = true
			d.markReply(s, classQuote, "below the quotation's introduction")
		case segForward:
			d.posting = PostingForward
			for i := s.start; i < s.end; i++ {
				d.lines[i].set(classReply, "forwarded mail")
			}
		case segIntro:
			dropped = true
		}
	}
	d.place(segs, &o, kept, dropped)
}

// newText takes signatures and disclaimers off a run of text, and reports whether anything is left.
func (d *document) newText(segs []segment, n int, o *overview) bool {
	s := &segs[n]
	end := s.end
	quoteAbove := n > 0 && segs[n-1].kind == segQuote
	if n == len(segs)-1 || segs[n+1].kind != segQuote || o.lastRun <= n {
		end = d.signature(s.start, s.end, quoteAbove || n > 0 && o.firstText >= 0)
	}
	if quoteAbove && o.firstText >= 0 && d.disclaimer(s.start, end) {
		d.mark(s.start, end, classQuote, "disclaimer below the quotation")
		end = s.start
	}
	return d.nextText(s.start, end) < end
}

// markReply gives a class to the lines of s that have none yet.
func (d *document) markReply(s *segment, c class, rule string) {
	for i := s.start; i < s.end; i++ {
		if l := &d.lines[i]; l.class == classReply {
			l.set(c, rule)
		}
	}
}

// doubt lowers a high confidence.
func (d *document) doubt() {
	if d.confidence == High {
		d.confidence = Medium
	}
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
func (d *document) keeps(s *segment, n int, o *overview) bool {
	switch {
	case d.lines[s.start].hint&hintUserQuote != 0 && !s.attributed:
		return true
	case s.forward && !d.pointed, o.lastText < 0:
		return false
	case !s.attributed && d.html && o.firstText < n && o.lastIntro > n:
		return true // above the client's own quotation: the person's doing
	case o.lastText < n: // nothing new below
		return !s.attributed && o.firstText >= 0 && (s.glued || d.single(s)) && !d.html
	case !s.attributed:
		return true
	}
	// Text above and below, or the quotation goes on below the answer: the answer needs its question.
	return o.firstText < n || d.continues(s, n, o)
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
func (d *document) continues(s *segment, n int, o *overview) bool {
	answerGlued := s.end < len(d.lines) && !d.lines[s.end].blank() && !d.lines[s.end-1].blank()
	return o.lastLoose > n || answerGlued && o.lastQuote > n
}

// place names where the person wrote, and how sure that is.
func (d *document) place(segs []segment, o *overview, kept, dropped bool) {
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
	case firstQuote < 0 || o.firstText < 0:
	case kept:
		d.posting = PostingInterleaved
	case o.firstText > firstQuote:
		d.posting = PostingBottom
	case o.lastText > firstQuote:
		d.posting = PostingInterleaved
	default:
		d.posting = PostingTop
	}
}
