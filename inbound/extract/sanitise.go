package extract

import (
	"bytes"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// allowed are the elements that reach the output, without any attribute but those of sanitiser.tag. All others are
// left out and their content stays; silent elements go with their content.
var allowed = map[atom.Atom]bool{
	atom.A: true, atom.B: true, atom.Strong: true, atom.I: true, atom.Em: true, atom.U: true, atom.S: true, atom.Strike: true, atom.Del: true,
	atom.Ins: true, atom.Sub: true, atom.Sup: true, atom.P: true, atom.Div: true, atom.Ul: true, atom.Ol: true, atom.Li: true,
	atom.Blockquote: true, atom.Pre: true, atom.Code: true, atom.H1: true, atom.H2: true, atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true,
	atom.Table: true, atom.Thead: true, atom.Tbody: true, atom.Tr: true, atom.Td: true, atom.Th: true, atom.Dl: true, atom.Dt: true, atom.Dd: true,
}

// sanitiser writes the nodes whose lines belong to the reply.
type sanitiser struct {
	b     []byte
	page  *page
	lines []line
	next  int // the next span

	secrets *secrets
}

// render writes the reply's part of the page as harmless HTML.
func (p *page) render(lines []line, secrets *secrets) string {
	if p.root == nil {
		return escapeLines(lines)
	}
	s := &sanitiser{page: p, lines: lines, secrets: secrets}
	s.node(p.root)
	return trimBreaks(string(s.b))
}

// trimBreaks takes the line breaks off the end.
func trimBreaks(s string) string {
	for {
		s = strings.TrimSpace(s)
		cut := strings.TrimSuffix(s, "<br>")
		if len(cut) == len(s) {
			return s
		}
		s = cut
	}
}

// escapeLines writes lines that have no structure.
func escapeLines(lines []line) string {
	var b strings.Builder
	for i := range lines {
		if l := &lines[i]; l.class == classReply {
			b.WriteString(html.EscapeString(l.raw))
			b.WriteString("<br>")
		}
	}
	return strings.TrimSuffix(b.String(), "<br>")
}

// node writes n and reports whether anything came of it.
func (s *sanitiser) node(n *html.Node) bool {
	switch n.Type {
	case html.TextNode:
		if !s.keeps() {
			return false
		}
		s.write(html.EscapeString(n.Data))
		return strings.TrimSpace(n.Data) != ""
	case html.DocumentNode:
		return s.children(n)
	case html.ElementNode:
		return s.element(n)
	}
	return false
}

func (s *sanitiser) children(n *html.Node) bool {
	some := false
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if s.node(c) {
			some = true
		}
	}
	return some
}

func (s *sanitiser) element(n *html.Node) bool {
	if silent(n.DataAtom) {
		return false
	}
	switch n.DataAtom {
	case atom.Br:
		if !s.keeps() {
			return false
		}
		s.write("<br>")
		return false
	case atom.Hr:
		if !s.keeps() {
			return false
		}
		s.write("<hr>")
		return true
	case atom.Img:
		return s.keeps() && s.image(n)
	}
	if !allowed[n.DataAtom] {
		return s.children(n)
	}
	before := len(s.b)
	s.tag(n)
	opened := len(s.b)
	some := s.children(n)
	if !some && n.DataAtom != atom.Td && n.DataAtom != atom.Th {
		breaks := bytes.Contains(s.b[opened:], []byte("<br>"))
		s.b = s.b[:before] // nothing but white space came of it
		if breaks {
			s.write("<br>")
		}
		return false
	}
	s.write("</" + n.Data + ">")
	return some
}

func (s *sanitiser) write(t string) { s.b = append(s.b, t...) }

// keeps takes the next span and reports whether one of its lines belongs to the reply.
func (s *sanitiser) keeps() bool {
	sp := s.page.spans[s.next]
	s.next++
	for i := sp.first; i <= sp.last && int(i) < len(s.lines); i++ {
		if s.lines[i].class == classReply {
			return true
		}
	}
	return false
}

func (s *sanitiser) tag(n *html.Node) {
	s.write("<" + n.Data)
	if n.DataAtom == atom.A {
		href := safeLink(attr(n, "href"))
		if _, secret := s.secrets.clean(href); href != "" && secret == 0 {
			s.write(` href="` + html.EscapeString(href) + `" rel="noopener nofollow ugc"`)
		}
	}
	s.write(">")
}

// image keeps pictures that came with the mail; those of other servers would tell when the reply is read.
func (s *sanitiser) image(n *html.Node) bool {
	src, alt := strings.TrimSpace(attr(n, "src")), attr(n, "alt")
	if strings.HasPrefix(strings.ToLower(src), "cid:") {
		s.write(`<img src="` + html.EscapeString(src) + `"`)
		if alt != "" {
			s.write(` alt="` + html.EscapeString(alt) + `"`)
		}
		s.write(">")
		return true
	}
	if t := imageText(n); t != "" {
		s.write(html.EscapeString(t))
		return true
	}
	return false
}

// safeLink returns an absolute link with a harmless scheme, or nothing.
func safeLink(href string) string {
	u, err := url.Parse(strings.TrimSpace(href))
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return ""
		}
		return u.String()
	case "mailto":
		return u.String()
	}
	return ""
}
