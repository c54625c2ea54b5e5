package compose

import (
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Template is what an app writes itself in place of the mail's own design. Each
// part stands alone; where one is empty the default is used. docs/templates.md
// describes the language.
type Template struct {
	HTML    string
	Text    string
	Subject string // of conversations' first mails
}

// MaxTemplate is how long a part of a template may be, in octets.
const MaxTemplate = 64 << 10

// MaxCustom is the size a part that an app's template makes stays below, in
// octets: Gmail clips a mail at 102 kB.
const MaxCustom = 96 << 10

// Part names a part of a template.
type Part string

// The parts.
const (
	PartHTML    Part = "html"
	PartText    Part = "text"
	PartSubject Part = "subject"
)

// Problem is what is wrong with a template, and where. Line and Column count
// from 1, columns in characters.
type Problem struct {
	Part   Part   `json:"part"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Reason string `json:"reason"`
}

// TemplateError is a Problem met while a mail was made.
type TemplateError struct{ Problem }

// Error is the problem in words.
func (e *TemplateError) Error() string {
	return fmt.Sprintf("%s template, line %d, column %d: %s", e.Part, e.Line, e.Column, e.Reason)
}

// Validate tells what is wrong with a template: each part is parsed, and tried
// on a mail with everything and on one with next to nothing. Nil means that the
// template is sound.
func Validate(t Template) []Problem {
	var all []Problem
	for _, p := range t.parts() {
		if err := try(p.part, p.source); err != nil {
			all = append(all, err.Problem)
		}
	}
	return all
}

type partSource struct {
	part   Part
	source string
}

// parts are those parts that are there.
func (t *Template) parts() []partSource {
	var out []partSource
	for _, p := range []partSource{{PartHTML, t.HTML}, {PartText, t.Text}, {PartSubject, t.Subject}} {
		if strings.TrimSpace(p.source) != "" {
			out = append(out, p)
		}
	}
	return out
}

func try(part Part, source string) *TemplateError {
	p, err := parseProgram(part, source)
	if err != nil {
		return err
	}
	for _, n := range samples() {
		if _, err := p.run(newData(&n, newView(&n))); err != nil {
			return err
		}
	}
	return nil
}

// cache keeps parsed templates by their source, and those that could not be
// parsed with what is wrong. A full one is emptied: parsing again is cheap.
type cache struct {
	mu       sync.Mutex
	programs map[partSource]parsed
}

type parsed struct {
	*program
	err *TemplateError
}

// maxPrograms bounds a cache: with the sizes of source and tree to some 50 MB
// in the worst case, and in practice to a few.
const maxPrograms = 256

func (c *cache) get(s partSource) (*program, *TemplateError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.programs[s]
	if !ok {
		p.program, p.err = parseProgram(s.part, s.source)
		if c.programs == nil || len(c.programs) >= maxPrograms {
			c.programs = map[partSource]parsed{}
		}
		c.programs[s] = p
	}
	return p.program, p.err
}

// apply runs the template's parts and returns what they made; a part that is
// not there or failed is missing.
func (c *Composer) apply(t *Template, d *data) (made map[Part]string, failed error) {
	made = map[Part]string{}
	var errs []error
	for _, s := range t.parts() {
		p, err := c.programs.get(s)
		if err == nil {
			made[s.part], err = p.run(d)
		}
		if err != nil {
			delete(made, s.part)
			errs = append(errs, err)
		}
	}
	return made, errors.Join(errs...)
}
