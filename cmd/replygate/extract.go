package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/replygate/replygate/inbound/extract"
	"github.com/replygate/replygate/inbound/message"
)

type extractCommand struct {
	Files []string `arg:"" optional:"" help:"Mails (.eml), HTML parts (.html) or texts (.txt); - or nothing reads a mail from stdin." type:"path"`
	Dir   string   `help:"Extract every file below this directory; needs --out." type:"existingdir" xor:"in"`
	Out   string   `help:"Where --dir writes <case>.out.txt (the reply) and <case>.full.txt (with signature)."`
	JSON  bool     `name:"json" help:"Print text, html, full, quoted, signature, method, confidence, posting, language, reaction and unsubscribe as JSON."`
	Plain bool     `help:"Print only the reply."`
}

// Help shows examples.
func (extractCommand) Help() string {
	return "Examples:\n  replygate extract reply.eml\n  replygate extract --json < reply.eml\n  replygate extract --dir mails --out extracted\n\n" +
		"On a terminal every line is shown with what it was taken for, and why."
}

// extracted is the answer of --json.
type extracted struct {
	File        string `json:"file,omitempty"`
	Text        string `json:"text"`
	HTML        string `json:"html"`
	Full        string `json:"full"`
	Quoted      string `json:"quoted"`
	Signature   string `json:"signature"`
	Method      string `json:"method"`
	Confidence  string `json:"confidence"`
	Posting     string `json:"posting"`
	Language    string `json:"language"`
	Reaction    string `json:"reaction,omitempty"`
	Unsubscribe bool   `json:"unsubscribe"`
}

// Run extracts.
func (c extractCommand) Run(e *env) error {
	switch {
	case (c.Dir == "") != (c.Out == ""):
		return errors.New("--dir and --out go together")
	case c.Dir != "" && (len(c.Files) > 0 || c.JSON || c.Plain):
		return errors.New("--dir reads and writes files alone; name no file, and neither --json nor --plain")
	}
	if c.Dir != "" {
		return c.tree(e)
	}
	if len(c.Files) == 0 {
		c.Files = []string{"-"}
	}
	for _, f := range c.Files {
		r, err := extractFile(e, f)
		if err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
		if err := c.print(e, f, r); err != nil {
			return err
		}
	}
	return nil
}

// tree extracts every mail below Dir and mirrors the tree in Out.
func (c extractCommand) tree(e *env) error {
	done, failed := 0, 0
	err := filepath.WalkDir(c.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isMail(path) {
			return err
		}
		rel, err := filepath.Rel(c.Dir, path)
		if err != nil {
			return err
		}
		r, err := extractFile(e, path)
		if err != nil {
			failed++
			fmt.Fprintf(e.stderr, "%s: %v\n", path, err)
			return nil
		}
		done++
		base := filepath.Join(c.Out, strings.TrimSuffix(rel, filepath.Ext(rel)))
		if err := os.MkdirAll(filepath.Dir(base), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(base+".out.txt", []byte(r.Text), 0o644); err != nil {
			return err
		}
		return os.WriteFile(base+".full.txt", []byte(r.Full), 0o644)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "extracted %d, could not read %d\n", done, failed)
	if failed > 0 {
		return fmt.Errorf("%d files could not be read", failed)
	}
	return nil
}

// isMail passes over what accompanies a case in a corpus.
func isMail(path string) bool {
	if strings.HasSuffix(path, ".body.txt") || strings.HasSuffix(path, ".expected.txt") {
		return false
	}
	switch filepath.Ext(path) {
	case ".eml", ".html", ".txt":
		return true
	}
	return false
}

func extractFile(e *env, path string) (extract.Result, error) {
	var raw []byte
	var err error
	if path == "-" {
		raw, err = io.ReadAll(io.LimitReader(e.stdin, 64<<20))
	} else {
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		return extract.Result{}, err
	}
	switch filepath.Ext(path) {
	case ".txt":
		return extract.Extract(extract.Input{Text: string(raw)}), nil
	case ".html":
		return extract.Extract(extract.Input{HTML: string(raw)}), nil
	}
	// A mail saved from a page or an editor often begins with empty lines, which
	// would end its header before it begins.
	m, err := message.Parse(bytes.TrimLeft(raw, "\r\n\t "))
	if err != nil {
		return extract.Result{}, err
	}
	return extract.Extract(extract.Input{Text: m.Text, HTML: m.HTML, Flowed: m.TextFlowed, DelSp: m.TextDelSp, Subject: m.Subject}), nil
}

func (c extractCommand) print(e *env, path string, r extract.Result) error {
	switch {
	case c.JSON:
		enc := json.NewEncoder(e.stdout)
		enc.SetEscapeHTML(false)
		return enc.Encode(extracted{path, r.Text, r.HTML, r.Full, r.Quoted, r.Signature, r.Method, r.Confidence, r.Posting, r.Language, r.Reaction, r.Unsubscribe})
	case c.Plain || !isTerminal(e.stdout):
		_, err := fmt.Fprintln(e.stdout, r.Text)
		return err
	}
	if len(c.Files) > 1 {
		fmt.Fprintf(e.stdout, "%s\n", visible(path))
	}
	v := lineView{w: e.stdout, plain: os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb"}
	return v.show(r)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}
