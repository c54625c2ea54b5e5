package extract

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// strip takes the tags off a body that cannot be parsed.
func (w *pageWriter) strip(body string) {
	z := html.NewTokenizer(strings.NewReader(body))
	hidden := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			if hidden == 0 {
				w.words(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			switch {
			case a == atom.Style || a == atom.Script || a == atom.Title:
				hidden = 1
			case a == atom.Br:
				w.begun = true
				w.newline()
			case isBlock(a):
				w.newline()
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			if a == atom.Style || a == atom.Script || a == atom.Title {
				hidden = 0
			}
			if isBlock(a) {
				w.newline()
			}
		}
	}
}

func isBlock(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Blockquote, atom.Table, atom.Tr, atom.Ul, atom.Ol, atom.Menu, atom.Li, atom.Pre, atom.H1, atom.H2, atom.H3, atom.H4,
		atom.H5, atom.H6, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Address, atom.Center, atom.Dl, atom.Dt, atom.Dd, atom.Body,
		atom.Form, atom.Fieldset, atom.Figure, atom.Main, atom.Nav, atom.Aside, atom.Tbody, atom.Thead, atom.Caption:
		return true
	}
	return false
}

// spaced reports blocks with a blank line around them. Outlook writes every line as a paragraph without one.
func spaced(n *html.Node) bool {
	switch n.DataAtom {
	case atom.P:
		style := strings.ReplaceAll(attr(n, "style"), " ", "")
		return !strings.Contains(attr(n, "class"), "MsoNormal") && !strings.Contains(style, "margin:0") && !strings.Contains(style, "margin-top:0")
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Pre, atom.Ul, atom.Ol:
		return n.DataAtom != atom.Ul && n.DataAtom != atom.Ol || n.Parent == nil || n.Parent.DataAtom != atom.Li
	}
	return false
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
