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
	if hard || !d.any(classQuote) {
		d.only = d.nextText(0, len(d.lines)) < len(d.lines)
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
