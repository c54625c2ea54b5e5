package extract

// passes is how often a reply is read again.
const passes = 3

// again reads the reply once more, as if it were a whole mail: what stood above a signature may be the end of another.
// It goes on until nothing changes, so that reading a reply never changes it.
func (d *document) again(r *Result) {
	for range passes {
		if r.Text == "" || !d.took() {
			return
		}
		next := document{sent: d.sent}
		next.scan(r.Text)
		next.classify()
		if !next.took() || !next.anyReply() && next.any(classQuote) {
			return
		}
		more := next.result()
		if more.Quoted != "" {
			r.Full = more.Full
		}
		r.Text, r.QuotationOnly = more.Text, more.QuotationOnly
		r.Quoted = joinParts(more.Quoted, r.Quoted)
		r.Signature = joinParts(more.Signature, r.Signature)
		d.recall(&next, r)
		d = &next
	}
}

// took reports that lines were taken away.
func (d *document) took() bool {
	for i := range d.lines {
		if d.lines[i].class != classReply {
			return true
		}
	}
	return false
}

// recall tells the lines of the explanation what the second reading found, as far as they are the same lines.
func (d *document) recall(next *document, r *Result) {
	k := 0
	for i := range r.Lines {
		l := &r.Lines[i]
		if l.Class != classReply.String() || k >= len(next.lines) || next.lines[k].raw != l.Text {
			continue
		}
		l.Class, l.Rule = next.lines[k].class.String(), next.lines[k].rule
		k++
	}
}

func joinParts(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + "\n" + b
}
