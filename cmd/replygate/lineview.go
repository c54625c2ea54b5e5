package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/replygate/replygate/inbound/extract"
)

// lineView shows on a terminal what each line of a mail was taken for, and why.
type lineView struct {
	w     io.Writer
	plain bool // without colours
	err   error
}

// style is how lines of a class look, as parameters of SGR (ECMA-48, section 8.3.117).
type style struct{ bar, text string }

var styles = map[string]style{
	"reply": {"32", "1"}, "quote": {"90", "90"}, "attribution": {"36", "36"}, "header": {"36", "36"}, "signature": {"33", "33"}, "marker": {"35", "35"},
}

// show writes the result as blocks of lines of one kind.
func (v *lineView) show(r extract.Result) error {
	about := "method " + r.Method + " · confidence " + r.Confidence + " · posting " + r.Posting
	for _, more := range []struct{ name, value string }{{"language", r.Language}, {"reaction", r.Reaction}} {
		if more.value != "" {
			about += " · " + more.name + " " + more.value
		}
	}
	if r.Unsubscribe {
		about += " · asks to unsubscribe"
	}
	v.printf("%s\n", about)
	var last extract.Line
	for i, l := range r.Lines {
		blank := strings.TrimSpace(l.Text) == ""
		if i == 0 || !blank && (l.Class != last.Class || l.Rule != last.Rule) {
			v.head(l)
			last = l
		}
		s := styles[last.Class]
		v.printf("  %s", v.paint(s.bar, "│"))
		if !blank {
			v.printf(" %s", v.paint(s.text, visible(l.Text)))
		}
		v.printf("\n")
	}
	return v.err
}

// head names what the lines below are, and the rule that made them so.
func (v *lineView) head(l extract.Line) {
	v.printf("\n%s", v.paint(styles[l.Class].bar, strings.ToUpper(l.Class)))
	if l.Rule != "" {
		v.printf("  %s", v.paint("3", l.Rule))
	}
	v.printf("\n")
}

func (v *lineView) paint(sgr, s string) string {
	if v.plain {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}

func (v *lineView) printf(format string, args ...any) {
	if v.err == nil {
		_, v.err = fmt.Fprintf(v.w, format, args...)
	}
}

// visible takes away a stranger's power over the terminal: control characters
// and marks of direction are shown by their number.
func visible(s string) string {
	harmful := func(r rune) bool {
		return unicode.IsControl(r) && r != '\t' || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
	}
	if strings.IndexFunc(s, harmful) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if harmful(r) {
			fmt.Fprintf(&b, "<%04X>", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
