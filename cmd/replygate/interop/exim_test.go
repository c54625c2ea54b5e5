package interop

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// exim is an Exim instance of our own.
type exim struct {
	dir  string
	port int
}

const eximConfig = `spool_directory = %[1]s/spool
log_file_path = %[1]s/log/%%slog
pid_file_path = %[1]s/exim.pid
primary_hostname = exim.interop.test
exim_path = %[2]s
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = accept
acl_smtp_data = accept
message_size_limit = 50M
deliver_drop_privilege = true
tls_advertise_hosts =
smtp_accept_max = 100
ignore_bounce_errors_after = 0s
smtp_accept_queue_per_connection = 0
%[3]s
begin retry
* * F,1h,1s
`

// eximRelay has an Exim hand everything to one server.
const eximRelay = `begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = next
begin transports
next:
  driver = smtp
  port = %d
  allow_localhost
  hosts_avoid_tls = *
`

// startExim runs an instance that relays all mail to 127.0.0.1:next.
func startExim(t *testing.T, next int) *exim {
	t.Helper()
	return runExim(t, func(string) string { return fmt.Sprintf(eximRelay, next) })
}

// runExim runs an instance with routers and transports of its own; dir is its
// directory. Debian's package cannot be installed beside Postfix: REPLYGATE_EXIM
// may name the binary from an unpacked one.
func runExim(t *testing.T, routing func(dir string) string) *exim {
	t.Helper()
	binary := os.Getenv("REPLYGATE_EXIM")
	for _, name := range []string{"exim4", "exim"} {
		if path, err := exec.LookPath(name); binary == "" && err == nil {
			binary = path
		}
	}
	if _, err := os.Stat(binary); err != nil {
		skip(t, "REPLYGATE_EXIM names no Exim, and none is installed")
	}
	if os.Getuid() != 0 || exec.Command("id", "Debian-exim").Run() != nil {
		skip(t, "exim needs root and the user Debian-exim")
	}
	dir, err := os.MkdirTemp("", "replygate-exim-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	x := &exim{dir: dir, port: freePort(t)}
	for _, d := range []string{"spool", "log"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(dir, 0o755)
	conf := filepath.Join(dir, "exim.conf")
	write(t, conf, fmt.Appendf(nil, eximConfig, dir, binary, routing(dir)))
	run(t, nil, "chown", "-R", "Debian-exim", dir)
	run(t, nil, "chown", "root", conf)
	cmd := exec.Command(binary, "-C", conf, "-bdf", "-q1s", "-oX", "127.0.0.1:"+strconv.Itoa(x.port))
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("exim said: %s", said.Bytes())
			if b, err := os.ReadFile(filepath.Join(dir, "log", "mainlog")); err == nil {
				t.Logf("exim log:\n%s", tail(string(b), 30))
			}
		}
	})
	waitPort(t, x.port)
	return x
}

// log is what an Exim instance has done so far.
func (x *exim) log(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(x.dir, "log", "mainlog"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// queued is how many mails wait in an Exim instance.
func (x *exim) queued(t *testing.T) int {
	t.Helper()
	headers, err := filepath.Glob(filepath.Join(x.dir, "spool", "input", "*-H"))
	if err != nil {
		t.Fatal(err)
	}
	return len(headers)
}
