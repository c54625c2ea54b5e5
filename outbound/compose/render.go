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

// render makes the two parts, with LF line ends.
func (v *view) render() (text, html string, err error) {
	var t, h strings.Builder
	t.Grow(2 << 10)
	if err := textTemplate.Execute(&t, v); err != nil {
		return "", "", err
	}
	h.Grow(12 << 10)
	if err := htmlTemplate.Execute(&h, v); err != nil {
		return "", "", err
	}
	text = strings.ReplaceAll(t.String(), " \n", "\n") // a label above its link
	return strings.TrimRight(text, "\n") + "\n", h.String(), nil
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
