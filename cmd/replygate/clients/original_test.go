package clients

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// original is a received mail as a mail client holds it when it is answered.
type original struct {
	fromName, fromAddr, toName, toAddr, subject, messageID string

	day  string // of the month it was sent
	text string
	html string
}

// receive takes a mail apart with the standard library only.
func receive(raw []byte) (*original, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	o := &original{messageID: m.Header.Get("Message-ID"), day: "20"}
	if o.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return nil, err
	}
	from, err := m.Header.AddressList("From")
	if err != nil {
		return nil, err
	}
	to, err := m.Header.AddressList("To")
	if err != nil {
		return nil, err
	}
	o.fromName, o.fromAddr, o.toName, o.toAddr = from[0].Name, from[0].Address, to[0].Name, to[0].Address
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	return o, o.readParts(multipart.NewReader(m.Body, params["boundary"]))
}

func (o *original) readParts(r *multipart.Reader) error {
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var body io.Reader = p
		switch p.Header.Get("Content-Transfer-Encoding") {
		case "quoted-printable":
			body = quotedprintable.NewReader(p)
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, p)
		}
		b, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		s := strings.ReplaceAll(string(b), "\r\n", "\n")
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			o.html = s
		} else {
			o.text = strings.TrimRight(s, "\n")
		}
	}
}

// treatment is what a client does to the HTML it quotes.
type treatment struct {
	ids       string // put before every class and id, as web clients do
	word      bool   // Word's paragraphs and tables
	rewrite   func(string) string
	shortened bool // the person deleted the end of it
}

// inner is the inside of the original's body after the treatment. Every client
// drops style sheets and comments from what it quotes.
func (o *original) inner(t treatment) string {
	doc, err := html.Parse(strings.NewReader(o.html))
	if err != nil {
		return o.html
	}
	body := find(doc, atom.Body)
	if t.shortened {
		shorten(body)
	}
	t.apply(body)
	var b strings.Builder
	for c := body.FirstChild; c != nil; c = c.NextSibling {
		if html.Render(&b, c) != nil {
			return o.html
		}
	}
	return b.String()
}

func find(n *html.Node, a atom.Atom) *html.Node {
	for c := range n.Descendants() {
		if c.DataAtom == a {
			return c
		}
	}
	return nil
}

// shorten removes what stands below the last message: the notes of the mail.
func shorten(body *html.Node) {
	var tables []*html.Node
	for c := range body.Descendants() {
		if c.DataAtom == atom.Table {
			tables = append(tables, c)
		}
	}
	if len(tables) > 1 {
		last := tables[len(tables)-1]
		last.Parent.RemoveChild(last)
	}
}

func (t treatment) apply(n *html.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Type == html.CommentNode || c.DataAtom == atom.Style {
			n.RemoveChild(c)
		} else {
			t.apply(c)
		}
		c = next
	}
	if n.Type != html.ElementNode {
		return
	}
	word := ""
	if t.word {
		word = map[atom.Atom]string{atom.P: "MsoNormal", atom.Table: "MsoNormalTable"}[n.DataAtom]
	}
	attrs := n.Attr[:0]
	for _, a := range n.Attr {
		switch {
		case a.Key == "class" && word != "":
			continue
		case a.Key == "class" || a.Key == "id":
			a.Val = t.ids + a.Val
		case a.Key == "href" && t.rewrite != nil:
			a.Val = t.rewrite(a.Val)
		}
		attrs = append(attrs, a)
	}
	n.Attr = attrs
	if word != "" {
		n.Attr = append(n.Attr, html.Attribute{Key: "class", Val: word})
		if n.DataAtom == atom.P {
			n.AppendChild(&html.Node{Type: html.ElementNode, Data: "o:p"})
		}
	}
}
