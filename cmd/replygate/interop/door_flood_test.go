package interop

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowd is a lot of connections that do their worst until the test ends.
type crowd struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (c *crowd) add(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conn)
}

func (c *crowd) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
}

// rssAnon is the anonymous memory of a process in MiB.
func rssAnon(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kb / 1024
		}
	}
	t.Skip("this system does not tell RssAnon")
	return 0
}

// attack opens connections from as many networks as it needs: each of them has
// its 100. They stay idle behind EHLO, or drip a message at an octet a second.
func attack(t *testing.T, port, second, idle, slow int, to string) *crowd {
	t.Helper()
	c := &crowd{}
	t.Cleanup(c.close)
	var all sync.WaitGroup
	gate := make(chan struct{}, 50)
	for i := range idle + slow {
		gate <- struct{}{}
		all.Go(func() {
			defer func() { <-gate }()
			conn, err := connect(fmt.Sprintf("127.%d.%d.%d", second, i/90, 1+i%90), port)
			if err != nil {
				t.Error(err)
				return
			}
			c.add(conn)
			s := &session{conn: conn}
			s.expect("", 220)
			s.expect("EHLO flood.test", 250)
			if i >= idle {
				s.expect("MAIL FROM:<ann@flood.test>", 250)
				s.expect("RCPT TO:<"+to+">", 250)
				s.expect("DATA", 354)
			}
			if s.err != nil {
				t.Errorf("connection %d: %v", i, s.err)
			}
		})
	}
	all.Wait()
	return c
}

// drip has the last n connections send an octet a second until stop is closed.
func (c *crowd) drip(n int, stop chan struct{}) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			c.mu.Lock()
			for _, conn := range c.conns[len(c.conns)-n:] {
				conn.SetWriteDeadline(time.Now().Add(time.Minute))
				conn.Write([]byte("x"))
			}
			c.mu.Unlock()
		}
	}()
	return done
}

// TestFlood holds 5,000 idle and 200 slow connections while an honest sender has
// 1,000 mails: each is answered in time and none is lost.
func TestFlood(t *testing.T) {
	needDkimpy(t)
	far := startSink(t)
	p := startDoor(t, far.port, "connections_per_minute = 0")
	p.converse("c", "How many?")
	o := readMail(t, notified(t, far, bobAddress, 1).data)
	before := rssAnon(t, p.cmd.Process.Pid)
	const idle, slow, mails = 5000, 200, 1000
	honest := p.signedMany(o, mails)
	attack(t, p.smtp, 30, idle, 0, o.replyTo)
	slowly := attack(t, p.smtp, 31, 0, slow, o.replyTo)
	stop := make(chan struct{})
	dripped := slowly.drip(slow, stop)

	var mu sync.Mutex
	var took []time.Duration
	most := 0
	var senders sync.WaitGroup
	for worker := range 4 {
		senders.Go(func() {
			for i := worker; i < mails; i += 4 {
				begun := time.Now()
				if err := sendOnce("127.0.0.1", p.smtp, bobAddress, o.replyTo, honest[i]); err != nil {
					t.Errorf("mail %d: %v", i, err)
				}
				mu.Lock()
				took = append(took, time.Since(begun))
				if i%100 == 0 {
					most = max(most, rssAnon(t, p.cmd.Process.Pid))
				}
				mu.Unlock()
			}
		})
	}
	senders.Wait()
	close(stop)
	<-dripped
	slices.Sort(took)
	p99 := took[len(took)*99/100]
	if p99 > 2*time.Second && long() {
		t.Errorf("p99 is %v", p99)
	}
	if most > 400 {
		t.Errorf("%d MiB of memory", most)
	}
	got := map[string]bool{}
	for _, text := range p.texts("c") {
		got[text] = true
	}
	if len(got) != mails {
		t.Errorf("%d of %d mails are in the conversation", len(got), mails)
	}
	t.Logf("%d idle and %d slow connections: %d mails, p50 %v, p99 %v, max %v; RssAnon %d MiB, before %d MiB", idle, slow, mails, took[len(took)/2], p99, took[len(took)-1], most, before)
}

// TestOneNetworkIsBounded: who has all its places leaves room for others.
func TestOneNetworkIsBounded(t *testing.T) {
	far := startSink(t)
	p := startDoor(t, far.port, "max_per_network = 20\nconnections_per_minute = 60\nrefusals_per_hour = 30")
	p.converse("c", "Are you there?")
	to := readMail(t, notified(t, far, bobAddress, 1).data).replyTo
	c := attack(t, p.smtp, 40, 20, 0, to)
	if got := dialDoor(t, "127.40.0.99", p.smtp).answer(); !strings.HasPrefix(got, "421 4.7.0 ") {
		t.Errorf("the 21st connection: %q", got)
	}
	dialDoor(t, "127.41.0.1", p.smtp).want("", "220")
	c.close()
	turned, begun := 0, time.Now()
	for range 100 {
		k := dialDoor(t, "127.42.0.1", p.smtp)
		if strings.HasPrefix(k.answer(), "421 4.7.0 ") {
			turned++
		}
		k.conn.Close()
	}
	// One more may come for each second that they take.
	if least := 40 - int(time.Since(begun).Seconds()+1); turned < least || turned > 45 {
		t.Errorf("%d of 100 connections in %v were turned away, 60 a minute may come", turned, time.Since(begun))
	}
	b := new(bytes.Buffer)
	for i := range 7 { // 30 guesses are free, the 31st waits 5 s
		k := dialDoor(t, fmt.Sprintf("127.43.0.%d", i+1), p.smtp)
		k.want("", "220")
		k.want("EHLO c.test", "250")
		k.want("MAIL FROM:<>", "250")
		for range 5 {
			begun := time.Now()
			k.want("RCPT TO:<nobody@"+mailDomain+">", "550 5.1.1 ")
			if time.Since(begun) >= 5*time.Second {
				fmt.Fprintf(b, "slow at session %d", i)
				break
			}
		}
		k.conn.Close()
	}
	if b.String() != "slow at session 6" {
		t.Errorf("30 guesses in all are free: %q", b.String())
	}
}
