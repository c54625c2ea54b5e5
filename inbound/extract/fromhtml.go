package extract

// fromPage adds what the HTML part says. The text part, where there is one, gives the words; the HTML part gives its own
// reply, and steps in where the text part shows no quotation.
func (d *document) fromPage(p *page, s *secrets, r *Result) {
	h := d
	if !d.html {
		h = &document{lines: p.lines, html: true, sent: d.sent, rest: p.rest.String()}
		h.classify()
		if better(h, d) {
			*r = h.result()
		}
	}
	r.HTML = p.render(h.lines, s)
	r.Pictures = p.signaturePictures(h.lines)
}

// better reports that the HTML part shows a quotation where the text part shows none.
func better(h, d *document) bool {
	return d.method == MethodFull && h.method != MethodFull && h.confidence != Low || d.confidence == Low && h.confidence == High
}
