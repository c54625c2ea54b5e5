package api

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocsWork makes every call that docs/api.md shows, in its order, but for
// those with an ellipsis and those that need a file or a shell.
func TestDocsWork(t *testing.T) {
	raw, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Skipf("the documentation is not there: %v", err)
	}
	l := newLab(t).populate()
	l.server.Renderer, l.server.Parser, l.server.Asker = shower{}, reader{}, oracle{}
	l.do("PUT", "/users/visitor", "").is(200)
	calls := 0
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(raw), -1) {
		for _, line := range commands(block[1]) {
			words := shellWords(line)
			if words[0] != "curl" || regexp.MustCompile(`…|\$T|=@| @`).MatchString(line) {
				continue
			}
			method, path, body := "GET", "", ""
			for i := 1; i < len(words); i++ {
				switch w := words[i]; {
				case w == "-X":
					i++
					method = words[i]
				case w == "-H":
					i++
				case w == "-d":
					i++
					if body = words[i]; method == "GET" {
						method = "POST"
					}
				case strings.HasPrefix(w, "$B"):
					path = strings.TrimPrefix(w, "$B")
				}
			}
			if a := l.do(method, path, body); a.status != 200 {
				t.Errorf("%s\n%d %s", line, a.status, a.body)
			}
			calls++
		}
	}
	if calls < 20 {
		t.Errorf("only %d calls were found", calls)
	}
}

// commands are the lines of a block that are no comments; one whose quotation is
// open goes on in the next.
func commands(block string) []string {
	var out []string
	open := false
	for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
		if open {
			out[len(out)-1] += "\n" + line
		} else if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
		if strings.Count(line, "'")%2 == 1 {
			open = !open
		}
	}
	return out
}

// shellWords takes a command apart as a shell does, as far as the documentation
// goes: quotes, and comments at the end.
func shellWords(line string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`'[^']*'|"[^"]*"|#.*|[^\s'"]+`).FindAllString(line, -1) {
		if strings.HasPrefix(m, "#") {
			break
		}
		out = append(out, strings.Trim(m, `'"`))
	}
	return out
}
