package extract

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// page is an HTML body turned into lines, and the way back from the lines to its nodes.
type page struct {
	root  *html.Node // nil if it is nested too deeply to be parsed
	lines []line
	spans []span          // of the nodes that make text, in the order of the document
	rest  strings.Builder // what is beyond maxLines

	pictures []picture
}

// span is the lines a node has a part in.
type span struct{ first, last int32 }

// maxTags is how many tags are made a tree of. A tree costs a multiple of its text in time and memory.
const maxTags = 20_000

// parsePage parses a body. Where there are too many tags, or they are nested beyond the 512 elements that x/net/html
// accepts, the tags are only taken off.
func parsePage(body string) *page {
	p := &page{}
	w := &pageWriter{page: p}
	if strings.Count(body, "<") <= maxTags {
		if root, err := html.Parse(strings.NewReader(body)); err == nil {
			p.root = root
			w.node(root, 0)
		}
	}
	if p.root == nil {
		w.strip(body)
	}
	w.newline()
	for len(p.lines) > 0 && p.lines[len(p.lines)-1].blank() {
		p.lines = p.lines[:len(p.lines)-1]
	}
	return p
}

// pageWriter writes the text of nodes into lines as a browser would lay them out.
type pageWriter struct {
	page  *page
	text  []byte
	space bool // a space waits for the next word
	begun bool // the line has been begun, if only by a <br>
	gap   bool // a blank line waits for the next line
	hint  hint
	depth uint16
	tail  bool // below a divider
	pre   int
	items []int // counters of the lists that are open; -1 for bullets
}

// node writes n and what is below it.
func (w *pageWriter) node(n *html.Node, level int) {
	switch n.Type {
	case html.TextNode:
		w.page.spans = append(w.page.spans, w.words(n.Data))
		return
	case html.CommentNode, html.DoctypeNode:
		return
	case html.ElementNode:
		if silent(n.DataAtom) {
			return
		}
		w.element(n, level)
		return
	}
	w.children(n, level)
}

func (w *pageWriter) children(n *html.Node, level int) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c, level+1)
	}
}

// silent elements hold nothing to read.
func silent(a atom.Atom) bool {
	switch a {
	case atom.Head, atom.Style, atom.Script, atom.Title, atom.Template, atom.Svg, atom.Math, atom.Object, atom.Iframe, atom.Noscript,
		atom.Textarea, atom.Select, atom.Noframes, atom.Noembed, atom.Xmp, atom.Plaintext:
		return true
	}
	return false
}

func (w *pageWriter) element(n *html.Node, level int) {
	hint, depth := w.hint, w.depth
	switch n.DataAtom {
	case atom.Br:
		w.page.spans = append(w.page.spans, w.span())
		w.begun = true
		w.newline()
		return
	case atom.Img:
		w.picture(n)
		w.page.spans = append(w.page.spans, w.words(imageText(n)))
		return
	case atom.Hr:
		w.newline()
		w.enter(n)
		w.page.spans = append(w.page.spans, w.words("--------------------"))
		w.newline()
	default:
		w.open(n)
		w.children(n, level)
		w.close(n)
	}
	w.hint, w.depth = hint, depth
	if w.tail {
		w.hint |= hintTail
	}
}

// open begins the lines of an element.
func (w *pageWriter) open(n *html.Node) {
	if isBlock(n.DataAtom) {
		w.newline()
		w.gap = w.gap || spaced(n)
	}
	w.enter(n)
	switch n.DataAtom {
	case atom.Blockquote:
		w.depth++
	case atom.Pre:
		w.pre++
	case atom.Ul, atom.Menu:
		w.items = append(w.items, -1)
	case atom.Ol:
		w.items = append(w.items, 0)
	case atom.Li:
		w.bullet()
	case atom.Td, atom.Th:
		w.space = w.space || len(w.text) > 0
	}
}

// close ends them.
func (w *pageWriter) close(n *html.Node) {
	switch n.DataAtom {
	case atom.Pre:
		w.pre--
	case atom.Ul, atom.Ol, atom.Menu:
		w.items = w.items[:len(w.items)-1]
	case atom.A:
		w.link(n)
	}
	if isBlock(n.DataAtom) {
		w.newline()
		w.gap = w.gap || spaced(n)
	}
}

// enter takes the meaning of a client's element to the lines below it.
func (w *pageWriter) enter(n *html.Node) {
	h := containerHint(n)
	if h&hintUserQuote != 0 && w.hint&hintClient != 0 {
		h = hintClient
	}
	if h&hintTail != 0 {
		w.tail = true
	}
	w.hint |= h
}

// imageText is what an image says in plain text: clients send emoji as images with the emoji as their alt text.
func imageText(n *html.Node) string {
	alt := attr(n, "alt")
	if alt == "" || len(alt) > 32 {
		return ""
	}
	for i := range len(alt) {
		if alt[i] < 0x80 {
			return ""
		}
	}
	return alt
}

func (w *pageWriter) bullet() {
	mark := "- "
	if n := len(w.items); n > 0 {
		mark = strings.Repeat("  ", n-1) + mark
		if w.items[n-1] >= 0 {
			w.items[n-1]++
			mark = strings.Repeat("  ", n-1) + strconv.Itoa(w.items[n-1]) + ". "
		}
	}
	w.text = append(w.text, mark...)
	w.begun = true
}

// link writes where a link leads, unless its text says so.
func (w *pageWriter) link(n *html.Node) {
	href := strings.TrimSpace(attr(n, "href"))
	if !strings.HasPrefix(href, "http://") && !strings.HasPrefix(href, "https://") || len(w.text) == 0 {
		return
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(href, "https://"), "http://"), "/")
	end := w.text[max(0, len(w.text)-len(bare)-1):]
	if strings.HasSuffix(strings.TrimSuffix(string(end), "/"), bare) {
		return
	}
	w.text = append(w.text, " <"+href+">"...)
}

// words writes text with its white space folded, or as it is within <pre>.
func (w *pageWriter) words(s string) span {
	first := int32(len(w.page.lines))
	wrote := false
	if w.pre > 0 {
		if len(w.text) == 0 && w.gapDue() {
			first++
		}
		for i, l := range strings.Split(s, "\n") {
			if i > 0 {
				w.begun = true
				w.newline()
			}
			w.text = append(w.text, strings.TrimSuffix(l, "\r")...)
			w.begun = w.begun || l != ""
		}
		return span{first, int32(len(w.page.lines))}
	}
	for i := 0; i < len(s); {
		switch s[i] {
		case ' ', '\t', '\n', '\r', '\f':
			w.space = true
			i++
			continue
		}
		end := i
		for end < len(s) && s[end] != ' ' && s[end] != '\t' && s[end] != '\n' && s[end] != '\r' && s[end] != '\f' {
			end++
		}
		if !wrote {
			first = int32(len(w.page.lines))
			if len(w.text) == 0 && w.gapDue() {
				first++
			}
			wrote = true
		}
		if w.space && len(w.text) > 0 {
			w.text = append(w.text, ' ')
		}
		w.space = false
		w.text = append(w.text, s[i:end]...)
		w.begun = true
		i = end
	}
	return span{first, first}
}

func (w *pageWriter) span() span {
	n := int32(len(w.page.lines))
	return span{n, n}
}

// newline ends the line if it has been begun.
func (w *pageWriter) newline() {
	w.space = false
	if !w.begun {
		return
	}
	if w.gapDue() && trimInvisible(string(w.text)) != "" {
		inner := w.depth
		w.depth = min(inner, w.page.lines[len(w.page.lines)-1].depth)
		w.put("")
		w.depth = inner
	}
	w.gap = false
	w.put(string(w.text))
	w.text, w.begun = w.text[:0], false
}

// gapDue reports that a blank line has to come first.
func (w *pageWriter) gapDue() bool {
	n := len(w.page.lines)
	return w.gap && n > 0 && !w.page.lines[n-1].blank()
}

func (w *pageWriter) put(s string) {
	if len(w.page.lines) >= maxLines {
		w.page.rest.WriteString(s)
		w.page.rest.WriteByte('\n')
		return
	}
	l := line{raw: s, text: trimInvisible(s), depth: w.depth, hint: w.hint}
	if w.depth > 0 {
		l.raw = strings.TrimRight(strings.Repeat("> ", int(min(w.depth, 64)))+s, " ")
	}
	l.findColon()
	w.page.lines = append(w.page.lines, l)
}
