package scale

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/replygate/replygate/storage/bolt"
)

// Bounds of the claim.
const (
	maxFirst = 2 * time.Second // from the open database to the first mail
	maxAnon  = 512             // MiB
	dues     = 1000
)

// serving has the binary work off what is due, after a clean stop and after a
// kill, and looks at its memory meanwhile.
func serving(t *testing.T, home string) {
	mails := startSink(t)
	binary := build(t, home, mails.addr)
	for _, before := range []string{"a clean stop", "a kill"} {
		engine, err := bolt.Open(filepath.Join(home, "data", "db"), bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		crowd := large
		arm(t, engine, crowd, dues)
		if err := engine.Close(); err != nil {
			t.Fatal(err)
		}
		if before == "a kill" {
			p := serve(t, binary, home)
			p.waitOpen(t)
			p.end(t, syscall.SIGKILL)
		}
		mails.reset()
		p := serve(t, binary, home)
		open := p.waitOpen(t)
		first := mails.await(t, 1)
		anon, file := p.watch(t, func() bool { return mails.count() >= dues })
		all := mails.last()
		t.Logf("after %s: open in %v, the first mail arrived %v later, all %d in %v; RssAnon at most %d MiB (file pages beside: %d MiB)",
			before, open.Sub(p.began), first.Sub(open), mails.count(), all.Sub(open), anon, file)
		if first.Sub(open) > maxFirst {
			t.Errorf("the first mail came %v after the database was open", first.Sub(open))
		}
		if anon > maxAnon {
			t.Errorf("RssAnon reached %d MiB", anon)
		}
		p.end(t, syscall.SIGTERM)
	}
}

// build makes the binary and its configuration, and returns the binary's path.
func build(t *testing.T, home, sink string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "replygate")
	host, port, err := net.SplitHostPort(sink)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", binary, "..").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(home, "dkim-r1.pem")); err != nil {
		if out, err := exec.Command(binary, "dkim", "generate", "--domain", domain, "--out", home, "--suffix", "1").CombinedOutput(); err != nil {
			t.Fatalf("dkim generate: %v\n%s", err, out)
		}
	}
	config := fmt.Sprintf(`domain = %q
hostname = "mx.example.com"
data = %q
[http]
listen = "127.0.0.1:0"
public_url = "https://pages.example.com"
[smtp]
listen = ["127.0.0.1:0"]
[smarthost]
host = %q
port = %s
tls = "none"
[[dkim.key]]
selector = "r1"
file = "dkim-r1.pem"
[[dkim.key]]
selector = "e1"
file = "dkim-e1.pem"
[dns]
resolver = "127.0.0.1:1"
`, domain, filepath.Join(home, "data"), host, port)
	if err := os.WriteFile(filepath.Join(home, "replygate.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return binary
}

// process is a running `replygate serve`.
type process struct {
	cmd   *exec.Cmd
	began time.Time
	ended chan struct{} // closed then
	err   error
	mu    sync.Mutex
	log   bytes.Buffer
}

func serve(t *testing.T, binary, home string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, "serve", "--config", filepath.Join(home, "replygate.toml")), began: time.Now(), ended: make(chan struct{})}
	p.cmd.Stderr = p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(p.ended); p.err = p.cmd.Wait() }()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// Write keeps what the process says.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// waitOpen waits until the database is open, which is before anything runs.
func (p *process) waitOpen(t *testing.T) time.Time {
	t.Helper()
	poll(t, "the database is open", 10*time.Minute, func() bool {
		select {
		case <-p.ended:
			t.Fatalf("serve ended: %v\n%s", p.err, p.said())
		default:
		}
		return strings.Contains(p.said(), "replygate runs")
	})
	return time.Now()
}

// watch looks at the memory until done, and returns the most there was, in MiB.
func (p *process) watch(t *testing.T, done func() bool) (anon, file int) {
	t.Helper()
	poll(t, "all mails arrived", 10*time.Minute, func() bool {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
		if err != nil {
			t.Skip(err)
		}
		for line := range strings.Lines(string(b)) {
			name, rest, _ := strings.Cut(line, ":")
			kb, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			switch name {
			case "RssAnon":
				anon = max(anon, kb/1024)
			case "RssFile":
				file = max(file, kb/1024)
			}
		}
		return done()
	})
	return anon, file
}

func (p *process) end(t *testing.T, how os.Signal) {
	t.Helper()
	p.cmd.Process.Signal(how)
	<-p.ended
	if p.err != nil && how == syscall.SIGTERM {
		t.Errorf("serve did not stop cleanly: %v\n%s", p.err, p.said())
	}
}

func poll(t *testing.T, what string, patience time.Duration, ok func() bool) {
	t.Helper()
	deadline, tick := time.After(patience), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("did not come true in %v: %s", patience, what)
		case <-tick.C:
		}
	}
}

// sink takes every mail and notes when it came.
type sink struct {
	addr string
	mu   sync.Mutex
	came []time.Time
}

func startSink(t *testing.T) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{addr: l.Addr().String()}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return sinkSession{s}, nil }))
	srv.Domain, srv.MaxLineLength = "sink.example.net", 1<<20
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	t.Cleanup(func() { srv.Close(); l.Close(); <-done })
	return s
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.came)
}

func (s *sink) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.came = nil
}

func (s *sink) last() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.came[len(s.came)-1]
}

// await waits for the nth mail and returns when it came.
func (s *sink) await(t *testing.T, n int) time.Time {
	t.Helper()
	poll(t, fmt.Sprintf("mail %d arrived", n), 10*time.Minute, func() bool { return s.count() >= n })
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.came[n-1]
}

type sinkSession struct{ *sink }

func (sinkSession) Reset()                               {}
func (sinkSession) Logout() error                        { return nil }
func (sinkSession) Mail(string, *smtp.MailOptions) error { return nil }
func (sinkSession) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (s sinkSession) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.came = append(s.came, time.Now())
	return nil
}
