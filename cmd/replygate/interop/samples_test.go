package interop

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// maxSample is how many lines a sample backend may have.
const maxSample = 60

// startDev runs `replygate dev` until the test ends, and returns what it printed.
func startDev(t *testing.T, args ...string) (facts struct{ HTTP, SMTP, Key string }) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"dev", "--json", "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0"}, args...)...)
	cmd.Stderr = os.Stderr
	lines := started(t, cmd)
	if first := <-lines; json.Unmarshal([]byte(first), &facts) != nil || <-lines != "ready" {
		t.Fatalf("dev printed %q", first)
	}
	return facts
}

// started starts a program and returns the lines it prints. It is ended with the
// test, and is to end well.
func started(t *testing.T, cmd *exec.Cmd) <-chan string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, read := make(chan string, 64), make(chan struct{})
	go func() {
		defer close(read)
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
		io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM) // one that has ended hears nothing
		<-read
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", cmd.Path, err)
		}
	})
	return lines
}

// TestSamples: each sample backend does the whole loop against `dev`, and ends
// with the words of the reply.
func TestSamples(t *testing.T) {
	samples := filepath.Join("..", "..", "..", "docs", "samples")
	for name, command := range map[string][]string{
		"backend.py":  {python, filepath.Join(samples, "backend.py")},
		"backend.mjs": {"node", filepath.Join(samples, "backend.mjs")},
		"backend.go":  {"go", "run", filepath.Join(samples, "backend.go")},
	} {
		t.Run(name, func(t *testing.T) {
			need(t, command[0])
			text, err := os.ReadFile(filepath.Join(samples, name))
			if n := strings.Count(string(text), "\n"); err != nil || n > maxSample {
				t.Errorf("%d lines, %v", n, err)
			}
			dev := startDev(t, "--key", "a-key-of-the-test", "--delay", "100ms")
			cmd := exec.Command(command[0], command[1:]...)
			cmd.Env = append(os.Environ(), "REPLYGATE_URL="+dev.HTTP, "REPLYGATE_KEY="+dev.Key)
			cmd.Stderr = os.Stderr
			lines := started(t, cmd)
			late := time.After(10 * time.Minute) // go run builds
			next := func() string {
				t.Helper()
				select {
				case l, more := <-lines:
					if !more {
						t.Fatal("it ended")
					}
					return l
				case <-late:
					t.Fatal("it prints nothing")
				}
				return ""
			}
			said := next()
			to := regexp.MustCompile(`^Bob is mailed "Order 1047". Answer it at ` + regexp.QuoteMeta(dev.HTTP) + `/mails/dlv_\w+ or to (r\w+@\S+)$`).FindStringSubmatch(said)
			if to == nil {
				t.Fatalf("it said %q", said)
			}
			words := "Green is fine, thank you from " + name
			mail := fmt.Sprintf("From: Bob <bob@people.example>\r\nTo: %s\r\nSubject: Re: Order 1047\r\nMessage-ID: <%s@people.example>\r\n\r\n%s\r\n\r\nOn Friday Ann wrote:\r\n> Shall we send the green one?\r\n", to[1], name, words)
			if err := smtp.SendMail(dev.SMTP, nil, "bob@people.example", to[1:], []byte(mail)); err != nil {
				t.Fatal(err)
			}
			if said := next(); said != "Bob answers: "+words {
				t.Errorf("it said %q", said)
			}
			if said, more := <-lines; more {
				t.Errorf("it goes on: %q", said)
			}
		})
	}
}
