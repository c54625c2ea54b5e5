package compose

import (
	"errors"
	"fmt"
	"strings"
)

// builtins are the functions of the standard engine that templates may use. Left
// out are those that call, and those that escape: the engine does that by itself.
func builtins() map[string]any {
	names := map[string]any{}
	for _, n := range []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice"} {
		names[n] = n
	}
	return names
}

// functions are those of ours that templates may use. They make texts of
// bounded length, since a template could double one over and over.
func (p *program) functions() map[string]any {
	return map[string]any{
		"print":    func(args ...any) (string, error) { return p.bounded(fmt.Sprint(args...)) },
		"printf":   p.printf,
		"lower":    func(s string) (string, error) { return p.bounded(strings.ToLower(s)) },
		"upper":    func(s string) (string, error) { return p.bounded(strings.ToUpper(s)) },
		"truncate": func(n int, s string) (string, error) { return p.bounded(cut(s, max(n, 1))) },
		"date":     p.date,
	}
}

// internal are the functions that rewriting puts into a template.
func (p *program) internal() map[string]any {
	return map[string]any{
		"step":    func(line, work int) (bool, error) { return true, p.step(line, work) },
		"merge":   p.merge,
		"comment": comment,
	}
}

// maxValue is how long a text may get that a function makes, in octets.
const maxValue = 16 << 10

func (p *program) bounded(s string) (string, error) {
	if len(s) > maxValue {
		return "", errWork
	}
	return s, p.spend(1 + len(s)/64)
}

// printf refuses what would make a long text of a short format.
func (p *program) printf(format string, args ...any) (string, error) {
	const maxDigits = 3
	for _, verb := range strings.Split(format, "%")[1:] {
		size := strings.TrimLeft(verb, "+-# 0")
		size = size[:len(size)-len(strings.TrimLeft(size, ".*[]0123456789"))]
		if strings.ContainsAny(size, "*[") {
			return "", errors.New("printf: * and [ are not available")
		}
		for number := range strings.SplitSeq(size, ".") {
			if len(number) > maxDigits {
				return "", errors.New("printf: a width has three digits at most")
			}
		}
		if err := p.spend(1 + 1000/64); err != nil {
			return "", err
		}
	}
	return p.bounded(fmt.Sprintf(format, args...))
}

// date shows a time by a layout of package time: date "2 January" .At.
func (p *program) date(layout string, at moment) (string, error) {
	const maxLayout = 64
	if len(layout) > maxLayout {
		return "", errors.New("date: the layout is too long")
	}
	if at.at.IsZero() {
		return "", nil
	}
	return p.bounded(at.at.Format(layout))
}
