package extract

// segmentKind is what a run of lines is.
type segmentKind uint8

const (
	segText    segmentKind = iota
	segQuote               // marked lines
	segIntro               // attribution or header lines above marked lines, or above nothing we can tell
	segTail                // a quotation that goes on to the end, with its attribution
	segForward             // a forwarded mail, to the end
)

type segment struct {
	kind       segmentKind
	start, end int
	attributed bool // segQuote: a client's attribution belongs to it
	glued      bool // segQuote: no blank line between it and the text above
	forward    bool // segQuote: a forwarded mail
	intro      int  // segQuote: the end of the attribution within the marks, or 0
}

// segmenter cuts a document into runs of lines.
type segmenter struct {
	d         *document
	segs      []segment
	text      int  // where the current run of text starts
	above     bool // there is text above
	forwarded bool // the introduction just read was that of a forwarded mail
}

// segments cuts the document into runs of lines.
func (d *document) segments() []segment {
	g := segmenter{d: d, segs: make([]segment, 0, 8)}
	for i := 0; i < len(d.lines); {
		l := &d.lines[i]
		if l.code || l.blank() && l.depth == 0 && l.hint == 0 {
			i++
			continue
		}
		if l.quoted() {
			i = g.quote(i)
			continue
		}
		s, ok := d.splitAt(i, g.text)
		if !ok {
			i++
			continue
		}
		if g.split(&s) {
			return g.segs
		}
		i = s.end
	}
	g.flush(len(d.lines))
	return g.segs
}

// flush ends the current run of text. Blank lines go with what is above them.
func (g *segmenter) flush(end int) {
	if g.d.nextText(g.text, end) < end {
		g.put(segText, g.text, end)
		g.above = true
	} else if n := len(g.segs); end > g.text && n > 0 {
		g.segs[n-1].end = end
	}
}

func (g *segmenter) put(kind segmentKind, start, end int) {
	g.segs = append(g.segs, segment{kind: kind, start: start, end: end})
	g.text = end
}

// quote takes the marked lines from i on, and returns where they end.
func (g *segmenter) quote(i int) int {
	d := g.d
	end := d.quoteEnd(i)
	glued := i > g.text && !d.lines[i-1].blank()
	g.flush(i)
	n := len(g.segs)
	introduced := n > 0 && g.segs[n-1].kind == segIntro
	g.put(segQuote, i, end)
	q := &g.segs[n]
	q.glued, q.forward = glued, g.forwarded
	q.intro, q.attributed = d.attributedQuote(i, end)
	q.attributed = q.attributed || introduced
	if kind, _, _ := markOf(d.lines[d.nextText(i, end-1)].text); kind != markNone {
		q.attributed, q.forward = true, kind == markForward
	}
	g.forwarded = false
	return end
}

// split takes an introduction, and reports whether all that follows belongs to it.
func (g *segmenter) split(s *split) bool {
	d := g.d
	if d.lang == "" {
		d.lang = s.lang
	}
	if !s.sure {
		d.doubt()
	}
	g.flush(s.start)
	d.mark(s.start, s.end, s.class, s.rule)
	next := d.nextText(s.end, len(d.lines))
	switch {
	case s.mark == markForward && (!g.above || d.points(s.start)):
		d.pointed = true
		g.put(segForward, s.start, len(d.lines))
		return true
	case next < len(d.lines) && d.lines[next].quoted():
		g.put(segIntro, s.start, s.end)
		g.forwarded = s.mark == markForward
	case g.above || s.mark == markOriginal || next == len(d.lines):
		g.put(segTail, s.start, len(d.lines))
		return true
	default:
		// Nothing above and nothing marked below: what follows may be the answer.
		g.put(segIntro, s.start, s.end)
		d.confidence = Low
	}
	return false
}
