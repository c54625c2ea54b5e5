package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// vacationHost has an Exim keep bob's mailbox: what is for him goes to a sink,
// and by a router of the test to what answers for him; the rest goes out.
const vacationHost = `begin routers
answers:
  driver = redirect
  local_parts = bob
  domains = ` + peopleMail + `
  %[1]s
  reply_transport = vacation
  unseen
box:
  driver = manualroute
  domains = ` + peopleMail + `
  route_list = * 127.0.0.1 byname
  self = send
  transport = box
out:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = out
begin transports
vacation:
  driver = autoreply
  user = Debian-exim
  %[2]s
box:
  driver = smtp
  port = %[3]d
  allow_localhost
  hosts_avoid_tls = *
out:
  driver = smtp
  port = %[4]d
  allow_localhost
  hosts_avoid_tls = *
`

// TestVacation has a real vacation notice answer dozens of notifications, for ten
// minutes with REPLYGATE_LONG: at most one item is stored, and no mail is caused.
func TestVacation(t *testing.T) {
	for _, c := range []struct {
		name string
		// answers is how Exim answers: by a user's filter, which heeds what says that
		// a mail is automatic (RFC 3834), or by a transport that answers all.
		answers, transport string
		most               func(notifications int) int
		once               bool
	}{
		{"a user's filter", "allow_filter\n  user = Debian-exim\n  file = %[1]s/vacation", "", func(int) int { return 0 }, false},
		{"an administrator's transport, once", "", "once = %[1]s/once.db", func(int) int { return 1 }, true},
		{"an administrator's transport, always", "", "", func(n int) int { return n }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			vacation(t, c.answers, c.transport, c.once, c.most)
		})
	}
}

func vacation(t *testing.T, answers, transport string, blind bool, most func(int) int) {
	far := startSink(t)
	smtp := freePort(t)
	x := runExim(t, func(dir string) string {
		filter := "# Exim filter\nif personal then\n  vacation subject \"On vacation\" file " + dir + "/words log " + dir + "/answered once " + dir + "/seen once_repeat 10d\nendif\n"
		write(t, filepath.Join(dir, "vacation"), []byte(filter))
		write(t, filepath.Join(dir, "words"), []byte("I am at the sea.\n"))
		routing := fmt.Sprintf(vacationHost, expand(answers, dir), expand(transport, dir), far.port, smtp)
		if blind {
			routing = strings.Replace(routing, "driver = redirect", "driver = accept\n  transport = vacation", 1)
			routing = strings.Replace(routing, "  reply_transport = vacation\n", "", 1)
			routing = strings.Replace(routing, "driver = autoreply\n", "driver = autoreply\n  from = "+bobAddress+"\n  to = $reply_address\n  subject = Out of office\n  text = I am at the sea.\n", 1)
		}
		return routing
	})
	p := newProduct(t, x.port)
	p.smtp = smtp
	p.relisten()
	p.brake()
	p.start()
	p.call("PUT", "/roles/default", map[string]any{"delay": 0.05})
	p.converse("c", "Are you there?")
	notified(t, far, bobAddress, 1)

	sent := 1
	until := time.Now()
	if os.Getenv("REPLYGATE_LONG") != "" && most(1000) < 1000 {
		until = until.Add(10 * time.Minute)
	}
	for sent < 36 || time.Now().Before(until) {
		p.say("c", fmt.Sprint("Message ", sent))
		sent++
		notified(t, far, bobAddress, sent)
	}
	eventually(t, "an empty queue", func() bool { return x.queued(t) == 0 })
	// Whatever an answer caused was queued before this one.
	p.say("c", "The last")
	sent++
	notified(t, far, bobAddress, sent)
	eventually(t, "an empty queue", func() bool { return x.queued(t) == 0 })

	got := count(p.received())
	if got[""] > most(sent) || got[""] != got["automatic automatic"] {
		t.Errorf("%v are stored of the answers to %d notifications, want at most %d", got, sent, most(sent))
	}
	if n := len(far.got); n != sent {
		t.Errorf("%d mails went out, %d of them notifications", n, sent)
	}
	if n := len(p.texts("c")); n != 0 {
		t.Errorf("%d were posted", n)
	}
	t.Logf("%d notifications, %d automatic items stored, %d mails caused", sent, got[""], len(far.got)-sent)
	// The peer works: it answers a person.
	sendFrom(t, "127.0.0.1", x.port, "postmaster@"+mailDomain, bobAddress, []byte("From: postmaster@"+mailDomain+"\r\nTo: "+bobAddress+"\r\nSubject: Hello\r\n\r\nAre you there?\r\n"))
	eventually(t, "the answer to a person", func() bool { return strings.Contains(x.log(t), "postmaster@"+mailDomain+" R=out T=out") })
}

// expand writes a directory into a setting that may name one.
func expand(setting, dir string) string { return strings.ReplaceAll(setting, "%[1]s", dir) }
