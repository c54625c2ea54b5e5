package extract

import "strings"

// result joins the lines of each class.
func (d *document) result() Result {
	r := Result{Method: d.method, Confidence: d.confidence, Posting: d.posting, Language: d.lang, QuotationOnly: d.only}
	r.Text = d.join(func(l *line) bool { return l.class == classReply })
	r.Quoted = d.join(func(l *line) bool {
		return l.class == classQuote || l.class == classAttribution || l.class == classHeader || l.class == classMarker
	})
	if d.rest != "" {
		r.Quoted = strings.TrimPrefix(r.Quoted+"\n"+d.rest, "\n")
		r.Confidence = Low
	}
	r.Signature = d.join(func(l *line) bool { return l.class == classSignature || l.class == classDevice })
	r.Full = r.Text
	if r.Signature != "" {
		r.Full = d.join(func(l *line) bool {
			return l.class == classReply || l.class == classSignature && l.rule != "below a device line" && l.rule != "footer below a drawn line" && l.rule != "drawn line at the end"
		})
	}
	r.Lines = make([]Line, len(d.lines))
	for i := range d.lines {
		l := &d.lines[i]
		r.Lines[i] = Line{Text: l.raw, Class: l.class.String(), Rule: l.rule}
	}
	return r
}

// join writes the lines that keep wants, without blank lines at either end.
func (d *document) join(keep func(*line) bool) string {
	first, last, size := -1, -1, 0
	for i := range d.lines {
		l := &d.lines[i]
		if !keep(l) || l.raw == "" && first < 0 || first < 0 && l.blank() && l.depth == 0 {
			continue
		}
		if first < 0 {
			first = i
		}
		if l.blank() && l.depth == 0 {
			size++
			continue
		}
		last = i
		size += len(l.raw) + 1
	}
	if first < 0 || last < 0 {
		return ""
	}
	var b strings.Builder
	b.Grow(size)
	cut, blank := false, false
	for i := first; i <= last; i++ {
		l := &d.lines[i]
		if !keep(l) {
			cut = true
			continue
		}
		empty := l.blank() && l.depth == 0
		if empty && cut && blank {
			continue // the blank lines on either side of what was cut are one
		}
		cut, blank = cut && empty, empty
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(l.raw)
	}
	return b.String()
}
