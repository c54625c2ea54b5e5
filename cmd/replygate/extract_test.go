package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/replygate/replygate/inbound/extract"
)

const reply = "From: bob@people.test\r\nSubject: Re: Order\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGreen is fine – thanks!\r\n\r\nOn Mon, Nov 20, 2026 at 3:04 PM Ann <a@x.test> wrote:\r\n> Which one?\r\n"

// TestExtract: from stdin, from files, as JSON, and whole directories.
func TestExtract(t *testing.T) {
	if s := command(reply, "extract"); s.code != 0 || s.out != "Green is fine – thanks!\n" {
		t.Errorf("exit %d, %q %s", s.code, s.out, s.err)
	}
	var got extracted
	unmarshal(t, command(reply, "extract", "--json", "-").out, &got)
	if got.Text != "Green is fine – thanks!" || !strings.Contains(got.Quoted, "Which one?") || got.Method == "" || got.Confidence == "" || got.Posting != "top" {
		t.Errorf("got %+v", got)
	}
	in, out := t.TempDir(), t.TempDir()
	for name, body := range map[string]string{
		"a.eml": reply, "deep/b.txt": "Hello\n\nOn Monday Ann wrote:\n> x\n", "deep/c.html": "<p>Hi<blockquote type=cite>x</blockquote>", "a.expected.txt": "no", "x.json": "{}",
	} {
		path := filepath.Join(in, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := must(t, "extract", "--plain", filepath.Join(in, "deep/b.txt"), filepath.Join(in, "deep/c.html")); got != "Hello\nHi\n" {
		t.Errorf("two files: %q", got)
	}
	if got := must(t, "extract", "--dir", in, "--out", out); got != "extracted 3, could not read 0\n" {
		t.Errorf("%q", got)
	}
	var files []string
	fs.WalkDir(os.DirFS(out), ".", func(path string, d fs.DirEntry, _ error) error {
		if !d.IsDir() {
			files = append(files, path)
		}
		return nil
	})
	if want := "a.full.txt a.out.txt deep/b.full.txt deep/b.out.txt deep/c.full.txt deep/c.out.txt"; strings.Join(files, " ") != want {
		t.Errorf("wrote %v", files)
	}
	fails(t, 1, "--dir", "extract", "--dir", in, "--out", out, "--json")
	fails(t, 1, "--dir", "extract", "--dir", in, "--out", out, filepath.Join(in, "a.eml"))
	// What cannot be read is said, and fails the command.
	deep := "From: a@b.test\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n"
	for i := range 12 {
		deep += fmt.Sprintf("--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", i, i+1)
	}
	if err := os.WriteFile(filepath.Join(in, "bomb.eml"), []byte(deep), 0o644); err != nil {
		t.Fatal(err)
	}
	fails(t, 1, "bomb.eml", "extract", "--dir", in, "--out", out)
	fails(t, 1, "nested more than", "extract", filepath.Join(in, "bomb.eml"))
}

// TestMailsAsTheyAreSaved: with empty lines in front, and multiparts that lost their boundaries.
func TestMailsAsTheyAreSaved(t *testing.T) {
	for name, mail := range map[string]string{
		"empty lines in front":   "\n\n" + strings.ReplaceAll(reply, "\r\n", "\n"),
		"spaces in front":        "  \r\n" + reply,
		"no boundary":            "Content-Type: multipart/alternative; boundary=gone\n\nGreen is fine – thanks!\n\nOp 18 juli 2013 10:23 schreef Ann het volgende:\n\nWelke?\n",
		"no boundary, no header": "\nContent-Type: multipart/mixed\n\nGreen is fine – thanks!\n",
	} {
		if s := command(mail, "extract"); s.code != 0 || s.out != "Green is fine – thanks!\n" {
			t.Errorf("%s: exit %d, %q %s", name, s.code, s.out, s.err)
		}
	}
}

// TestLineView: each run of lines under what it is and why, and nothing of a
// stranger's that a terminal would obey.
func TestLineView(t *testing.T) {
	r := extract.Extract(extract.Input{Text: "Yes, \x1b[2J\u202egladly.\n\nAt nine.\n\nOn Mon, Jan 3, 2022 at 4:00 PM Ann <ann@example.com> wrote:\n\n> Will you?\n>\n> Ann\n\n-- \nBob\n"})
	var b strings.Builder
	if err := (&lineView{w: &b, plain: true}).show(r); err != nil {
		t.Fatal(err)
	}
	want := `method text · confidence high · posting top · language en

REPLY
  │ Yes, <001B>[2J<202E>gladly.
  │
  │ At nine.
  │

ATTRIBUTION  attribution
  │ On Mon, Jan 3, 2022 at 4:00 PM Ann <ann@example.com> wrote:
  │

QUOTE  marked as quoted
  │ > Will you?
  │ >
  │ > Ann
  │

SIGNATURE  signature separator
  │ -- 
  │ Bob
`
	if got := b.String(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	b.Reset()
	if err := (&lineView{w: &b}).show(r); err != nil || !strings.Contains(b.String(), "\x1b[90m> Will you?\x1b[0m") || strings.Contains(b.String(), "\x1b[2J") {
		t.Errorf("%v %q", err, b.String())
	}
}
