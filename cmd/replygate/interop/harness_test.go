package interop

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// skip leaves a test out for want of a peer, unless all peers were promised.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("REPLYGATE_INTEROP") == "require" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// need skips when a program is not installed.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			skip(t, p+" is not installed")
		}
	}
}

// python is Debian's interpreter: the one that finds Debian's modules.
const python = "/usr/bin/python3"

func needDkimpy(t *testing.T) {
	t.Helper()
	if exec.Command(python, "-c", "import dkim").Run() != nil {
		skip(t, "dkimpy (python3-dkim) is not installed")
	}
}

// run runs a program with stdin and returns its stdout, or fails the test.
func run(t *testing.T, stdin []byte, name string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out.Bytes(), errs.Bytes())
	}
	return out.Bytes()
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// freePort returns a TCP port on 127.0.0.1 that is free: one below those that
// the system hands out by itself, so that nobody is given it meanwhile.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := 10_000 + rand.N(20_000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// long tells whether the long forms are asked for. Only they hold what depends on
// how busy the machine is; the short ones show it.
func long() bool { return os.Getenv("REPLYGATE_LONG") != "" }

// eventually polls until ok, for a minute.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	within(t, time.Minute, what, ok)
}

// within polls until ok.
func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("did not come true in %v: %s", limit, what)
		case <-tick.C:
		}
	}
}

func waitPort(t *testing.T, port int) {
	t.Helper()
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	eventually(t, "a listener on "+addr, func() bool {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}
