package server

import (
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/replygate/replygate/gateway/api"
	"github.com/replygate/replygate/inbound/message"
)

// mailReader lends inbound's reading of mails to the built-in mailbox.
type mailReader struct{}

// ReadMail is api.MailReader.
func (mailReader) ReadMail(raw []byte) (api.ReadMail, error) {
	m, err := message.Parse(raw)
	if err != nil {
		return api.ReadMail{}, err
	}
	out := api.ReadMail{
		From: m.Header.Get("From"), To: []string{}, ReplyTo: orNull(bare(m.Header.Get("Reply-To"))), Subject: m.Subject,
		MessageID: m.MessageID, Text: m.Text, HTML: m.HTML, Links: links(m), Headers: m.Header.All(), Attachments: []api.ParsedAttachment{},
	}
	for _, to := range m.To {
		out.To = append(out.To, to.String())
	}
	if len(m.InReplyTo) > 0 {
		out.InReplyTo = &m.InReplyTo[0]
	}
	for _, a := range m.Attachments {
		out.Attachments = append(out.Attachments, api.ParsedAttachment{Name: a.Name, Type: a.Type, Size: len(a.Data)})
	}
	return out, nil
}

// bare is the address without its name.
func bare(mailbox string) string {
	if _, rest, named := strings.Cut(mailbox, "<"); named {
		mailbox = strings.TrimSuffix(rest, ">")
	}
	return mailbox
}

// links are where a mail leads to, each once: its HTML, or its text if that is all.
func links(m *message.Message) []string {
	out := []string{}
	if m.HTML == "" {
		for word := range strings.FieldsSeq(m.Text) {
			word = strings.Trim(word, "<>()[].,;")
			if (strings.HasPrefix(word, "https://") || strings.HasPrefix(word, "http://")) && !slices.Contains(out, word) {
				out = append(out, word)
			}
		}
		return out
	}
	for z := html.NewTokenizer(strings.NewReader(m.HTML)); z.Next() != html.ErrorToken; {
		t := z.Token()
		if t.Data != "a" || t.Type != html.StartTagToken {
			continue
		}
		for _, a := range t.Attr {
			if a.Key == "href" && !slices.Contains(out, a.Val) {
				out = append(out, a.Val)
			}
		}
	}
	return out
}
