package extract

import "strings"

// settle looks at what is left. A reply that is empty although no client said that everything is a quotation means that
// a rule was wrong: it takes a step back.
func (d *document) settle(segs []segment) {
	if d.anyReply() {
		if d.method == MethodSent {
			d.typedWithin(d.saysBelow(), false)
		}
		return
	}
	hard := false
	for _, s := range segs {
		if s.kind == segTail || s.kind == segQuote && s.attributed {
			hard = true
		}
	}
	if d.sent != nil && d.typedWithin(true, true) {
		d.confidence = Low
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

// typedWithin finds the words of a person who wrote into the quotation itself: lines of ours that he added to, and, if
// whole is set, lines between those we sent that we did not send; if around is set, above and below them too. Whole
// lines lose the quote marks that are not theirs.
func (d *document) typedWithin(whole, around bool) bool {
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
		switch {
		case l.class != classQuote:
		case m[i].extra && l.hint&hintSent != 0:
			l.set(classReply, "a line of ours with more behind it")
			found = true
		case !whole || !around && (i < first || i > last) || m[i].sent || m[i].words == 0 || d.mayBeOurs(m, i):
		default:
			introduces := d.introducesOlder(i)
			if i > last && (introduces || l.depth > d.lines[last].depth) {
				i = len(m) // older mails
			} else if !introduces && (i >= first || l.depth > 0) {
				l.set(classReply, "not among what we sent")
				l.raw = l.text
				found = true
			}
		}
	}
	if found {
		d.doubt()
		d.posting = PostingInterleaved
	}
	return found
}

// introducesOlder reports the header block or the attribution of an older mail.
func (d *document) introducesOlder(i int) bool {
	if _, _, ok := d.headerBlock(i); ok {
		return true
	}
	_, s, _ := d.attributionAt(i)
	return s == sureAttribution
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
