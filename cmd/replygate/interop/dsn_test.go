package interop

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

// refusals are how the people's mail server answers a recipient, and what that
// means for sending to the address again.
var refusals = map[string]struct {
	code     int
	enhanced smtp.EnhancedCode
	text     string

	class, status string
	suppressed    bool
}{
	"unknown":  {550, smtp.EnhancedCode{5, 1, 1}, "The email account that you tried to reach does not exist", "hard", "5.1.1", true},
	"disabled": {550, smtp.EnhancedCode{5, 2, 1}, "The mailbox is disabled, not accepting messages", "hard", "5.2.1", true},
	"vague":    {550, smtp.NoEnhancedCode, "No such user here", "hard", "5.0.0", true},
	"full":     {552, smtp.EnhancedCode{5, 2, 2}, "Mailbox full", "soft", "5.2.2", false},
	"policy":   {550, smtp.EnhancedCode{5, 7, 1}, "The content is refused by policy", "soft", "5.7.1", false},
}

// refuser is a mail server that takes no mail: refusals by the local part.
func startRefuser(t *testing.T) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &refuser{}, nil }))
	srv.Domain = "mx." + peopleMail
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		l.Close()
		<-done
	})
	return l.Addr().(*net.TCPAddr).Port
}

type refuser struct{ sinkSession }

func (*refuser) Reset()                               {}
func (*refuser) Mail(string, *smtp.MailOptions) error { return nil }

func (*refuser) Rcpt(to string, _ *smtp.RcptOptions) error {
	local, _, _ := strings.Cut(to, "@")
	r, known := refusals[local]
	if !known {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Not now"}
	}
	return &smtp.SMTPError{Code: r.code, EnhancedCode: r.enhanced, Message: r.text}
}

// eximBetween has an Exim hand what is for us back to us, the rest to the people.
const eximBetween = `begin routers
back:
  driver = manualroute
  domains = ` + mailDomain + `
  route_list = * 127.0.0.1 byname
  self = send
  transport = back
far:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = far
begin transports
back:
  driver = smtp
  port = %d
  allow_localhost
  hosts_avoid_tls = *
far:
  driver = smtp
  port = %d
  allow_localhost
  hosts_avoid_tls = *
`

// TestLiveReports has the mail servers that operators use as smarthost write
// their own delivery reports about refused notifications.
func TestLiveReports(t *testing.T) {
	for name, start := range map[string]func(t *testing.T, back, far int) (port int){
		"Postfix": func(t *testing.T, back, far int) int {
			p := startPostfix(t, far)
			p.postconf(t, "transport_maps=inline:{"+mailDomain+"=smtp:[127.0.0.1]:"+strconv.Itoa(back)+"}")
			return p.port
		},
		"Exim": func(t *testing.T, back, far int) int {
			return runExim(t, func(string) string { return fmt.Sprintf(eximBetween, back, far) }).port
		},
		"OpenSMTPD": startOpenSMTPD,
	} {
		t.Run(name, func(t *testing.T) { liveReports(t, start) })
	}
}

func liveReports(t *testing.T, start func(t *testing.T, back, far int) int) {
	smtp := freePort(t)
	p := newProduct(t, start(t, smtp, startRefuser(t)))
	p.smtp = smtp
	p.relisten()
	p.start()
	p.call("PUT", "/roles/default", map[string]any{"delay": 0.05})
	p.call("PUT", "/users/ann", map[string]any{"name": "Ann Field", "email": "ann@" + peopleMail})
	for who := range refusals {
		p.call("PUT", "/users/"+who, map[string]any{"name": who, "email": who + "@" + peopleMail})
		p.call("PUT", "/conversations/"+who, map[string]any{"participants": []string{"ann", who}})
		p.say(who, "Are you there?")
	}
	eventually(t, "a report about each", func() bool { return len(p.hooks.of("notification.bounced")) >= len(refusals) })
	for _, r := range p.received() {
		who := r["participantId"].(string)
		if want := refusals[who]; r["state"] != "bounce" || r["rule"] != want.class {
			t.Errorf("the report about %s is recorded as %v %v", who, r["state"], r["rule"])
		}
	}
	got := map[string]bool{}
	for _, s := range p.call("GET", "/suppressions", nil)["data"].([]any) {
		s := s.(map[string]any)
		who, _, _ := strings.Cut(s["address"].(string), "@")
		got[who] = s["kind"] == "hard" && strings.Contains(s["detail"].(string), refusals[who].text)
	}
	for who, want := range refusals {
		if got[who] != want.suppressed {
			t.Errorf("%s is suppressed: %v", who, got[who])
		}
		if status := p.lastStatus(who); status != want.status {
			t.Errorf("the status of the mail to %s is %s, want %s", who, status, want.status)
		}
		if n := len(p.texts(who)); n != 0 {
			t.Errorf("%d reports were posted to %s", n, who)
		}
	}
	if n := len(p.received()); n != len(refusals) {
		t.Errorf("%d reports were recorded, want %d", n, len(refusals))
	}
}

// lastStatus is the enhanced code that the mail to somebody ended with.
func (p *product) lastStatus(who string) string {
	p.t.Helper()
	for _, d := range p.call("GET", "/deliveries?limit=100", nil)["data"].([]any) {
		d := d.(map[string]any)
		if d["recipientId"] != who || d["state"] != "bounced" {
			continue
		}
		attempts := d["attempts"].([]any)
		if f := strings.Fields(attempts[len(attempts)-1].(map[string]any)["status"].(string)); len(f) > 1 {
			return f[1]
		}
	}
	return ""
}

const openSMTPD = `listen on 127.0.0.1 port %d hostname osmtpd.interop.test
action "back" relay host smtp://127.0.0.1:%d
action "far" relay host smtp://127.0.0.1:%d
match from any for domain "` + mailDomain + `" action "back"
match from any for any action "far"
`

// openSMTPDRun gives OpenSMTPD, whose directories are compiled in, a view of the
// file system in which they are its own.
const openSMTPDRun = `set -e
mkdir -p /var/lib/opensmtpd
mount -t tmpfs none /var/spool; mount -t tmpfs none /run; mount -t tmpfs none /var/lib/opensmtpd
chmod 711 /var/lib/opensmtpd; mkdir -m 711 /var/lib/opensmtpd/empty /var/spool/smtpd
exec "$0" -d -f "$1"
`

// startOpenSMTPD runs an instance in a mount namespace of its own.
func startOpenSMTPD(t *testing.T, back, far int) int {
	t.Helper()
	binary := os.Getenv("REPLYGATE_OPENSMTPD")
	if _, err := os.Stat(binary); err != nil {
		skip(t, "REPLYGATE_OPENSMTPD names no OpenSMTPD")
	}
	need(t, "unshare")
	if os.Getuid() != 0 || exec.Command("id", "opensmtpd").Run() != nil || exec.Command("id", "opensmtpq").Run() != nil {
		skip(t, "OpenSMTPD needs root and the users opensmtpd and opensmtpq")
	}
	port, conf := freePort(t), filepath.Join(t.TempDir(), "smtpd.conf")
	write(t, conf, fmt.Appendf(nil, openSMTPD, port, back, far))
	cmd := exec.Command("unshare", "-m", "sh", "-c", openSMTPDRun, binary, conf)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt) // it ends its children
		cmd.Wait()
		if t.Failed() {
			t.Logf("OpenSMTPD said:\n%s", tail(said.String(), 30))
		}
	})
	waitPort(t, port)
	return port
}
