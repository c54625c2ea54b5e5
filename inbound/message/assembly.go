package message

import "strings"

// assembly puts a Message together from the entities of a Structure.
type assembly struct {
	s       Structure
	m       *Message
	charset string    // of the first text, for bare octets in headers
	files   []*entity // those that become attachments
	// enveloped tells that one of the files is encrypted by S/MIME.
	enveloped bool
	inside    bool // s is what was signed, within another mail
}

// piece is a stretch of the mail's words, in one or both forms.
type piece struct {
	text, html       string
	hasText, hasHTML bool
	flowed, delSp    bool
}

func (a *assembly) assemble() {
	whole := a.walk(0, nil)
	a.m.Text, a.m.TextFlowed, a.m.TextDelSp = joinText(whole)
	a.m.HTML = joinHTML(whole)
	a.unwrapArmour()
	if a.enveloped && a.m.Text == "" && a.m.HTML == "" { // with words beside it, it is a file among others
		a.m.Encrypted = true
	}
	a.attach()
}

// walk collects the words below an entity; files are noted on the way.
func (a *assembly) walk(index int, parent *entity) []piece {
	e := &a.s.entities[index]
	if len(e.children) == 0 {
		return a.leaf(e, parent)
	}
	switch e.media.word {
	case "multipart/alternative":
		return a.alternative(e)
	case "multipart/signed":
		a.m.Signed = true
	case "multipart/encrypted":
		a.m.Encrypted = true
	case "multipart/report":
		if a.m.ReportType == "" {
			a.m.ReportType = strings.ToLower(clean(e.media.get("report-type")))
		}
	}
	var all []piece
	for _, c := range e.children {
		all = append(all, a.walk(c, e)...)
	}
	return all
}

// alternative takes the text of the first alternative that has one and the
// HTML of the last: RFC 2046, section 5.1.4, the richest stands last.
func (a *assembly) alternative(e *entity) []piece {
	var best piece
	for _, c := range e.children {
		pieces := a.walk(c, e)
		if text, flowed, delSp := joinText(pieces); text != "" && best.text == "" {
			best.text, best.hasText, best.flowed, best.delSp = text, true, flowed, delSp
		}
		if html := joinHTML(pieces); html != "" {
			best.html, best.hasHTML = html, true
		}
	}
	if !best.hasText && !best.hasHTML {
		return nil
	}
	return []piece{best}
}

// joinText joins the texts by empty lines, or returns nothing if a piece has none.
func joinText(pieces []piece) (text string, flowed, delSp bool) {
	if len(pieces) == 1 {
		p := pieces[0]
		return strings.TrimRight(p.text, "\n"), p.flowed, p.delSp
	}
	var b strings.Builder
	for i, p := range pieces {
		if !p.hasText {
			return "", false, false
		}
		if i == 0 {
			flowed, delSp = p.flowed, p.delSp
		} else {
			b.WriteString("\n\n")
		}
		flowed, delSp = flowed && p.flowed, delSp && p.delSp
		b.WriteString(strings.TrimRight(p.text, "\n"))
	}
	return b.String(), flowed, delSp
}

// joinHTML joins the HTML pieces; texts between them are escaped. Without a
// piece of HTML it returns nothing.
func joinHTML(pieces []piece) string {
	any := false
	for _, p := range pieces {
		any = any || p.hasHTML
	}
	if !any {
		return ""
	}
	if len(pieces) == 1 {
		return pieces[0].html
	}
	var b strings.Builder
	for _, p := range pieces {
		if p.hasHTML {
			b.WriteString(p.html)
		} else {
			b.WriteString("<div>" + escapeText(p.text) + "</div>")
		}
	}
	return b.String()
}

// unwrap reads the mail inside a signature that is wrapped around it. It does
// so once: signatures around signatures stay files, so that the cost is bounded.
func (a *assembly) unwrap(e *entity) ([]piece, bool) {
	if a.inside {
		return nil, false
	}
	content, ok := signedContent(decodeTransfer(e.body, e.encoding))
	if !ok {
		return nil, false
	}
	s, err := Scan(content, DefaultLimits())
	if err != nil {
		return nil, false
	}
	inner := assembly{s: s, m: a.m, charset: a.charset, inside: true}
	pieces := inner.walk(0, nil)
	a.charset, a.files = inner.charset, append(a.files, inner.files...)
	a.enveloped = a.enveloped || inner.enveloped
	a.m.Signed = true
	return pieces, true
}

func escapeText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "<br>\n").Replace(strings.TrimRight(s, "\n"))
}
