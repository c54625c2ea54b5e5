package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// postfix is one Postfix instance of our own: own queue, own configuration, one
// listener, and one server it hands everything to.
type postfix struct {
	conf string
	port int
}

const postfixMain = `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = %[1]s/conf
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.interop.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
maillog_file_prefixes = %[1]s
maillog_file = %[1]s/mail.log
local_recipient_maps =
alias_maps =
smtp_tls_security_level = none
smtpd_tls_security_level = none
relayhost = [127.0.0.1]:%[2]d
smtp_host_lookup = native
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
`

const postfixMaster = `127.0.0.1:%d inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// startPostfix runs an instance that relays all mail to 127.0.0.1:next.
func startPostfix(t *testing.T, next int) *postfix {
	t.Helper()
	need(t, "postfix")
	if os.Getuid() != 0 {
		skip(t, "postfix is started by root only")
	}
	dir, err := os.MkdirTemp("", "replygate-postfix-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	port := freePort(t)
	for _, d := range []string{"conf", "queue", "data", "conf/postfix-files.d", "conf/dynamicmaps.cf.d"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	os.Chmod(dir, 0o755)
	for _, f := range []string{"postfix-files", "dynamicmaps.cf"} {
		if b, err := os.ReadFile("/etc/postfix/" + f); err == nil {
			write(t, filepath.Join(dir, "conf", f), b)
		}
	}
	write(t, filepath.Join(dir, "conf", "main.cf"), fmt.Appendf(nil, postfixMain, dir, next))
	write(t, filepath.Join(dir, "conf", "master.cf"), fmt.Appendf(nil, postfixMaster, port))
	run(t, nil, "chown", "postfix:", filepath.Join(dir, "data"))
	p := &postfix{conf: filepath.Join(dir, "conf"), port: port}
	if out, err := exec.Command("postfix", "-c", p.conf, "start").CombinedOutput(); err != nil {
		t.Fatalf("postfix start: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if t.Failed() {
			if b, err := os.ReadFile(filepath.Join(dir, "mail.log")); err == nil {
				lines := strings.Split(string(b), "\n")
				t.Logf("postfix log:\n%s", strings.Join(lines[max(0, len(lines)-30):], "\n"))
			}
		}
		exec.Command("postfix", "-c", p.conf, "stop").Run()
	})
	waitPort(t, port)
	return p
}
