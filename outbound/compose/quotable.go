package compose

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Quotable is the HTML of a mail without what is never quoted: comments and how
// things look. It is kept to know the mail again by when it is quoted, and read
// with every answer, of which a design's styles would be the larger part.
func Quotable(page string) string {
	var out strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	for style := false; ; {
		kind := z.Next()
		raw := string(z.Raw())
		switch kind {
		case html.ErrorToken:
			return out.String()
		case html.CommentToken, html.DoctypeToken:
		case html.TextToken:
			if !style {
				out.WriteString(raw)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			style = t.DataAtom == atom.Style
			out.WriteString(plainTag(raw, t))
		case html.EndTagToken:
			style = false
			out.WriteString(raw)
		}
	}
}

// plainTag is a start tag with those of its attributes that make text: where a link
// leads, and what stands for a picture.
func plainTag(raw string, t html.Token) string {
	if len(t.Attr) == 0 {
		return raw
	}
	var kept []html.Attribute
	for _, a := range t.Attr {
		if a.Namespace == "" && (a.Key == "href" || a.Key == "alt") {
			kept = append(kept, a)
		}
	}
	t.Attr = kept
	return t.String()
}
