package compose

import (
	"regexp"
	"strings"
)

// finishHTML makes a document of what a template made: a piece gets a page
// around it, and without an unsubscribe link one is added at its end.
func (v *view) finishHTML(s string) string {
	if v.UnsubscribeURL != "" && !strings.Contains(s, escaper.Replace(v.UnsubscribeURL)) && !strings.Contains(s, v.UnsubscribeURL) {
		at := len(s)
		if ends := bodyEnd.FindAllStringIndex(s, -1); ends != nil {
			at = ends[len(ends)-1][0]
		}
		s = s[:at] + `<p dir="` + v.Dir + `" style="margin:24px 0 0;font-family:Arial,sans-serif;font-size:12px;line-height:18px;color:#5f6878">` +
			`<a href="` + escaper.Replace(v.UnsubscribeURL) + `" style="color:#5f6878">` + escaper.Replace(v.UnsubscribeText) + "</a></p>\n" + s[at:]
	}
	if pageStart.MatchString(s) {
		return s
	}
	return "<!DOCTYPE html>\n<html lang=\"" + v.Lang + "\" dir=\"" + v.Dir + "\">\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" + escaper.Replace(v.Subject) + "</title>\n</head>\n<body>\n" +
		s + "\n</body>\n</html>\n"
}

var (
	bodyEnd   = regexp.MustCompile(`(?i)</body\s*>`)
	pageStart = regexp.MustCompile(`(?i)<(?:html|body)[\s>]`)
)

// finishText adds the unsubscribe link that is missing, and ends the last line.
func (v *view) finishText(s string) string {
	s = strings.TrimRight(cleanText(s), "\n")
	if v.UnsubscribeURL != "" && !strings.Contains(s, v.UnsubscribeURL) {
		s += "\n\n" + v.UnsubscribeText + v.Words.Colon + "\n" + v.UnsubscribeURL
	}
	return strings.ReplaceAll(s, " \n", "\n") + "\n"
}
