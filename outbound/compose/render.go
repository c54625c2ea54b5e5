package compose

import (
	"embed"
	htmltemplate "html/template"
	"strings"
	"text/template"
)

//go:embed mail.txt mail.html
var files embed.FS

// The default templates. They are parsed once and only read after.
var (
	textTemplate = template.Must(template.New("mail.txt").Funcs(template.FuncMap{"wrap": wrap}).ParseFS(files, "mail.txt"))
	htmlTemplate = htmltemplate.Must(htmltemplate.New("mail.html").Funcs(htmltemplate.FuncMap{"outlook": outlook}).ParseFS(files, "mail.html"))
)

// render makes the subject and the two parts: by the app's template where there
// is one that works, else by our own.
func (c *Composer) render(m *Mail, n *Notification, v *view) error {
	var made map[Part]string
	if len(n.Template.parts()) > 0 {
		made, m.TemplateErr = c.apply(&n.Template, newData(n, v))
	}
	if s := cleanLine(made[PartSubject], maxSubject); s != "" {
		v.Subject = s
	}
	m.Subject = v.Subject
	if text, ok := made[PartText]; ok && strings.TrimSpace(text) != "" {
		m.Text = v.finishText(text)
	} else if err := v.text(m); err != nil {
		return err
	}
	if html, ok := made[PartHTML]; ok && strings.TrimSpace(html) != "" {
		m.HTML = v.finishHTML(html)
		return nil
	}
	return v.html(m)
}

// text makes the text part, with LF line ends.
func (v *view) text(m *Mail) error {
	var b strings.Builder
	b.Grow(2 << 10)
	if err := textTemplate.Execute(&b, v); err != nil {
		return err
	}
	text := strings.ReplaceAll(b.String(), " \n", "\n") // a label above its link
	m.Text = strings.TrimRight(text, "\n") + "\n"
	return nil
}

// html makes the HTML part, with LF line ends.
func (v *view) html(m *Mail) error {
	var b strings.Builder
	b.Grow(12 << 10)
	if err := htmlTemplate.Execute(&b, v); err != nil {
		return err
	}
	m.HTML = b.String()
	return nil
}

// outlook gives the comments by which Outlook for Windows, which knows neither
// max-width nor media queries, gets a table of fixed width. The template engine
// drops comments that stand in a template.
func outlook(part string) htmltemplate.HTML {
	switch part {
	case "head":
		return `<!--[if mso]><xml><o:OfficeDocumentSettings xmlns:o="urn:schemas-microsoft-com:office:office"><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml><![endif]-->`
	case "open":
		return `<!--[if mso]><table role="presentation" width="600" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->`
	case "close":
		return `<!--[if mso]></td></tr></table><![endif]-->`
	}
	return ""
}
