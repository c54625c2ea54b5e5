package interop

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// spfOnly has the people's mail come from one address, and signs nothing.
const spfOnly = "127.0.0.5"

const carolAddress = "carol@" + peopleMail

// count counts records by their state and reason, and all of them as "".
func count(records []map[string]any) map[string]int {
	out := map[string]int{"": len(records)}
	for _, r := range records {
		reason, _ := r["reason"].(string)
		out[strings.TrimSpace(r["state"].(string)+" "+reason)]++
	}
	return out
}

// plainReply is an unsigned answer.
func plainReply(o original, id, words string) []byte {
	return reply(o, clients[0], bobAddress, id+"@mail."+peopleMail, words)
}

// sendFrom sends a mail through a relay from a loopback address.
func sendFrom(t *testing.T, from string, port int, sender, to string, data []byte) {
	t.Helper()
	k := dialDoor(t, from, port)
	k.free = true
	k.want("", "220")
	k.want("EHLO mail."+peopleMail, "250")
	if got := k.mail(sender, to, data); !strings.HasPrefix(got, "250") {
		t.Fatalf("the relay answered %q", got)
	}
	k.want("QUIT", "221")
}

// TestTrustedRelays puts a Postfix in front, by SMTP, by LMTP over TCP and by
// LMTP over a unix socket. It says by XFORWARD whom it has a mail from, so that
// SPF holds for that one; what is refused after its data is on record, and makes
// Postfix write to nobody.
func TestTrustedRelays(t *testing.T) {
	far := startSink(t)
	lmtp := freePort(t)
	sockets, err := os.MkdirTemp("", "replygate-lmtp-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })
	os.Chmod(sockets, 0o755)
	socket := filepath.Join(sockets, "lmtp")
	p := startDoor(t, far.port, `trusted = ["127.0.0.1/32"]
lmtp = ["127.0.0.1:`+strconv.Itoa(lmtp)+`", "`+socket+`"]`)
	p.txt(peopleMail, "v=spf1 ip4:"+spfOnly+" -all")
	front := startPostfix(t, p.smtp)
	front.service(t, "lmtp unix - - n - - lmtp")
	front.postconf(t, "smtp_send_xforward_command=yes", "lmtp_send_xforward_command=yes")
	if _, err := user.Lookup("postfix"); err == nil {
		run(t, nil, "chown", "root:postfix", socket) // as its mode says: our group's
	}
	for name, transport := range map[string]string{
		"SMTP": "smtp:[127.0.0.1]:" + strconv.Itoa(p.smtp), "LMTP over TCP": "lmtp:inet:127.0.0.1:" + strconv.Itoa(lmtp), "LMTP over a socket": "lmtp:unix:" + socket,
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			front.postconf(t, "default_transport="+transport, "relayhost=")
			conv := strings.ReplaceAll(strings.ToLower(name), " ", "-")
			before := len(far.to(bobAddress))
			p.converse(conv, "Shall we?")
			o := readMail(t, notified(t, far, bobAddress, before+1).data)
			p.call("PUT", "/users/carol", map[string]any{"name": "Carol", "email": carolAddress})
			p.call("PUT", "/conversations/"+conv+"/participants/carol", map[string]any{"access": "Read"})
			told := len(far.to(carolAddress))
			p.say(conv, "Hello Carol")
			carol := readMail(t, notified(t, far, carolAddress, told+1).data)
			ids := func(words string) string { return conv + "-" + words }
			seen := count(p.received())
			sendFrom(t, spfOnly, front.port, bobAddress, o.replyTo, plainReply(o, ids("spf"), "Yes, from where I always write"))
			sendFrom(t, "127.0.0.6", front.port, bobAddress, o.replyTo, plainReply(o, ids("other"), "From elsewhere"))
			forged := reply(o, clients[0], "eve@evil.test", ids("eve")+"@evil.test", "I am not Bob")
			sendFrom(t, "127.0.0.6", front.port, "eve@evil.test", o.replyTo, forged)
			sendFrom(t, spfOnly, front.port, bobAddress, o.replyTo, []byte(strings.Replace(string(plainReply(o, ids("nul"), "bare")), "bare", "ba\x00re", 1)))
			sendFrom(t, spfOnly, front.port, carolAddress, carol.replyTo, reply(carol, clients[0], carolAddress, ids("read")+"@mail."+peopleMail, "May I?"))

			eventually(t, "an empty queue", func() bool { return front.queued(t) == 0 })
			got := count(p.received())
			for what, want := range map[string]int{
				"posted": 1, "held unauthenticated": 1, "rejected sender_mismatch": 1, "rejected malformed": 1, "rejected read_only": 1,
			} {
				if n := got[what] - seen[what]; n != want {
					t.Errorf("%d records are %s, want %d", n, what, want)
				}
			}
			if got[""]-seen[""] != 5 {
				t.Errorf("%d records of five mails", got[""]-seen[""])
			}
			if got := p.texts(conv); len(got) != 1 || got[0] != "Yes, from where I always write" {
				t.Errorf("posted %q", got)
			}
		})
	}
	p.t = t
	log, err := os.ReadFile(filepath.Join(filepath.Dir(front.conf), "mail.log"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(log), "non-delivery notification") || strings.Contains(string(log), "status=bounced") || strings.Contains(string(log), "status=deferred") {
		t.Errorf("Postfix was refused something:\n%s", tail(string(log), 30))
	}
}

// TestLMTPByItsOwnTools: Postfix's own load generator, and a stranger.
func TestLMTPByItsOwnTools(t *testing.T) {
	need(t, "smtp-source", "swaks")
	far := startSink(t)
	lmtp := freePort(t)
	startDoor(t, far.port, `trusted = ["127.0.0.1/32"]
lmtp = ["127.0.0.1:`+strconv.Itoa(lmtp)+`"]`)
	at := "inet:127.0.0.1:" + strconv.Itoa(lmtp)
	run(t, nil, "smtp-source", "-L", "-m", "200", "-s", "10", "-f", "ann@"+peopleMail, "-t", "postmaster@"+mailDomain, at)
	out, err := exec.Command("swaks", "--protocol", "LMTP", "--server", "127.0.0.1", "--port", strconv.Itoa(lmtp),
		"--from", "ann@"+peopleMail, "--to", "postmaster@"+mailDomain+",nobody@"+mailDomain+",abuse@"+mailDomain).CombinedOutput()
	if err != nil || strings.Count(string(out), "250 2.0.0 Recorded") != 2 || !strings.Contains(string(out), "550 5.1.1") {
		t.Errorf("%v\n%s", err, out)
	}
	if got := dialDoor(t, "127.0.0.7", lmtp).answer(); !strings.HasPrefix(got, "554 5.7.1 ") {
		t.Errorf("a stranger was greeted with %q", got)
	}
	if out, err := exec.Command("swaks", "--server", "127.0.0.1", "--port", strconv.Itoa(lmtp), "--quit-after", "EHLO").CombinedOutput(); err == nil || !strings.Contains(string(out), "500 5.5.1") {
		t.Errorf("EHLO: %v\n%s", err, out)
	}
}

// TestProxyProtocol: swaks speaks it as HAProxy does.
func TestProxyProtocol(t *testing.T) {
	need(t, "swaks")
	far := startSink(t)
	p := startDoor(t, far.port, `proxy = ["127.0.0.1/32"]`)
	p.txt(peopleMail, "v=spf1 ip4:192.0.2.77 -all")
	p.converse("c", "Shall we?")
	o := readMail(t, notified(t, far, bobAddress, 1).data)
	file := filepath.Join(t.TempDir(), "mail")
	for version, want := range map[string]string{"1": "One", "2": "Two"} {
		write(t, file, plainReply(o, "v"+version, want))
		out, err := exec.Command("swaks", "--server", "127.0.0.1", "--port", strconv.Itoa(p.smtp), "--proxy-version", version, "--proxy-family", map[string]string{"1": "TCP4", "2": "AF_INET"}[version],
			"--proxy-protocol", "STREAM", "--proxy-command", "PROXY", "--proxy-source", "192.0.2.77", "--proxy-source-port", "4711", "--proxy-dest", "192.0.2.25", "--proxy-dest-port", "25",
			"--from", bobAddress, "--to", o.replyTo, "--data", "@"+file, "--ehlo", "mail."+peopleMail).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "250 2.0.0 Posted") {
			t.Errorf("version %s: %v\n%s", version, err, out)
		}
	}
	if got := dialDoor(t, "127.0.0.1", p.smtp).say("EHLO c"); got != "" {
		t.Errorf("without a header: %q", got)
	}
	k := dialDoor(t, "127.0.0.8", p.smtp) // no load balancer of ours
	k.want("", "220")
	if got := k.say("PROXY TCP4 192.0.2.77 192.0.2.25 4711 25"); !strings.HasPrefix(got, "500 5.5.1") {
		t.Errorf("a stranger's header: %q", got)
	}
}
