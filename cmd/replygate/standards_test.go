package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	cited     = regexp.MustCompile(`RFCs? (\d{3,5})`)
	rowNumber = regexp.MustCompile(`\b\d{3,5}\b`)
	rowFile   = regexp.MustCompile("`([a-z]+/[a-z0-9/_]+\\.go)`")
)

// TestStandardsAreListed: docs/rfcs.md has a row for every standard that the
// code cites, and names no file that is not there.
func TestStandardsAreListed(t *testing.T) {
	page, err := os.ReadFile("../../docs/rfcs.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		cells := strings.SplitN(line, "|", 5)
		if len(cells) < 5 {
			continue
		}
		for _, n := range rowNumber.FindAllString(cells[1], -1) {
			listed[n] = true
		}
		if state := strings.TrimSpace(cells[2]); listed[rowNumber.FindString(cells[1])] && state != "yes" && state != "partly" && state != "no" {
			t.Errorf("a row says neither yes, partly nor no: %s", strings.TrimSpace(cells[1]))
		}
	}
	for _, f := range rowFile.FindAllStringSubmatch(string(page), -1) {
		if _, err := os.Stat(filepath.Join("../..", f[1])); err != nil {
			t.Errorf("the page names %s: %v", f[1], err)
		}
	}
	missing := map[string]string{}
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range cited.FindAllSubmatch(text, -1) {
			if n := string(m[1]); !listed[n] {
				missing[n] = path
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for n, path := range missing {
		t.Errorf("docs/rfcs.md has no row for RFC %s, which %s cites", n, path)
	}
}
