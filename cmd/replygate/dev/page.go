package dev

import (
	"bytes"
	"crypto/rand"
	_ "embed" // the pages and their style
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/replygate/replygate/gateway"
	"github.com/replygate/replygate/gateway/api"
	"github.com/replygate/replygate/gateway/mailbox"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// listed is how many mails the page shows.
const listed = 30

// view is what a page shows.
type view struct {
	facts
	Style template.CSS
	Nonce string
	Kept  []api.ShownMail
	// Newest is the id by which the page notices that more came.
	Newest gateway.DeliveryID
	Steps  []step
	// Mail is set on the page of one mail, Reply what answers it from a shell.
	Mail  *api.ShownMail
	Reply string
}

// step is something to copy into a shell.
type step struct{ Title, Code string }

// index is the page that people look at first.
func (w *web) index(rw http.ResponseWriter, r *http.Request) {
	mails, err := w.server.Mailbox().List(r.Context(), w.App, mailbox.Query{Limit: listed})
	if err != nil {
		http.Error(rw, "the mailbox cannot be read: "+err.Error(), http.StatusInternalServerError)
		return
	}
	v := view{Kept: mails, Steps: w.steps()}
	if len(mails) > 0 {
		v.Newest = mails[0].ID
	}
	w.write(rw, v)
}

// mail is the page of one mail.
func (w *web) mail(rw http.ResponseWriter, r *http.Request, id gateway.DeliveryID) {
	m, err := w.server.Mailbox().Mail(r.Context(), w.App, id)
	var missing gateway.NotFound
	switch {
	case errors.As(err, &missing):
		http.Error(rw, "This mail is not in the mailbox any more.", http.StatusNotFound)
		return
	case err != nil:
		http.Error(rw, "the mail cannot be read: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.write(rw, view{Mail: &m, Reply: replyTo(w.facts.SMTP, m)})
}

// functions are what the page's template can do.
var functions = template.FuncMap{
	"clock": func(ms int64) string { return time.UnixMilli(ms).Format("15:04:05") },
	// framed is a mail's HTML in a frame of its own, whose links open outside it.
	"framed": func(html string) string {
		return strings.Replace(html, "<head>", `<head><base target="_blank">`, 1)
	},
}

func (w *web) write(rw http.ResponseWriter, v view) {
	nonce := make([]byte, 16)
	rand.Read(nonce)
	v.facts, v.Style, v.Nonce = w.facts, template.CSS(pageCSS), base64.RawURLEncoding.EncodeToString(nonce)
	page, err := template.New("page").Funcs(functions).Parse(pageHTML)
	var b bytes.Buffer
	if err == nil {
		err = page.Execute(&b, v)
	}
	if err != nil { // cannot be: the template takes any view
		http.Error(rw, "internal error", http.StatusInternalServerError)
		return
	}
	h := rw.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	// The frame of a mail inherits this: its styles and pictures may show.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src * data:; connect-src 'self'; script-src 'nonce-"+v.Nonce+"'; base-uri 'self'; form-action 'none'; frame-src 'self'; frame-ancestors 'self'")
	rw.Write(b.Bytes())
}

// steps are the loop as calls to copy, with what is true on this machine.
func (w *web) steps() []step {
	f := w.facts
	return []step{
		{"Once in your shell", "API=" + f.API + "\nAUTH='Authorization: Bearer " + f.Key + "'"},
		{"Two people, and what they talk about", `curl -X PUT $API/users -H "$AUTH" -d '{"ann": {"name": "Ann"}, "bob": {"name": "Bob", "email": "bob@people.example"}}'
curl -X PUT $API/conversations/order-1047 -H "$AUTH" -d '{"subject": "Order 1047", "participants": ["ann", "bob"]}'`},
		{"Ann writes. Bob is away, so he is mailed", `curl -X POST $API/conversations/order-1047/messages -H "$AUTH" \
     -d '[{"type": "UserMessage", "sender": "ann", "text": "Shall we send the green one?"}]'`},
		{"His mail, as soon as it is there. It shows above, too: open it, and copy what answers it", `curl "` + f.Mails + `?to=bob@people.example&wait=30"`},
		{"What Bob answered is in the conversation", `curl $API/conversations/order-1047/messages -H "$AUTH"`},
		{"And when something did not come: why", `curl "$API/notifications?recipientId=bob" -H "$AUTH"
curl $API/replies -H "$AUTH"`},
	}
}

// replyTo is how to answer a mail from a shell; empty if it takes no answer.
func replyTo(smtp string, m api.ShownMail) string {
	if m.ReplyTo == nil {
		return ""
	}
	to, from := *m.ReplyTo, m.Envelope.To
	subject := m.Subject
	if !strings.HasPrefix(subject, "Re:") {
		subject = "Re: " + subject
	}
	return "curl smtp://" + smtp + " --mail-from " + quote(from) + " --mail-rcpt " + quote(to) + " --crlf -T - <<'END'\n" +
		"From: " + from + "\nTo: " + to + "\nSubject: " + subject + "\nIn-Reply-To: <" + m.MessageID + ">\n\nGreen is fine, thank you!\nEND"
}

// quote writes a word for a shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
