package clients

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// flattening is how a client makes the text part of its HTML part.
type flattening struct {
	mark   string // before each quoted line, "> " mostly; empty: none
	width  int    // lines are wrapped to it; 0: never
	links  string // what stands between a link's text and its address, with %s; empty: nothing
	bold   string // around bold words
	image  string // for an image, with %s for its description; empty: nothing
	cell   string // between two cells
	hidden bool   // takes what is not shown, too
}

type flattener struct {
	flattening
	lines []string
	line  strings.Builder
	depth int
	space bool
	blank bool // a paragraph ended: a blank line is due
	pre   int
}

// text makes the text part.
func (f flattening) text(page string) string {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return page
	}
	w := &flattener{flattening: f}
	w.node(doc)
	w.end()
	return strings.Trim(strings.Join(w.lines, "\n"), "\n") + "\n"
}

func (w *flattener) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.words(n.Data)
		return
	case html.ElementNode:
		w.element(n)
		return
	case html.DocumentNode:
		w.children(n)
	}
}

func (w *flattener) children(n *html.Node) {
	for c := range n.ChildNodes() {
		w.node(c)
	}
}

func (w *flattener) element(n *html.Node) {
	switch n.DataAtom {
	case atom.Head, atom.Style, atom.Script, atom.Title:
		return
	case atom.Br:
		w.force()
		return
	case atom.Hr:
		w.end()
		return
	case atom.Img:
		if alt := attribute(n, "alt"); w.image != "" && alt != "" {
			w.words(strings.ReplaceAll(w.image, "%s", alt))
		}
		return
	case atom.B, atom.Strong:
		w.words(w.bold)
		w.children(n)
		w.line.WriteString(w.bold)
		return
	case atom.A:
		w.link(n)
		return
	case atom.Td:
		if w.line.Len() > 0 && w.cell != "" {
			w.line.WriteString(w.cell)
		}
		w.children(n)
		if w.cell == "" {
			w.end()
		}
		return
	}
	if !w.hidden && strings.Contains(attribute(n, "style"), "display:none") {
		return
	}
	w.block(n)
}

func (w *flattener) block(n *html.Node) {
	blocks := []atom.Atom{
		atom.Div, atom.P, atom.Table, atom.Tbody, atom.Tr, atom.Blockquote, atom.H1, atom.Pre, atom.Ul, atom.Ol, atom.Li, atom.Body,
	}
	if !slices.Contains(blocks, n.DataAtom) {
		w.children(n)
		return
	}
	w.end()
	spaced := n.DataAtom == atom.P && attribute(n, "class") != "MsoNormal" || n.DataAtom == atom.H1
	if spaced {
		w.gap()
	}
	if n.DataAtom == atom.Blockquote {
		w.gap()
		w.depth++
	}
	if n.DataAtom == atom.Pre {
		w.pre++
	}
	w.children(n)
	w.end()
	if n.DataAtom == atom.Pre {
		w.pre--
	}
	if n.DataAtom == atom.Blockquote {
		w.depth--
		w.gap()
	}
	if spaced {
		w.gap()
	}
}

func (w *flattener) link(n *html.Node) {
	before := w.line.Len()
	w.children(n)
	href := attribute(n, "href")
	said := strings.TrimSpace(w.line.String()[min(before, w.line.Len()):])
	if w.links == "" || href == "" || said == "" || said == href || "mailto:"+said == href {
		return
	}
	w.line.WriteString(strings.ReplaceAll(w.links, "%s", href))
}

func (w *flattener) words(s string) {
	if w.pre > 0 {
		for i, l := range strings.Split(s, "\n") {
			if i > 0 {
				w.force()
			}
			w.line.WriteString(l)
		}
		return
	}
	for _, r := range s {
		if strings.ContainsRune(" \t\r\n", r) {
			w.space = true
			continue
		}
		if w.space && w.line.Len() > 0 {
			w.line.WriteByte(' ')
		}
		w.space = false
		w.line.WriteRune(r)
	}
}

// end ends a line that has something on it, if only a no-break space.
func (w *flattener) end() {
	if strings.Trim(w.line.String(), " \t") != "" {
		w.force()
		return
	}
	w.line.Reset()
}

func (w *flattener) gap() { w.blank = len(w.lines) > 0 }

func (w *flattener) force() {
	s := strings.TrimRight(strings.ReplaceAll(w.line.String(), "\u00a0", " "), " ")
	w.line.Reset()
	w.space = false
	mark := ""
	if w.mark != "" {
		mark = strings.Repeat(w.mark, w.depth)
	}
	if w.blank {
		w.blank = false
		if strings.TrimLeft(w.lines[len(w.lines)-1], "> ") != "" {
			w.lines = append(w.lines, strings.TrimRight(mark, " "))
		}
	}
	for _, l := range wrap(s, w.width-len(mark)) {
		w.lines = append(w.lines, strings.TrimRight(mark+l, " "))
	}
}

// wrap breaks a line at its spaces; width 0 or less: not at all.
func wrap(s string, width int) []string {
	if width <= 0 || utf8.RuneCountInString(s) <= width {
		return []string{s}
	}
	var lines []string
	line := ""
	for i, word := range strings.Split(s, " ") {
		switch {
		case i == 0:
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

// wrapAll wraps every line of a text.
func wrapAll(s string, width int) string {
	var out []string
	for l := range strings.SplitSeq(s, "\n") {
		out = append(out, wrap(l, width)...)
	}
	return strings.Join(out, "\n")
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
