package extract

import "strings"

// settle looks at what is left. A reply that is empty although no client said that everything is a quotation means that
// a rule was wrong: it takes a step back.
func (d *document) settle(segs []segment) {
	if d.anyReply() {
		return
	}
	hard := false
	for _, s := range segs {
		if s.kind == segTail || s.kind == segQuote && s.attributed {
			hard = true
		}
	}
	if d.sent != nil && d.typedWithin() {
		return
	}
	if hard || !d.any(classQuote) {
		d.only = d.anything()
		return
	}
	// Marked lines and nothing else, without an attribution: a list drawn with chevrons, perhaps.
	for i := range d.lines {
		if l := &d.lines[i]; l.class == classQuote {
			l.set(classReply, "nothing else is left")
		}
	}
	d.method, d.confidence, d.posting = MethodFull, Low, PostingNone
}

// typedWithin finds the words of a person who wrote into the quotation itself: lines among those we sent that we did not
// send. They lose the quote marks that are not theirs.
func (d *document) typedWithin() bool {
	m := d.compare()
	first, last := len(m), -1
	for i := range m {
		if m[i].sent {
			first, last = min(first, i), i
		}
	}
	found := false
	for i := 0; last >= 0 && i < len(m); i++ {
		l := &d.lines[i]
		if l.class != classQuote || m[i].sent || m[i].words == 0 || m[i].known*10 >= m[i].words*6 {
			continue
		}
		_, _, header := d.headerBlock(i)
		_, s, _ := d.attributionAt(i)
		if i > last && (header || s == sureAttribution || l.depth > d.lines[last].depth) {
			break // older mails
		}
		if header || s == sureAttribution || i < first && l.depth == 0 {
			continue
		}
		l.set(classReply, "not among what we sent")
		l.raw = l.text
		found = true
	}
	if found {
		d.confidence, d.posting = Low, PostingInterleaved
	}
	return found
}

// anything reports a body that is not blank.
func (d *document) anything() bool {
	for i := range d.lines {
		if l := &d.lines[i]; !l.blank() || l.depth > 0 {
			return true
		}
	}
	return d.rest != ""
}

func (d *document) anyReply() bool {
	for i := range d.lines {
		if l := &d.lines[i]; l.class == classReply && !l.blank() {
			return true
		}
	}
	return false
}

func (d *document) any(c class) bool {
	for i := range d.lines {
		if l := &d.lines[i]; l.class == c && !l.blank() {
			return true
		}
	}
	return false
}

// disclaimer reports lines that a mail server or a list adds.
func (d *document) disclaimer(a, b int) bool {
	for i := a; i < b; i++ {
		s := d.lines[i].text
		if len(s) < 20 {
			continue
		}
		lower := strings.ToLower(s)
		for _, w := range [...]string{"confidential", "intended recipient", "intended only", "unsubscribe", "mailing list", "vertraulich", "confidentiel", "disclaimer"} {
			if strings.Contains(lower, w) {
				return true
			}
		}
		return false
	}
	return false
}
