package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/replygate/replygate/cmd/replygate/config"
	"github.com/replygate/replygate/cmd/replygate/server"
	"github.com/replygate/replygate/gateway/gatewaytest"
)

// serve runs the server in this process; stop ends it as SIGTERM does, and
// returns what it logged.
func (p place) serve(t *testing.T) (addr addresses, stop func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := &gatewaytest.Buffer{}
	done := make(chan int, 1)
	go func() {
		done <- run([]string{"serve", "--config", p.config}, &env{ctx, strings.NewReader(""), os.Stdout, log})
	}()
	addr = listening(t, log, done)
	var once sync.Once
	return addr, func() string {
		once.Do(func() {
			cancel()
			if code := <-done; code != 0 {
				t.Errorf("serve ended with %d:\n%s", code, log)
			}
		})
		return log.String()
	}
}

type addresses struct{ HTTP, SMTP string }

// listening waits until the server says where it listens.
func listening(t *testing.T, log *gatewaytest.Buffer, done <-chan int) (a addresses) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, `"replygate runs"`) && json.Unmarshal([]byte(line), &a) == nil {
				return a
			}
		}
		select {
		case code := <-done:
			t.Fatalf("serve ended with %d:\n%s", code, log)
		case <-deadline:
			t.Fatalf("serve did not start:\n%s", log)
		case <-tick.C:
		}
	}
}

// TestSignals: a process that is told to stop finishes the mail in progress,
// says 421 to the idle, and exits 0.
func TestSignals(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(sig.String(), func(t *testing.T) {
			p := newPlace(t)
			log := &gatewaytest.Buffer{}
			cmd := exec.Command(os.Args[0], "serve", "--config", p.config)
			cmd.Env, cmd.Stderr = append(os.Environ(), asProgram+"=1"), log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan int, 1)
			go func() {
				cmd.Wait()
				done <- cmd.ProcessState.ExitCode()
			}()
			a := listening(t, log, done)
			idle, busy := smtpSession(t, a.SMTP), smtpSession(t, a.SMTP)
			for _, line := range []string{"MAIL FROM:<bob@people.test>", "RCPT TO:<postmaster@reply.example.com>", "DATA"} {
				busy.say(line)
			}
			busy.c.PrintfLine("From: bob@people.test\r\n\r\nIn the middle of")
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if got := idle.hear(); !strings.HasPrefix(got, "421 ") {
				t.Errorf("the idle session heard %q", got)
			}
			if got := busy.say("a sentence\r\n."); !strings.HasPrefix(got, "250 ") {
				t.Errorf("the mail in progress was answered %q", got)
			}
			select {
			case code := <-done:
				if code != 0 {
					t.Errorf("exit %d:\n%s", code, log)
				}
			case <-time.After(time.Minute):
				cmd.Process.Kill()
				t.Fatal("it did not stop")
			}
			if _, err := net.Dial("tcp", a.SMTP); err == nil {
				t.Error("somebody still listens")
			}
		})
	}
}

type peer struct {
	t *testing.T
	c *textproto.Conn
}

func smtpSession(t *testing.T, addr string) peer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(time.Minute))
	t.Cleanup(func() { conn.Close() })
	p := peer{t, textproto.NewConn(conn)}
	p.hear()
	p.say("EHLO mail.people.test")
	return p
}

func (p peer) say(line string) string {
	p.c.PrintfLine("%s", line)
	return p.hear()
}

func (p peer) hear() string {
	code, text, err := p.c.ReadResponse(0)
	if err != nil && code == 0 {
		return err.Error()
	}
	return fmt.Sprint(code, " ", text)
}

// TestWatching: what monitors ask.
func TestWatching(t *testing.T) {
	p := newPlace(t)
	a, stop := p.serve(t)
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ok\n", "/metrics": "replygate_", "/v1/nobody": `"UNAUTHORIZED"`, "/": ""} {
		resp, err := http.Get("http://" + a.HTTP + path)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		b.ReadFrom(resp.Body)
		resp.Body.Close()
		if !strings.Contains(b.String(), want) || strings.HasSuffix(path, "z") && resp.StatusCode != 200 {
			t.Errorf("%s: %d %.200s", path, resp.StatusCode, b.String())
		}
	}
	for line := range strings.Lines(stop()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

// TestOneServer: the database and the ports are one process's.
func TestOneServer(t *testing.T) {
	p := newPlace(t)
	_, stop := p.serve(t)
	fails(t, 1, "", "serve", "--config", p.config)
	stop()
	// Keys that are gone are not made anew over an existing database.
	if err := os.Rename(filepath.Join(p.dir, "data/keys"), filepath.Join(p.dir, "away")); err != nil {
		t.Fatal(err)
	}
	fails(t, 1, "put the key file back", "serve", "--config", p.config)
	fails(t, 1, "put the key file back", "app", "list", "--config", p.config)
	if err := os.WriteFile(filepath.Join(p.dir, "data/keys"), []byte("a nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, 1, "key file, line 1", "serve", "--config", p.config)
}

// TestLeftSocket: the socket that a crash left is no hindrance.
func TestLeftSocket(t *testing.T) {
	p := newPlace(t)
	c, err := config.Load(p.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: server.ControlSocket(c), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	must(t, "app", "create", "shop", "--config", p.config)
	_, stop := p.serve(t)
	defer stop()
	if out := must(t, "app", "list", "--config", p.config); !strings.Contains(out, "shop") {
		t.Error(out)
	}
	st, err := os.Stat(server.ControlSocket(c))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v", st.Mode(), err)
	}
}
