package compose

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"strings"
	"sync"
	texttemplate "text/template"
	"text/template/parse"
)

// program is one part of a template, ready to run. It runs one mail at a time,
// since its functions see the run that is going on; it is safe for concurrent
// use.
type program struct {
	part    Part
	source  string
	execute func(io.Writer, any) error

	mu     sync.Mutex
	data   *data
	budget int
}

// maxWork is how much a template may do for one mail, in nodes of the template
// that are run; a mail of 50 messages takes some 3000. It is what bounds the
// time, to some tens of milliseconds.
const maxWork = 100_000

// roundWork is what a round of a loop costs beside its body.
const roundWork = 10

var (
	errWork   = errors.New("the template does too much for one mail: too many rounds of a loop, or too long texts")
	errDefine = errors.New("define and block are not available")
	errSize   = fmt.Errorf("the result is longer than %d kB", MaxCustom>>10)
)

// parseProgram reads a part, refuses what a template may not do, and puts the
// merge fields and the counting of work into it.
func parseProgram(part Part, source string) (_ *program, problem *TemplateError) {
	defer rescue(part, &problem)
	if len(source) > MaxTemplate {
		return nil, &TemplateError{Problem{part, 1, 1, fmt.Sprintf("the template is longer than %d kB", MaxTemplate>>10)}}
	}
	p := &program{part: part, source: lineEnds.Replace(strings.ToValidUTF8(source, ""))}
	tree, err := p.parse(p.source)
	if err != nil {
		return nil, p.syntax(err)
	}
	if err := p.rewrite(tree); err != nil {
		return nil, err
	}
	if p.execute, err = p.engine(tree); err != nil {
		return nil, p.located(err)
	}
	return p, nil
}

// engine is the standard one of the part's kind. What a custom map lacks is empty.
func (p *program) engine(tree *parse.Tree) (func(io.Writer, any) error, error) {
	const lacking = "missingkey=zero"
	name := string(p.part)
	if p.part == PartHTML {
		t, err := htmltemplate.New(name).Option(lacking).Funcs(p.functions()).Funcs(p.internal()).AddParseTree(name, tree)
		if err != nil {
			return nil, err
		}
		return t.Execute, nil
	}
	t, err := texttemplate.New(name).Option(lacking).Funcs(p.functions()).Funcs(p.internal()).AddParseTree(name, tree)
	if err != nil {
		return nil, err
	}
	return t.Execute, nil
}

func (p *program) parse(source string) (*parse.Tree, error) {
	tree := parse.New(string(p.part))
	trees := map[string]*parse.Tree{}
	if _, err := tree.Parse(source, "", "", trees, builtins(), p.functions()); err != nil {
		return nil, err
	}
	if len(trees) > 1 {
		return nil, errDefine
	}
	return tree, nil
}

// run makes the part of one mail.
func (p *program) run(d *data) (_ string, problem *TemplateError) {
	defer rescue(p.part, &problem)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.data, p.budget = d, maxWork
	defer func() { p.data = nil }()
	var out limited
	if err := p.execute(&out, d); err != nil {
		return "", p.located(err)
	}
	return out.String(), nil
}

// rescue makes a problem of what an engine did not foresee: no template stops a
// mail.
func rescue(part Part, problem **TemplateError) {
	if r := recover(); r != nil {
		*problem = &TemplateError{Problem{part, 1, 1, fmt.Sprintf("the template cannot be read: %v", r)}}
	}
}

// spend takes from what a run may do.
func (p *program) spend(work int) error {
	if p.budget -= work; p.budget < 0 {
		return errWork
	}
	return nil
}

// step is spend for a round of the loop in a line.
func (p *program) step(line, work int) error {
	if err := p.spend(work); err != nil {
		return &TemplateError{Problem{p.part, line, 1, err.Error()}}
	}
	return nil
}

// limited holds a part of bounded size.
type limited struct{ strings.Builder }

// Write refuses what would be too much.
func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > MaxCustom {
		return 0, errSize
	}
	return l.Builder.Write(b)
}

// rewriter changes a tree in place.
type rewriter struct {
	*program
	problem *TemplateError
}

// Bounds of nesting. The HTML engine reads the body of a loop twice, so that the
// time of parsing doubles with each loop within a loop.
const (
	maxLoops   = 4
	maxNesting = 24
)

func (p *program) rewrite(t *parse.Tree) *TemplateError {
	r := &rewriter{program: p}
	r.list(t.Root, 0, 0)
	return r.problem
}

// refuse keeps the first problem.
func (r *rewriter) refuse(n parse.Node, reason string) {
	if r.problem == nil {
		line, column := actionBefore(r.source, int(n.Position()))
		r.problem = &TemplateError{Problem{r.part, line, column, reason}}
	}
}

// list rewrites the nodes of a list and returns how much running them costs,
// but for the bodies of loops.
func (r *rewriter) list(l *parse.ListNode, loops, depth int) (work int) {
	if l == nil || r.problem != nil {
		return 0
	}
	if depth > maxNesting || loops > maxLoops {
		r.refuse(l, fmt.Sprintf("loops and conditions are nested too deeply: at most %d loops, %d in all", maxLoops, maxNesting))
		return 0
	}
	var out []parse.Node
	for _, n := range l.Nodes {
		work += 1 + r.node(n, loops, depth)
		if t, ok := n.(*parse.TextNode); ok {
			out = append(out, r.text(t)...)
			continue
		}
		out = append(out, n)
	}
	l.Nodes = out
	return work
}

func (r *rewriter) node(n parse.Node, loops, depth int) (work int) {
	switch n := n.(type) {
	case *parse.ActionNode:
		return r.pipe(n.Pipe)
	case *parse.IfNode:
		return r.pipe(n.Pipe) + r.list(n.List, loops, depth+1) + r.list(n.ElseList, loops, depth+1)
	case *parse.WithNode:
		return r.pipe(n.Pipe) + r.list(n.List, loops, depth+1) + r.list(n.ElseList, loops, depth+1)
	case *parse.RangeNode:
		body := r.list(n.List, loops+1, depth+1)
		n.List.Nodes = append([]parse.Node{r.step(n.Line, roundWork+body)}, n.List.Nodes...)
		return r.pipe(n.Pipe) + r.list(n.ElseList, loops, depth+1)
	case *parse.TemplateNode:
		r.refuse(n, "template is not available")
	}
	return 0
}

// pipe counts the nodes of an expression.
func (r *rewriter) pipe(p *parse.PipeNode) (work int) {
	if p == nil {
		return 0
	}
	for _, c := range p.Cmds {
		for _, a := range c.Args {
			work++
			switch a := a.(type) {
			case *parse.PipeNode:
				work += r.pipe(a)
			case *parse.ChainNode:
				if inner, ok := a.Node.(*parse.PipeNode); ok {
					work += r.pipe(inner)
				}
			}
		}
	}
	return work
}

// step is a node that takes from the budget and writes nothing.
func (r *rewriter) step(line, work int) parse.Node {
	return r.action(fmt.Sprintf("{{$step := step %d %d}}", line, work))
}

// action makes a node of an expression of ours, which always parses.
func (r *rewriter) action(source string) parse.Node {
	t := parse.New("own")
	if _, err := t.Parse(source, "", "", map[string]*parse.Tree{}, r.internal()); err != nil {
		panic("compose: " + err.Error())
	}
	return t.Root.Nodes[0]
}
