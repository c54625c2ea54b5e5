package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
