package compose

import (
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"
	"time"

	"github.com/replygate/replygate/gateway"
)

// Notice is everything that a notice (gateway.Notice) is made of. It shows
// nothing of the mail it is about: whoever sent that one may be a stranger, who
// is to reach nobody through us.
type Notice struct {
	From gateway.Address
	Via  string // the app's name

	To            gateway.Address
	RecipientName string
	// Locale is a language tag ("de", "pt-BR"); unknown means English.
	Locale string

	Kind   gateway.NoticeKind
	Reason gateway.Reason
	// URL is the page to confirm or to unsubscribe on; none for other kinds.
	URL string

	// MessageID and InReplyTo are without angle brackets; what is malformed in
	// the latter is left out.
	MessageID, InReplyTo string
	LoopDomain           string
	Date                 time.Time
}

// noticeView is what the templates of notices show.
type noticeView struct {
	Lang, Dir   string
	Subject     string
	Paragraphs  []string
	Label, URL  string
	After, Last string
	Colon       string
}

// Mail makes the mail of a notice: plain and short, as text and HTML. It is one
// that answers (Auto-Submitted), and offers nothing to answer to.
func (n Notice) Mail() (Mail, error) {
	as := n.notification()
	if err := as.check(); err != nil {
		return Mail{}, fmt.Errorf("compose notice: %w", err)
	}
	if n.URL != "" && safeURL(n.URL) == "" {
		return Mail{}, fmt.Errorf("compose notice: %w", ErrLink)
	}
	v := n.view()
	m := Mail{FromName: cleanLine(n.Via, maxName), Subject: v.Subject}
	var text, html strings.Builder
	if err := noticeText.Execute(&text, v); err != nil {
		return Mail{}, fmt.Errorf("compose notice: %w", err)
	}
	if err := noticeHTML.Execute(&html, v); err != nil {
		return Mail{}, fmt.Errorf("compose notice: %w", err)
	}
	m.Text, m.HTML = text.String(), html.String()
	var err error
	if m.Raw, err = write(n.header(&m), n.MessageID, m.Text, m.HTML); err != nil {
		return Mail{}, fmt.Errorf("compose notice: %w", err)
	}
	return m, nil
}

// notification has the notice's fields checked as a notification's are.
func (n *Notice) notification() *Notification {
	return &Notification{From: n.From, To: n.To, MessageID: n.MessageID, LoopDomain: n.LoopDomain, Date: n.Date}
}

// header lists the fields of a notice.
func (n *Notice) header(m *Mail) []field {
	h := []field{
		fold("Date", []string{n.Date.Format(dateLayout)}),
		fold("From", mailbox("From", m.FromName, n.From)),
		fold("To", mailbox("To", cleanLine(n.RecipientName, maxName), n.To)),
		fold("Subject", encodeText("Subject", m.Subject)),
		fold("Message-ID", []string{bracket(n.MessageID)}),
	}
	if validID(n.InReplyTo) { // RFC 3834, section 3.1.5
		h = append(h, fold("In-Reply-To", []string{bracket(n.InReplyTo)}), fold("References", []string{bracket(n.InReplyTo)}))
	}
	return append(h, automatic("auto-replied", n.LoopDomain)...)
}

// automatic marks a mail as written by a program (RFC 3834, section 5), and as
// ours when it comes back.
func automatic(how, loopDomain string) []field {
	h := []field{fold("Auto-Submitted", []string{how}), fold("X-Auto-Response-Suppress", []string{"All"})}
	if loopDomain != "" {
		h = append(h, fold("X-Replygate-Loop", []string{loopDomain}))
	}
	return h
}

// view is what the notice says, in its language.
func (n *Notice) view() noticeView {
	w, lang, dir := language(n.Locale)
	s := noticeLocales[lang]
	app := cleanLine(n.Via, maxName)
	v := noticeView{Lang: lang, Dir: dir, Last: w.NoReply, URL: n.URL, Colon: w.Colon}
	switch n.Kind {
	case gateway.NoticeConfirm:
		v.Subject, v.Paragraphs = s.ConfirmSubject, []string{fmt.Sprintf(s.Confirm, app)}
		v.Label, v.After = s.Decide, s.Ignore
	case gateway.NoticeUnsubscribe:
		v.Subject, v.Paragraphs = w.Unsubscribe, []string{fmt.Sprintf(s.Stop, app)}
		v.Label = w.Unsubscribe
	case gateway.NoticeUnsubscribed:
		v.Subject, v.Paragraphs = s.LeftSubject, []string{fmt.Sprintf(s.Left, app)}
		v.Label = s.Undo
	default:
		v.Subject, v.Paragraphs = s.RefusedSubject, []string{fmt.Sprintf(s.Refused, app), s.reason(w, n.Reason)}
	}
	return v
}

// reason says in a sentence why a reply was not posted.
func (s *noticeWords) reason(w *words, r gateway.Reason) string {
	switch r {
	case gateway.ReasonReadOnly:
		return s.ReadOnly
	case gateway.ReasonRemoved:
		return s.Removed
	case gateway.ReasonReplyOff:
		return w.NoReply
	case gateway.ReasonEmpty:
		return s.Empty
	case gateway.ReasonEncrypted:
		return s.Encrypted
	case gateway.ReasonUnauthentic, gateway.ReasonSenderMismatch, gateway.ReasonBadFrom:
		return s.Unverified
	case gateway.ReasonUnconfirmed:
		return s.Unconfirmed
	}
	return s.Other
}

var noticeText = template.Must(template.New("notice.txt").Funcs(template.FuncMap{"wrap": wrap}).Parse(
	`{{range .Paragraphs}}{{wrap .}}

{{end}}{{with .URL}}{{$.Label}}{{$.Colon}}
{{.}}

{{end}}{{with .After}}{{wrap .}}

{{end}}{{wrap .Last}}
`))

var noticeHTML = htmltemplate.Must(htmltemplate.New("notice.html").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Subject}}</title>
</head>
<body style="margin:0;padding:24px 16px;font-family:-apple-system,'Segoe UI',Roboto,Arial,sans-serif;font-size:16px;line-height:24px">
<div style="max-width:560px;margin:0 auto">
{{range .Paragraphs}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}{{with .URL}}<p style="margin:0 0 16px"><a href="{{.}}" style="display:inline-block;padding:10px 20px;border-radius:6px;background:#1f5fd6;color:#ffffff;text-decoration:none">{{$.Label}}</a></p>
{{end}}{{with .After}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}<p style="margin:24px 0 0;font-size:13px;line-height:20px;color:#5f6878">{{.Last}}</p>
</div>
</body>
</html>
`))
