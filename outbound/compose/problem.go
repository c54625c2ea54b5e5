package compose

import (
	"errors"
	htmltemplate "html/template"
	"regexp"
	"strconv"
	"strings"
	texttemplate "text/template"
	"unicode/utf8"
)

// place in an engine's message: "template: html:3:14: …", the column counting
// octets from 0, and only after a run.
var located = regexp.MustCompile(`^(?:html/)?template: ?(?:html|text|subject|own):(\d+)(?::(\d+))?: ((?s).*)$`)

// syntax makes a problem of what the parser says, which knows the line only. It
// reads from the left and stops at the first mistake, so the action to blame is
// the one at whose end the mistake is there.
func (p *program) syntax(err error) *TemplateError {
	line, _, reason := p.read(err)
	out := &TemplateError{Problem{p.part, line, 1, reason}}
	switch {
	case strings.Contains(reason, "unexpected EOF"):
		out.Reason = "an {{if}}, {{range}} or {{with}} has no {{end}}"
		out.Line, out.Column = position(p.source, unclosed(p.source))
		return out
	case errors.Is(err, errDefine):
		out.Line, out.Column = position(p.source, max(0, strings.Index(p.source, definition.FindString(p.source))))
		return out
	case strings.Contains(reason, "unclosed action"):
		out.Line, out.Column = actionBefore(p.source, len(p.source))
	}
	for end := range actionEnds(p.source) {
		if _, err := p.parse(p.source[:end]); err != nil && !strings.Contains(err.Error(), "unexpected EOF") {
			out.Line, out.Column = actionBefore(p.source, end)
			break
		}
	}
	return out
}

// actionBefore is where the action begins that holds or precedes an octet.
func actionBefore(source string, at int) (line, column int) {
	return position(source, max(0, strings.LastIndex(source[:min(at, len(source))], "{{")))
}

var (
	definition = regexp.MustCompile(`\{\{(?:- )?\s*(?:define|block)\b`)
	control    = regexp.MustCompile(`\{\{(?:- )?\s*(if|range|with|end)\b`)
)

// unclosed is where the innermost action begins that has no end.
func unclosed(source string) int {
	open := []int{0}
	for _, m := range control.FindAllStringSubmatchIndex(source, -1) {
		if source[m[2]:m[3]] != "end" {
			open = append(open, m[0])
		} else if len(open) > 1 {
			open = open[:len(open)-1]
		}
	}
	return open[len(open)-1]
}

// maxTried bounds the actions that are tried for a better place.
const maxTried = 500

// actionEnds yields where the actions of a template end.
func actionEnds(source string) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		end := 0
		for range maxTried {
			size := strings.Index(source[end:], "}}")
			if size < 0 {
				return
			}
			if end += size + len("}}"); !yield(end) {
				return
			}
		}
	}
}

// located makes a problem of what went wrong after parsing.
func (p *program) located(err error) *TemplateError {
	var own *TemplateError
	if errors.As(err, &own) {
		return own
	}
	out := &TemplateError{Problem{Part: p.part, Line: 1, Column: 1}}
	var escaping *htmltemplate.Error
	if errors.As(err, &escaping) {
		out.Line, out.Reason = max(1, escaping.Line), escaping.Description
		if n := escaping.Node; n != nil && int(n.Position()) < len(p.source) {
			if line, column := position(p.source, int(n.Position())); line == out.Line {
				out.Column = column
			}
		}
		return out
	}
	line, octets, reason := p.read(err)
	out.Line, out.Column, out.Reason = line, p.column(line, octets), reason
	return out
}

// read takes an engine's message apart. octets is -1 if there is no column.
func (p *program) read(err error) (line, octets int, reason string) {
	m := located.FindStringSubmatch(err.Error())
	if m == nil {
		return 1, -1, plainReason(err.Error())
	}
	line, _ = strconv.Atoi(m[1])
	octets = -1
	if m[2] != "" {
		octets, _ = strconv.Atoi(m[2])
	}
	reason = m[3]
	var run texttemplate.ExecError
	if errors.As(err, &run) {
		if _, after, found := strings.Cut(reason, ">: "); found {
			reason = after
		}
	}
	return line, octets, plainReason(reason)
}

var (
	noField   = regexp.MustCompile(`can't evaluate field (\S+) in type \S+|(\S+) is an unexported field of struct type \S+`)
	wrongType = regexp.MustCompile(`compose\.|\*compose\.`)
)

// plainReason says in the words of a template what the engine says in those of
// the language it is written in.
func plainReason(s string) string {
	s = noField.ReplaceAllString(s, "there is no field $1$2 here")
	return cut(wrongType.ReplaceAllString(s, ""), 300)
}

// column counts the characters before an octet of a line.
func (p *program) column(line, octets int) int {
	lines := strings.Split(p.source, "\n")
	if line < 1 || line > len(lines) || octets < 0 {
		return 1
	}
	l := lines[line-1]
	return 1 + utf8.RuneCountInString(l[:min(octets, len(l))])
}

// position is the line and column of an octet.
func position(source string, at int) (line, column int) {
	before := source[:min(max(at, 0), len(source))]
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}
