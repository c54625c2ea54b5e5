package interop

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"
)

// original is a notification as a mail client shows it.
type original struct {
	fromName, fromAddr, replyTo, to, subject, messageID, references string
	text, html                                                      string
	date                                                            time.Time
}

// readMail takes a captured notification apart with the standard library only.
func readMail(t *testing.T, raw []byte) original {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	dec := new(mime.WordDecoder)
	subject, err := dec.DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	from, err := m.Header.AddressList("From")
	if err != nil {
		t.Fatal(err)
	}
	reply, err := m.Header.AddressList("Reply-To")
	if err != nil {
		t.Fatal(err)
	}
	to, err := m.Header.AddressList("To")
	if err != nil {
		t.Fatal(err)
	}
	date, err := m.Header.Date()
	if err != nil {
		t.Fatal(err)
	}
	o := original{
		fromName: from[0].Name, fromAddr: from[0].Address, replyTo: reply[0].Address, to: to[0].Address, subject: subject,
		messageID: m.Header.Get("Message-ID"), references: m.Header.Get("References"), date: date,
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return o
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = p
		if strings.EqualFold(p.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			body = quotedprintable.NewReader(p)
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			o.html = string(b)
		} else {
			o.text = strings.ReplaceAll(string(b), "\r\n", "\n")
		}
	}
}

// inner is the HTML inside the original's body, which clients put in their quote.
func (o original) inner() string {
	s := o.html
	if i := strings.Index(strings.ToLower(s), "<body"); i >= 0 {
		s = s[i:]
		s = s[strings.IndexByte(s, '>')+1:]
	}
	if i := strings.LastIndex(strings.ToLower(s), "</body"); i >= 0 {
		s = s[:i]
	}
	return s
}

func (o original) quotedText() string {
	lines := strings.Split(strings.TrimRight(o.text, "\n"), "\n")
	for i, l := range lines {
		if l == "" || l[0] == '>' {
			lines[i] = ">" + l
		} else {
			lines[i] = "> " + l
		}
	}
	return strings.Join(lines, "\n")
}

// client writes a reply to o as one mail client does.
type client struct {
	name  string
	write func(o original, words string) (text, html string)
}

var clients = []client{
	{"Gmail on the web", gmail},
	{"Outlook on the desktop", outlook},
	{"Apple Mail", appleMail},
}

// gmail: attribution line and "> " in the text part, a gmail_quote container in the HTML part.
func gmail(o original, words string) (string, string) {
	on := o.date.Format("Mon, Jan 2, 2006 at 3:04\u202fPM")
	text := fmt.Sprintf("%s\n\nOn %s %s <%s>\nwrote:\n\n%s\n", words, on, o.fromName, o.fromAddr, o.quotedText())
	h := fmt.Sprintf(`<div dir="ltr">%s</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On %s %s &lt;<a href="mailto:%s">%s</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">%s</blockquote></div>`,
		lines(words, "<br>"), on, html.EscapeString(o.fromName), o.fromAddr, o.fromAddr, o.inner())
	return text, h
}

// outlook: no prefix at all; a header block, and in HTML a bordered div above it.
func outlook(o original, words string) (string, string) {
	sent := o.date.Format("Monday, January 2, 2006 3:04 PM")
	text := fmt.Sprintf("%s\n\nFrom: %s <%s>\nSent: %s\nTo: %s\nSubject: %s\n\n%s\n", words, o.fromName, o.fromAddr, sent, o.to, o.subject, o.text)
	h := fmt.Sprintf(`<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body lang="EN-US" link="#0563C1" vlink="#954F72"><div class="WordSection1"><p class="MsoNormal"><span style="font-size:11.0pt">%s<o:p></o:p></span></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p class="MsoNormal"><b>From:</b> %s &lt;%s&gt; <br><b>Sent:</b> %s<br><b>To:</b> %s<br><b>Subject:</b> %s<o:p></o:p></p></div><p class="MsoNormal"><o:p>&nbsp;</o:p></p>%s</div></body></html>`,
		lines(words, "<br>"), html.EscapeString(o.fromName), o.fromAddr, sent, o.to, html.EscapeString(o.subject), o.inner())
	return text, h
}

// appleMail: "On …, at …, Name <addr> wrote:" and blockquote type="cite".
func appleMail(o original, words string) (string, string) {
	on := o.date.Format("Jan 2, 2006, at 3:04\u202fPM")
	text := fmt.Sprintf("%s\n\n> On %s, %s <%s> wrote:\n> \n%s\n", words, on, o.fromName, o.fromAddr, o.quotedText())
	h := fmt.Sprintf(`<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;">%s<br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite"><div>On %s, %s &lt;%s&gt; wrote:</div><br class="Apple-interchange-newline"><div>%s</div></blockquote></div><br></body></html>`,
		lines(words, "<br>"), on, html.EscapeString(o.fromName), o.fromAddr, o.inner())
	return text, h
}

func lines(s, sep string) string {
	return strings.ReplaceAll(html.EscapeString(s), "\n", sep)
}

// reply makes the whole mail: headers and multipart/alternative, unsigned.
func reply(o original, c client, from, messageID, words string) []byte {
	text, h := c.write(o, words)
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: Bob Example <%s>\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s>\r\nIn-Reply-To: %s\r\nReferences: %s %s\r\nMIME-Version: 1.0\r\n",
		from, o.replyTo, mime.QEncoding.Encode("utf-8", "Re: "+o.subject), time.Now().Format(time.RFC1123Z), messageID, o.messageID, o.references, o.messageID)
	w := multipart.NewWriter(&b)
	fmt.Fprintf(&b, "Content-Type: multipart/alternative; boundary=%q\r\n\r\n", w.Boundary())
	for _, part := range [][2]string{{"text/plain", text}, {"text/html", h}} {
		p, _ := w.CreatePart(map[string][]string{"Content-Type": {part[0] + "; charset=\"utf-8\""}, "Content-Transfer-Encoding": {"quoted-printable"}})
		q := quotedprintable.NewWriter(p)
		io.WriteString(q, strings.ReplaceAll(part[1], "\n", "\r\n"))
		q.Close()
	}
	w.Close()
	return b.Bytes()
}
