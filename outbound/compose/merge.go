package compose

import (
	htmltemplate "html/template"
	"regexp"
	"strconv"
	"strings"
	"text/template/parse"
)

// special finds in the text of a template what is more than text: the merge
// fields, written as Support Board writes them, and Outlook's conditional
// comments, which the HTML engine would drop. Braces around anything else, such
// as a style sheet's, are text.
var special = regexp.MustCompile(`\{(?:recipient_name|sender_name|sender_profile_image|message|attachments|conversation_link|conversation_id|unsubscribe_link)\}` +
	`|<!--\[if [^\]<>]*\]>(?:<!-->)?|(?:<!--)?<!\[endif\]-->`)

// text splits a text into nodes, one for each special piece.
func (r *rewriter) text(t *parse.TextNode) []parse.Node {
	var out []parse.Node
	add := func(b []byte, at int) {
		if len(b) > 0 {
			out = append(out, &parse.TextNode{NodeType: parse.NodeText, Pos: t.Pos + parse.Pos(at), Text: b})
		}
	}
	end := 0
	for _, m := range special.FindAllIndex(t.Text, -1) {
		piece := string(t.Text[m[0]:m[1]])
		source := "{{comment " + strconv.Quote(piece) + "}}"
		if name, isField := strings.CutPrefix(piece, "{"); isField {
			source = "{{merge " + strconv.Quote(strings.TrimSuffix(name, "}")) + "}}"
		} else if r.part != PartHTML {
			continue
		}
		add(t.Text[end:m[0]], end)
		out = append(out, r.action(source))
		end = m[1]
	}
	add(t.Text[end:], end)
	return out
}

// comment passes on what special found; nobody else can call it.
func comment(s string) htmltemplate.HTML { return htmltemplate.HTML(s) }

// merge is the value of a merge field.
func (p *program) merge(name string) any {
	d := p.data
	switch name {
	case "recipient_name":
		return d.Recipient.Name
	case "sender_name":
		return d.senderName()
	case "sender_profile_image":
		return d.Sender.Photo
	case "conversation_link":
		return d.Conversation.URL
	case "conversation_id":
		return d.Conversation.ID
	case "unsubscribe_link":
		return d.UnsubscribeURL
	case "message":
		if p.part == PartHTML {
			return d.messageHTML()
		}
		return d.messageText()
	case "attachments":
		if p.part == PartHTML {
			return d.attachmentsHTML()
		}
		return d.attachmentsText()
	}
	return ""
}

// senderName is who wrote, the first first.
func (d *data) senderName() string {
	names := make([]string, len(d.Senders))
	for i, s := range d.Senders {
		names[i] = s.Name
	}
	return strings.Join(names, ", ")
}

// told are the messages that the mail is about: the news.
func (d *data) told() []messageData {
	var out []messageData
	for _, m := range d.Messages {
		if !m.Own && !m.System && !m.Context {
			out = append(out, m)
		}
	}
	return out
}

// messageHTML is what was written, with an empty line between two messages, and
// with the names if several people wrote.
func (d *data) messageHTML() htmltemplate.HTML {
	var all []string
	for _, m := range d.told() {
		if m.HTML == "" {
			continue
		}
		text := string(m.HTML)
		if len(d.Senders) > 1 {
			text = "<b>" + escaper.Replace(m.Sender.Name) + "</b>" + lineBreak + text
		}
		all = append(all, text)
	}
	return htmltemplate.HTML(strings.Join(all, lineBreak+lineBreak))
}

func (d *data) messageText() string {
	var all []string
	for _, m := range d.told() {
		if m.Text == "" {
			continue
		}
		text := m.Text
		if len(d.Senders) > 1 {
			text = m.Sender.Name + ":\n" + text
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n\n")
}

// attachmentsHTML is a line for each file and place.
func (d *data) attachmentsHTML() htmltemplate.HTML {
	var all []string
	add := func(name, url, size string) {
		s := spanHTML(span{Text: name, URL: url})
		if size != "" {
			s += " (" + escaper.Replace(size) + ")"
		}
		all = append(all, s)
	}
	for _, m := range d.told() {
		if m.File != nil {
			add(m.File.Name, m.File.URL, m.File.Size)
		}
		if m.Location != nil {
			add(m.Location.Text, m.Location.URL, "")
		}
	}
	return htmltemplate.HTML(strings.Join(all, lineBreak))
}

func (d *data) attachmentsText() string {
	var all []string
	add := func(name, url, size string) {
		if size != "" {
			name += " (" + size + ")"
		}
		all = append(all, strings.TrimSpace(name+"\n"+url))
	}
	for _, m := range d.told() {
		if m.File != nil {
			add(m.File.Name, m.File.URL, m.File.Size)
		}
		if m.Location != nil {
			add(m.Location.Text, m.Location.URL, "")
		}
	}
	return strings.Join(all, "\n")
}
