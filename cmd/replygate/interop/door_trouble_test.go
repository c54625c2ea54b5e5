package interop

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestSilentDNS: with resolvers that answer nothing a mail is put off in time, and
// never taken for verified, held or refused.
func TestSilentDNS(t *testing.T) {
	needDkimpy(t)
	far := startSink(t)
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	p := newProduct(t, far.port)
	b, err := os.ReadFile(p.config())
	if err != nil {
		t.Fatal(err)
	}
	was := fmt.Sprintf("resolver = %q", p.dns.Addr())
	if !bytes.Contains(b, []byte(was)) {
		t.Fatal("the configuration does not name the resolver")
	}
	write(t, p.config(), bytes.Replace(b, []byte(was), fmt.Appendf(nil, "resolver = %q", silent.LocalAddr()), 1))
	p.start()
	p.call("PUT", "/roles/default", map[string]any{"delay": 0.2})
	p.converse("c", "Are you there?")
	o := readMail(t, notified(t, far, bobAddress, 1).data)
	mail := p.signed(plainReply(o, "silent", "Yes"))
	k := dialDoor(t, "127.0.0.1", p.smtp)
	k.want("", "220")
	k.want("EHLO mail."+peopleMail, "250")
	begun := time.Now()
	got := k.mail(bobAddress, o.replyTo, mail)
	took := time.Since(begun)
	if !strings.HasPrefix(got, "451 4.4.3 ") || took > 15*time.Second && long() {
		t.Errorf("after %v: %q", took, got)
	}
	if n := len(p.received()); n > 0 {
		t.Errorf("%d records of a mail that was put off", n)
	}
	t.Logf("answered after %v", took)
}

// TestNoBackscatter: whatever is refused here, nobody is written to.
func TestNoBackscatter(t *testing.T) {
	far := startSink(t)
	p := startDoor(t, far.port, "refusals_per_hour = 0\nconnections_per_minute = 0\nmax_size = 65536")
	p.txt("_dmarc."+peopleMail, "v=DMARC1; p=reject")
	p.converse("c", "Are you there?")
	o := readMail(t, notified(t, far, bobAddress, 1).data)
	mails := 400
	if long() {
		mails = 10_000
	}
	var k *talker
	for i := range mails {
		if i%50 == 0 {
			if k != nil {
				k.conn.Close()
			}
			k = dialDoor(t, fmt.Sprintf("127.0.%d.1", i/50%250), p.smtp)
			k.want("", "220")
			k.want("EHLO spoof.test", "250")
		}
		sender := fmt.Sprintf("victim%d@%s", i, peopleMail)
		k.want("MAIL FROM:<"+sender+">", "250")
		if i%5 == 0 {
			k.want("RCPT TO:<nobody"+o.replyTo+">", "550 5.1.1")
			k.want("RSET", "250")
			continue
		}
		k.want("RCPT TO:<"+o.replyTo+">", "250")
		k.want("DATA", "354")
		from, words := sender, "hello"
		switch i % 5 {
		case 1:
			from = bobAddress // spoofed, and its domain asks to refuse it
		case 2:
			words = times(fill("x", 900)+"\r\n", 80)
		case 3:
			words = "\x00"
		}
		k.want("From: "+from+"\r\nSubject: x\r\nMessage-ID: <"+fmt.Sprint(i)+"@spoof.test>\r\n\r\n"+words+"\r\n.", "5")
	}
	p.say("c", "One more") // goes out behind whatever else would have
	notified(t, far, bobAddress, 2)
	far.mu.Lock()
	defer far.mu.Unlock()
	for _, m := range far.got {
		if m.to != bobAddress {
			t.Errorf("a mail went to %s", m.to)
		}
	}
	if len(far.got) != 2 {
		t.Errorf("%d mails went out, want the 2 notifications", len(far.got))
	}
	t.Logf("%d mails refused, %d records", mails, len(p.received()))
}

// TestLargeMailsAtOnce: messages in progress cost a bounded amount of memory;
// above it senders are asked to come again.
func TestLargeMailsAtOnce(t *testing.T) {
	far := startSink(t)
	p := startDoor(t, far.port, "max_per_network = 1000")
	at, size := 40, 25<<20-4096
	if long() {
		at = 200
	}
	body := bytes.Repeat([]byte(fill("a large file ", 900)+"\r\n"), size/902)
	stop := make(chan struct{})
	var most atomic.Int64
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				most.Store(max(most.Load(), int64(rssAnon(t, p.cmd.Process.Pid))))
			}
		}
	}()
	var mu sync.Mutex
	answers := map[string]int{}
	var senders sync.WaitGroup
	for i := range at {
		senders.Go(func() {
			conn, err := connect(fmt.Sprintf("127.50.%d.1", i), p.smtp)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			s := &session{conn: conn}
			s.expect("", 220)
			s.expect("EHLO large.test", 250)
			s.expect("MAIL FROM:<ann@large.test>", 250)
			s.expect("RCPT TO:<postmaster@"+mailDomain+">", 250)
			s.send("DATA\r\n")
			answer := s.line()
			if strings.HasPrefix(answer, "354") {
				conn.SetDeadline(time.Now().Add(5 * time.Minute))
				conn.Write([]byte("From: ann@large.test\r\nSubject: large\r\n\r\n"))
				conn.Write(body)
				s.send(".\r\n")
				conn.SetDeadline(time.Now().Add(5 * time.Minute))
				answer = s.line()
			}
			mu.Lock()
			answers[fmt.Sprintf("%.9s", answer)]++
			mu.Unlock()
		})
	}
	senders.Wait()
	close(stop)
	<-watched
	for answer := range answers {
		if answer != "250 2.0.0" && answer != "451 4.3.1" {
			t.Errorf("answered %q", answer)
		}
	}
	if answers["250 2.0.0"] == 0 || most.Load() > 512 {
		t.Errorf("%v, %d MiB of memory", answers, most.Load())
	}
	t.Logf("%d mails of 25 MiB at once: %v, RssAnon %d MiB at most", at, answers, most.Load())
}

// line reads one line of an answer; "" is the end.
func (s *session) line() string {
	if s.err != nil {
		return ""
	}
	var l string
	l, s.err = s.r.ReadString('\n')
	return l
}
